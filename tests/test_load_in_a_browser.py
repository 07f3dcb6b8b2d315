"""Eight tabs at once: each sees its place in the queue, and can leave it."""

import threading

import pytest

from app.assistant import Assistant
from app.engines import Candidate
from history import Store
from history.verify import verify
from tests.browser import HELD_S, chromium, opened, reply, send, served
from tests.server_lab import until
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,  # eight tabs are half a minute of two cores
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

TABS = 8


class Turnstile:
    """Lets replies through one by one."""

    def __init__(self):
        self.passes = threading.Semaphore(0)

    def __call__(self):
        assert self.passes.acquire(timeout=HELD_S)


def says(page, text):
    page.wait_for_function(
        "text => document.querySelector('#live')?.innerText.includes(text)", arg=text
    )


def ended(assistant, prompt):
    """Wait for a prompt's turn to end, whoever looks on; return it."""
    found = []

    def look():
        turns = [
            turn
            for each in assistant.store.conversations()
            for turn in assistant.store.turns(each.id)
        ]
        found[:] = [turn for turn in turns if turn.prompt == prompt and turn.finish_reason]
        return found

    until(look)
    return found[0]


@pytest.fixture
def crowd(tmp_path_factory):
    """Eight tabs of one browser that have each sent a prompt, and what lets them through."""
    folder, turnstile = tmp_path_factory.mktemp("crowd"), Turnstile()
    store = Store(folder / "history")
    engine = FakeEngine(["Red."], pace=turnstile)
    assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), SamplingParams())
    assistant.start()
    assistant.wait_until_loaded()
    with served(assistant, folder) as url, chromium() as browser:
        tabs = [opened(browser, url) for _ in range(TABS)]
        for number, tab in enumerate(tabs):
            send(tab, f"Prompt {number}")
            says(tab, f"{number} before this one" if number else "")
            tab.wait_for_selector("#composer .stop-button:not([hidden])")
        yield assistant, turnstile, tabs
        turnstile.passes.release(100)
    assistant.close()
    store.close()


def test_eight_tabs_see_their_places_and_leave_the_queue_as_they_like(crowd):
    """One story, as its steps need each other: wait, stop while waiting, close a tab, go on."""
    assistant, turnstile, tabs = crowd
    for number, tab in enumerate(tabs[1:], 1):
        says(tab, f"{number} before this one")

    tabs[3].click("#composer .stop-button")  # while it waits: it is over at once
    assert "Stopped." in reply(tabs[3])
    says(tabs[4], "3 before this one")

    tabs[2].context.close()  # its prompt was sent, and is answered all the same
    turnstile.passes.release()
    assert "Red." in reply(tabs[0])
    says(tabs[4], "2 before this one")

    turnstile.passes.release(TABS)
    for number in (1, 4, 5, 6, 7):
        assert "Red." in reply(tabs[number])
    assert ended(assistant, "Prompt 2").reply == "Red."
    until(lambda: assistant.waiting() == 0)
    assert verify(assistant.store).faults == ()
    for tab in (*tabs[:2], *tabs[3:]):
        assert tab.errors == []
