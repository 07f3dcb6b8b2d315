"""Several receipts in one picture: told apart by sheets, else by the space between them."""

from dataclasses import replace

from app.jobs.receipt_split import regions
from vision.engine import Line
from vision.reader.layout import Box, reading_order

ROWS = [
    ("CORNER CAFE SDN BHD", ""), ("12 Station Road", ""), ("Date: 12/03/2018", "18:12"),
    ("Green Tea", "2.00"), ("Shiro Ramen", "12.80"), ("Chicken Katsu", "15.50"),
    ("TOTAL", "30.30"), ("Cash", "50.00"), ("Change", "19.70"), ("Thank you, come again", ""),
]  # fmt: skip


def receipt(x=0, y=0, rows=ROWS, gap=40, sheet=0):
    return [
        Line(text, (left, top, left + 12 * len(text), top + 24), 0.98, sheet=sheet)
        for top, row in zip(range(y, y + gap * len(rows), gap), rows, strict=True)
        for left, text in zip((x, x + 320), row, strict=True)
        if text
    ]  # fmt: skip


def read(*receipts):
    """Return the lines in the order in which a reader gives them, and the groups' texts."""
    lines = [line for each in receipts for line in each]
    order = reading_order([Box(*map(float, line.box)) for line in lines], [k.text for k in lines])
    ordered = [lines[i] for i in order]
    return [{ordered[i] for i in group} for group in regions(ordered)]


def test_one_receipt_is_one_group():
    assert read(receipt()) == [set(receipt())]


def test_names_and_prices_far_apart_are_one_receipt():
    wide = [
        replace(k, box=(k.box[0] * 3, k.box[1], k.box[0] * 3 + 90, k.box[3])) for k in receipt()
    ]

    assert len(read(wide)) == 1


def test_receipts_beside_each_other_are_told_apart():
    left, right = receipt(), receipt(x=480, y=13)

    assert read(left, right) == [set(left), set(right)]


def test_receipts_below_each_other_are_told_apart():
    upper, lower = receipt(), receipt(y=560)

    assert read(upper, lower) == [set(upper), set(lower)]


def test_four_receipts_are_told_apart():
    four = [receipt(x, y) for x in (0, 500) for y in (0, 580)]

    assert sorted(map(len, read(*four))) == [len(receipt())] * 4


def test_the_stub_of_another_receipt_stays_with_the_whole_one():
    stub = receipt(rows=ROWS[-2:])

    assert len(read(stub, receipt(y=300))) == 1


def test_wide_space_within_a_receipt_does_not_cut_it():
    head, rest = receipt(rows=ROWS[:3]), receipt(y=400, rows=ROWS[3:])

    assert len(read(head, rest)) == 1


def test_sheets_are_groups_however_near_they_are():
    one, other = receipt(), receipt(x=470, sheet=1)

    assert regions([*one, *other]) == [
        tuple(range(len(one))),
        tuple(range(len(one), len(one) + len(other))),
    ]


def test_a_card_without_amounts_beside_a_receipt_is_none():
    card = receipt(x=600, rows=[("Jane Miller", ""), ("Sales", "")], sheet=1)

    assert regions([*receipt(), *card]) == [tuple(range(len(receipt())))]


def test_without_lines_there_are_no_groups():
    assert regions([]) == []
