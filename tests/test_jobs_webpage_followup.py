"""A page that is there, changed by rule: what a wish is, and what becomes of the page."""

import re

import pytest

from app.jobs.webpage.change.changing import by_rule
from app.jobs.webpage.change.shades import contrast, shade_of
from app.jobs.webpage.change.sheet import rules
from app.jobs.webpage.change.wishes import Wish, clauses, is_followup
from app.jobs.webpage.words import words_for
from tests.webpage_lab import SHOP


def after(wish, page=SHOP):
    return by_rule(page, wish, words_for(wish))


def value(page, selector, name):
    sheet = page[page.index("<style>") + 7 : page.index("</style>")]
    [rule] = [each for each in rules(sheet) if each.selectors == (selector,) and not each.is_narrow]
    found = rule.value(name)
    return found and found.value


def shade(colour):
    return shade_of(tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))


@pytest.mark.parametrize(
    "text",
    [
        "make it pastel, more white space",
        "fix the flex layout of the buttons",
        "Can you make the header blue?",
        "dark theme",
        "add a testimonial section",
        "改成柔和的颜色，多一些留白",
        "把按钮变成红色",
        "remove the footer",
    ],
)
def test_a_wish_for_the_page_is_about_it(text):
    assert is_followup(text, "html")


@pytest.mark.parametrize(
    "text",
    [
        "What is the total?",
        "Who wrote this?",
        "thanks!",
        "",
        "How many lines are there?",
        "总额是多少？",
    ],
)
def test_a_question_is_not_about_the_look_of_the_page(text):
    assert not is_followup(text, "html")


def test_after_another_job_nothing_is_about_a_page():
    assert not is_followup("make it pastel", "receipt")
    assert not is_followup("make it pastel", None)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("make it pastel, more white space", [Wish("palette", "pastel"), Wish("space", "more")]),
        ("less padding and rounder corners", [Wish("space", "less"), Wish("radius", "more")]),
        (
            "make the headings blue and bigger",
            [Wish("palette", "blue", "heading"), Wish("size", "more", "heading")],
        ),
        ("buttons with 12px corners", [Wish("radius", "12", "button")]),
        ("no shadows on the cards", [Wish("shadow", "no", "card")]),
        (
            "把按钮变成红色，并且圆角",
            [Wish("palette", "red", "button"), Wish("radius", "more", "button")],
        ),
        ("深色", [Wish("palette", "dark")]),
        ('replace "Find us" with "Visit"', [Wish("text", "Find us", other="Visit")]),
        ("write me a poem", [None]),
    ],
)
def test_a_prompt_is_cut_into_wishes(text, wishes):
    assert [wish for _, wish in clauses(text)] == wishes


def test_pastel_lifts_surfaces_and_keeps_text_readable():
    page = after("make it pastel").html

    ground, ink = (shade(value(page, "header", name)) for name in ("background", "color"))
    assert ground.light > 0.8
    assert contrast(ground, ink) >= 4.5


def test_a_dark_theme_is_dark_and_readable():
    page = after("dark theme").html

    ground, ink = (shade(value(page, "body", name)) for name in ("background", "color"))
    assert ground.light < 0.3
    assert contrast(ground, ink) >= 4.5


@pytest.mark.parametrize("name", ["pastel", "dark", "light", "monochrome", "warm", "cool", "green"])
def test_in_every_palette_a_button_can_be_read(name):
    page = after(f"make it {name}").html

    ground, ink = (shade(value(page, ".button", prop)) for prop in ("background", "color"))
    assert contrast(ground, ink) >= 4.4  # of the 4.6 that there was


def test_high_contrast_is_that_everywhere():
    page = after("high contrast", SHOP.replace("#2f6fde", "#777777")).html

    for selector in ("header", ".button", "body"):
        ground, ink = (shade(value(page, selector, prop)) for prop in ("background", "color"))
        assert contrast(ground, ink) >= 7


def test_a_colour_with_a_name_keeps_it_where_it_fits():
    page = SHOP.replace("body {", ":root { --text: #222222; }\n    body {", 1)
    page = page.replace("color: #222222; font", "color: var(--text); font").replace(
        "background: #eeeeee", "background: var(--text); color: #ffffff"
    )

    pastel = after("make it pastel", page).html

    assert value(pastel, "body", "color") == "var(--text)"
    assert shade(value(pastel, "footer", "background")).light > 0.8


def test_a_colour_for_one_thing_leaves_the_others():
    page = after("make the buttons green").html

    assert value(page, "header", "background") == "#1f3a5f"
    assert 0.3 < shade(value(page, ".button", "background")).hue < 0.5


def test_more_white_space_widens_every_gap():
    page = after("more white space").html

    assert value(page, "main", "padding") == "45px 60px"
    assert value(page, ".buttons", "gap") == "24px"


def test_what_a_function_computes_is_no_white_space():
    page = SHOP.replace("30px 40px", "30px max(20px, calc(50% - 400px))")

    assert "calc(50% - 400px)" in after("less padding", page).html


def test_buttons_are_put_in_a_row():
    page = SHOP.replace("display: flex; gap: 16px;", "margin: 0;")

    fixed = after("fix the flex layout of the buttons", page).html

    assert value(fixed, ".buttons", "display") == "flex"
    assert value(fixed, ".buttons", "gap") == "12px"


@pytest.mark.parametrize(
    ("wish", "selector", "name", "expected"),
    [
        ("larger text", "h1", "font-size", "37.8px"),
        ("rounder corners", ".button", "border-radius", "14px"),
        ("square corners", ".button", "border-radius", "0px"),
        ("center the headings", "h1", "text-align", "center"),
        ("thin headings", "h1", "font-weight", "400"),
        ("add shadows to the buttons", ".button", "box-shadow", "0 4px 16px rgb(0 0 0 / 0.14)"),
        ("max width 960px", "body", "max-width", "960px"),
        (
            "use a serif font for the headings",
            "h1",
            "font-family",
            'Georgia, "Times New Roman", serif',
        ),
    ],
)
def test_a_wish_changes_the_property_it_is_about(wish, selector, name, expected):
    assert value(after(wish).html, selector, name) == expected


def test_a_part_is_taken_out():
    page = after("remove the footer").html

    assert "<footer" not in page
    assert "Corner Shop" in page


def test_a_text_is_replaced_wherever_it_stands():
    page = after('replace "Find us" with "Visit <us>"').html

    assert "Find us" not in page
    assert "Visit &lt;us&gt;" in page


def test_what_was_not_asked_for_stays_to_the_letter():
    page = after("square corners").html

    assert re.sub(r"border-radius: \w+", "", page) == re.sub(r"border-radius: \w+", "", SHOP)


def test_what_cannot_be_done_is_said_with_what_can():
    changed = after("make it pastel, add a testimonial section")

    assert "Done: “make it pastel”." in changed.said
    assert "Without a model I cannot do this: “add a testimonial section”." in changed.said


def test_a_wish_about_what_is_not_there_is_said_so():
    changed = after("remove the pictures")

    assert changed.html == SHOP
    assert changed.said == "This changes nothing here: “remove the pictures”."


def test_the_reply_is_in_the_language_of_the_wish():
    assert after("改成柔和的颜色").said == "已完成：“改成柔和的颜色”。"
