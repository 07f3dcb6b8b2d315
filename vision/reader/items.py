"""What was bought: the rows of a receipt between its head and its sums. Pure.

A row with an amount in the amounts' column is an item. Its name stands in the row itself, in the
one above or in the one below; its quantity and price are the two numbers that make the amount,
else those in the columns where other items have theirs.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from vision.reader.item_names import leading_count, name_in
from vision.reader.item_numbers import NO_NUMBERS, TIMES, Numbers, in_columns, numbers_of
from vision.reader.item_region import Region, region_of
from vision.reader.page import Cell, Figure, Page, PageRow
from vision.reader.roles import is_inclusive
from vision.reader.script import letters

_BEGINS = 0.6  # of the rows with an amount; where so many begin with a number, it is a quantity
_SERIES = 3  # items; 1, 2, 3 before so many are their numbers
_UNIT = 6  # letters at most of a unit
_MARK = re.compile(r"\s*([*#]?[A-Z]{1,3}\d?|\d{1,2}%)\*?\s*")


@dataclass(frozen=True, slots=True)
class Bought:
    """An item."""

    name: str
    name_row: PageRow
    row: PageRow  # of the amount
    amount: Figure
    numbers: Numbers = NO_NUMBERS
    mark: str = ""  # what stands behind the amount: "SR", "T"
    rows: tuple[PageRow, ...] = ()  # all that belong to it

    @property
    def name_cells(self) -> tuple[Cell, ...]:
        """The cells that the name stands in."""
        words = set(self.name.split())
        saying = [cell for cell in self.name_row.cells if words & set(cell.line.text.split())]
        return tuple(saying) or self.name_row.cells[:1]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row among the items, and what it says."""

    row: PageRow
    amount: Figure | None  # in the amounts' column
    name: str
    is_discount: bool
    counts: bool  # has a quantity and a price, and no amount


@dataclass(frozen=True, slots=True)
class Basket:
    """What was bought, and the rows that take something off it."""

    items: tuple[Bought, ...] = ()
    discounts: tuple[PageRow, ...] = ()

    @property
    def worth(self) -> Decimal | None:
        """What the items come to; None without any."""
        return (
            sum((one.amount.amount.value for one in self.items), Decimal()) if self.items else None
        )

    @property
    def rows(self) -> set[int]:
        """The indexes of the rows with amounts of items."""
        return {row.index for one in self.items for row in one.rows}


def basket_of(page: Page) -> Basket:
    """Return what was bought, top to bottom."""
    region = region_of(page)
    entries = _up_to_sums(_with_units([_entry(region, row) for row in region.rows]))
    found = list(_gathered(entries, _below(entries)))
    like = [one.numbers for one in found]
    has_count = _begin_with_counts(found)
    items = tuple(_completed(one, like, has_count=has_count) for one in found)
    own = {row.index for one in items for row in one.rows}
    off = (e.row for e in entries if e.is_discount and e.amount and e.row.index not in own)
    return Basket(items, tuple(off))


def _up_to_sums(entries: Sequence[_Entry]) -> list[_Entry]:
    """Cut off what adds up the entries before it, under a label that was not clear by itself."""
    worth = Decimal()
    for i, entry in enumerate(entries):
        if entry.amount is None:
            continue
        value = entry.amount.amount.value
        if worth and value == worth and (entry.row.called or is_inclusive(entry.row.written)):
            return list(entries[:i])
        worth += value
    return list(entries)


def _entry(region: Region, row: PageRow) -> _Entry:
    amount = region.amount_in(row)
    called = row.called
    is_discount = (called is not None and called.role == "discount" and called.leads) or (
        amount is not None and amount.amount.value < 0
    )
    counts = amount is None and bool(row.figures) and TIMES.search(row.text) is not None
    return _Entry(row, amount, name_in(row, amount), is_discount, counts)


def _with_units(entries: Sequence[_Entry]) -> list[_Entry]:
    """Take units behind quantities, "6.00 BOXS", for no names where names have their own rows."""
    amounts = [entry for entry in entries if entry.amount and not entry.is_discount]
    units = [entry for entry in amounts if letters(entry.name) <= _UNIT]
    closing = [e for e in units if e.amount and numbers_of(e.amount, [e.row]).closes]
    bare = [entry for entry in amounts if not entry.name or entry in closing]
    if 2 * len(bare) < len(amounts) or not any(e.name and not e.amount for e in entries):
        return list(entries)
    return [replace(entry, name="") if entry in units else entry for entry in entries]


def _begin_with_counts(found: Sequence[Bought]) -> bool:
    """Tell whether what items begin with are quantities, and not 1, 2, 3."""
    leading = [leading_count(one.name_row) for one in found]
    counted = [one.amount.value for one in leading if one]
    is_series = counted == list(range(1, len(counted) + 1)) and len(counted) >= _SERIES
    return bool(counted) and len(counted) >= _BEGINS * len(leading) and not is_series


def _below(entries: Sequence[_Entry]) -> bool:
    """Tell whether names stand below their amounts: by what comes first, else by what is nearer."""
    kinds = [e for e in entries if (e.amount or e.name) and not e.is_discount]
    bare = [e for e in kinds if e.amount and not e.name]
    if not bare or len(kinds) == 1:
        return False
    first, last = kinds[0] in bare, kinds[-1] in bare
    if first != last:
        return first
    above, below = [], []
    for before, entry, after in zip(kinds, kinds[1:], [*kinds[2:], None], strict=False):
        if entry in bare and before.name and after and after.name:
            above.append(entry.row.box.middle - before.row.box.middle)
            below.append(after.row.box.middle - entry.row.box.middle)
    return bool(above) and median(below) < 0.9 * median(above)


def _gathered(entries: Sequence[_Entry], names_below: bool) -> Iterator[Bought]:
    """Yield the items that rows make, name and amount brought together."""
    waiting: list[_Entry] = []  # names and quantities whose amount has not come yet
    most, begun = _names_each(entries), False
    for i, entry in enumerate(entries):
        if entry.amount is None:
            waiting += [entry] if entry.name or entry.counts else []
            continue
        counting = [e for e in waiting if e.counts]
        if entry.is_discount and not (counting and len(entry.row.figures) > 1):
            continue
        named = [e for e in waiting if e.name and not e.counts]
        named = named[-most:] if not begun else named
        begun = True
        after = entries[i + 1] if i + 1 < len(entries) else None
        owner = _owner(entry, named, after if names_below else None)
        if owner:
            yield _bought(entry, owner, counting)
        waiting = []


def _names_each(entries: Sequence[_Entry]) -> int:
    """Return how many rows of a name each amount has above it, from the second item on."""
    counts: list[int] = []
    seen = 0
    for entry in entries:
        if entry.amount is None:
            seen += bool(entry.name) and not entry.counts
        else:
            counts.append(seen)
            seen = 0
    return max(1, round(median(counts[1:]))) if len(counts) > 1 else 1


def _owner(entry: _Entry, above: Sequence[_Entry], below: _Entry | None) -> _Entry | None:
    """Return the row that names an amount."""
    if entry.name and not entry.is_discount:
        return entry
    if below and below.amount is None and below.name:
        return below
    if above:
        return above[0]
    return entry if any(map(str.isalpha, entry.row.label)) and not entry.is_discount else None


def _bought(entry: _Entry, owner: _Entry, counting: Sequence[_Entry]) -> Bought:
    assert entry.amount
    rows = (*(e.row for e in counting), entry.row)
    numbers = numbers_of(entry.amount, rows)
    return Bought(owner.name, owner.row, entry.row, entry.amount, numbers, _mark(entry), rows)


def _completed(one: Bought, like: Sequence[Numbers], *, has_count: bool) -> Bought:
    """Return an item with the numbers that it lacks: of the columns, or its leading quantity."""
    numbers = one.numbers
    if not numbers.closes and not (numbers.quantity and numbers.unit_price):
        placed = in_columns(one.amount, one.row, like)
        numbers = placed if placed.quantity else numbers
        if has_count and not numbers.quantity:
            numbers = replace(numbers, quantity=leading_count(one.name_row))
    used = [n for n in (numbers.quantity, numbers.unit_price, numbers.discount) if n]
    amount = one.amount if one.name_row is one.row else None
    name = name_in(one.name_row, amount, used) or one.name or one.name_row.raw
    return replace(one, numbers=numbers, name=name)


def _mark(entry: _Entry) -> str:
    """Return what stands behind the amount, if it is no more than a mark."""
    assert entry.amount
    amount, row = entry.amount, entry.row
    behind = amount.cell.text[amount.amount.start + len(amount.amount.text) :]
    later = [cell.text for cell in row.cells if cell.box.x0 >= amount.box.x1 - 1]
    match = _MARK.fullmatch(" ".join([behind, *later]))
    return match[1] if match else ""
