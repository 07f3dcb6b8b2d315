"""Tabs that stay in step: with each other, and with a program that goes away and comes back."""

import pytest
from playwright.sync_api import expect

from tests.browser import MARKS, chromium, opened, reply, send, served
from tests.held import held
from vision.fake import FakeEngine

pytestmark = MARKS


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

    expect(other.locator("#hist .sl-footer")).to_have_count(2)
    expect(other.locator("#hist")).to_contain_text("Two.")


def test_what_is_being_written_in_the_other_tab_stays(page):
    send(page, "First")
    reply(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#composer textarea:not([disabled])")
    other.fill("#composer textarea", "Half a thou")

    send(page, "Second")
    reply(page, 2)

    expect(other.locator("#hist .sl-footer")).to_have_count(2)
    expect(other.locator("#composer textarea")).to_have_value("Half a thou")


def test_a_click_counts_while_what_another_tab_did_is_on_its_way(page, store):
    send(page, "First")
    reply(page)
    send(page, "Second")
    reply(page, 2)
    [conversation] = store.conversations()
    with held(page, "**/gradio_api/run/*", "POST") as let_go:
        with page.expect_request("**/gradio_api/run/*"):
            store.rename(conversation.id, "Another name")
        page.click("[data-act=delete][data-turn='1']")
        let_go()

    expect(page.locator("#hist .sl-typed")).to_have_text(["Second"])


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

    expect(page.locator("#composer textarea")).to_have_value("Half a thou")


def test_a_conversation_is_named_at_its_head(page, store):
    send(page, "First")
    reply(page)

    page.hover("#header h1")
    page.click(".sl-edit-title")
    page.fill("#header .sl-rename", "For the taxes")
    page.press("#header .sl-rename", "Enter")

    page.wait_for_selector(".sl-item-title >> text=For the taxes")
    assert store.conversations()[0].title == "For the taxes"
