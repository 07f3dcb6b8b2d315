"""Rows, columns, reading order, and tables, from boxes."""

import pytest

from vision.engine import Line
from vision.reader.layout import Box, page_text, reading_order, rows
from vision.reader.tables import escaped, markdown, table


def line(text, x, y, width=None, height=20):
    """Make a line whose box is about as wide as its text."""
    return Line(text, (x, y, x + (width or 10 * len(text)), y + height), 0.99)


def in_order(lines):
    """Return the texts of ``lines`` in reading order."""
    boxes = [Box(*map(float, one.box)) for one in lines]
    return [lines[i].text for i in reading_order(boxes, [one.text for one in lines])]


def turned(lines, side, quarters):
    """Return ``lines`` as they lie once a picture of ``side`` x ``side`` is turned clockwise."""
    for _ in range(quarters):
        lines = [
            Line(one.text, (side - one.box[3], one.box[0], side - one.box[1], one.box[2]), 0.99)
            for one in lines
        ]
    return lines


LEFT = [
    "The first column begins here",
    "and it goes on for some lines",
    "until it comes to an end.",
]
RIGHT = [
    "The second column is read next",
    "although it begins at the top",
    "of the very same page too.",
]
RECEIPT = [("Milk", "1.20"), ("Bread and butter", "13.40"), ("Total", "14.60")]


def test_a_price_is_read_after_the_name_in_its_row():
    lines = [line(b, 500, 40 * i) for i, (_, b) in enumerate(RECEIPT)]
    lines += [line(a, 10, 40 * i + 3) for i, (a, _) in enumerate(RECEIPT)]

    assert in_order(lines) == [text for row in RECEIPT for text in row]


def test_a_left_column_of_text_is_read_to_its_end_before_the_right():
    lines = [line(text, 10, 30 * i) for i, text in enumerate(LEFT)]
    lines += [line(text, 400, 30 * i + 4) for i, text in enumerate(RIGHT)]

    assert in_order(lines) == [*LEFT, *RIGHT]


def test_columns_whose_lines_are_not_level_are_columns_still():
    lines = [line(text, 10, 30 * i) for i, text in enumerate(LEFT)]
    lines += [line(text, 400, 30 * i + 15) for i, text in enumerate(RIGHT)]

    assert in_order(lines) == [*LEFT, *RIGHT]


def test_a_headline_over_columns_is_read_first_and_a_footer_last():
    lines = [line("A headline over the whole width of the page", 10, 0, 700, 40)]
    lines += [line(text, 10, 60 + 30 * i) for i, text in enumerate(LEFT)]
    lines += [line(text, 400, 60 + 30 * i) for i, text in enumerate(RIGHT)]
    lines += [line("A footer as wide as the headline is", 10, 200, 700)]

    assert in_order(lines) == [lines[0].text, *LEFT, *RIGHT, lines[-1].text]


def test_three_columns_are_read_one_after_the_other():
    third = [
        "A third column stands at the",
        "right margin of this page and",
        "ends like both of the others.",
    ]
    lines = [
        line(text, 10 + 380 * k, 30 * i)
        for k, column in enumerate((LEFT, RIGHT, third))
        for i, text in enumerate(column)
    ]

    assert in_order(lines[::-1]) == [*LEFT, *RIGHT, *third]


def test_chinese_columns_are_columns():
    left, right = (
        ["左边一栏的第一行文字", "左边一栏的第二行文字", "左边一栏的第三行文字"],
        ["右边一栏的第一行文字", "右边一栏的第二行文字", "右边一栏的第三行文字"],
    )
    lines = [line(text, 10, 30 * i, 200) for i, text in enumerate(left)]
    lines += [line(text, 300, 30 * i, 200) for i, text in enumerate(right)]

    assert in_order(lines) == [*left, *right]


def test_a_form_is_read_row_by_row():
    form = [
        ("Name of the applicant:", "Jane Doe"),
        ("Date of birth:", "1 May 1990"),
        ("Place of residence:", "Leeds"),
    ]
    lines = [
        line(text, 10 + 400 * k, 40 * i) for i, row in enumerate(form) for k, text in enumerate(row)
    ]

    assert in_order(lines[::-1]) == [text for row in form for text in row]


def test_the_text_of_a_page_has_a_row_of_the_picture_on_each_line():
    lines = [
        line(text, 10 + 500 * k, 40 * i)
        for i, row in enumerate(RECEIPT)
        for k, text in enumerate(row)
    ]

    assert page_text(lines) == "Milk 1.20\nBread and butter 13.40\nTotal 14.60"


def test_no_lines_give_no_text():
    assert page_text([]) == ""


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_rows_are_the_same_whichever_way_the_picture_lies(quarters):
    lines = [
        line(text, 10 + 500 * k, 40 * i, 150)
        for i, row in enumerate(RECEIPT)
        for k, text in enumerate(row)
    ]

    found = rows(turned(lines, 800, quarters))

    assert [[one.text for one in row] for row in found] == [list(row) for row in RECEIPT]


def test_lines_that_are_not_level_stay_rows_of_their_own():
    # 5 degrees: each box reaches down past where the next begins.
    lines = [line(f"line {i} of a page held askew", 10 + 3 * i, 30 * i, 600, 70) for i in range(4)]

    assert len(rows(lines)) == 4


def cell_lines(*grid, x=(10, 200, 400)):
    return [
        line(text, x[k], 40 * i) for i, row in enumerate(grid) for k, text in enumerate(row) if text
    ]


def test_aligned_lines_become_a_table():
    found = table(cell_lines(("Item", "Qty", "Price"), ("Milk", "2", "2.40"), ("Tea", "1", "3.00")))

    assert found.cells == (["Item", "Qty", "Price"], ["Milk", "2", "2.40"], ["Tea", "1", "3.00"])


def test_an_empty_cell_stays_empty():
    found = table(cell_lines(("Item", "Qty", "Price"), ("Milk", "", "2.40"), ("Tea", "1", "3.00")))

    assert found.cells[1] == ["Milk", "", "2.40"]


def test_a_title_is_not_a_row_of_the_table():
    found = table([line("Price list", 10, -60), *cell_lines(("Milk", "2"), ("Tea", "1"))])

    assert (found.above, found.cells) == (("Price list",), (["Milk", "2"], ["Tea", "1"]))


def test_text_without_columns_is_no_table():
    assert table([line("One line", 10, 0), line("and another", 10, 40)]) is None


def test_a_table_in_markdown_has_numbers_to_the_right():
    assert markdown([["Item", "Price"], ["Milk", "2.40"]]) == (
        "| Item | Price |\n| --- | ---: |\n| Milk | 2.40 |"
    )


def test_a_first_row_with_figures_is_no_header():
    assert markdown([["Milk", "2.40"]]).split("\n")[0] == "|  |  |"


def test_a_cell_cannot_end_the_table():
    assert escaped("a|b\nc `d` <b>") == r"a\|b c \`d\` \<b>"
