"""Nobody is kept out of the page: axe-core finds nothing serious on any screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import (
    EXAMPLES_ASKED,
    MARKS,
    PROMPTS,
    chromium,
    examples_served,
    offer,
    opened,
    shown,
)

pytestmark = MARKS


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with examples_served(tmp_path_factory.mktemp("page")) as address:
        yield address


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark on a phone": {
        "color_scheme": "dark",
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    },
    "Chinese": {"locale": "zh-CN"},
}


@pytest.fixture(scope="module", params=LOOKS)
def page(request, url):
    with chromium() as browser:
        page = opened(browser, url, **LOOKS[request.param])
        yield page
        assert page.errors == []


def click(page, selector):
    """Click what may be in a menu that is closed on a phone."""
    page.dispatch_event(selector, "click")


def escape(page):
    """Close what is open over the page."""
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open], .sl-popup")).to_have_count(0)


def found(page):
    """Return what keeps somebody out, of the screen as it is."""
    violations = Axe().run(page).response["violations"]
    return [
        (each["id"], node["target"])
        for each in violations
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def test_the_welcome(page):
    click(page, ".sl-new")
    page.wait_for_selector(".sl-card")

    assert found(page) == []


@pytest.mark.parametrize("at", range(len(PROMPTS)))
def test_a_conversation(page, at):
    conversation(page, at)

    assert found(page) == []


def test_the_settings(page):
    click(page, ".sl-settings")
    page.wait_for_selector(".sl-drawer .sl-setting")

    assert found(page) == []
    escape(page)


def test_the_viewer(page):
    click(page, ".sl-item >> nth=0")
    page.wait_for_selector("#hist .slip-value")
    click(page, "#hist [data-view]")
    page.wait_for_selector(".sl-lightbox .sl-lines li")

    assert found(page) == []
    escape(page)


def test_a_menu_and_the_filters(page):
    click(page, ".sl-filters summary")
    click(page, ".sl-more")
    page.wait_for_selector(".sl-popup")

    assert found(page) == []
    escape(page)


def test_what_a_search_found(page):
    page.eval_on_selector(
        ".sl-query", "box => { box.value = 'total'; box.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_selector(".sl-hit mark", state="attached")

    assert found(page) == []
    page.eval_on_selector(
        ".sl-query", "box => { box.value = ''; box.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_selector(".sl-hit", state="detached")


def conversation(page, at):
    """Open an example; wait until what its job found is drawn."""
    click(page, f".sl-item >> nth={at}")
    shown(page, at)
    page.wait_for_selector("#hist .sl-footer")
    job, _, _ = EXAMPLES_ASKED[~at]
    expect(page.locator(".sl-panel")).to_have_count(1 if job else 0)
    if job:
        page.wait_for_selector(f".sl-panel[data-job={job}]:not(:empty)")


def test_the_clear_menu_and_what_is_asked_before_the_deepest(page):
    click(page, ".sl-clear-more")
    page.wait_for_selector(".sl-clear-menu [role=menuitem]")
    assert found(page) == []

    click(page, ".sl-clear-menu [data-name=deep]")
    page.wait_for_selector("dialog.sl-ask[open]")
    assert found(page) == []
    click(page, ".sl-ask-cancel")


def test_what_a_clear_gave_back(page):
    click(page, ".sl-clear-main")
    page.wait_for_selector(".sl-receipt:not([hidden]):has(dl):not(:has(.sl-waiting))")

    assert found(page) == []


def test_the_engine_and_how_to_take_another(page):
    click(page, "details.sl-engine summary")
    page.wait_for_selector(".sl-engine[open]")

    assert found(page) == []
    click(page, "details.sl-engine summary")


def test_the_jobs_that_a_slash_offers(page):
    page.fill("#composer textarea", "/")
    page.type("#composer textarea", "d")
    page.wait_for_selector(".sl-commands [role=option]")

    assert found(page) == []
    page.fill("#composer textarea", "")


def test_a_picture_that_was_refused(page):
    offer(page, ("empty.png", b"\x89PNG\r\n\x1a\n"))
    page.wait_for_selector("#tray .sl-problem")

    assert found(page) == []


def test_behind_the_scenes(page):
    conversation(page, 0)
    click(page, "#hist [data-more]")
    click(page, ".sl-popup [role=menuitem] >> nth=1")
    page.wait_for_selector(".sl-inside .sl-bars")

    assert found(page) == []
    escape(page)


def test_the_views_of_a_web_page(page):
    conversation(page, 1)
    for at in range(3):  # preview, compare, code
        view = f".sl-web-bar .sl-web-choice >> nth=0 >> button:nth-of-type({at + 1})"
        click(page, view)
        page.wait_for_selector(f"{view}[aria-pressed=true]", state="attached")

        assert found(page) == [], at


def test_the_folders(page):
    page.evaluate("window.secondLook.folder.open()")
    page.wait_for_selector("#folder .fold-drop")

    assert found(page) == []
    click(page, ".fold-close")


def test_tab_leads_past_the_list_to_where_one_writes(page):
    page.reload()
    page.wait_for_selector("#composer textarea:not([disabled])")
    page.wait_for_selector("body > .sl-skip:first-child", state="attached")

    page.press(".sl-skip", "Enter")

    expect(page.locator("#composer textarea")).to_be_focused()
