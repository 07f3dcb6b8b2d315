"""The amounts of a receipt read together: the set that adds up wins. Pure.

Several rows may hold the total, and labels lie or are worn. Each candidate is rated by what its
label says, by how often the amount appears, by whether what was paid less the change comes to it,
and by whether the other amounts add up to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import combinations, product

from vision.reader.items import Basket
from vision.reader.labelled import Labelled, TaxLine, labelled, tax_lines
from vision.reader.page import Figure, Page
from vision.reader.roles import Role

_NOTHING = Decimal()
_MOST = 4  # amounts of one role that are tried one by one
_CLEAR = 4.0  # the weight of a label that can mean nothing else
_USED = 0.8  # what an amount adds to the rating of a total that it is a part of
_UNUSED = {"service": 0.6, "rounding": 0.6, "discount": 0.3, "tip": 0.3}


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


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in which amounts add up to a total."""

    score: float
    used: tuple[Labelled, ...] = ()
    taxed: bool = False  # the taxes were added


@dataclass(frozen=True)
class _Reading:
    """All that a page says about amounts."""

    page: Page
    found: tuple[Labelled, ...]
    taxes: tuple[TaxLine, ...]
    bought: Decimal | None  # what the items come to

    def of(self, role: Role) -> list[Labelled]:
        """Return the amounts with a role, those of the receipt itself first."""
        return sorted((one for one in self.found if one.role == role), key=lambda one: one.late)

    @cached_property
    def tax(self) -> Decimal:
        """All taxes."""
        return sum((tax.value for tax in self.taxes), _NOTHING)


def sums_of(page: Page, basket: Basket = Basket()) -> Sums:  # noqa: B008 - frozen
    """Return the amounts of a page that agree best, with each other and with what was bought."""
    found = labelled(page, basket)
    reading = _Reading(page, found, tax_lines(page, found), basket.worth)
    rated = sorted(
        ((_rating(value, group, reading), value) for value, group in _candidates(reading).items()),
        reverse=True,
    )
    if not rated or rated[0][0] <= 0:
        return _around(None, None, reading)
    score, value = rated[0]
    total = max(_candidates(reading)[value], key=lambda one: (one.weight, -one.figure.row))
    margin = score - (rated[1][0] if len(rated) > 1 else 0)
    return replace(_around(total, _best_way(value, reading), reading), margin=margin)


def _candidates(reading: _Reading) -> dict[Decimal, list[Labelled]]:
    """Return what may be the total, by value: what is called so, and what a sum comes to."""
    found: dict[Decimal, list[Labelled]] = {}
    for one in reading.found:
        if one.role in ("total", "subtotal", "paid") and one.weight:
            found.setdefault(one.value, []).append(one)
    # What is clearly called the total is it, also where it is printed or read wrong: the user is
    # told that it does not add up, and not another amount in its place.
    clear = [o for o in reading.of("total") if o.weight >= _CLEAR and o.alone and not o.late]
    if clear:
        rounded = [one.row.index for one in reading.of("rounding") if one.value]
        final = [one for one in clear if rounded and one.row.index > min(rounded)] or clear
        return {value: [o for o in found[value] if o in final] for value in {o.value for o in final}}
    table = {tax.row.index for tax in reading.taxes if tax.base}
    for figure in reading.page.figures:
        value = figure.amount.value
        if value > 0 and value not in found and figure.row not in table:
            way = _best_way(value, reading)
            if (way and len(way.used) + way.taxed > 1) or (_settled(value, reading) or 0) > 2:  # noqa: PLR2004
                row = reading.page.rows[figure.row]
                found[value] = [Labelled("total", 3.0, figure, row, 0.0)]
    return found


def _rating(value: Decimal, group: Sequence[Labelled], reading: _Reading) -> float:
    """Rate ``value`` as the total."""
    if value <= 0:
        return min(0.0, float(value))
    label = max(one.weight - 1.5 * (not one.alone) - 2 * one.late for one in group)
    count = sum(figure.amount.value == value for figure in reading.page.figures)
    way = _best_way(value, reading)
    return (
        label
        + min(1.0, 0.4 * (count - 1))
        + (_settled(value, reading) or 0)
        + (way.score if way else 0)
    )


def _settled(value: Decimal, reading: _Reading) -> float | None:
    """Return how much it says that what was paid, less the change, is ``value``; None if not."""
    paid = [one.value for one in reading.of("paid")[:_MOST] if one.value > 0]
    sums = {sum(some, _NOTHING) for count in (1, 2) for some in combinations(paid, count) if paid}
    changes = [abs(one.value) for one in reading.of("change")[:_MOST]]
    if any(p - c == value for p in sums for c in changes if c):
        return 3.0
    return 1.5 if value in paid else None


def _best_way(value: Decimal, reading: _Reading) -> _Way | None:
    """Return the way to ``value`` that explains most, if any amounts add up to it."""
    ways = list(_ways(value, reading))
    return max(ways, key=lambda way: way.score) if ways else None


def _ways(value: Decimal, reading: _Reading) -> Iterator[_Way]:
    """Yield the ways in which amounts add up to ``value``."""
    for base, worth, found in _bases(value, reading):
        for parts in product(*(_choices(role, reading) for role in _UNUSED)):
            added = sum((part for part, _ in parts), base)
            for tax in {_NOTHING, reading.tax}:
                if added + tax != value:
                    continue
                used = (*found, *(one for _, some in parts for one in some))
                missed = sum(
                    weight
                    for (part, _), (role, weight) in zip(parts, _UNUSED.items(), strict=True)
                    if not part and any(one.value for one in reading.of(role))
                )
                explained = sum(part != 0 for part, _ in parts) + (tax != 0)
                yield _Way(worth + _USED * explained - missed, used, bool(tax))


def _bases(
    value: Decimal, reading: _Reading
) -> Iterator[tuple[Decimal, float, tuple[Labelled, ...]]]:
    """Yield what a sum can begin with: a subtotal, the items, or a total before the last."""
    for one in reading.of("subtotal")[:_MOST]:
        yield one.value, 1.0 if one.value != value else 0.5, (one,)
    for one in reading.of("total")[:_MOST]:
        if one.value != value and not one.late:
            yield one.value, 0.8, (one,)
    if reading.bought:
        yield reading.bought, 1.0, ()


def _choices(
    role: Role, reading: _Reading
) -> list[tuple[Decimal, tuple[Labelled, ...]]]:
    """Return what a role may add to a sum: nothing, one of its amounts, of discounts all."""
    found = [one for one in reading.of(role) if one.value and not one.late]
    sign = -1 if role == "discount" else 1
    choices: list[tuple[Decimal, tuple[Labelled, ...]]] = [(_NOTHING, ())]
    for one in found[:_MOST]:
        value = one.value if role == "rounding" else sign * abs(one.value)
        choices.append((value, (one,)))
    if role == "discount" and len(found) > 1:
        choices.append((-sum((abs(one.value) for one in found), _NOTHING), tuple(found)))
    return choices


def _around(total: Labelled | None, way: _Way | None, reading: _Reading) -> Sums:
    """Return the total with the amounts that make it; failing that, with those that are called so."""
    used = way.used if way else ()

    def chosen(role: Role) -> Labelled | None:
        parts = [one for one in used if one.role == role]
        found = [one for one in reading.of(role) if not one.late] or reading.of(role)
        return (parts or found[-1:] or [None])[0]

    included = None if way is None else not way.taxed
    paid = _payment(total, reading)
    return Sums(
        total=total,
        subtotal=_subtotal(total, used, reading),
        service=chosen("service"),
        rounding=chosen("rounding"),
        tip=chosen("tip"),
        discounts=_discounts(used, reading, total),
        taxes=tuple(replace(tax, included=included) for tax in reading.taxes),
        paid=paid,
        change=(reading.of("change") or [None])[-1],
        closes=way is not None,
        settles=total is not None and _settled(total.value, reading) is not None,
    )


def _subtotal(
    total: Labelled | None, used: Sequence[Labelled], reading: _Reading
) -> Labelled | None:
    """Return what the total was made from, else what is called a subtotal."""
    bases = [one for one in used if one.role in ("subtotal", "total")]
    called = [one for one in reading.of("subtotal") if one is not total]
    return (bases or called or [None])[0]


def _discounts(
    used: Sequence[Labelled], reading: _Reading, total: Labelled | None
) -> tuple[Labelled, ...]:
    """Return the discounts of the sum; where none is part of it, those that stand above it."""
    parts = tuple(one for one in used if one.role == "discount")
    end = total.row.index if total else len(reading.page.rows)
    above = (one for one in reading.of("discount") if one.row.index < end and one.value)
    return parts or tuple(above)


def _payment(total: Labelled | None, reading: _Reading) -> tuple[Labelled, ...]:
    """Return what was paid: what leaves the change, else what is the total, else the first."""
    found = [one for one in reading.of("paid")[:_MOST] if one.value > 0]
    changes = {abs(one.value) for one in reading.of("change")} | {_NOTHING}
    if total:
        for wanted in (changes - {_NOTHING}, {_NOTHING}):
            for count in (1, 2):
                for some in combinations(found, count):
                    if sum((one.value for one in some), -total.value) in wanted:
                        return some
    return tuple(found[:1])
