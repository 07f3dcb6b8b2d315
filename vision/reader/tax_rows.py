"""The table of taxes that stands at the foot of many receipts: rate, base, tax. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from vision.reader.labels import label
from vision.reader.page import Figure, Page, PageRow

_SUMMARY = label("SUMMARY", "ANALYSIS", "BREAKDOWN", "SUMMERY", "明细")
_HEADS = (
    label("AMOUNT", "AMT", "TAXABLE*", "NET", "NETTO", "GROSS", "BASE", "金额"),
    label("TAX*", "GST*", "SST*", "VAT*", "MWST*", "TVA", "IVA", "税额"),
    label("CODE", "RATE", "%", "TYPE", "税率"),
)
_TOTAL = label("TOTAL*", "合计", "SUMME")
_RATE = re.compile(r"(?<!\d)(?<!\d\.)(\d{1,2}(?:[.,]\d{1,2})?)\s?%")
_NUMBERS = re.compile(r"(?<![\w.,])\d{1,2}(?:[.,]\d{1,2})?(?![\w.,])")
_NEARLY = Decimal("0.02")  # a tax is rounded, of each item or of the sum


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One rate of tax: what it is of, and what it comes to."""

    row: PageRow
    base: Figure
    tax: Figure
    rate: Decimal | None  # percent
    head: PageRow


def tax_rows(page: Page) -> tuple[TaxRow, ...]:
    """Return the rows of the tables of taxes on a page."""
    found: dict[int, TaxRow] = {}
    for head in page.rows:
        if is_head(head):
            found |= {tax.row.index: tax for tax in _below(page, head)}
    return tuple(found[index] for index in sorted(found))


def is_sum(row: PageRow) -> bool:
    """Tell whether a row of a table of taxes is the sum of those above it."""
    return _TOTAL.find(row.written) is not None


def is_summary(row: PageRow) -> bool:
    """Tell whether a row begins a table of taxes: what stands below is no part of the sum."""
    return (
        not row.figures
        and _SUMMARY.find(row.written) is not None
        and _HEADS[1].find(row.written) is not None
    )


def rate_in(text: str) -> Decimal | None:
    """Return the rate of tax that a text names, in percent."""
    match = _RATE.search(text)
    return Decimal(match[1].replace(",", ".")) if match else None


def fits(base: Decimal, tax: Decimal, rate: Decimal) -> bool:
    """Tell whether ``tax`` is ``rate`` percent of ``base``, or of what is left of it without."""
    added = base * rate / 100
    included = base * rate / (100 + rate)
    return min(abs(added - tax), abs(included - tax)) <= _NEARLY


def is_head(row: PageRow) -> bool:
    """Tell whether a row heads a table of taxes."""
    return not row.figures and (is_summary(row) or _heads(row) > 1)


def _heads(row: PageRow) -> int:
    return sum(head.find(row.written) is not None for head in _HEADS)


def _below(page: Page, head: PageRow) -> Iterator[TaxRow]:
    """Yield the rows of the table below ``head`` that have a base and a tax."""
    skipped = 0
    for row in page.rows[head.index + 1 :]:
        if len(row.figures) < 2:  # noqa: PLR2004  a base and a tax
            skipped += 1
            if skipped > 1 or row.figures:
                return
            continue
        base, tax = row.figures[-2:]
        if not 0 <= tax.amount.value <= base.amount.value / 2:
            return
        yield TaxRow(row, base, tax, _rate(row, base.amount.value, tax.amount.value), head)


def _rate(row: PageRow, base: Decimal, tax: Decimal) -> Decimal | None:
    """Return the rate that a row names, with a percent sign or as a number that fits."""
    if (named := rate_in(row.text)) is not None:
        return named
    numbers = {Decimal(n.replace(",", ".")) for n in _NUMBERS.findall(row.text)} - {base, tax}
    return next((n for n in sorted(numbers) if n and tax and fits(base, tax, n)), None)
