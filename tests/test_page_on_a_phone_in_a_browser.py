"""The page on a phone: what a fingertip touches, and where a menu leads."""

import pytest
from playwright.sync_api import expect

from tests.browser import MARKS, attach, chromium, opened, reply, send, served
from vision.fake import FakeEngine

pytestmark = MARKS
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "reduced_motion": "reduce"}
# Of all that can be touched and is in sight, what 38 pixels around its middle do not belong to.
TOO_SMALL = """() => [...document.querySelectorAll(
        "button, a[href], summary, select, input, [role=menuitem], [role=option]")]
    .filter((each) => {
        const whole = each.closest("label") ?? each; // which is touched for it
        const box = whole.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const within = (dx, dy) => whole.contains(document.elementFromPoint(x + dx, y + dy));
        const inSight = x > 19 && y > 19 && x < innerWidth - 19 && y < innerHeight - 19;
        return box.width && inSight && within(0, 0)
            && ![[-19, 0], [19, 0], [0, -19], [0, 19]].every(([dx, dy]) => within(dx, dy));
    })
    .map((each) => each.outerHTML)"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser, assistant_with, tmp_path, monkeypatch, red):
    """Return a page with a conversation that has a table."""
    monkeypatch.chdir(tmp_path)
    engine = FakeEngine(["| Item | Price |\n| --- | ---: |\n| Milk | 4.50 |"])
    with served(assistant_with(engine), tmp_path) as url:
        page = opened(browser, url, **PHONE)
        attach(page, ("red.png", red))
        send(page, "What stands here?")
        reply(page)
        yield page
        assert page.errors == []
        page.context.close()


def test_whatever_is_touched_is_as_large_as_a_fingertip(page, red):
    page.wait_for_selector(".sl-table-tools")
    assert page.evaluate(TOO_SMALL) == []

    page.click("#hist [data-more]")
    page.wait_for_selector(".sl-popup")
    assert page.evaluate(TOO_SMALL) == []
    page.keyboard.press("Escape")

    page.click(".sl-menu")
    page.click(".sl-filters summary")
    assert page.evaluate(TOO_SMALL) == []

    page.click(".sl-new")
    page.wait_for_selector(".sl-card")
    page.wait_for_function("secondLook.composer.draft().place === ''")
    attach(page, ("red.png", red))
    assert page.evaluate(TOO_SMALL) == []


def test_a_conversation_is_renamed_on_a_phone(page):
    page.click(".sl-menu")
    page.click(".sl-more")
    page.click(".sl-popup >> text=Rename")

    page.fill("#sidebar .sl-rename", "Red")
    page.press("#sidebar .sl-rename", "Enter")

    expect(page.locator(".sl-item-title")).to_have_text("Red")
    expect(page.locator(".sl-item-title")).to_be_visible()
