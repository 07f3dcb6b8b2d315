"""Receipts of twenty shops: what they say is found, what does not add up is flagged."""

import random
from difflib import SequenceMatcher

import pytest

from app.jobs.receipt_again import read
from tests.receipt_shops import SHOPS

SEEDS = range(2)


def read_of(lines):
    return read(lines, range(len(lines))).receipt


def sheets():
    return [
        pytest.param(shop(random.Random(seed)), id=f"{shop.__name__}-{seed}")
        for shop in SHOPS
        for seed in SEEDS
    ]


def is_flagged(receipt):
    notes = [receipt.total, *(tax.amount for tax in receipt.taxes)]
    return any(not check.ok for check in receipt.checks) or any(
        amount and amount.note == "disagrees" for amount in notes
    )


def alike(one, other):
    return SequenceMatcher(None, one.lower(), other.lower()).ratio() > 0.9


@pytest.mark.parametrize("sheet", sheets())
def test_the_total_is_found(sheet):
    assert read_of(sheet.lines()).total.value == sheet.total


@pytest.mark.parametrize("sheet", sheets())
def test_the_merchant_is_found(sheet):
    assert read_of(sheet.lines()).merchant.value == sheet.merchant


@pytest.mark.parametrize("sheet", sheets())
def test_the_date_is_found(sheet):
    assert read_of(sheet.lines()).date.value == sheet.date


@pytest.mark.parametrize("sheet", [s for s in sheets() if s.values[0].currency])
def test_the_currency_is_found(sheet):
    assert read_of(sheet.lines()).currency.value == sheet.currency


@pytest.mark.parametrize("sheet", sheets())
def test_the_items_are_found_with_their_names(sheet):
    items = read_of(sheet.lines()).items

    assert [item.amount.value for item in items] == [amount for _, amount in sheet.items]
    assert all(
        alike(item.name.value, name) for item, (name, _) in zip(items, sheet.items, strict=True)
    )


@pytest.mark.parametrize("sheet", sheets())
def test_a_receipt_that_is_right_is_not_flagged(sheet):
    receipt = read_of(sheet.lines())

    assert receipt.checks
    assert not is_flagged(receipt)


@pytest.mark.parametrize("sheet", sheets())
def test_every_planted_error_is_flagged(sheet):
    missed = [
        key for key in sheet.plants if not is_flagged(read_of(sheet.misread(key, random.Random(0))))
    ]

    assert missed == []


@pytest.mark.parametrize("sheet", sheets())
def test_every_value_has_its_place(sheet):
    lines = sheet.lines()
    receipt = read_of(lines)

    for found in (receipt.merchant, receipt.date, receipt.total):
        assert found.lines
        x0, y0, x1, y1 = found.box
        assert any(
            lines[i].box[0] <= x0 <= x1 <= lines[i].box[2]
            and lines[i].box[1] <= y0 <= y1 <= lines[i].box[3]
            for i in found.lines
        )


def test_a_value_is_quoted_as_it_stands():
    sheet = SHOPS[0](random.Random(0))
    lines = sheet.lines()
    receipt = read_of(lines)

    for found in (receipt.total, receipt.subtotal, receipt.date, receipt.number, receipt.phone):
        assert any(found.raw in lines[i].text for i in found.lines)
