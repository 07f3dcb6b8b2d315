"""What comes while the user's hand is on the page does not take it away from under it."""

import threading

import pytest
from playwright.sync_api import expect

from tests.browser import HELD_S, MARKS, reply, send
from tests.test_page_in_a_browser import (  # noqa: F401  fixtures
    Gate,
    browser,
    page_for,
    under_way,
)
from vision.fake import FakeEngine

pytestmark = MARKS


class SlowToUnload(FakeEngine):
    """Unloads once it may."""

    def __init__(self):
        super().__init__()
        self.may = threading.Event()

    def unload(self):
        assert self.may.wait(HELD_S)
        super().unload()


@pytest.fixture
def gate():
    held = Gate()
    yield held
    held.open.set()


@pytest.fixture
def replying(page_for, gate):  # noqa: F811
    """A page whose first reply is held; when it ends, list and header are drawn anew."""
    page = page_for(FakeEngine(["The quick brown fox."], pace=gate))
    send(page, "First")
    under_way(page)
    page.wait_for_selector(".sl-row")
    return page


def ended(page, gate):
    """Let the reply end; another that was begun stands in the list by then."""
    page.assistant.send(None, "From elsewhere", [], None)
    gate.open.set()
    reply(page)
    page.wait_for_selector("#composer .submit-button:not([hidden])")


def test_an_open_clear_menu_stays_and_offers_what_has_become_possible(page_for):  # noqa: F811
    engine = SlowToUnload()
    page = page_for(engine)
    page.click(".sl-clear-more")
    page.click("[data-name=unload]")
    page.wait_for_selector(".sl-waiting")
    page.click(".sl-clear-more")
    page.wait_for_selector(".sl-clear-menu [data-name=unload]")

    engine.may.set()

    page.click(".sl-clear-menu [data-name=load]")
    page.wait_for_selector(".sl-engine[data-state=ready]")


def test_a_name_that_is_being_written_stays(replying, gate):
    replying.hover(".sl-row")
    replying.click(".sl-row .sl-more")
    replying.click(".sl-popup >> text=Rename")
    replying.fill(".sl-rename", "For the taxes")

    ended(replying, gate)

    expect(replying.locator(".sl-rename")).to_have_value("For the taxes")
    replying.press(".sl-rename", "Enter")
    replying.wait_for_selector(".sl-item-title >> text=For the taxes")
    replying.wait_for_selector("#header h1 >> text=For the taxes")


def test_a_conversations_open_menu_still_does_what_it_says(replying, gate):
    replying.hover(".sl-row")
    replying.click(".sl-row .sl-more")

    ended(replying, gate)

    replying.click(".sl-popup >> text=Rename")
    replying.fill(".sl-rename", "For the taxes")
    replying.press(".sl-rename", "Enter")
    replying.wait_for_selector(".sl-item-title >> text=For the taxes")


def test_a_pressed_conversation_opens_when_it_is_let_go(page_for):  # noqa: F811
    page = page_for(FakeEngine(["One."]))
    send(page, "First")
    reply(page)
    page.wait_for_url("**/?c=*")
    first = page.url
    page.click(".sl-new")
    page.wait_for_selector(".sl-welcome")
    page.hover(f"[data-id='{first.partition('?c=')[2]}']")
    page.mouse.down()

    send(page, "Second")
    reply(page)
    page.wait_for_selector("#header h1 >> text=Second")
    page.mouse.up()

    page.wait_for_url(first)


def test_what_came_meanwhile_is_shown_as_soon_as_the_menu_is_closed(replying, gate):
    replying.hover(".sl-row")
    replying.click(".sl-row .sl-more")
    ended(replying, gate)

    replying.keyboard.press("Escape")

    replying.wait_for_selector(".sl-item-title >> text=From elsewhere")


def test_the_focus_stays_on_a_button_of_the_header(replying, gate):
    replying.focus("#header .sl-theme")
    replying.eval_on_selector("#header h1", "heading => { heading.dataset.old = true; }")

    ended(replying, gate)

    replying.wait_for_selector("#header h1[data-old]", state="detached")
    expect(replying.locator("#header .sl-theme")).to_be_focused()
