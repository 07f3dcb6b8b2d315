"""Receipts over several pictures: which go on, and what they are together."""

from decimal import Decimal

import pytest

from app.jobs.receipt_pages import joined
from app.jobs.receipt_schema import Amount, Item, Receipt, Tax, Text


def text(value, confidence=0.95, image=0):
    return Text(value=value, raw=value, confidence=confidence, source="reader", image=image)


def amount(value, image=0):
    return Amount(value=Decimal(value), raw=value, confidence=0.95, source="reader", image=image)


def item(name, price):
    return Item(name=text(name), amount=amount(price))


FIRST = Receipt(
    merchant=text("CORNER SHOP"),
    date=text("2026-02-14"),
    number=text("INV-7"),
    items=(item("Milk", "4.50"),),
    subtotal=amount("4.50"),
)
SECOND = Receipt(items=(item("Bread", "3.20"),), subtotal=amount("7.70"), total=amount("7.70"))


def test_the_second_page_of_an_invoice_goes_on():
    [receipt] = joined([[FIRST], [SECOND]])

    assert receipt.merchant == FIRST.merchant
    assert receipt.total == SECOND.total
    assert [each.name.value for each in receipt.items] == ["Milk", "Bread"]


def test_the_sums_are_checked_over_all_pages():
    [receipt] = joined([[FIRST], [SECOND]])
    [wrong] = joined([[FIRST], [SECOND.model_copy(update={"total": amount("9.70")})]])

    assert receipt.checks
    assert all(check.ok for check in receipt.checks)
    assert not all(check.ok for check in wrong.checks)


def test_three_pages_are_one():
    middle = Receipt(items=(item("Tea", "1.00"),), number=text("inv 7"))
    last = SECOND.model_copy(update={"subtotal": amount("8.70"), "total": amount("8.70")})

    [receipt] = joined([[FIRST], [middle], [last]])

    assert len(receipt.items) == 3
    assert all(check.ok for check in receipt.checks)


def test_the_last_pages_tax_counts():
    tax = Tax(name="GST", amount=amount("0.46"))

    [receipt] = joined([[FIRST], [SECOND.model_copy(update={"taxes": (tax,)})]])

    assert receipt.taxes == (tax,)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SECOND, SECOND),  # the first has its total already
        (FIRST, SECOND.model_copy(update={"merchant": text("OTHER SHOP")})),
        (FIRST, SECOND.model_copy(update={"number": text("INV-8")})),
        (FIRST, Receipt(merchant=text("A LEAFLET", 0.3))),
    ],
)
def test_another_receipt_stands_for_itself(before, after):
    assert joined([[before], [after]]) == [before, after]


def test_a_line_that_was_taken_for_a_merchant_does_not_begin_a_receipt():
    doubted = SECOND.model_copy(update={"merchant": text("Page 2 of 2", 0.4)})

    [receipt] = joined([[FIRST], [doubted]])

    assert receipt.merchant == FIRST.merchant


def test_the_same_merchant_on_each_page_is_no_new_receipt():
    again = SECOND.model_copy(update={"merchant": text("Corner Shop")})

    assert len(joined([[FIRST], [again]])) == 1


def test_several_receipts_in_one_picture_stay_apart():
    assert joined([[FIRST, SECOND]]) == [FIRST, SECOND]
    assert joined([[FIRST], [SECOND, SECOND]]) == [FIRST, SECOND, SECOND]


def test_a_picture_without_a_receipt_ends_what_went_on():
    assert joined([[FIRST], [], [SECOND]]) == [FIRST, SECOND]
