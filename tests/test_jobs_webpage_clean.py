"""HTML that a model wrote: mended, and without what runs or reaches out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.webpage.clean import cleaned, parsed
from app.jobs.webpage.clean_css import cleaned as cleaned_css
from tests.hostile import REACH, WAYS

OUT = "http://out.test/x"


@pytest.mark.parametrize("name", sorted(WAYS))
def test_of_every_way_out_nothing_is_left(name):
    html = cleaned(WAYS[name].format(u=OUT)).html

    assert "out.test" not in html


def test_a_script_that_reaches_for_the_page_around_is_gone_whole():
    html = cleaned(f"<p>kept</p>{REACH}").html

    assert "parent" not in html
    assert "kept" in html


@pytest.mark.parametrize(
    "css",
    [
        "a{background:u\\72l(//out.test)}",
        "a{background:url( 'http://out.test' )}",
        'a{background:image-set("http://out.test" 2x)}',
        "a{--x:url(http://out.test)}",
        "@media print{a{b:c;background:url(http://out.test)}}",
        "@IMPORT 'http://out.test';",
        "@font-face{src:local(x),url(http://out.test)}",
        "a{background:cross-fade(url(http://out.test),red)}",
        "a{background:url(http://out.test",
        "a{mask:url(data:text/html,out.test)}",
    ],
)
def test_a_style_sheet_keeps_no_outside_address(css):
    text, removed = cleaned_css(css)

    assert "out.test" not in text
    assert removed >= 1


def test_a_string_cannot_end_the_style_sheet_it_stands_in():
    html = cleaned('<style>a{content:"\\3c/style><img src=x onerror=y>"}</style>').html

    assert "onerror" not in html


def test_what_is_harmless_stays_as_it_was_written():
    css = ":root {\n  --ink: #123;\n}\n.a > b:hover { background: url(crop-1-2-3-4.png) }\n"

    assert cleaned_css(css) == (css, 0)


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("#top", "#top"),
        ("/about", "/about"),
        ("plans.html?x=1", "plans.html?x=1"),
        ("mailto:a@b.test", "mailto:a@b.test"),
        ("https://out.test", "#"),
        ("//out.test", "#"),
        ("/\\out.test", "#"),
        ("java\tscript:alert(1)", "#"),
        (" javascript:alert(1)", "#"),
        ("data:text/html,x", "#"),
    ],
)
def test_a_link_leads_inside_or_nowhere(href, kept):
    root = parsed(cleaned(f'<a href="{href}">x</a>').html)

    assert root.find(".//a").get("href") == kept


@pytest.mark.parametrize(
    "broken",
    [
        "<ul><li>one<li>two",
        "<table><tr><td>a<td>b<tr><td>c",
        "<p>one<p>two<div>three",
        "<b>bold <i>both</b> slanted</i>",
        "<section><h1>cut off in the mid",
        "just words",
        "",
    ],
)
def test_broken_html_becomes_a_whole_page(broken):
    html = cleaned(broken).html

    assert html.startswith("<!DOCTYPE html>\n<html")
    assert html.rstrip().endswith("</body></html>")
    assert cleaned(html).html == html


def test_a_page_gets_what_every_page_needs_once():
    html = cleaned("<p>x").html

    assert cleaned(html).html.count("<meta") == html.count("<meta") == 2


def test_a_comment_that_another_parser_would_end_earlier_is_taken_out():
    html = cleaned("<p>x<!-- Navigation --><!--><img src=x onerror=y>--><p>x").html

    assert "<!-- Navigation -->" in html
    assert "onerror" not in html


def test_ten_thousand_open_elements_are_closed_as_far_as_they_are_read():
    html = cleaned("<div>" * 10_000).html

    assert html.count("<div>") == html.count("</div>") > 1_000


@given(st.text(alphabet="<>/!-='\"abcdiv styleonrcpt:()@url;{}\\\n\0\ud800é中", max_size=200))
def test_whatever_comes_in_of_what_goes_out_nothing_is_left_to_take_out(text):
    once = cleaned(text)

    assert cleaned(once.html).removed == 0
