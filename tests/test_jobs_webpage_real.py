"""What pages in use are made of: bars, shadows, gradients, code, tables, menus aside, labels."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from lxml import html as parser
from playwright.sync_api import Browser

from app.jobs.webpage.crops import archive, inline, pieces
from app.jobs.webpage.layout import build
from app.jobs.webpage.page import walk
from app.jobs.webpage.write import to_html
from tests.browser import chromium
from tests.webpage_pages import Seen, seen

pytestmark = pytest.mark.browser

ADMIN = """<style>*{box-sizing:border-box}body{margin:0;font:15px/1.5 SANS;color:#222}
.top{background:#212529;color:#fff;height:56px;padding:16px 24px;font-size:20px}
.body{display:flex}aside{width:225px;height:640px;background:#212529;padding:20px 16px}
aside div{color:#6c757d;font-size:12px;margin:16px 0 4px}
aside a{display:flex;gap:10px;align-items:center;color:#7db5fd;padding:9px 0;
text-decoration:none}
aside a i{width:14px;height:14px;background:conic-gradient(#f00 0 40%,#adb5bd 40%)}
main{padding:24px 32px}h1{font-size:32px;margin:0}</style>
<div class=top>Start Bootstrap</div><div class=body><aside><div>CORE</div>
<a href="#"><i></i>Dashboard</a><div>INTERFACE</div><a href="#"><i></i>Layouts</a>
<a href="#"><i></i>Pages</a><div>ADDONS</div><a href="#"><i></i>Charts</a>
<a href="#"><i></i>Tables</a></aside>
<main><h1>Overview</h1><p>Nothing happened today, and nothing is expected.</p></main></div>"""

SLOPE = """<style>*{box-sizing:border-box}body{margin:0;font:15px/1.5 SANS;display:flex}
aside{width:224px;height:1100px;color:#fff;padding:24px;
background:linear-gradient(180deg,#4e73df 10%,#224abe 100%)}main{padding:24px}</style>
<aside>Dashboard</aside><main><p>One sentence about what is there.</p></main>"""

CELLS = """<style>body{margin:24px;font:15px/1.5 SANS;background:#f7f8fb}
table{width:900px;background:#fff;border-collapse:collapse;color:#555}
td,th{border:1px solid #e3e6f0;padding:13px;text-align:left}</style>
<table><tr><th>Name</th><th>Office</th><th>Age</th></tr>
<tr><td>Tiger Nixon</td><td>Edinburgh</td><td>61</td></tr>
<tr><td>Garrett Winters</td><td>Tokyo</td><td>63</td></tr>
<tr><td>Ashton Cox</td><td>San Francisco</td><td>66</td></tr></table>"""

RULED = """<style>body{margin:24px;font:15px/1.5 SANS}table{width:800px;border-collapse:collapse}
td,th{border-bottom:1px solid #ccd;padding:12px 8px;text-align:left}</style>
<table><tr><th>Name</th><th>Year</th></tr><tr><td>The Godfather</td><td>1972</td></tr>
<tr><td>Alien</td><td>1979</td></tr></table>
<p>A second list follows, of what was seen a little later, in another house.</p><p>Again:</p>
<table><tr><th>Name</th><th>Year</th></tr><tr><td>Heat</td><td>1995</td></tr>
<tr><td>Fargo</td><td>1996</td></tr></table>"""

BARE = """<style>body{margin:24px;font:15px/1.6 SANS}table{width:700px}td,th{text-align:left}
</style><p>What was sold in the first days of the month, by place and by amount.</p>
<table><tr><th>Town</th><th>Day</th><th>Sold</th></tr>
<tr><td>Lisbon</td><td>Monday</td><td>120</td></tr><tr><td>Porto</td><td>Tuesday</td><td>87</td>
</tr><tr><td>Braga</td><td>Friday</td><td>64</td></tr><tr><td>Faro</td><td>Sunday</td><td>9</td>
</tr></table>"""

CODE = """<style>body{margin:24px;font:15px/1.5 SANS}pre{background:#f4f5f7;padding:20px;
width:700px;font:14px/1.6 "DejaVu Sans Mono",monospace;color:#24292f}b{color:#cf222e;
font-weight:400}i{color:#0a3069;font-style:normal}</style><p>The whole of the page is this:</p>
<pre><b>import</b> harbour
<b>for</b> ship <b>in</b> harbour.ships():
    ship.greet(<i>"ahoy"</i>, times=3)</pre>"""

FIELDS = """<style>*{box-sizing:border-box}body{margin:40px;font:16px/1.5 SANS;color:#333}
form{width:420px}label{display:grid;margin-bottom:16px}label *{grid-area:1/1}
input{height:58px;border:1px solid #ced4da;border-radius:6px}
span{align-self:center;padding-left:13px}
button{padding:10px 20px;background:#0d6efd;color:#fff;border:0;border-radius:6px;font:inherit}
</style><form><label><input><span>First name</span></label>
<label><input><span>Last name</span></label><button>Send</button></form>"""

POSTS = """<style>body{margin:0 auto;width:640px;font:17px/1.5 SANS;color:#222}h2{font-size:30px;
margin:28px 0 4px}p{color:#777;margin:0 0 24px}hr{border:0;border-top:1px solid #ddd}</style>
<h2>Man must explore</h2><p>Posted by Ada on Monday</p><hr><h2>Every human has a beat</h2>
<p>Posted by Ada on Sunday</p><hr><h2>Science has not mastered it</h2>
<p>Posted by Ada on Friday</p><hr>"""

SHADES = """<style>body{margin:40px;font:15px/1.5 SANS;background:#fff;display:grid;gap:16px;
grid-template-columns:300px 300px}div{box-shadow:0 4px 16px rgba(48,55,66,.15);background:#fff;
padding:20px;height:180px;box-sizing:border-box}h1{grid-column:1/3;margin:0;font-size:34px}</style>
<h1>What there is to see</h1><div>One card</div><div>Two cards</div><div>Three cards</div><div>Four cards</div>"""

HERO = """<style>body{margin:0;font:16px/1.5 SANS}section{height:300px;color:#fff;padding:60px;
background:repeating-conic-gradient(#203050 0 7%,#5a2740 0 15%,#1c4d34 0 31%)}
h1{font-size:44px;margin:0}</style><section><h1>Walk further north</h1></section><p>Below</p>"""

SEARCH = """<style>*{box-sizing:border-box}body{margin:0;font:16px/1.5 SANS}header{display:flex;
justify-content:space-between;padding:14px 24px;background:#fff;border-bottom:1px solid #ddd}
div{display:flex;gap:8px;align-items:center;width:320px;height:40px;padding:0 12px;
background:#f5f6f8;border:1px solid #ccd;border-radius:8px;color:#888}
i{width:14px;height:14px;border-radius:50%;background:conic-gradient(#333 0 50%,#aaa 50%)}</style>
<header><b>Harbour</b><div><i></i>Search the harbour</div></header><p>Nothing here.</p>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def look(browser: Browser):
    """Return what draws a page once, and remembers it."""
    known: dict[str, Seen] = {}

    def looked(page: str) -> Seen:
        if page not in known:
            known[page] = seen(browser, page)
        return known[page]

    return looked


def tree(one: Seen):
    return parser.document_fromstring(one.html)


def texts(root, path: str) -> list[str]:
    return [" ".join(e.text_content().split()) for e in root.xpath(path)]


def rows(root) -> list[list[list[str]]]:
    return [[texts(row, "./td|./th") for row in t.xpath(".//tr")] for t in root.xpath("//table")]


def test_a_bar_and_a_column_of_one_colour_are_both_painted(look):
    html = look(ADMIN).html

    assert html.count("background: var(--") + html.count("background: #212529") >= 3
    assert "#212529" in html


def test_entries_of_a_bar_at_the_side_are_links(look):
    links = texts(tree(look(ADMIN)), "//aside//a")

    assert links == ["Dashboard", "Layouts", "Pages", "Charts", "Tables"]


def test_no_link_stands_in_another(look):
    depth = deepest = 0
    for mark in re.findall(r"<a\b|</a>", look(ADMIN).html):
        depth += 1 if mark == "<a" else -1
        deepest = max(deepest, depth)

    assert (deepest, depth) == (1, 0)


def test_a_slow_change_of_colour_over_a_whole_page_is_one_gradient(look):
    paints = [node.value("background") for node in walk(look(SLOPE).page.body)]
    [found] = [paint for paint in paints if paint.startswith("linear-gradient(180deg, ")]

    shades = [tuple(bytes.fromhex(c)) for c in re.findall(r"#(\w{6})", found)]
    assert np.abs(np.subtract(shades[0], (0x4E, 0x73, 0xDF))).max() <= 3
    assert np.abs(np.subtract(shades[-1], (0x22, 0x4A, 0xBE))).max() <= 3


def test_cells_with_borders_are_a_table(look):
    assert rows(tree(look(CELLS))) == [
        [
            ["Name", "Office", "Age"], ["Tiger Nixon", "Edinburgh", "61"],
            ["Garrett Winters", "Tokyo", "63"], ["Ashton Cox", "San Francisco", "66"],
        ]
    ]  # fmt: skip


def test_two_tables_of_one_width_stay_two(look):
    assert rows(tree(look(RULED))) == [
        [["Name", "Year"], ["The Godfather", "1972"], ["Alien", "1979"]],
        [["Name", "Year"], ["Heat", "1995"], ["Fargo", "1996"]],
    ]


def test_rows_of_figures_are_a_table_without_a_line(look):
    [found] = rows(tree(look(BARE)))

    assert found[0] == ["Town", "Day", "Sold"]
    assert found[-1] == ["Faro", "Sunday", "9"]


def test_code_in_several_colours_is_one_block(look):
    [code] = tree(look(CODE)).xpath("//pre/code")

    assert code.text_content().split("\n") == [
        "import harbour", "for ship in harbour.ships():", '    ship.greet("ahoy", times=3)'
    ]  # fmt: skip
    assert "import" in texts(code, ".//span")


def test_a_label_inside_of_its_field_is_a_label(look):
    root = tree(look(FIELDS))

    assert texts(root, "//form//label[.//input]") == ["First name", "Last name"]


def test_an_entry_above_a_line_is_no_field(look):
    root = tree(look(POSTS))

    assert root.xpath("//input") == []
    assert len(root.xpath("//h1|//h2")) == 3


def test_shadows_between_cards_are_no_pictures(look):
    one = look(SHADES)

    assert "crop-" not in one.html
    assert texts(tree(one), '//*[@class="grid"]/*') == [
        "One card", "Two cards", "Three cards", "Four cards"
    ]  # fmt: skip


def test_a_picture_behind_text_comes_without_it(look):
    one = look(HERO)
    [name] = set(re.findall(r"crop-[\d-]+\.png", one.html))

    assert "data:image/png;base64," in inline(one.html, one.rgb)
    assert list(pieces([one.html], one.rgb)) == [name]
    assert b"-without-1.png" in archive(one.html, one.rgb)
    assert tree(one).xpath("//h1")[0].text == "Walk further north"


def test_an_icon_in_a_field_stays_in_it(look):
    [field] = tree(look(SEARCH)).xpath("//input")

    assert field.get("placeholder") == "Search the harbour"
    assert re.search(r"url\(\"crop-[\d-]+\.png\"\) \d+px center no-repeat", look(SEARCH).html)


@pytest.mark.parametrize("page", [ADMIN, CELLS, FIELDS, SHADES, SEARCH])
def test_what_was_built_is_no_wider_than_a_phone(look, browser, page):
    shown = browser.new_page(viewport={"width": 390, "height": 700})
    shown.set_content(look(page).html)

    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    shown.close()


def test_what_was_seen_on_a_phone_is_shown_so_on_a_phone(browser):
    one = seen(browser, POSTS, 390)

    assert all(int(width) < 390 for width in re.findall(r"@media \(max-width: (\d+)px", one.html))


def test_the_same_screenshot_gives_the_same_bytes_with_slow_changes_too(look):
    one = look(SLOPE)

    assert to_html(build(one.rgb.copy(), list(one.lines))) == one.html
