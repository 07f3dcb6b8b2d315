"""The second reading: what does not add up is looked at closer, and corrected if it then does."""

import random
from dataclasses import replace
from threading import Event

import numpy as np
import pytest

from app.jobs.receipt_again import MOST, read, read_twice
from tests.receipt_sheets import box
from tests.receipt_shops import (
    added_tax,
    coupons,
    diner,
    grocery,
    hawker,
    in_columns,
    numbers_below,
    pub,
)
from vision.engine import Line
from vision.reader.closer import looks, within
from vision.reader.ocr import Ocr

# Most of their amounts have no sign: one that is taken for a digit is another mistake.
PLAIN = (added_tax, in_columns, pub, diner, coupons)


@pytest.fixture(scope="module")
def ocr():
    return Ocr()


class Reader:
    """Reads again what stands on a sheet, and counts."""

    def __init__(self, sheet, texts=None):
        self.true = {line.box: line.text for line in sheet.lines()}
        self.texts = texts
        self.count = 0

    def __call__(self, line):
        for text in self.texts or [self.true[line.box]] * 4:
            self.count += 1
            yield text, 0.98


def closer(ocr, rgb):
    def reread(line):
        for look in looks(rgb, line.box):
            yield within(look, ocr.read(look.rgb, Event()))

    return reread


def planted(sheet, key, seed=0):
    return sheet.misread(key, random.Random(seed))


def faults(receipt):
    return [check.code for check in receipt.checks if not check.ok]


@pytest.mark.parametrize("key", ["item0", "subtotal", "tax", "total", "paid"])
def test_a_misread_amount_is_corrected_where_the_sums_then_close(key):
    sheet = added_tax(random.Random(1))
    lines = planted(sheet, key)

    receipt = read_twice(lines, range(len(lines)), Reader(sheet))

    assert faults(receipt) == []
    assert receipt.total.value == sheet.total


def test_a_correction_says_what_stood_there_before():
    sheet = added_tax(random.Random(1))
    lines = planted(sheet, "subtotal")

    receipt = read_twice(lines, range(len(lines)), Reader(sheet))

    assert receipt.subtotal.note == "corrected"
    assert receipt.subtotal.other == lines[sheet.line_of("subtotal")].text
    assert receipt.total.note == ""


def test_what_is_read_the_same_again_is_flagged_and_not_changed():
    sheet = added_tax(random.Random(1))
    lines = planted(sheet, "subtotal")
    same = {line.box: line.text for line in lines}

    receipt = read_twice(lines, range(len(lines)), lambda line: iter([(same[line.box], 0.9)]))

    assert faults(receipt)
    assert str(receipt.subtotal.value) == lines[sheet.line_of("subtotal")].text
    assert receipt.subtotal.note == ""


def test_a_reading_that_does_not_make_sums_close_is_not_taken():
    sheet = added_tax(random.Random(1))
    lines = planted(sheet, "subtotal")

    receipt = read_twice(lines, range(len(lines)), Reader(sheet, ["9999.99"]))

    assert str(receipt.subtotal.value) == lines[sheet.line_of("subtotal")].text


def test_a_receipt_that_adds_up_is_not_read_again():
    sheet = added_tax(random.Random(1))
    reader = Reader(sheet)

    read_twice(sheet.lines(), range(len(sheet.lines())), reader)

    assert reader.count == 0


def test_not_all_of_a_long_receipt_is_read_again():
    sheet = numbers_below(random.Random(0))
    lines = list(planted(sheet, "item0"))
    lines += [
        Line(text, box(text, at, len(sheet.rows) + i), 0.93)
        for i in range(60)
        for text, at in (("Green Tea", 0), ("3.00", 30))
    ]
    reader = Reader(sheet, ["0.01"])

    read_twice(tuple(lines), range(len(lines)), reader)

    assert 0 < reader.count <= MOST


def test_amounts_that_were_misread_together_are_corrected_together():
    sheet = added_tax(random.Random(1))
    lines = list(planted(sheet, "item0"))
    for key in ("item1", "subtotal"):
        index = sheet.line_of(key)
        lines[index] = planted(sheet, key, 3)[index]

    receipt = read_twice(tuple(lines), range(len(lines)), Reader(sheet))

    assert faults(receipt) == []


def test_a_dollar_sign_that_was_taken_for_a_five_is_put_back():
    sheet = hawker(random.Random(0))
    lines = list(sheet.lines())
    index = sheet.line_of("total")
    lines[index] = replace(lines[index], text=lines[index].text.replace("S$", "S5"))

    receipt = read_twice(tuple(lines), range(len(lines)), lambda _: iter(()))

    assert receipt.total.value == sheet.total
    assert receipt.total.note == "corrected"


def test_words_that_are_read_alike_twice_are_surer():
    sheet = grocery(random.Random(0))
    lines = tuple(replace(line, score=0.96) for line in sheet.lines())

    alike = read_twice(lines, range(len(lines)), Reader(sheet)).merchant.confidence
    unlike = read_twice(lines, range(len(lines)), Reader(sheet, ["HARVE5T"])).merchant.confidence
    once = read(lines, range(len(lines))).receipt.merchant.confidence

    assert unlike < once < alike


def test_sure_words_are_not_looked_at_again():
    sheet = grocery(random.Random(0))
    first, *others = sheet.lines()
    doubtful = [replace(first, score=0.96), *others]
    reader = Reader(sheet)

    read_twice(tuple(doubtful), range(len(doubtful)), reader)

    assert reader.count == 1


@pytest.mark.parametrize("shop", [added_tax, grocery, hawker, numbers_below])
def test_a_closer_look_at_the_picture_corrects_a_planted_digit(ocr, shop):
    sheet = shop(random.Random(1))
    rgb = np.asarray(sheet.drawn())

    receipt = read_twice(lines := planted(sheet, "item0"), range(len(lines)), closer(ocr, rgb))

    assert faults(receipt) == []


def test_half_of_what_is_misread_at_low_resolution_is_corrected(ocr):
    flagged = corrected = 0
    for shop in PLAIN:
        for seed in (0, 2):
            rgb = np.asarray(shop(random.Random(seed)).drawn(7, 1.2))
            lines = ocr.read(rgb, Event())
            if read(lines, range(len(lines))).faults:
                flagged += 1
                again = read_twice(lines, range(len(lines)), closer(ocr, rgb))
                corrected += not faults(again)

    assert flagged >= 3
    assert 2 * corrected >= flagged


def test_a_closer_look_is_at_the_line_and_not_at_its_neighbours(ocr):
    sheet = added_tax(random.Random(0))
    rgb = np.asarray(sheet.drawn())
    line = sheet.lines()[sheet.line_of("total")]

    said = [within(look, ocr.read(look.rgb, Event()))[0] for look in looks(rgb, line.box)]

    assert set(said) == {line.text}
