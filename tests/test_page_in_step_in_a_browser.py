"""Tabs that stay in step: with each other, and with a program that goes away and comes back."""

import pytest

from tests.browser import chromium, opened, reply, send, served
from vision.fake import FakeEngine

pytestmark = [
    pytest.mark.browser,
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser, assistant_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(FakeEngine(["One.", "Two."])), tmp_path) as url:
        page = opened(browser, url)
        yield page
        page.context.close()


def test_two_tabs_of_one_conversation_show_the_same(page):
    send(page, "First")
    reply(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#hist .sl-footer")

    send(page, "Second")
    reply(page, 2)

    other.wait_for_function("document.querySelectorAll('#hist .sl-footer').length === 2")
    assert "Two." in other.inner_text("#hist")


def test_what_is_being_written_in_the_other_tab_stays(page):
    send(page, "First")
    reply(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#composer textarea:not([disabled])")
    other.fill("#composer textarea", "Half a thou")

    send(page, "Second")
    reply(page, 2)

    other.wait_for_function("document.querySelectorAll('#hist .sl-footer').length === 2")
    assert other.input_value("#composer textarea") == "Half a thou"


def test_a_program_that_does_not_answer_is_said_and_so_is_its_return(page):
    page.route("**/pulse*", lambda route: route.abort())
    page.wait_for_selector(".sl-lost >> text=does not answer")

    page.unroute("**/pulse*")

    page.wait_for_selector(".sl-lost", state="detached")


def test_a_program_that_was_started_again_is_noticed_and_the_draft_kept(page):
    page.fill("#composer textarea", "Half a thou")
    answered = {"run": "another", "stamp": ""}
    page.route("**/pulse*", lambda route: route.fulfill(json=answered), times=1)

    page.wait_for_selector(".sl-toast >> text=was started again")

    assert page.input_value("#composer textarea") == "Half a thou"


def test_a_conversation_is_named_at_its_head(page, store):
    send(page, "First")
    reply(page)

    page.hover("#header h1")
    page.click(".sl-edit-title")
    page.fill("#header .sl-rename", "For the taxes")
    page.press("#header .sl-rename", "Enter")

    page.wait_for_selector(".sl-item-title >> text=For the taxes")
    assert store.conversations()[0].title == "For the taxes"
