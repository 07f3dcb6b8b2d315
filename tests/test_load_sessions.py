"""A tab that was closed or refreshed leaves nothing behind for ever."""

import gc
import warnings
from uuid import uuid4

import pytest
from gradio.state_holder import SessionState

from app import serve
from bench.soak_tab import Tab
from tests.browser import served
from vision.fake import FakeEngine

pytestmark = [
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def collected():
    yield
    with warnings.catch_warnings():
        # As in ``browser.chromium``: not in another test.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def sessions():
    gc.collect()
    # Not isinstance: it asks proxies of other libraries, some of which warn.
    return sum(type(each) is SessionState for each in gc.get_objects())


def test_the_program_remembers_the_latest_tabs_and_no_more(assistant_with, tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "_SESSIONS", 5)
    before = sessions()
    with served(assistant_with(FakeEngine()), tmp_path) as url:
        tab = Tab(url)
        for _ in range(12):
            tab._session = uuid4().hex
            tab.stop()

        assert sessions() - before <= 5
        tab.close()


def test_a_tab_that_the_program_forgot_goes_on_in_its_conversation(assistant_with, tmp_path):
    assistant = assistant_with(FakeEngine(["One.", "Two."]))
    with served(assistant, tmp_path) as url:
        tab = Tab(url)
        tab.refresh()
        tab.send("First")
        tab.follow()

        tab._session = uuid4().hex  # as for one that was asleep for an hour
        tab.send("And what did I just ask?")
        tab.follow()

        [conversation] = assistant.store.conversations()
        prompts = [turn.prompt for turn in assistant.store.turns(conversation.id)]
        assert prompts == ["First", "And what did I just ask?"]
        tab.close()


def test_a_tab_without_a_browser_sends_and_follows_as_one_with(assistant_with, tmp_path):
    """What the soak does is what the page does."""
    assistant = assistant_with(FakeEngine(["Hello."]))
    with served(assistant, tmp_path) as url:
        tab = Tab(url)
        tab.refresh()
        tab.send("What is this?")
        tab.follow()

        [turn] = assistant.store.turns(tab.conversation)
        assert (turn.prompt, turn.reply) == ("What is this?", "Hello.")
        tab.clear("light")
        assert tab.conversation == ""
        tab.close()
