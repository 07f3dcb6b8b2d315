"""The numbers of an item: quantity and unit price, told from what they come to. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from vision.reader.page import Figure, PageRow
from vision.reader.values import Amount, parsed

_UNITS = r"(?:UNITS?|PCS?|EA|KGS?|LBS?|BOXS?|BOXES|PKTS?|BTLS?|CTN|LITRES?)"
# A quantity that says so: "2 x", "3 UNIT *", "4 @ 1.20"; "2x40W" is a name.
TIMES = re.compile(
    rf"(?<![\w.,/])(\d{{1,4}}(?:[.,]\d{{1,3}})?)\s?{_UNITS}?\s?[X×*@](?=\s|$|(?:RM|\$)?\d+[.,]\d)",
    re.IGNORECASE,
)
# A quantity with its unit, and nothing else.
_COUNTED = re.compile(
    rf"\W*(\d{{1,4}}(?:[.,]\d{{1,3}})?)\s?(?:{_UNITS}|[个個件份瓶盒袋杯包斤公])\W*", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.,/\-#:])\d{1,4}(?:[.,]\d{1,3})?(?![\w/%:)]|[.,]\d|-\d)")
_CENT = Decimal("0.01")
_NEAR = 2.5  # widths of a character; how far from its column a number may stand


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was bought so often, at so much apiece, with so much off."""

    quantity: Figure | None = None
    unit_price: Figure | None = None
    discount: Figure | None = None
    closes: bool = False  # they make the amount


NO_NUMBERS = Numbers()


def numbers_of(amount: Figure, rows: Sequence[PageRow]) -> Numbers:
    """Return the numbers in ``rows`` that make ``amount``; else those that say what they are."""
    figures = [f for row in rows for f in row.figures if not _same(f, amount)]
    whole = [n for row in rows for n in quantities(row) if not _same(n, amount)]
    target = abs(amount.amount.value)
    pairs = sorted(
        ((count, price) for price in figures for count in (*whole, *figures)), key=_unlikely
    )
    for discount in (None, *(f for f in figures if f.amount.value)):
        off = abs(discount.amount.value) if discount else Decimal()
        for count, price in pairs:
            made = count.amount.value * price.amount.value
            if _apart(count, price, discount) and _is_about(made - off, target, count):
                return Numbers(count, price, discount, closes=True)
    return _said(rows, figures, amount)


def quantities(row: PageRow) -> list[Figure]:
    """Return the numbers of a row that may count something, those that say so first."""
    found = [
        Figure(Amount(parsed(match[group]), match[group], match.start(group)), cell, row.index)
        for pattern, group in ((TIMES, 1), (_COUNTED, 1), (_NUMBER, 0))
        for cell in row.cells
        for match in pattern.finditer(cell.text)
    ]
    unique: dict[tuple[int, int], Figure] = {}
    for one in found:
        unique.setdefault((id(one.cell), one.amount.start), one)
    return [one for one in unique.values() if one.amount.value > 0]


def in_columns(amount: Figure, row: PageRow, like: Sequence[Numbers]) -> Numbers:
    """Return the numbers of ``row`` that stand in the columns where ``like`` have theirs."""
    rest = [f for f in (*row.figures, *quantities(row)) if not _same(f, amount)]
    counts = [n.quantity for n in like if n.closes and n.quantity]
    prices = [n.unit_price for n in like if n.closes and n.unit_price]
    count, price = _nearest(rest, counts, row), _nearest(rest, prices, row)
    return Numbers(count, price) if count and price and _apart(count, price, None) else Numbers()


def _nearest(found: Sequence[Figure], column: Sequence[Figure], row: PageRow) -> Figure | None:
    """Return the number whose right or left end is where those of ``column`` have theirs."""
    if not column:
        return None
    left = median(one.box.x0 for one in column)
    right = median(one.box.x1 for one in column)

    def distance(one: Figure) -> float:
        return min(abs(one.box.x0 - left), abs(one.box.x1 - right))

    best = min(found, key=distance, default=None)
    return best if best and distance(best) <= _NEAR * row.size else None


def _said(rows: Sequence[PageRow], figures: Sequence[Figure], amount: Figure) -> Numbers:
    """Return the quantity that says it is one, with the price behind it."""
    for row in rows:
        for cell in row.cells:
            if match := TIMES.search(cell.text) or _COUNTED.fullmatch(cell.text):
                count = Figure(Amount(parsed(match[1]), match[1], match.start(1)), cell, row.index)
                after = [f for f in figures if f.row == row.index and f.box.x0 >= count.box.x1 - 1]
                price = after[0] if after and not _same(after[0], count) else None
                return Numbers(count, price) if not _same(count, amount) else Numbers()
    return Numbers()


def _unlikely(pair: tuple[Figure, Figure]) -> tuple[bool, bool]:
    """Rate a quantity and a price: a quantity stands left of its price, and has no cents."""
    count, price = pair
    is_left = count.row != price.row or count.box.x0 < price.box.x0
    return not is_left, count.amount.text[-3:-2] in (".", ",")


def _is_about(made: Decimal, target: Decimal, count: Figure) -> bool:
    """Tell whether a product is ``target``: exactly, or to the cent where a weight was rounded."""
    is_weight = count.amount.value != int(count.amount.value)
    return abs(made - target) < _CENT if is_weight else made == target


def _apart(*figures: Figure | None) -> bool:
    some = [f for f in figures if f]
    return all(not _same(a, b) for i, a in enumerate(some) for b in some[i + 1 :])


def _same(one: Figure, other: Figure) -> bool:
    """Tell whether two stand in the same place."""
    return (
        one.cell is other.cell
        and one.amount.start < other.amount.start + len(other.amount.text)
        and other.amount.start < one.amount.start + len(one.amount.text)
    )
