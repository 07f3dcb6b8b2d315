"""The amounts of a receipt that have a label, and the taxes among them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest

from vision.reader.items import Basket
from vision.reader.page import Figure, Page, PageRow, is_bare
from vision.reader.roles import Role
from vision.reader.tax_rows import TaxRow, is_head, is_sum, is_summary, rate_in, tax_rows

_MOSTLY = 0.4  # of the letters of a row; what has its amount in the row below says little else
_NAME = re.compile(
    r"GST|SST|VAT|HST|PST|MWST|TVA|IVA|PPN|BTW|(?:SALES|SERVICE|STATE|CITY) TAX|TAX"
    r"|增值税|消[費费]税|税额"
)
_PAIR = 2  # amounts in a row that sums up two columns: goods, tax


@dataclass(frozen=True, slots=True)
class Labelled:
    """An amount with its label."""

    role: Role
    weight: float  # how much the label says that this is the amount to pay
    figure: Figure
    row: PageRow  # the label's
    share: float  # of the row's letters, those of the label
    alone: bool = True  # the only amount in its row
    late: bool = False  # below the head of a table of taxes

    @property
    def value(self) -> Decimal:
        """The amount."""
        return self.figure.amount.value


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax; ``base`` and ``rate`` where they stand there."""

    row: PageRow
    figure: Figure
    rate: Decimal | None = None  # percent
    base: Figure | None = None
    included: bool | None = None  # in the prices; None where it cannot be told
    rival: Figure | None = None  # what a line of the receipt itself says, if another amount

    named: str = ""  # by the head of its table

    @property
    def name(self) -> str:
        """What it is called: "GST 6%"."""
        words = _NAME.search(self.row.text)
        called = words.group() if words else self.named
        rate = f"{self.rate.normalize():f}%" if self.rate is not None else ""
        return f"{called} {rate}".strip() or " ".join(self.row.label.split()).strip(" :=*-.()")

    @property
    def value(self) -> Decimal:
        """The tax."""
        return self.figure.amount.value


def labelled(page: Page, basket: Basket) -> tuple[Labelled, ...]:
    """Return the amounts that have a label: in the same row, else bare in the one below.

    What stands in a row of an item has no part in the sum; what takes something off them has.
    """
    apart, off = basket.rows, {row.index for row in basket.discounts}
    table = {tax.row.index: tax for tax in tax_rows(page)}
    found: list[Labelled] = []
    late = False
    for row in page.rows:
        late = late or is_summary(row)
        if row.index in off:
            found.append(Labelled("discount", 0, row.figures[-1], row, 1.0))
            continue
        called = row.called
        if not called or row.index in apart or is_head(row):
            continue
        if row.index in table and called.role != "service":
            continue
        figures = _figures_of(page, row, called.share)
        found += [
            Labelled(
                called.role,
                called.weight,
                f,
                row,
                called.share,
                len(figures) == 1,
                late and row.index not in table,
            )
            for f in figures[-_PAIR:]
        ]
    return tuple(_of_columns(found))


def _figures_of(page: Page, row: PageRow, share: float) -> Sequence[Figure]:
    if row.figures or row.index + 1 >= len(page.rows) or share < _MOSTLY:
        return row.figures
    below = page.rows[row.index + 1]
    found = below.figures if is_bare(below) and not below.called else ()
    return found if len(found) <= _PAIR else ()


def _of_columns(found: Sequence[Labelled]) -> list[Labelled]:
    """Keep the last amount of each row; of goods and tax side by side that make a total, both."""
    totals = {one.value for one in found if one.role == "total"}
    kept: list[Labelled] = []
    for one, after in zip_longest(found, found[1:]):
        if after is None or after.row is not one.row:
            kept.append(one)
        elif one.role == "total" and one.value + after.value in totals - {one.value, after.value}:
            kept.append(replace(one, role="subtotal", weight=0.5))
    pairs = {one.row.index for one in kept if one.role == "subtotal" and not one.alone}
    return [
        replace(one, role="tax", weight=0.0)
        if one.role == "total" and one.row.index in pairs
        else one
        for one in kept
    ]


def tax_lines(page: Page, found: Sequence[Labelled]) -> tuple[TaxLine, ...]:
    """Return the taxes: the rows of a table of taxes, or the lines where they have a label.

    A tax of nothing is left out, unless there is no other.
    """
    rows = [tax for tax in tax_rows(page) if not _is_service(tax.row)]
    table = [_of_table(t) for t in rows if not is_sum(t.row)]
    table = table or [_of_table(t) for t in rows[:1]]
    lines: dict[Decimal, TaxLine] = {}
    for one in found:
        if one.role == "tax" and one.value >= 0:
            lines.setdefault(one.value, TaxLine(one.row, one.figure, rate_in(one.row.text)))
    # What is half of the total is no tax, but a price with it: if another amount can be the tax.
    most = max((one.value for one in found if one.role == "total"), default=Decimal("Infinity"))
    likely = [line for line in lines.values() if 2 * line.value <= most]
    if not any(t.value for t in table):
        every = [*(likely or lines.values()), *table]
        return tuple([t for t in every if t.value] or every[:1])
    known = {t.value for t in table} | {sum((t.value for t in table), Decimal())}
    other = [t.figure for t in likely if t.value and t.value not in known]
    taxed = [t for t in table if t.value]
    # A line that differs from a table of several rates may be about one of them alone.
    return tuple(replace(t, rival=other[0]) if other and len(taxed) == 1 else t for t in taxed)


def _of_table(tax: TaxRow) -> TaxLine:
    named = _NAME.search(tax.head.text)
    return TaxLine(tax.row, tax.tax, tax.rate, tax.base, named=named.group() if named else "")


def _is_service(row: PageRow) -> bool:
    return row.called is not None and row.called.role == "service"
