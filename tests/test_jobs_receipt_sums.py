"""The sums of a receipt: which close, and which are told not to."""

from decimal import Decimal

import pytest

from app.jobs.receipt_schema import Amount, Item, Receipt, Tax, Text
from app.jobs.receipt_sums import checks


def amount(value):
    return Amount(value=Decimal(value), raw=str(value), confidence=0.9, source="reader")


def text(value):
    return Text(value=value, raw=value, confidence=0.9, source="reader")


def item(value, quantity=None, price=None, off=None):
    numbers = {"quantity": quantity, "unit_price": price, "discount": off}
    found = {name: amount(number) for name, number in numbers.items() if number}
    return Item(name=text("Tea"), amount=amount(value), **found)


def receipt(items=(), taxes=(), discounts=(), method=None, **amounts):
    return Receipt(
        items=tuple(item(value) if isinstance(value, str) else value for value in items),
        taxes=tuple(taxes),
        discounts=tuple(map(amount, discounts)),
        payment_method=text(method) if method else None,
        **{name: amount(value) for name, value in amounts.items()},
    )


def tax(value, rate=None, base=None, included=None):
    return Tax(
        name="GST",
        amount=amount(value),
        rate=Decimal(rate) if rate else None,
        base=amount(base) if base else None,
        included=included,
    )


def wrong(found):
    return [check.code for check in checks(found) if not check.ok]


@pytest.mark.parametrize(
    "found",
    [
        receipt(["2.00", "5.60"], subtotal="7.60", taxes=[tax("0.46")], total="8.06"),
        receipt(["2.00", "5.60"], subtotal="7.60", taxes=[tax("0.43")], total="7.60"),
        receipt(["8.06"], subtotal="7.60", taxes=[tax("0.46")], total="8.06"),
        receipt(["9.00"], subtotal="8.00", discounts=["1.00"], total="8.00"),
        receipt(["9.00"], subtotal="9.00", discounts=["1.00"], total="8.00"),
        receipt(["9.00"], discounts=["1.00"], service="0.80", total="8.80"),
        receipt(["9.00"], subtotal="9.00", discounts=["1.00"], total="9.00"),
        receipt(["56.20"], subtotal="56.20", service="5.62", taxes=[tax("3.71")],
                rounding="0.02", total="65.55", paid="70.00", change="4.45"),
        receipt(["10.00"], subtotal="10.00", tip="2.00", total="12.00"),
        receipt(["13.78"], subtotal="13.78", rounding="0.02", total="13.78", paid="20.00",
                change="6.20"),
        receipt(["1200", "300"], taxes=[tax("150", "10")], total="1650"),
    ],
)  # fmt: skip
def test_a_receipt_closes_in_the_way_of_its_shop(found):
    assert checks(found)
    assert wrong(found) == []


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (receipt(["2.00", "5.60"], subtotal="7.80", total="7.80"), ["subtotal"]),
        (receipt(["2.00", "5.60"], total="7.80"), ["items"]),
        (receipt(["7.60"], subtotal="7.60", taxes=[tax("0.46")], total="8.60"), ["total"]),
        (receipt(["7.60"], total="7.60", paid="10.00", change="2.50"), ["change"]),
        (receipt(total="7.60", paid="7.80", method="Visa"), ["change"]),
        (receipt(total="7.60", paid="7.50"), ["change"]),
        (receipt([item("25.60", "2", "12.30")], total="25.60"), ["item"]),
        (receipt(total="106.00", taxes=[tax("8.00", "6", "100.00")]), ["tax"]),
    ],
)
def test_what_does_not_add_up_is_named(found, codes):
    assert wrong(found) == codes


def test_a_check_says_what_the_parts_give():
    [check] = [c for c in checks(receipt(["2.00", "5.60"], total="7.80")) if not c.ok]

    assert (check.expected, check.found) == (Decimal("7.60"), Decimal("7.80"))
    assert check.fields == ("items", "total")


def test_a_discount_on_an_item_is_taken_off_it():
    assert wrong(receipt([item("108.00", "2", "68.00", "28.00")], total="108.00")) == []


@pytest.mark.parametrize(("quantity", "ok"), [("0.385", True), ("2", False)])
def test_a_weight_times_a_price_is_rounded(quantity, ok):
    found = item("4.93" if quantity == "0.385" else "25.61", quantity, "12.80")

    assert (wrong(receipt([found])) == []) is ok


@pytest.mark.parametrize("value", ["5.77", "5.66"])
def test_a_tax_may_be_in_its_base_or_not(value):
    base = "96.23" if value == "5.77" else "100.00"

    assert wrong(receipt(total="102.00", taxes=[tax(value, "6", base)])) == []


def test_cash_whose_change_is_not_printed_is_no_mistake():
    assert wrong(receipt(total="7.60", paid="10.00", method="cash")) == []


def test_without_amounts_there_is_nothing_to_check():
    assert checks(receipt()) == ()
