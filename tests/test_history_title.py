"""Names of conversations, made from prompts."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history import title_from


def columns(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("What is the total?", "What is the total?"),
        ("  two\n\tlines\r\n", "two lines"),
        ("", ""),
        ("\n \x00", ""),
        ("这张收据的总额是多少？", "这张收据的总额是多少？"),
        ("a\u202eb\u2066c\x1b[0m", "abc [0m"),
        ("\ud800half", "half"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_a_short_prompt_is_its_own_title(prompt, title):
    assert title_from(prompt) == title


def test_a_long_prompt_is_cut_behind_a_word():
    title = title_from("Read this receipt, tell me the total, the tax and the date of the purchase")

    assert title == "Read this receipt, tell me the total, the tax and the date…"


def test_chinese_is_cut_between_any_two_characters():
    assert (
        title_from("请读出这张收据上的所有文字" * 5)
        == ("请读出这张收据上的所有文字" * 3)[:29] + "…"
    )


def test_a_word_longer_than_a_line_is_cut_within():
    assert title_from("see " + "x" * 100) == "see " + "x" * 55 + "…"


def test_an_accent_is_not_torn_from_its_letter():
    assert title_from("x" * 57 + "e\u0301" * 9) == "x" * 57 + "e\u0301…"
    assert title_from("x" * 58 + "e\u0301" * 9) == "x" * 58 + "…"


def test_an_emoji_made_of_several_is_kept_or_cut_whole():
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"

    title = title_from("x" * 50 + family * 9)

    assert title.rstrip("…").removeprefix("x" * 50) in ("", family)


def test_a_prompt_of_a_megabyte_takes_no_time():
    assert title_from("\n" * 1_000_000 + "word " * 200_000).startswith("word word")


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_a_title_is_one_line_that_can_be_printed_anywhere(prompt):
    title = title_from(prompt)

    title.encode("utf-8")
    assert len(title) <= columns(title) <= 60
    assert title == " ".join(title.split())
    assert not any(unicodedata.category(character) == "Cc" for character in title)
    assert not set(title) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )
