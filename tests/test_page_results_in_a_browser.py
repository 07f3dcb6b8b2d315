"""What one does with a reply: look at its picture, sort its table, compare, look behind it."""

import csv
import io

import pytest
from openpyxl import load_workbook

from tests.browser import chromium, examples_served, opened, shown

pytestmark = [
    pytest.mark.browser,
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
RECEIPT, HTML, COMPARED, TABLE = range(4)  # in the list, the newest first


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with examples_served(tmp_path_factory.mktemp("page")) as url, chromium() as browser:
        page = opened(browser, url)
        yield page
        assert page.errors == []


def show(page, at):
    page.click(f".sl-item >> nth={at}")
    shown(page, at)


@pytest.fixture
def table(page):
    show(page, TABLE)
    page.wait_for_selector("#hist .sl-table-tools")
    return page


def rows(page):
    return page.evaluate(
        "[...document.querySelectorAll('#hist .prose tbody tr')].map("
        "(row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )


def taken(page, button):
    with page.expect_download() as download:
        page.click(f".sl-table-tools >> text={button}")
    return download.value.path().read_bytes()


def test_a_line_and_its_box_light_up_together(table):
    table.click("#hist .sl-footer [data-view]")
    table.wait_for_selector(".sl-lightbox .sl-lines li")

    table.hover(".sl-lines li >> nth=3")
    table.wait_for_selector(".sl-sheet rect.sl-lit")
    assert table.locator(".sl-sheet rect.sl-lit").count() == 1
    box = table.locator(".sl-sheet rect >> nth=5").bounding_box()
    table.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    table.wait_for_selector(".sl-lines li:nth-child(6).sl-lit")
    table.keyboard.press("Escape")


def test_a_picture_is_zoomed_and_fitted_again(table):
    table.click("#hist a.sl-picture")
    table.wait_for_selector(".sl-lightbox[open]")
    shown = "document.querySelector('.sl-sheet').getBoundingClientRect().width"
    table.wait_for_function(f"{shown} > 0")
    whole = table.evaluate(shown)

    table.keyboard.press("+")
    assert table.evaluate(shown) > whole
    table.keyboard.press("0")
    assert table.evaluate(shown) == pytest.approx(whole)
    table.keyboard.press("Escape")


def test_a_table_is_sorted_by_its_numbers(table):
    last = len(rows(table)[0])
    before = rows(table)

    table.click(f"#hist .prose th:nth-child({last})")
    table.click(f"#hist .prose th:nth-child({last})")

    assert rows(table) != before
    assert sorted(map(tuple, rows(table))) == sorted(map(tuple, before))
    assert table.get_attribute(f"#hist .prose th:nth-child({last})", "aria-sort") == "descending"


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

    first, second = (figures.nth(at).locator("rect").count() for at in (0, 1))
    assert first == second == 4
    page.hover(".sl-side figure >> nth=0 >> rect >> nth=0")
    page.wait_for_selector(".sl-side rect.sl-lit >> nth=1")
    assert page.locator(".sl-side rect.sl-lit").count() == 2


def test_a_part_in_the_reply_and_its_boxes_light_up_together(page):
    show(page, COMPARED)
    page.wait_for_selector(".sl-side rect")

    page.hover("#hist .prose tbody tr >> nth=2")
    page.wait_for_selector(".sl-side rect.sl-lit")
    lit = page.locator(".sl-side rect.sl-lit")
    assert lit.evaluate_all("all => all.map((each) => each.dataset.part)") == ["3", "3"]
    page.hover(".sl-side figure >> nth=1 >> rect >> nth=0")
    page.wait_for_selector("#hist .prose tbody tr:nth-child(1).sl-lit")
    assert page.locator("#hist .prose tr.sl-lit").count() == 1


def test_one_picture_is_swiped_over_the_other(page):
    show(page, COMPARED)
    page.click(".sl-ways button >> text=Swipe")
    page.focus(".sl-over input")

    page.keyboard.press("Home")
    uncovered = page.evaluate("document.querySelector('.sl-clip').style.clipPath")
    page.keyboard.press("End")

    assert uncovered == "inset(0px 0px 0px 0%)"
    assert page.evaluate("document.querySelector('.sl-clip').style.clipPath") != uncovered


def test_behind_the_scenes_shows_where_the_time_went(page):
    show(page, RECEIPT)
    page.click("#hist [data-more]")
    page.click(".sl-popup >> text=Behind the scenes")

    page.wait_for_selector(".sl-inside >> text=PP-OCRv6")
    assert page.locator(".sl-inside .sl-bars").count() >= 2
    page.keyboard.press("Escape")


def test_a_reply_is_shown_as_plain_text(page):
    show(page, TABLE)
    page.click("#hist [data-more]")
    page.click(".sl-popup >> text=Plain text")

    page.wait_for_selector(".sl-inside pre")
    assert "| --- |" in page.inner_text(".sl-inside pre").replace("---:", "---")
    page.keyboard.press("Escape")


def test_a_document_of_several_pages_is_chosen_from(page):
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    for _ in range(3):
        document.new_page(200, 300)
    data = io.BytesIO()
    document.save(data)
    page.click(".sl-new")
    page.wait_for_selector(".sl-card")
    page.set_input_files(
        "#composer input[type=file]",
        {"name": "three.pdf", "mimeType": "application/pdf", "buffer": data.getvalue()},
    )
    page.wait_for_selector(".sl-pages label >> nth=2")

    page.uncheck(".sl-pages label >> nth=1 >> input")
    page.click(".sl-dialog .sl-primary")

    page.wait_for_function("document.querySelectorAll('#composer .thumbnail-item').length === 2")
    names = page.locator("#composer .thumbnail-item").evaluate_all("all => all.map(e => e.title)")
    assert names == ["three.pdf · 1", "three.pdf · 3"]
