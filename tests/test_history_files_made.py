"""From history to files: receipts as tables, pages as HTML, latencies as a plot."""

import csv
import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history import ImageRef, Store, Turn
from history.fields import amount, flat
from history.pages import pages_in, write_pages
from history.plot import latencies, write_plot
from history.receipts import receipts
from history.tables import Table, to_csv, to_xlsx, write_table

IMAGE = ImageRef("a" * 64, "png", 4, 3, "shot.png")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "history")


def say(store, conversation, **values):
    turn = store.append(conversation, prompt="x", images=values.pop("images", ()))
    store.finish(conversation, replace(turn, finish_reason="stop", **values))


# Receipts


def test_each_turn_with_fields_is_a_row(store):
    conversation = store.create().id
    say(
        store,
        conversation,
        fields={"colour": "red", "total": 12.5, "merchant": "咖啡"},
        images=[IMAGE],
    )
    say(store, conversation)
    say(
        store, conversation, fields={"total": {"value": "9.00", "box": [1, 2]}, "items": [{"a": 1}]}
    )

    table = receipts(store)

    assert table.columns == (
        "conversation", "turn", "timestamp", "pictures", "merchant", "total", "colour", "items",
    )  # fmt: skip
    assert [row[1:2] + row[3:] for row in table.rows] == [
        ("1", "shot.png", "咖啡", "12.5", "red", ""),
        ("3", "", "", "9.00", "", '[{"a": 1}]'),
    ]


def read_csv(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_table_opens_in_a_spreadsheet_as_it_is(store, tmp_path):
    table = Table(("a", "b"), (("咖啡, “x”\nline", "-12.50"),))

    write_table(table, tmp_path / "out.csv")

    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert read_csv(content) == [["a", "b"], ["咖啡, “x”\nline", "-12.50"]]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK()"]
)
def test_text_on_a_receipt_is_no_formula(text):
    from openpyxl import load_workbook

    table = Table(("a",), ((text,),))

    assert read_csv(to_csv(table))[1] == [f"'{text}"]
    sheet = load_workbook(io.BytesIO(to_xlsx(table))).active
    assert sheet["A2"].data_type == "s"


def test_in_a_workbook_amounts_are_numbers():
    from openpyxl import load_workbook

    table = Table(("merchant", "total", "phone"), (("咖啡", "12.50", "+49 30 1"), ("x", "-3", "")))
    book = load_workbook(io.BytesIO(to_xlsx(table)))

    rows = [[cell.value for cell in row] for row in book.active.rows]
    assert rows == [["merchant", "total", "phone"], ["咖啡", 12.5, "+49 30 1"], ["x", -3, None]]
    assert book.active["A1"].font.bold


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.text(), min_size=2, max_size=2).map(tuple), max_size=3))
def test_any_text_fits_in_a_workbook(rows):
    from openpyxl import load_workbook

    content = to_xlsx(Table(("a", "b"), tuple(rows)))

    assert load_workbook(io.BytesIO(content)).active.max_row == len(rows) + 1


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12.50", 12.5), ("$1,234.50", 1234.5), ("1.234,50 €", 1234.5), ("¥58", 58.0),
        ("58,00", 58.0), ("-3.5", -3.5), ("1 234,50", 1234.5), ("1'234.50", 1234.5),
        ("1,234", 1234.0), (7, 7.0), (7.5, 7.5), ({"value": "7.50"}, 7.5), ("", None),
        ("none", None), (None, None), (True, None), ([], None), ({}, None), ("RM 9.90", 9.9),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(written, number):
    assert amount(written) == number


@given(st.text() | st.floats(allow_nan=False) | st.none())
def test_anything_is_an_amount_or_none(value):
    assert amount(value) is None or isinstance(amount(value), float)


def test_a_field_that_says_where_it_was_found_gives_what():
    assert flat({"a": {"value": "x", "box": [1]}, "b": None, "c": [1]}) == {
        "a": "x", "b": "", "c": "[1]",
    }  # fmt: skip


# Pages


def turn(reply):
    return Turn(1, "2026-02-14T09:30:12Z", "x", reply=reply)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("Here:\n```html\n<p>a</p>\n```\nDone", ["<p>a</p>\n"]),
        ("```HTML\n<p>a</p>\n```\n\n```html\n<p>b</p>\n```", ["<p>a</p>\n", "<p>b</p>\n"]),
        ("```html\n<p>cut off", ["<p>cut off"]),
        ("````html\n```\nx\n```\n````", ["```\nx\n```\n"]),
        ("~~~html\n<p>a</p>\n~~~", ["<p>a</p>\n"]),
        ("<!DOCTYPE html>\n<html></html>", ["<!DOCTYPE html>\n<html></html>"]),
        ("```python\nprint('<html>')\n```", []),
        ("no `html` here", []),
        ("```html\n```", []),
    ],
)
def test_the_pages_of_a_reply_are_found(reply, found):
    assert pages_in(turn(reply)) == found


def test_pages_become_files_named_by_their_turn(store, tmp_path):
    conversation = store.create().id
    say(store, conversation, reply="```html\n<p>甲</p>\n```\n```html\n<p>b</p>\n```")
    say(store, conversation, reply="none")
    say(store, conversation, reply="<html>\ud800</html>")

    paths = write_pages(store, tmp_path / "out")

    assert [path.name for path in paths] == [
        f"{conversation}-0001-1.html", f"{conversation}-0001-2.html", f"{conversation}-0003.html",
    ]  # fmt: skip
    assert paths[0].read_text("utf-8") == "<p>甲</p>\n"


# Plot


def test_latencies_are_in_the_order_of_time(store):
    later, earlier = store.create().id, store.create().id
    say(store, later, timestamp="2026-02-15T00:00:00Z", latency_ms=2000.0)
    say(store, earlier, timestamp="2026-02-14T00:00:00Z", latency_ms=1000.0,
        usage={"first_token_ms": 250.0})  # fmt: skip
    store.append(later, prompt="still open")

    assert [(each.first_token_s, each.total_s) for each in latencies(store)] == [
        (0.25, 1.0), (None, 2.0),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 40])
def test_a_plot_is_a_png_with_an_svg_beside_it(store, tmp_path, count):
    conversation = store.create().id
    for number in range(count):
        say(store, conversation, latency_ms=100.0 * number, usage={"first_token_ms": 50.0 * number})

    png, svg = write_plot(latencies(store), tmp_path / "out.png")

    assert png.read_bytes().startswith(b"\x89PNG")
    tree = ET.parse(svg)  # noqa: S314  our own
    marks = tree.findall(".//{*}g[@id='axes_1']//{*}use[@{http://www.w3.org/1999/xlink}href]")
    assert len(marks) > 2 * count


def test_nothing_of_this_is_loaded_until_it_is_asked_for():
    code = "import sys, history.cli; print(*{'matplotlib', 'openpyxl', 'numpy'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
