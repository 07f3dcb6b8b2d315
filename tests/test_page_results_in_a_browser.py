"""What one does with a reply: look at its picture, sort its table, compare, look behind it."""

import csv
import io
import re

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.browser import MARKS, chromium, examples_served, opened, shown

pytestmark = MARKS
RECEIPT, HTML, COMPARED, TABLE = range(4)  # in the list, the newest first


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with examples_served(tmp_path_factory.mktemp("page")) as url, chromium() as browser:
        page = opened(browser, url)
        yield page
        assert page.errors == []


def show(page, at):
    """Open a conversation; one that is open already would be drawn anew under the hand."""
    entry = page.locator(".sl-item").nth(at)
    if not entry.get_attribute("aria-current"):
        entry.click()
    shown(page, at)


@pytest.fixture
def table(page):
    show(page, TABLE)
    page.wait_for_selector("#hist .sl-table-tools")
    return page


def closes(page):
    """Leave a dialog: until it is gone, what is below it cannot be pressed."""
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")


def rows(page):
    return page.evaluate(
        "[...document.querySelectorAll('#hist .prose tbody tr')].map("
        "(row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )


def taken(page, button):
    with page.expect_download() as download:
        page.click(f".sl-table-tools >> text={button}")
    return download.value.path().read_bytes()


def test_the_tools_of_a_table_leave_with_it(table):
    for at in (COMPARED, HTML, TABLE):
        show(table, at)
        tables = table.locator("#hist .prose table").count()
        expect(table.locator("#hist .sl-table-tools")).to_have_count(tables)
    expect(table.locator("#hist .sl-table-tools")).to_have_count(1)


def test_a_line_and_its_box_light_up_together(table):
    table.click("#hist .sl-footer [data-view]")
    table.wait_for_selector(".sl-lightbox .sl-lines li")

    table.hover(".sl-lines li >> nth=3")
    expect(table.locator(".sl-sheet rect").nth(3)).to_contain_class("sl-lit")
    expect(table.locator(".sl-sheet rect.sl-lit")).to_have_count(1)
    table.hover(".sl-sheet rect >> nth=5")
    table.wait_for_selector(".sl-lines li:nth-child(6).sl-lit")
    closes(table)


def test_a_picture_is_zoomed_and_fitted_again(table):
    table.click("#hist a.sl-picture")
    table.wait_for_selector(".sl-lightbox[open] .sl-stage:focus")
    width = "document.querySelector('.sl-sheet').getBoundingClientRect().width"
    table.wait_for_function(f"{width} > 0")
    whole = table.evaluate(width)

    table.keyboard.press("+")
    table.wait_for_function(f"whole => {width} > whole + 1", arg=whole)
    table.keyboard.press("0")
    table.wait_for_function(f"whole => Math.abs({width} - whole) < 0.01", arg=whole)
    closes(table)


def test_a_table_is_sorted_by_its_numbers(table):
    last = len(rows(table)[0])
    before = rows(table)

    table.click(f"#hist .prose th:nth-child({last})")
    table.click(f"#hist .prose th:nth-child({last})")

    head = table.locator(f"#hist .prose th:nth-child({last})")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert rows(table) != before
    assert sorted(map(tuple, rows(table))) == sorted(map(tuple, before))


def test_a_table_is_taken_away_as_csv_and_as_a_workbook(table):
    shown = rows(table)

    read = list(csv.reader(io.StringIO(taken(table, "CSV").decode("utf-8-sig"))))
    book = load_workbook(io.BytesIO(taken(table, "XLSX")))

    assert read[1:] == shown
    assert book.active.max_row == len(shown) + 1


def test_what_differs_is_boxed_in_both_pictures(page):
    show(page, COMPARED)
    page.wait_for_selector(".sl-side rect")
    figures = page.locator(".sl-side figure")

    for at in (0, 1):
        expect(figures.nth(at).locator("rect")).to_have_count(4)
    page.hover(".sl-side figure >> nth=0 >> rect >> nth=0")
    expect(page.locator(".sl-side rect.sl-lit")).to_have_count(2)


def test_a_part_in_the_reply_and_its_boxes_light_up_together(page):
    show(page, COMPARED)
    page.wait_for_selector(".sl-side rect")

    page.hover("#hist .prose tbody tr >> nth=2")
    lit = page.locator(".sl-side rect.sl-lit")
    expect(lit).to_have_count(2)
    for at in (0, 1):
        expect(lit.nth(at)).to_have_attribute("data-part", "3")
    page.hover(".sl-side figure >> nth=1 >> rect >> nth=0")
    page.wait_for_selector("#hist .prose tbody tr:nth-child(1).sl-lit")
    expect(page.locator("#hist .prose tr.sl-lit")).to_have_count(1)


def test_one_picture_is_swiped_over_the_other(page):
    show(page, COMPARED)
    page.click(".sl-ways button >> text=Swipe")
    page.focus(".sl-over input")
    clip = page.locator(".sl-clip")

    page.keyboard.press("Home")
    expect(clip).to_have_css("clip-path", "inset(0px 0px 0px 0%)")
    page.keyboard.press("End")

    expect(clip).to_have_css("clip-path", "inset(0px 0px 0px 100%)")


def test_behind_the_scenes_shows_where_the_time_went(page):
    show(page, RECEIPT)
    page.click("#hist [data-more]")
    page.click(".sl-popup >> text=Behind the scenes")

    page.wait_for_selector(".sl-inside >> text=PP-OCRv6")
    page.wait_for_selector(".sl-inside .sl-bars >> nth=1")
    closes(page)


def test_a_reply_is_shown_as_plain_text(page):
    show(page, TABLE)
    page.click("#hist [data-more]")
    page.click(".sl-popup >> text=Plain text")

    expect(page.locator(".sl-inside pre")).to_contain_text(re.compile(r"\| ---:? \|"))
    closes(page)


def test_a_document_of_several_pages_is_chosen_from(page):
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for _ in range(3):
        document.new_page(200, 300)
    data = io.BytesIO()
    document.save(data)
    page.click(".sl-new")
    page.wait_for_selector(".sl-card")
    page.wait_for_function("secondLook.composer.draft().place === ''")
    page.set_input_files(
        "#composer input[type=file]",
        {"name": "three.pdf", "mimeType": "application/pdf", "buffer": data.getvalue()},
    )
    page.wait_for_selector(".sl-pages label >> nth=2")

    page.uncheck(".sl-pages label >> nth=1 >> input")
    page.click(".sl-dialog .sl-primary")

    attached = page.locator("#composer .thumbnail-item")
    expect(attached).to_have_count(2)
    expect(attached.nth(0)).to_have_attribute("title", "three.pdf · 1")
    expect(attached.nth(1)).to_have_attribute("title", "three.pdf · 3")
