"""Which conversation a prompt goes to, whatever comes late; and what becomes of a draft."""

import io
import os
from threading import Event

import pytest
from PIL import Image
from playwright.sync_api import expect

from app.assistant import Assistant
from app.page.drawing import Drawing
from app.uploads import Uploads
from tests.browser import (
    HELD_S,
    MARKS,
    WAIT_MS,
    attach,
    chromium,
    offer,
    opened,
    reply,
    send,
    served,
)
from tests.server_lab import until
from vision.fake import FakeEngine

pytestmark = MARKS
# A picture that came is kept with the drafts, wherever its user is by then.
ARRIVED = "sessionStorage.second_look_drafts?.includes('private.png')"
FULL = """() => {
    Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser, assistant_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(FakeEngine(["Said."] * 9)), tmp_path) as url:
        page = opened(browser, url)
        yield page
        page.context.close()


@pytest.fixture
def two(page):
    """Return a page that shows "In A"; "In B" is another conversation."""
    send(page, "In B")
    reply(page)
    begins(page)
    send(page, "In A")
    reply(page)
    shows(page, "In A")
    return page


class Gate:
    """Holds the answers of a method back."""

    def __init__(self, monkeypatch, owner, name):
        self.reached, self.opened = Event(), Event()
        real = getattr(owner, name)

        def held(*args, **options):
            answer = real(*args, **options)
            self.reached.set()
            assert self.opened.wait(HELD_S)
            return answer

        monkeypatch.setattr(owner, name, held)

    def pass_(self, page, about):
        """Let the answers go; wait until the one to what is asked ``about`` this is drawn."""
        asked = lambda answer: about in (answer.request.post_data or "")  # noqa: E731
        with page.expect_response(asked) as answered:
            self.opened.set()
        answered.value.finished()
        page.fill(".sl-query", "In B")  # what is asked after it is drawn after it
        page.wait_for_selector(".sl-hit")
        page.fill(".sl-query", "")
        page.wait_for_selector(".sl-hit", state="detached")


def writes_in(page, conversation):
    page.wait_for_function(
        "id => window.secondLook.composer.draft().place === id", arg=conversation
    )


def goes_to(page, prompt):
    item = page.locator(".sl-item", has_text=prompt)
    item.click()
    page.wait_for_selector(f"#hist .sl-typed >> text={prompt}")
    page.wait_for_selector(f".sl-item[aria-current=true] >> text={prompt}")
    writes_in(page, item.get_attribute("data-id"))


def begins(page):
    page.click(".sl-new")
    page.wait_for_selector(".sl-welcome")
    writes_in(page, "")


def box_holds(page, text):
    expect(page.locator("#composer textarea")).to_have_value(text)


def shows(page, prompt):
    """Wait until a conversation of one prompt is the one that is shown, named after it."""
    expect(page.locator("#hist .sl-typed")).to_have_text(prompt)
    expect(page.locator("#header h1")).to_have_text(prompt)


def id_of(store, title):
    [conversation] = [each.id for each in store.conversations() if each.title == title]
    return conversation


def prompts(store):
    """Return the prompts of each conversation, by its first."""
    kept = [[turn.prompt for turn in store.turns(each.id)] for each in store.conversations()]
    return {first: rest for first, *rest in kept}


def test_a_reply_s_end_draws_over_no_conversation_that_was_opened_since(two, store, monkeypatch):
    gate = Gate(monkeypatch, Drawing, "ended")
    send(two, "More of A")
    assert gate.reached.wait(WAIT_MS / 1e3)
    goes_to(two, "In B")

    gate.pass_(two, id_of(store, "In A"))

    shows(two, "In B")
    send(two, "More of B")
    reply(two, 2)
    assert prompts(store) == {"In A": ["More of A"], "In B": ["More of B"]}


def test_a_prompt_that_is_taken_late_leaves_the_tab_where_it_is(two, store, monkeypatch):
    gate = Gate(monkeypatch, Assistant, "send")
    begins(two)
    send(two, "In C")
    assert gate.reached.wait(WAIT_MS / 1e3)
    goes_to(two, "In B")

    gate.pass_(two, '"In C"')

    two.wait_for_selector(".sl-item >> text=In C")
    shows(two, "In B")
    assert prompts(store).keys() == {"In A", "In B", "In C"}


def test_of_two_conversations_the_one_that_was_clicked_last_is_shown(two, store, monkeypatch):
    with monkeypatch.context() as patch:
        gate = Gate(patch, Drawing, "shown")
        two.click(".sl-item >> text=In A")
        assert gate.reached.wait(WAIT_MS / 1e3)
    goes_to(two, "In B")

    gate.pass_(two, id_of(store, "In A"))

    shows(two, "In B")


def test_a_picture_that_arrives_late_stays_with_its_draft(two, store, red, monkeypatch):
    goes_to(two, "In B")
    two.fill("#composer textarea", "Draft of B")
    goes_to(two, "In A")
    gate = Gate(monkeypatch, Uploads, "add_all")
    two.fill("#composer textarea", "Draft of A")
    offer(two, ("private.png", red))
    two.wait_for_selector(".sl-uploading")
    two.press("#composer textarea", "Enter")
    goes_to(two, "In B")

    with two.expect_response("**/uploads"):
        gate.opened.set()
    two.wait_for_function(ARRIVED)

    box_holds(two, "Draft of B")
    expect(two.locator("#composer .thumbnail-item")).to_have_count(0)
    goes_to(two, "In A")
    two.wait_for_selector("#composer .thumbnail-item")
    box_holds(two, "Draft of A")
    assert prompts(store) == {"In A": [], "In B": []}


def test_what_is_typed_while_a_prompt_is_taken_stays(page, store, monkeypatch):
    gate = Gate(monkeypatch, Assistant, "send")
    send(page, "A first thought")
    assert gate.reached.wait(WAIT_MS / 1e3)
    box_holds(page, "")
    page.type("#composer textarea", "and my next")

    gate.opened.set()

    reply(page)
    box_holds(page, "and my next")
    page.press("#composer textarea", "Enter")
    reply(page, 2)
    assert prompts(store) == {"A first thought": ["and my next"]}


def test_a_refused_prompt_comes_back_before_what_was_typed_since(two, red, monkeypatch, store):
    real, gate = Assistant.send, Event()

    def refused(self, conversation_id, prompt, *rest, **options):
        assert gate.wait(HELD_S)
        return real(self, "20200101-000000-aaaa", prompt, *rest, **options)

    monkeypatch.setattr(Assistant, "send", refused)
    attach(two, ("red.png", red))
    send(two, "A first thought")
    box_holds(two, "")
    two.type("#composer textarea", "and my next")

    gate.set()

    two.wait_for_selector(".sl-problem")
    box_holds(two, "A first thought\n\nand my next")
    expect(two.locator("#composer .thumbnail-item")).to_have_count(1)
    assert prompts(store) == {"In A": [], "In B": []}


def test_a_prompt_that_nobody_answers_comes_back(page):
    page.route("**/run/predict*", lambda route: route.fulfill(status=500, json={"error": "?"}))

    with page.expect_request(lambda each: '"number"' in (each.post_data or "")):
        send(page, "A first thought")

    box_holds(page, "A first thought")


def test_a_refused_first_prompt_is_kept_while_an_older_one_is_edited(two, monkeypatch):
    begins(two)
    with monkeypatch.context() as patch:
        missing = "20200101-000000-aaaa"
        patch.setattr(Assistant, "send", lambda self, *_, **__: self.store.turns(missing))
        send(two, "A first thought")
        two.wait_for_selector(".sl-problem")
    goes_to(two, "In A")
    two.click("[data-act=edit]")
    box_holds(two, "In A")

    two.click(".sl-new")

    box_holds(two, "A first thought")


def test_a_past_picture_is_put_beside_what_is_being_written(page, red):
    attach(page, ("red.png", red))
    send(page, "Which colour?")
    reply(page)
    page.fill("#composer textarea", "A long question")

    page.hover(".sl-framed")
    page.click(".sl-use")

    page.wait_for_selector("#composer .thumbnail-item")
    box_holds(page, "A long question")


def test_what_was_being_written_comes_back_when_an_edit_is_given_up(two):
    two.fill("#composer textarea", "A long question")
    two.click("[data-act=edit]")
    box_holds(two, "In A")

    two.click("[data-action=cancel]")

    box_holds(two, "A long question")
    two.wait_for_selector("[data-action=cancel]", state="detached")


def test_an_edit_goes_on_when_its_conversation_is_drawn_again(two, store):
    conversation = id_of(store, "In A")
    two.click("[data-act=edit]")
    box_holds(two, "In A")
    store.rename(conversation, "Renamed elsewhere")
    two.wait_for_selector("#header h1 >> text=Renamed elsewhere")
    two.wait_for_selector("[data-action=cancel]")

    send(two, "In A, edited")

    two.wait_for_selector(".sl-versions >> text=2/2")
    assert [turn.prompt for turn in store.turns(conversation)] == ["In A, edited"]


def test_an_edit_goes_on_after_a_refresh(two):
    two.click("[data-act=edit]")
    box_holds(two, "In A")
    two.reload()
    two.wait_for_selector("[data-action=cancel]")

    send(two, "In A, edited")

    two.wait_for_selector(".sl-versions >> text=2/2")


def thumbnails(folder):
    """Count what was attached; ``walk``, unlike ``glob``, bears what is deleted meanwhile."""
    return sum("thumbnail.webp" in files for _, _, files in os.walk(folder / "tmp"))


def test_no_page_of_a_document_that_was_not_attached_is_kept(page, tmp_path):
    file, white = io.BytesIO(), Image.new("RGB", (60, 80), "white")
    white.save(file, "PDF", save_all=True, append_images=[white, white])
    page.set_input_files(
        "#composer input[type=file]",
        [{"name": "a.pdf", "mimeType": "application/pdf", "buffer": file.getvalue()}],
    )
    page.wait_for_selector(".sl-pages")
    assert thumbnails(tmp_path) == 3

    page.keyboard.press("Escape")

    until(lambda: thumbnails(tmp_path) == 0)


def test_a_draft_that_the_browser_cannot_keep_is_said(page):
    page.evaluate(FULL)

    page.fill("#composer textarea", "Half a thou")

    page.wait_for_selector(".sl-toast >> text=too long for the browser")
