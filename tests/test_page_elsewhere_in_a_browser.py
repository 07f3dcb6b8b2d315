"""What was done elsewhere, in another tab or in a folder's view, is seen where one looks."""

import pytest
from playwright.sync_api import expect

from tests.browser import MARKS, chromium, opened, served
from tests.held import held
from tests.receipt_drawn import fields, kept, receipt
from vision.fake import FakeEngine

pytestmark = MARKS
TOTAL = ".slip-value[data-path='receipts.0.total']"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def conversation(store):
    made = kept(store, fields(receipt()))
    store.tag(made, ["Trip/"])
    return made


@pytest.fixture
def page(browser, assistant_with, conversation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with served(assistant_with(FakeEngine()), tmp_path) as url:
        page = opened(browser, f"{url}/?c={conversation}")
        page.wait_for_selector(f"#hist {TOTAL}")
        yield page
        assert page.errors == []
        page.context.close()


def other_tab(page):
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#composer textarea:not([disabled])")
    return other


def total(page, within="#hist"):
    return page.locator(f"{within} {TOTAL}").first


def correct(page, within, text):
    page.click(f"{within} {TOTAL} >> nth=0")
    page.click(f"{within} {TOTAL} >> nth=0")
    page.fill(f"{within} .slip-input", text)
    page.press(f"{within} .slip-input", "Enter")
    expect(total(page, within)).to_contain_text(text)


def test_a_receipt_that_another_tab_corrected_is_shown_corrected(page):
    other = other_tab(page)

    correct(other, "#hist", "9.99")

    expect(total(page)).to_contain_text("9.99")


def test_a_receipt_that_another_tab_corrected_waits_for_the_field_that_is_written(page):
    other = other_tab(page)
    page.click("#hist .slip-value[data-path='receipts.0.merchant']")
    page.click("#hist .slip-value[data-path='receipts.0.merchant']")
    page.fill(".slip-input", "Edge Shop")

    with page.expect_response("**/receipt/*/1"):
        correct(other, "#hist", "9.99")

    expect(page.locator(".slip-input")).to_have_value("Edge Shop")
    page.press(".slip-input", "Enter")
    expect(total(page)).to_contain_text("9.99")
    expect(page.locator("#hist .slip")).to_contain_text("Edge Shop")


def test_a_receipt_that_was_corrected_in_its_folder_is_shown_corrected_in_the_chat(page):
    page.click(".sl-item[data-folder]")
    page.wait_for_selector(f"#folder {TOTAL}")

    correct(page, "#folder", "9.99")
    page.click(".fold-close")

    expect(total(page)).to_contain_text("9.99")


def test_what_another_tab_deleted_is_said_and_leaves_the_list(page, store):
    gone = store.create("Gone soon").id
    store.append(gone, prompt="?")
    page.reload()
    row = page.locator(".sl-item", has_text="Gone soon")
    expect(row).to_have_count(1)
    store.trash.delete_conversation(gone)

    row.click()

    expect(page.locator(".sl-problem")).to_contain_text("It may have been deleted")
    expect(row).to_have_count(0)


def test_that_another_tab_deleted_what_is_shown_is_said(page, store, conversation):
    store.trash.delete_conversation(conversation)

    expect(page.locator(".sl-problem")).to_contain_text("It may have been deleted")


def test_a_deletion_can_be_undone_though_a_refresh_comes_after_it(page, store, conversation):
    with held(page, "**/gradio_api/run/*", "POST"):
        with page.expect_request("**/gradio_api/run/*"):
            store.rename(conversation, "Another name")
        page.unroute("**/gradio_api/run/*")  # what follows is not held
        page.click("[data-act=delete][data-turn='1']")
        page.wait_for_selector(".sl-said [data-action=undo]")
    with page.expect_response("**/pulse*"):
        pass

    page.click(".sl-said [data-action=undo]")

    page.wait_for_selector(f"#hist {TOTAL}")


def test_what_was_deleted_last_is_brought_back_by_the_menu_and_shown(page, store):
    gone = store.create("Gone soon").id
    store.append(gone, prompt="What is gone?")
    store.trash.delete_conversation(gone)

    bring_back(page)

    expect(page.locator("#hist .sl-typed")).to_have_text("What is gone?")
    expect(page.locator(".sl-item", has_text="Gone soon")).to_have_count(1)
    bring_back(page)
    expect(page.locator("#tray")).to_contain_text("The trash is empty.")


def bring_back(page):
    page.click(".sl-brand .sl-tool")
    page.click("[role=menuitem] >> text=Bring back what was deleted last")
