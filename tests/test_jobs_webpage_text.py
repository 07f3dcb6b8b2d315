"""A page in a reply, and how its versions are kept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.webpage.crops import archive, inline, pieces
from app.jobs.webpage.fences import fenced, is_whole, page_in, with_page
from app.jobs.webpage.record import (
    Note,
    Version,
    applied,
    delta,
    edit,
    edit_of,
    fields_of,
    versions_of,
)
from vision.engine import Image

PAGE = "<!DOCTYPE html>\n<html><body><p>Hi</p></body></html>"
PICTURE = Image("0" * 64, Path("a.png"), 800, 600)


@pytest.mark.parametrize(
    "reply",
    [
        f"Here it is:\n\n```html\n{PAGE}\n```\nEnjoy!",
        f"```\n{PAGE}\n```",
        f"~~~~html\n{PAGE}\n~~~~",
        f"```HTML title=x\n{PAGE}\n",
        f"Sure. {PAGE} That is all.",
        f"```html\n<p>short</p>\n```\nand in full\n```html\n{PAGE}\n```",
    ],
)
def test_the_page_is_found_in_a_reply(reply):
    assert page_in(reply).strip() == PAGE


def test_a_style_sheet_in_its_own_block_is_part_of_the_page():
    page = page_in(f"```html\n{PAGE}\n```\n```css\np {{ color: red }}\n```")

    assert "<style>\np { color: red }\n</style>" in page


@pytest.mark.parametrize("reply", ["", "I see a shop.", "```python\nprint(1)\n```"])
def test_a_reply_without_a_page_has_none(reply):
    assert page_in(reply) == ""


def test_a_page_with_backticks_of_its_own_is_found_again():
    page = "<pre>```html\n````\n</pre>"

    assert page_in("Words.\n\n" + fenced(page)).rstrip() == page


def test_an_edited_page_takes_the_place_of_the_one_in_the_reply():
    reply = with_page(f"Two words.\n\n{fenced(PAGE)}", "<p>mine</p>")

    assert reply == "Two words.\n\n```html\n<p>mine</p>\n```\n"


@pytest.mark.parametrize(("reply", "whole"), [(PAGE, True), (PAGE[:-4], False), ("</HTML >", True)])
def test_a_page_is_whole_with_its_end(reply, whole):
    assert is_whole(reply) is whole


@given(st.text("ab\n", max_size=60), st.text("ab\n", max_size=60))
def test_a_delta_gives_the_other_text_back(one, other):
    assert applied(one, delta(one, other)) == other


def test_versions_come_back_as_they_were_kept():
    scores = {"total": 0.5}
    versions = [
        Version(PAGE, "measured", scores, [{"kind": "moved", "box": [1, 2, 3, 4]}], 600),
        Version(PAGE.replace("Hi", "Ho"), "repaired", {"total": 0.6}, [], 610),
    ]

    fields = fields_of(PICTURE, versions, 1, [Note("removed", 2)])

    assert versions_of(fields) == versions
    assert fields["html"] == versions[1].html
    assert fields["notes"] == [{"code": "removed", "n": 2}]


def test_a_version_that_differs_in_a_line_is_kept_as_that_line():
    long = "\n".join(f"<p>{n}</p>" for n in range(500))
    fields = fields_of(
        PICTURE,
        [Version(long, "measured"), Version(long.replace("<p>7<", "<p>8<"), "repaired")],
        1,
        [],
    )

    assert len(str(fields["versions"])) < 400


def test_fields_of_another_kind_are_no_page():
    with pytest.raises(ValueError, match="no fields of a page"):
        versions_of({"total": "8.16"})


def test_an_edit_is_kept_beside_what_was_found():
    mine = Version("<p>mine</p>", "user", {"total": 0.4}, [], 300)

    assert edit_of(edit(mine)) == mine
    assert edit_of({}) is None


def test_a_page_with_its_pictures_in_it_names_none():
    rgb = np.zeros((50, 60, 3), np.uint8)

    html = inline(
        '<img src="crop-10-10-30-40.png"><p style="background:url(crop-0-0-5-5.png)">', rgb
    )

    assert "crop-" not in html
    assert html.count("data:image/png;base64,") == 2


def test_a_picture_from_outside_of_the_screenshot_is_empty():
    assert "data:image/gif" in inline(
        '<img src="crop-500-500-600-600.png">', np.zeros((9, 9, 3), np.uint8)
    )


def test_each_picture_is_sent_once_however_often_it_stands_there():
    found = pieces(
        ["<img src=crop-0-0-5-5.png><img src=crop-0-0-5-5.png>"] * 2, np.zeros((9, 9, 3), np.uint8)
    )

    assert list(found) == ["crop-0-0-5-5.png"]


def test_the_same_page_gives_the_same_archive():
    rgb = np.zeros((9, 9, 3), np.uint8)

    assert archive("<img src=crop-0-0-5-5.png>", rgb) == archive("<img src=crop-0-0-5-5.png>", rgb)
