"""What else the page offers while one writes, and with a reply: each thing driven once."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import CHROMIUM, MARKS, QUIET, attach, opened, reply, send, served
from vision.fake import FakeEngine

pytestmark = MARKS
# A green picture with a clock, as if from a camera that the user allowed.
# That a table was copied is said for a moment only: it is looked for before.
TOLD = """() => {
    const button = document.querySelector('.sl-table-tools button');
    window.told = new Promise((done) => new MutationObserver(
        () => done(button.textContent)).observe(button, {childList: true}));
}"""
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


class Heavy(FakeEngine):
    """Says what memory a prompt would take."""

    def count_tokens(self, prompt):
        return replace(super().count_tokens(prompt), bytes=96 << 20)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=(*QUIET, *CAMERA))
        yield started
        started.close()


@pytest.fixture
def engine():
    return Heavy(["| Item | Price |\n| --- | ---: |\n| Milk | 4.50 |\n"])


@pytest.fixture
def page(browser, engine, assistant_with, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(engine), tmp_path) as url:
        page = opened(
            browser,
            url,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write", "camera"],
        )
        yield page
        assert page.errors == []
        page.context.close()


def test_shift_and_enter_begin_another_line(page, engine):
    page.fill("#composer textarea", "First")
    page.press("#composer textarea", "Shift+Enter")
    page.keyboard.type("Second")
    page.press("#composer textarea", "Enter")

    reply(page)
    assert [prompt.messages[-1].text for prompt in engine.prompts] == ["First\nSecond"]


def test_a_photo_is_taken_with_the_camera(page, engine):
    page.click(".sl-camera")
    page.wait_for_function("document.querySelector('dialog video')?.videoWidth > 0")
    page.click("dialog .sl-primary")
    page.wait_for_selector("#composer .thumbnail-item")
    send(page, "What is this?")

    reply(page)
    assert engine.prompts[0].messages[-1].images[0].width >= 320


def test_pictures_are_put_in_order_by_dragging(page, red, receipt):
    attach(page, ("red.png", red), ("receipt.png", receipt))
    thumbnails = page.locator("#composer .thumbnail-item")

    thumbnails.nth(1).drag_to(thumbnails.nth(0))

    expect(thumbnails.nth(0)).to_have_attribute("title", "receipt.png")
    expect(thumbnails.nth(1)).to_have_attribute("title", "red.png")
    expect(thumbnails).to_have_count(2)


def test_a_question_that_names_nothing_gets_a_hint(page, red):
    attach(page, ("red.png", red))

    page.fill("#composer textarea", "Is this right?")
    page.wait_for_selector(".sl-vague >> text=It helps to name the place")
    page.fill("#composer textarea", "Is the red square at the top right?")

    page.wait_for_function("document.querySelector('.sl-vague').textContent === ''")


def test_what_a_draft_would_take_of_memory_is_told(page, red):
    attach(page, ("red.png", red))

    page.wait_for_selector(".sl-cost >> text=about 96 MiB")


def copy_table(page):
    """Have a table replied, and copy it."""
    send(page, "As a table")
    reply(page)
    page.wait_for_selector(".sl-table-tools")
    page.evaluate(TOLD)
    page.click(".sl-table-tools >> text=Copy")
    assert page.evaluate("window.told") == "Copied"


def test_a_table_is_copied_as_cells(page):
    copy_table(page)

    assert page.evaluate("navigator.clipboard.readText()").split() == [
        "Item",
        "Price",
        "Milk",
        "4.50",
    ]


def test_a_table_is_copied_where_the_browser_hides_the_clipboard(page):
    """As over plain http from another machine."""
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")

    copy_table(page)

    page.focus("#composer textarea")
    page.keyboard.press("Control+v")
    expect(page.locator("#composer textarea")).to_have_value("Item\tPrice\nMilk\t4.50")


def test_nothing_moves_for_who_wants_no_motion(page):
    send(page, "Move")
    reply(page)
    page.click(".sl-clear-main")
    page.wait_for_selector(".sl-receipt:not([hidden])")

    moving = page.evaluate(
        "document.getAnimations().filter((each) => each.effect.getComputedTiming().duration > 1)"
        ".map((each) => each.effect.target.className)"
    )
    assert moving == []
