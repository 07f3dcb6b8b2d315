"""From a screenshot to semantic HTML, without a model: what stands there is found by its shape."""

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from lxml import html as parser
from PIL import Image as Picture
from playwright.sync_api import Browser

from app.jobs.webpage.layout import build
from app.jobs.webpage.page import Node, Page, walk
from app.jobs.webpage.write import to_html
from tests import webpage_pages as pages
from tests.browser import chromium
from tests.webpage_pages import Seen, seen
from vision.engine import Line
from vision.reader.ocr import Ocr

pytestmark = pytest.mark.browser

ALL = ("FORM", "TABLE", "PRICING", "ARTICLE", "DASHBOARD", "CHINESE", "DARK")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def drawn(browser: Browser) -> dict[str, Seen]:
    found = {name: seen(browser, getattr(pages, name)) for name in ALL}
    return {**found, "PHONE": seen(browser, pages.PHONE, 390)}


def tree(one: Seen):
    return parser.document_fromstring(one.html)


def texts(root, path: str) -> list[str]:
    return [" ".join(e.text_content().split()) for e in root.xpath(path)]


def styles(one: Seen) -> str:
    return re.search(r"<style>(.*)</style>", one.html, re.DOTALL)[1]


def test_a_form_has_fields_with_their_labels(drawn):
    root = tree(drawn["FORM"])

    assert texts(root, ".//form//label")[:2] == ["Full name", "Message to the courier"]
    assert [e.get("placeholder") for e in root.xpath('.//form//input[@type="text"]')] == [
        "Amelia Novak"
    ]
    assert [e.get("placeholder") for e in root.xpath(".//form//textarea")] == [
        "Leave it at the back"
    ]
    assert texts(root, ".//form//button") == ["Save address"]


def test_a_box_to_tick_is_part_of_its_label(drawn):
    [label] = [e for e in tree(drawn["FORM"]).xpath(".//label") if e.xpath(".//input")]

    assert label.text_content().strip() == "Remember this address"
    assert label.xpath(".//input")[0].get("type") == "checkbox"


def test_a_table_has_a_head_and_its_rows_in_order(drawn):
    root = tree(drawn["TABLE"])

    assert texts(root, ".//thead//th") == ["Number", "Customer", "Amount"]
    assert [texts(row, ".//td") for row in root.xpath(".//tbody//tr")] == [
        ["INV-1042", "Northwind Traders", "1,240.00"],
        ["INV-1041", "Contoso Limited", "310.50"],
        ["INV-1040", "Fabrikam Works", "8,905.75"],
    ]
    assert texts(root, ".//h1") == ["Invoices"]


def test_cards_are_cells_of_a_grid_each_with_heading_list_and_button(drawn):
    [grid] = tree(drawn["PRICING"]).xpath('.//*[@class="grid"]')
    cards = list(grid)

    assert [texts(card, ".//h2") for card in cards] == [["Starter"], ["Team"], ["Company"]]
    assert texts(cards[1], ".//ul//li") == ["Many projects", "Email support", "Fifty gigabytes"]
    assert [texts(c, ".//button") for c in cards] == [
        ["Get started"], ["Start a trial"], ["Contact sales"]
    ]  # fmt: skip


def test_cards_of_one_make_share_one_class(drawn):
    [grid] = tree(drawn["PRICING"]).xpath('.//*[@class="grid"]')

    assert len({card.get("class") for card in grid}) == 1


def test_an_article_has_headings_by_rank_and_whole_paragraphs(drawn):
    root = tree(drawn["ARTICLE"])

    assert texts(root, ".//h1") == ["What the tide leaves behind"]
    assert texts(root, ".//h2") == ["A ledger made of mud"]
    assert texts(root, ".//main//p")[0].endswith("everything that passed in the night.")
    assert texts(root, ".//blockquote") == ["The sea does not forget; it only files things away."]


def test_a_menu_is_a_list_of_links_in_the_head_of_the_page(drawn):
    root = tree(drawn["ARTICLE"])

    assert texts(root, ".//header//nav//ul//li//a") == ["Essays", "Field notes", "About"]
    assert texts(root, './/header//a[@class="brand"]') == ["The Estuary"]
    assert texts(root, ".//footer") == ["© 2026 The Estuary"]


def test_a_link_within_a_paragraph_is_only_its_own_words(drawn):
    assert texts(tree(drawn["ARTICLE"]), ".//main//p//a") == ["write a number down"]


CENTRED = """<style>body{margin:0;font:16px/1.5 SANS}nav{background:#351e17;padding:30px;
display:flex;justify-content:center;gap:63px}nav a{color:#fff;text-decoration:none}
h1{font-size:40px;text-align:center}</style><h1>Business casual</h1><nav><a href="#">Home</a>
<a href="#">About</a><a href="#">Products</a><a href="#">Store</a></nav><p>All of it is fresh.</p>"""


def test_a_menu_in_the_middle_stays_one_line_in_a_wider_font(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 480})
    page.set_content(seen(browser, CENTRED).html)

    page.add_style_tag(content="* { letter-spacing: 2px }")

    tops = page.eval_on_selector_all("nav a", "all => all.map((a) => a.getBoundingClientRect().y)")
    page.close()
    assert len(tops) == 4
    assert len(set(tops)) == 1


def test_a_dashboard_has_its_menu_aside_and_cards_beside_each_other(drawn):
    root = tree(drawn["DASHBOARD"])

    assert texts(root, ".//aside//nav//li//a") == ["Overview", "Customers", "Orders", "Reports"]
    assert [" ".join(t.split()) for t in texts(root, './/main//*[@class="grid"]/*')] == [
        "Revenue 48,210", "Orders 1,284", "Refunds 17"
    ]  # fmt: skip
    assert texts(root, ".//main//table//tr[2]//td") == ["Wool blanket", "187"]


def test_a_chinese_page_says_so_and_breaks_no_word_with_a_space(drawn):
    root = tree(drawn["CHINESE"])

    assert root.get("lang") == "zh"
    assert texts(root, ".//h1") == ["老城区图书馆重新开放"]
    assert (
        "经过两年的修缮，位于老城区中心的公共图书馆今天重新向市民开放。"
        in texts(root, ".//main//p")[0]
    )
    assert " " not in texts(root, ".//main//p")[0]
    assert len(root.xpath(".//main//ul//li")) == 3
    assert texts(root, ".//header//nav//a") == ["首页", "本地", "文化"]


def test_a_dark_page_keeps_its_colours(drawn):
    css = styles(drawn["DARK"])

    assert "--page: #0d1117" in css
    assert "#e6edf3" in css
    assert "#1f6feb" in css


def test_code_keeps_its_lines_and_their_indents(drawn):
    [code] = tree(drawn["DARK"]).xpath(".//pre//code")

    assert code.text_content().split("\n") == [
        "nightshift init --branch main", "  watching main, next window", "nightshift status"
    ]  # fmt: skip


def test_a_picture_is_named_after_where_it_was_cut_from(drawn):
    [picture] = tree(drawn["PHONE"]).xpath(".//main//img")
    x0, y0, x1, y1 = map(int, re.findall(r"\d+", picture.get("src")))

    assert (x0, x1) == (20, 370)
    assert (picture.get("width"), picture.get("height")) == (str(x1 - x0), str(y1 - y0))
    assert abs(y1 - y0 - 180) <= 1


def test_a_page_of_a_phone_has_its_list_and_its_button(drawn):
    root = tree(drawn["PHONE"])

    assert texts(root, ".//h1") == ["Tomato soup with roasted garlic"]
    assert texts(root, ".//ul//li") == [
        "One kilo of ripe tomatoes", "One head of garlic", "Half a litre of stock"
    ]  # fmt: skip
    assert texts(root, ".//button") == ["Start cooking"]


@pytest.mark.parametrize("name", [*ALL, "PHONE"])
def test_texts_stand_in_the_order_in_which_they_are_read(drawn, browser, name):
    page = browser.new_page()
    page.set_content(getattr(pages, name))
    wanted = "".join(page.inner_text("body").split())
    page.close()

    body = tree(drawn[name]).xpath(".//body")[0]
    for field in body.xpath(".//input | .//textarea"):
        field.drop_tree()

    assert "".join(body.text_content().split()) == wanted


@pytest.mark.parametrize("name", [*ALL, "PHONE"])
def test_nothing_is_placed_out_of_the_flow(drawn, name):
    css = styles(drawn[name])

    assert "position" not in css
    assert "float" not in css


@pytest.mark.parametrize("name", [*ALL, "PHONE"])
def test_a_phone_shows_a_page_without_scrolling_sideways(drawn, browser, name):
    page = browser.new_page(viewport={"width": 390, "height": 700})
    page.set_content(drawn[name].html)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


@pytest.mark.parametrize("name", ["PRICING", "ARTICLE", "DASHBOARD"])
def test_texts_are_drawn_where_they_stood(drawn, browser, name):
    places = by_text(seen(browser, drawn[name].html))
    wanted = by_text(drawn[name])
    known = wanted.keys() & places.keys()
    off = [np.abs(np.subtract(places[text], wanted[text])).max() for text in known]

    assert len(known) > 0.9 * len(wanted)
    assert np.median(off) <= 3
    assert max(off) <= 12


def by_text(one: Seen) -> dict[tuple[str, int], tuple[int, int, int, int]]:
    """Return where each text stands; of those that say the same, the first is number 0."""
    found: dict[tuple[str, int], tuple[int, int, int, int]] = {}
    for line in one.lines:
        number = sum(text == line.text for text, _ in found)
        found[line.text, number] = line.box
    return found


def test_the_same_screenshot_gives_the_same_bytes(drawn):
    one = drawn["DASHBOARD"]

    assert to_html(build(one.rgb.copy(), list(one.lines))) == one.html


def test_a_screenshot_saved_as_jpeg_gives_the_same_tags(drawn):
    one = drawn["PRICING"]
    buffer = io.BytesIO()
    Picture.fromarray(one.rgb).save(buffer, "JPEG", quality=85)
    saved = np.asarray(Picture.open(buffer).convert("RGB"))

    assert tags(build(saved, one.lines)) == tags(one.page)


def tags(page: Page) -> list[str]:
    return [node.tag for node in walk(page.body)]


def test_borders_radii_and_shadows_are_measured(browser):
    card = """<style>body{margin:0;background:#fff}div{margin:60px;width:300px;height:120px;
    background:#fafafa;border:2px solid #d4d4d8;border-radius:12px;
    box-shadow:0 10px 20px rgba(0,0,0,.2)}</style><div></div>"""

    found = card_of(seen(browser, card, 600))

    assert found.value("background") in {"#fafafa", "var(--surface)"}
    assert found.value("border") == "2px solid #d4d4d8"
    assert abs(int(found.value("border-radius")[:-2]) - 12) <= 1
    assert found.value("box-shadow").startswith("0 ")


def card_of(one: Seen) -> Node:
    return next(n for n in walk(one.page.body) if n.name == "card")


def test_an_even_change_of_colour_is_painted_by_css(browser):
    band = """<style>body{margin:0}div{height:200px;
    background:linear-gradient(90deg,#102030,#c0d0e0)}</style><div></div><p>Below</p>"""

    one = seen(browser, band, 600)

    found = re.search(r"linear-gradient\((\d+)deg, #(\w+), #(\w+)\)", one.html)
    assert found[1] == "90"
    assert all(abs(int(found[2][i : i + 2], 16) - c) <= 3 for i, c in ((0, 16), (2, 32), (4, 48)))


def test_a_typeface_is_told_by_its_letters(browser):
    text = """<style>body{margin:20px;font:18px/1.5 FACE}</style>
    <p>Every tide turns a page, and none of it is dramatic.</p>"""

    found = {
        face: seen(browser, text.replace("FACE", f'"{face}"'), 700).html
        for face in ("DejaVu Sans", "DejaVu Sans Mono")
    }

    assert 'font-family: "DejaVu Sans", Verdana' in found["DejaVu Sans"]
    assert 'font-family: "DejaVu Sans Mono", Menlo' in found["DejaVu Sans Mono"]


def test_bold_slanted_and_struck_words_are_marked(browser):
    text = """<style>body{margin:20px;font:20px/1.6 "DejaVu Sans"}</style><p>The price was
    <s>forty-nine</s> and is <b>thirty-nine</b> euros, <i>including delivery</i> today.</p>"""

    root = tree(seen(browser, text, 1000))

    assert texts(root, ".//strong") == ["thirty-nine"]
    assert texts(root, ".//em") == ["including delivery"]
    assert texts(root, ".//s") == ["forty-nine"]


@pytest.mark.parametrize("size", [13, 16, 22, 48])
def test_the_size_of_letters_is_measured_to_a_pixel(browser, size):
    text = f"""<style>body{{margin:20px;font:{size}px/1.5 "DejaVu Sans"}}</style>
    <p>Quick words in a row</p>"""

    one = seen(browser, text, 900)

    assert abs(float(one.page.body.value("font-size")[:-2]) - size) <= 1


def test_a_text_cannot_become_markup():
    rgb = np.full((80, 400, 3), 255, np.uint8)
    rgb[30:44, 20:380:3] = 0
    line = Line('<script>alert("1")</script> & more', (18, 28, 382, 46), 0.9)

    html = to_html(build(rgb, [line]))

    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_picture_without_text_is_a_page_too():
    html = to_html(build(np.full((50, 60, 3), 200, np.uint8), []))

    assert "background: var(--page)" in html
    assert "--page: #c8c8c8" in html


def test_the_reader_finds_the_same_controls_in_the_pixels_alone(drawn):
    from threading import Event

    rgb = drawn["FORM"].rgb

    root = tree(Seen(rgb, Ocr().read(rgb, Event())))

    assert texts(root, ".//h1") == ["Delivery address"]
    assert texts(root, ".//form//label")[:2] == ["Full name", "Message to the courier"]
    assert len(root.xpath('.//form//input[@type="text"]')) == 1
    assert len(root.xpath(".//form//textarea")) == 1
    assert texts(root, ".//form//button") == ["Save address"]
