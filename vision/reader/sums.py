"""The amounts of a receipt read together: the set that adds up wins. Pure.

Several rows may hold the total, and labels lie or are worn. Each candidate is rated by what its
label says, by how often the amount appears, by whether what was paid less the change comes to it,
and by whether the other amounts add up to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from vision.reader.items import Basket
from vision.reader.labelled import Labelled, TaxLine, labelled, tax_lines
from vision.reader.page import Page
from vision.reader.roles import Role
from vision.reader.tax_rows import fits, rate_in
from vision.reader.ways import NOTHING, Reading, Way

_CLEAR = 4.0  # the weight of a label that can mean nothing else
_UNCALLED = 3.0  # the weight of an amount that only sums say is the total
_SETTLED = 2.0  # less says only that as much was paid


@dataclass(frozen=True, slots=True)
class Sums:
    """The amounts that a receipt comes to, and how well they agree."""

    total: Labelled | None = None
    subtotal: Labelled | None = None
    service: Labelled | None = None
    rounding: Labelled | None = None
    tip: Labelled | None = None
    discounts: tuple[Labelled, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    paid: tuple[Labelled, ...] = ()  # several where it was paid in parts
    change: Labelled | None = None
    closes: bool = False  # other amounts add up to the total
    settles: bool = False  # what was paid, less the change, is the total
    margin: float = 0.0  # by which the total was preferred to another
    rival: Labelled | None = None  # as clearly called the total, and neither it nor a part of it


def sums_of(page: Page, basket: Basket) -> Sums:
    """Return the amounts of a page that agree best, with each other and with what was bought."""
    found = labelled(page, basket)
    reading = Reading(page, found, tax_lines(page, found), basket.worth)
    candidates = _candidates(reading)
    rated = sorted(
        ((_rating(value, group, reading), value) for value, group in candidates.items()),
        reverse=True,
    )
    if not rated or rated[0][0] <= 0:
        return _around(None, reading)
    score, value = rated[0]
    total = max(candidates[value], key=lambda one: (one.weight, -one.figure.row))
    sums = _around(total, reading)
    margin = score - (rated[1][0] if len(rated) > 1 else 0)
    return replace(sums, margin=margin, rival=_rival(total, sums, reading))


def _candidates(reading: Reading) -> dict[Decimal, list[Labelled]]:
    """Return what may be the total, by value: what is called so, else what sums come to."""
    found: dict[Decimal, list[Labelled]] = {}
    for one in reading.found:
        if one.role in ("total", "subtotal", "paid") and one.weight:
            found.setdefault(one.value, []).append(one)
    # What is clearly called the total is it, also where it is printed or read wrong: the user is
    # told that it does not add up, and not another amount in its place.
    if clear := _clear(reading):
        rounded = [one.row.index for one in reading.of("rounding") if one.value]
        final = [one for one in clear if rounded and one.row.index > min(rounded)] or clear
        values = {one.value for one in final}
        return {value: [one for one in found[value] if one in final] for value in values}
    for one in _uncalled(reading):
        found.setdefault(one.value, [one])
    return found


def _clear(reading: Reading) -> list[Labelled]:
    """Return what is called the total by labels that can mean nothing else."""
    return [o for o in reading.of("total") if o.weight >= _CLEAR and o.alone and not o.late]


def _uncalled(reading: Reading) -> list[Labelled]:
    """Return the amounts that sums come to, whatever they are called."""
    table = {tax.row.index for tax in reading.taxes if tax.base}
    return [
        Labelled("total", _UNCALLED, figure, reading.page.rows[figure.row], 0.0)
        for figure in reading.page.figures
        if figure.amount.value > 0
        and figure.row not in table
        and (
            _is_made(figure.amount.value, reading)
            or reading.settled(figure.amount.value) > _SETTLED
        )
    ]


def _is_made(value: Decimal, reading: Reading) -> bool:
    """Tell whether two amounts or more add up to ``value``."""
    way = reading.ways.get(value)
    return way is not None and len(way.used) + way.taxed > 1


def _rating(value: Decimal, group: Sequence[Labelled], reading: Reading) -> float:
    """Rate ``value`` as the total."""
    if value <= 0:
        return min(0.0, float(value))
    label = max(one.weight - 1.5 * (not one.alone) - 2 * one.late for one in group)
    count = sum(figure.amount.value == value for figure in reading.page.figures)
    way = reading.ways.get(value, Way(0.0))
    return label + min(1.0, 0.4 * (count - 1)) + reading.settled(value) + way.score


def _rival(total: Labelled, sums: Sums, reading: Reading) -> Labelled | None:
    """Return what is called the total as well, and is no step on the way to it."""
    signed = [part.value for part in (sums.rounding, sums.service, sums.tip) if part]
    parts = [*signed, *(-abs(one.value) for one in sums.discounts), reading.tax]
    steps = {
        total.value - sum(some, NOTHING)
        for count in range(len(parts) + 1)
        for some in combinations(parts, count)
    }
    known = {*steps, reading.bought, sums.subtotal and sums.subtotal.value, NOTHING}
    for one in _clear(reading):
        rate = rate_in(one.row.text)  # "Total includes 6% GST" may be what the tax is
        if one.value not in known and not (rate and fits(total.value, one.value, rate)):
            return one
    return None


def _around(total: Labelled | None, reading: Reading) -> Sums:
    """Return the total with the amounts that make it; without those, with what is called so."""
    way = reading.ways.get(total.value) if total else None
    used = way.used if way else ()
    included = None if way is None else not way.taxed
    changes = reading.of("change")
    return Sums(
        total=total,
        subtotal=_subtotal(total, used, reading),
        service=_part("service", total, used, reading),
        rounding=_part("rounding", total, used, reading),
        tip=_part("tip", total, used, reading),
        discounts=_discounts(used, reading, total),
        taxes=tuple(replace(tax, included=included) for tax in reading.taxes),
        paid=_payment(total, reading),
        change=changes[-1] if changes else None,
        closes=way is not None,
        settles=total is not None and reading.settled(total.value) > 0,
    )


def _part(
    role: Role, total: Labelled | None, used: Sequence[Labelled], reading: Reading
) -> Labelled | None:
    """Return the amount of a role that is part of the sum, else the last that is called so."""
    parts = [one for one in used if one.role == role]
    found = [one for one in reading.of(role) if not one.late] or reading.of(role)
    if role != "rounding" and total:  # what stands below the total is no part of it: a proposal
        found = [one for one in found if one.row.index < total.row.index]
    return next(iter([*parts, *found[-1:]]), None)


def _subtotal(
    total: Labelled | None, used: Sequence[Labelled], reading: Reading
) -> Labelled | None:
    """Return what the total was made from, else what is called a subtotal."""
    bases = [one for one in used if one.role in ("subtotal", "total")]
    called = [one for one in reading.of("subtotal") if one is not total]
    return next(iter([*bases, *called]), None)


def _discounts(
    used: Sequence[Labelled], reading: Reading, total: Labelled | None
) -> tuple[Labelled, ...]:
    """Return the discounts of the sum; where none is part of it, those that stand above it."""
    parts = tuple(one for one in used if one.role == "discount")
    end = total.row.index if total else len(reading.page.rows)
    above = (one for one in reading.of("discount") if one.row.index < end and one.value)
    return parts or tuple(above)


def _payment(total: Labelled | None, reading: Reading) -> tuple[Labelled, ...]:
    """Return what was paid: what leaves the change, else what is the total, else the first."""
    changes = {abs(one.value) for one in reading.of("change") if one.value}
    for wanted in (changes, {NOTHING}):
        for some in reading.payments if total else ():
            assert total
            if sum((one.value for one in some), -total.value) in wanted:
                return some
    return reading.payments[0] if reading.payments else ()
