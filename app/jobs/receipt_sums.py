"""The sums of a receipt, checked: what the items come to, what makes the total, what was paid.

Receipts differ in what a subtotal is: before or after discounts, service and tax. So both sums are
looked at together, in each of the ways in which every part counts once, and the way in which most
of them close is taken for the receipt's own. Pure: also a receipt that the user corrected is
checked so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Literal

from app.jobs.receipt_schema import Amount, Check, Item, Receipt, Tax

_NOTHING = Decimal()
_HUNDRED = Decimal(100)
_CASH = "cash"
_TAX_UNITS = 2  # of the smallest coin; a tax is rounded, of each item or of the sum

Place = Literal["after", "before", "none"]  # below the subtotal, above it, in neither sum


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What a receipt's parts come to; None where there is no such part."""

    items: Decimal | None
    subtotal: Decimal | None
    total: Decimal | None
    discount: Decimal
    service: Decimal
    tax: Decimal
    rounding: Decimal
    tip: Decimal


@dataclass(frozen=True, slots=True)
class _Way:
    """Where the parts of a sum count."""

    discount: Place
    service: Place
    tax: Place
    net: bool  # the subtotal is what the items are without their tax
    rounded: bool  # the total is; else only what was paid

    def subtotal(self, sizes: _Sizes) -> Decimal:
        """Return what the items and the parts above the subtotal come to."""
        assert sizes.items is not None
        above = sizes.items - sizes.discount * (self.discount == "before")
        above += sizes.service * (self.service == "before")
        return above + sizes.tax * ((self.tax == "before") - self.net)

    def total(self, sizes: _Sizes, base: Decimal, *, from_items: bool) -> Decimal:
        """Return what ``base`` and the parts below it come to."""
        places = ("after", "before") if from_items else ("after",)
        below = base - sizes.discount * (self.discount in places)
        below += sizes.service * (self.service in places) + sizes.tax * (self.tax in places)
        return below + sizes.rounding * self.rounded + sizes.tip


def checks(receipt: Receipt) -> tuple[Check, ...]:
    """Return all sums of a receipt that can be checked, that of the total first."""
    return (
        *_whole(receipt),
        *(check for tax in receipt.taxes if (check := _tax(tax, receipt))),
        *(check for i, item in enumerate(receipt.items) if (check := _item(item, i, receipt))),
    )


def unit(receipt: Receipt) -> Decimal:
    """Return the smallest coin that a receipt's amounts are written in."""
    amounts = [item.amount for item in receipt.items] + [receipt.total, receipt.subtotal]
    exponents = [amount.value.as_tuple().exponent for amount in amounts if amount]
    whole = all(isinstance(exponent, int) and exponent >= 0 for exponent in exponents)
    return Decimal(1) if exponents and whole else Decimal("0.01")


def _whole(receipt: Receipt) -> tuple[Check, ...]:
    """Check what makes the total, in the way in which most of it closes."""
    sizes = _sizes(receipt)
    ways = [(way, _of_way(way, sizes, receipt)) for way in _ways(sizes)]

    def fault(found: tuple[_Way, tuple[Check, ...]]) -> tuple[int, int, Decimal]:
        way, made = found
        off = sum((abs(check.expected - check.found) for check in made), _NOTHING)
        return sum(not check.ok for check in made), _oddity(way, receipt), off

    return min(ways, key=fault)[1]


def _sizes(receipt: Receipt) -> _Sizes:
    amounts = [item.amount for item in receipt.items]
    known = [amount.value for amount in amounts if amount]
    return _Sizes(
        items=sum(known, _NOTHING) if known and len(known) == len(amounts) else None,
        subtotal=receipt.subtotal.value if receipt.subtotal else None,
        total=receipt.total.value if receipt.total else None,
        discount=sum((one.value for one in receipt.discounts), _NOTHING),
        service=_value(receipt.service),
        tax=sum((tax.amount.value for tax in receipt.taxes), _NOTHING),
        rounding=_value(receipt.rounding),
        tip=_value(receipt.tip),
    )


def _value(amount: Amount | None) -> Decimal:
    return amount.value if amount else _NOTHING


def _ways(sizes: _Sizes) -> Iterator[_Way]:
    """Yield the ways in which the parts that there are may count."""
    discounts: tuple[Place, ...] = ("after", "before", "none") if sizes.discount else ("none",)
    services: tuple[Place, ...] = ("after", "before") if sizes.service else ("none",)
    taxes: tuple[Place, ...] = ("none", "after", "before") if sizes.tax else ("none",)
    rounded = (True, False) if sizes.rounding else (True,)
    for discount, service, tax, late in product(discounts, services, taxes, rounded):
        yield _Way(discount, service, tax, net=False, rounded=late)
        if tax == "after" and sizes.items is not None and sizes.subtotal is not None:
            yield _Way(discount, service, tax, net=True, rounded=late)


def _oddity(way: _Way, receipt: Receipt) -> int:
    """Return how unusual a way is, and how much it is at odds with what is known of the taxes."""
    included = [tax.included for tax in receipt.taxes]
    at_odds = (way.tax == "none" and False in included) or (way.tax != "none" and True in included)
    return (
        2 * at_odds
        + 2 * (way.discount == "none" and bool(receipt.discounts))
        + (way.discount == "before")
        + (way.service == "before")
        + (way.tax == "before")
        + way.net
        + 2 * (not way.rounded)
    )


def _of_way(way: _Way, sizes: _Sizes, receipt: Receipt) -> tuple[Check, ...]:
    parts = tuple(
        name
        for name in ("discounts", "service", "taxes", "rounding", "tip")
        if getattr(receipt, name)
        and not (name == "taxes" and way.tax == "none")
        and not (name == "rounding" and not way.rounded)
    )
    found: list[Check] = []
    if sizes.subtotal is not None and sizes.total is not None:
        made = way.total(sizes, sizes.subtotal, from_items=False)
        fields = ("subtotal", *parts, "total")
        found.append(_check("total", made, sizes.total, fields))
    if sizes.items is not None and sizes.subtotal is not None:
        made = way.subtotal(sizes)
        found.append(_check("subtotal", made, sizes.subtotal, ("items", "subtotal")))
    elif sizes.items is not None and sizes.total is not None:
        made = way.total(sizes, sizes.items, from_items=True)
        found.append(_check("items", made, sizes.total, ("items", *parts, "total")))
    return (*found, *_change(way, sizes, receipt))


def _check(
    code: Literal["items", "subtotal", "total", "change"],
    expected: Decimal,
    found: Decimal,
    fields: tuple[str, ...],
) -> Check:
    return Check(code=code, ok=expected == found, expected=expected, found=found, fields=fields)


def _change(way: _Way, sizes: _Sizes, receipt: Receipt) -> Iterator[Check]:
    """Check what was paid, less the change; without any change only that it was enough."""
    if receipt.paid is None or sizes.total is None:
        return
    due = sizes.total + (0 if way.rounded else sizes.rounding)
    method = receipt.payment_method.value if receipt.payment_method else _CASH
    if receipt.change is None and receipt.paid.value > due and method == _CASH:
        return  # the change is not printed
    left = receipt.paid.value - abs(_value(receipt.change))
    names = ("paid", "change", *(() if way.rounded else ("rounding",)), "total")
    yield _check("change", left, due, tuple(name for name in names if getattr(receipt, name)))


def _item(item: Item, index: int, receipt: Receipt) -> Check | None:
    """Check the quantity and the price of an item against its amount."""
    if not (item.quantity and item.unit_price and item.amount):
        return None
    count = item.quantity.value
    made = count * item.unit_price.value - _value(item.discount)
    # A weight times a price is rounded; so many pieces are not.
    ok = abs(made - item.amount.value) < (unit(receipt) if count % 1 else Decimal("0.001"))
    fields = ("quantity", "unit_price", "discount", "amount")
    return Check(
        code="item",
        ok=ok,
        expected=made,
        found=item.amount.value,
        item=index,
        fields=tuple(name for name in fields if getattr(item, name)),
    )


def _tax(tax: Tax, receipt: Receipt) -> Check | None:
    """Check a tax against its rate and what it is of; where that is not said, if any sum fits."""
    if tax.rate is None:
        return None
    near = _TAX_UNITS * unit(receipt)
    bases = [tax.base.value] if tax.base else _bases(receipt)
    made = [of for base in bases for of in _taxes_of(base, tax.rate)]
    expected = min(made, key=lambda one: abs(one - tax.amount.value), default=None)
    if expected is None:
        return None
    ok = abs(expected - tax.amount.value) <= near
    if not ok and not tax.base:
        return None
    return Check(
        code="tax",
        ok=ok,
        expected=expected.quantize(unit(receipt)),
        found=tax.amount.value,
        fields=("taxes",),
    )


def _bases(receipt: Receipt) -> list[Decimal]:
    found = [receipt.subtotal, receipt.total]
    bases = [amount.value for amount in found if amount]
    service = _value(receipt.service)
    return bases + ([receipt.subtotal.value + service] if receipt.subtotal and service else [])


def _taxes_of(base: Decimal, rate: Decimal) -> tuple[Decimal, Decimal]:
    """Return the tax on ``base``, and the tax that ``base`` includes."""
    return base * rate / _HUNDRED, base * rate / (_HUNDRED + rate)
