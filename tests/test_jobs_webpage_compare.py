"""A page beside its screenshot: drawn without a way out, matched, scored, repaired."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from app.jobs.webpage.check import render
from app.jobs.webpage.check.appearance import aligned, appearance, rows
from app.jobs.webpage.check.checking import Checker, best
from app.jobs.webpage.check.compare import Scores
from app.jobs.webpage.check.matching import Said, pairs
from app.jobs.webpage.check.render import chromium_path, renderer
from app.jobs.webpage.check.repair import Budget, drawn, halves, repair
from app.jobs.webpage.check.sight import of_screenshot
from app.jobs.webpage.check.steps import Tree, rebuilt, tree_of
from app.jobs.webpage.crops import inline
from app.jobs.webpage.layout import build
from app.jobs.webpage.page import Node, Page, walk
from app.jobs.webpage.record import Version
from tests.hostile import listening
from tests.webpage_lab import SHOP, WIDTH, screenshot

pytestmark = pytest.mark.browser

ALL = {
    "block": 1.0, "text": 1.0, "position": 1.0, "colour": 1.0, "visual": 1.0,
    "role": 1.0, "reflow": 1.0, "flow": 1.0,
}  # fmt: skip
DUMP = (
    '<div style="position:absolute;left:{0}px;top:{1}px;line-height:{3}px;font-size:{4}px;'
    'white-space:nowrap">{2}</div>'
)


@pytest.fixture(scope="module")
def browser():
    with renderer() as opened:
        assert opened
        yield opened


@pytest.fixture(scope="module")
def shop(browser):
    """The shop's screenshot, its lines, and what compares pages with it."""
    rgb, lines = screenshot(browser, SHOP)
    return rgb, lines, Checker(rgb, of_screenshot(rgb, lines), browser)


def scores(shop, html):
    return shop[2].drawn(html)[1].scores


def said(*texts):
    """Texts below each other."""
    return [
        Said(text, (10, 40 * n, 10 + 8 * len(text), 40 * n + 16)) for n, text in enumerate(texts)
    ]


# Matching


def test_lines_of_a_paragraph_belong_to_its_one_text():
    lines = said("Bread and milk every", "morning, and papers", "on Sunday.")
    [text] = said("Bread and milk every morning, and papers on Sunday.")

    [pair] = pairs(lines, [text])

    assert (pair.there, pair.here, pair.alike) == ((0, 1, 2), (0,), 1.0)


def test_links_that_were_read_as_one_line_belong_to_it():
    [pair] = pairs(said("HomeAboutBlog"), said("Home", "About", "Blog"))

    assert (pair.there, pair.here) == ((0,), (0, 1, 2))


def test_of_two_that_say_the_same_the_nearer_one_is_meant():
    found = pairs(
        said("Add to cart", "Price", "Add to cart"), said("Add to cart", "Price", "Add to cart")
    )

    assert [(pair.there, pair.here) for pair in found] == [((0,), (0,)), ((1,), (1,)), ((2,), (2,))]


def test_a_letter_is_no_piece_of_a_far_text():
    assert pairs(said("a"), [Said("A long sentence", (500, 900, 600, 916))]) == []


def test_what_only_one_side_says_is_in_no_pair():
    found = pairs(said("Corner Shop", "Cookie banner"), said("Corner Shop"))

    assert [pair.there for pair in found] == [(0,)]


# Scores


def test_the_page_itself_is_as_good_as_can_be(shop):
    found = scores(shop, SHOP)

    assert found.likeness > 0.98
    assert found.failed == ()


def test_the_screenshot_as_one_picture_fails(shop):
    rgb = shop[0]
    height, width = rgb.shape[:2]
    found = scores(shop, f'<body style="margin:0"><img src="crop-0-0-{width}-{height}.png">')

    assert {"likeness", "role"} <= set(found.failed)
    assert found.total < 0.05


def test_lines_nailed_to_their_places_fail(shop):
    _rgb, lines, _ = shop
    body = "".join(
        DUMP.format(line.box[0], line.box[1], line.text, line.box[3] - line.box[1], 16)
        for line in lines
    )
    found = scores(shop, f'<body style="margin:0">{body}')

    assert found.position > 0.97
    assert {"role", "flow"} <= set(found.failed)
    assert found.total < 0.2


def test_a_text_that_is_missing_costs_its_area(shop):
    found = scores(shop, SHOP.replace("Bread and milk every morning, and papers on Sunday.", ""))

    assert 0.5 < found.block < 0.9
    assert found.text == 1


def test_text_in_its_ground_colour_is_not_there(shop):
    found = scores(shop, SHOP.replace("color: #222222", "color: #ffffff"))

    assert found.block < 0.7


def test_a_page_wider_than_a_phone_does_not_fit_it(shop):
    found = scores(shop, SHOP.replace("main {", "main { min-width: 780px;"))

    assert 0.4 < found.reflow < 0.6


def test_words_in_bare_boxes_say_nothing_of_what_they_are(shop):
    page = SHOP.replace("<h1>", "<div>").replace("</h1>", "</div>")

    assert scores(shop, page).role < scores(shop, SHOP).role


def test_a_page_without_structure_has_no_total_however_alike():
    alike = Scores(**ALL | {"role": 0.0, "reflow": 0.0, "flow": 0.0})

    assert (alike.likeness, alike.total) == (1.0, 0.0)


def test_a_moved_text_is_named_with_how_far(shop):
    _, comparison = shop[2].drawn(SHOP.replace("margin: 0 0 24px", "margin: 40px 0 24px"))

    moved = {region.text: region.by for region in comparison.regions if region.kind == "moved"}
    assert moved["Bread and milk every morning, and papers on Sunday."] == (0, 40)


def test_surfaces_may_stand_higher_but_not_elsewhere():
    page = np.full((600, 400, 3), 255, np.uint8)
    page[100:200] = (30, 60, 90)
    lower = np.roll(page, 48, axis=0)
    other = np.full_like(page, 255)
    other[:, :200] = (30, 60, 90)

    assert appearance(page, page) == 1
    assert appearance(page, lower) > 0.9
    assert appearance(page, other) < 0.5
    assert aligned(rows(page), rows(page)) == 0


def test_of_versions_the_best_is_shown_and_of_equals_the_last():
    totals = [0.5, 0.9, 0.9, 0.7]

    assert best([Version("", "model", {"total": total}) for total in totals]) == 2
    assert best([Version("", "before"), Version("", "changed")]) == 1


# Drawing


def test_drawn_a_hostile_page_reaches_nobody(browser):
    with listening() as listener, listening() as control:
        browser.draw(listener.hostile(), WIDTH)
        control.page = control.hostile(stays=True)
        # The same browser with its rights, to know that there was something to keep in.
        left = threading.Event()
        thread = threading.Thread(target=_visit, args=(control.url, left))
        thread.start()
        # As long as it takes: what is claimed is of the other server.
        found = control.until(ways=25)
        left.set()
        thread.join()

        assert found
        assert (listener.connections, listener.datagrams) == (0, 0)


def _visit(url, left):
    """Open a page, and stay until ``left`` is set."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox"], timeout=120_000
        )
        opened.new_page().goto(url, wait_until="commit", timeout=120_000)
        left.wait(timeout=240)
        opened.close()


def test_a_page_that_cannot_be_drawn_in_time_is_none(browser, monkeypatch):
    monkeypatch.setattr(render, "LOAD_MS", 1)

    assert browser.draw(SHOP * 500, WIDTH) is None


def test_a_page_that_hangs_the_browser_is_none(monkeypatch):
    monkeypatch.setattr(render, "MEASURE", "() => { for (;;) {} }")  # as a layout that never ends
    monkeypatch.setattr(render, "DRAW_S", 1.0)

    with renderer() as opened:
        drawn = [opened.draw(SHOP, WIDTH) for _ in range(2)]

    assert drawn == [None, None]


def test_without_a_browser_there_is_nothing_to_draw_with(monkeypatch, shop):
    monkeypatch.setenv("CHROME", "/nowhere/chromium")

    with renderer() as opened:
        assert opened is None
    assert Checker(shop[0], shop[2].sight, None).version(SHOP, "measured").scores is None


def test_a_page_of_a_million_pixels_is_looked_at_as_far_as_it_matters(browser):
    drawn_page = browser.draw("<p style='height: 1000000px'>x", WIDTH)

    assert drawn_page.rgb.shape == (8_000, WIDTH, 3)


# Repair


def repaired(*given):
    """Repair a page to its end."""
    work = repair(*given)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def measured(shop):
    return drawn(build(shop[0], shop[1]), shop[2])


def spoilt(page: Page, name: str, value: Callable[[Tree, int], str]) -> Page:
    """Return the page with a property of every text off."""
    tree = tree_of(page.body)
    return rebuilt(
        page,
        {
            at: {name: value(tree, at)}
            for at, node in enumerate(tree.nodes)
            if any(isinstance(child, str) for child in node.children)
        },
    )


def larger(tree: Tree, at: int) -> str:
    return f"{tree.size(at) * 1.2:.1f}px"


SPOILS = {
    "too large": ("font-size", larger),
    "too small": ("font-size", lambda tree, at: f"{tree.size(at) * 0.8:.1f}px"),
    "another colour": ("color", lambda *_: "#cc8844"),
    "too low": ("margin-top", lambda *_: "21px"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_is_off_is_brought_back(shop, measured, spoil):
    off = drawn(spoilt(measured.page, *SPOILS[spoil]), shop[2])

    found = repaired(off, shop[2], threading.Event(), Budget(seconds=600))

    assert off.total < measured.total - 0.01
    assert found.total > off.total + 0.5 * (measured.total - off.total)


def test_a_repair_never_lowers_the_score(shop, measured):
    found = repaired(measured, shop[2], threading.Event())

    assert found.total >= measured.total


def test_a_repair_ends_with_its_drawings(shop, measured):
    off = drawn(spoilt(measured.page, "font-size", larger), shop[2])
    counted = Counted(shop[2])

    repaired(off, counted, threading.Event(), Budget(drawings=2, seconds=600))

    assert counted.drawings == 2


def test_a_repair_says_which_drawing_it_makes(shop, measured):
    off = drawn(spoilt(measured.page, "font-size", larger), shop[2])

    numbers = list(repair(off, shop[2], threading.Event(), Budget(drawings=2, seconds=600)))

    assert numbers == [1, 2]


def test_a_repair_ends_with_its_time(shop, measured):
    assert repaired(measured, shop[2], threading.Event(), Budget(seconds=0)) is measured


def test_a_repair_ends_when_it_is_cancelled(shop, measured):
    cancel = threading.Event()
    cancel.set()

    assert repaired(measured, shop[2], cancel) is measured


class Counted:
    """A checker that counts what it draws."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self.sight = checker.sight
        self.drawings = 0

    def drawn(self, html):
        self.drawings += 1
        return self._checker.drawn(html)


def test_a_change_is_tried_in_halves():
    change = {1: {"color": "red"}, 4: {"color": "red"}, 7: {"color": "blue"}}

    assert halves(change) == ({1: change[1]}, {4: change[4], 7: change[7]})
    assert halves({1: change[1]}) == ()


def test_elements_are_numbered_as_the_browser_counts_them():
    page = Page(
        10,
        10,
        Node(
            "body",
            (0, 0, 9, 9),
            (Node("p", (0, 0, 1, 1), ("a", Node("b", (0, 0, 1, 1)))), Node("i", (0, 0, 1, 1))),
        ),
    )

    changed = rebuilt(page, {2: {"color": "red"}})

    assert [node.tag for node in tree_of(page.body).nodes] == ["body", "p", "b", "i"]
    assert [node.value("color") for node in walk(changed.body)] == ["", "", "red", ""]


def test_pictures_are_drawn_with_the_page(shop, browser):
    rgb = shop[0]
    page = inline('<body style="margin:0"><img src="crop-0-0-100-50.png">', rgb)

    found = browser.draw(page, WIDTH)

    assert np.array_equal(found.rgb[:50, :100], rgb[:50, :100])
