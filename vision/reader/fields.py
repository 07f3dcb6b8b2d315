"""What a receipt or an invoice says: its fields, each with the lines it was found in. Pure.

What is not there is None; nothing is made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vision.reader.address_fields import Address, address_of
from vision.reader.date_fields import When, date_in, time_in
from vision.reader.items import Basket, basket_of
from vision.reader.labelled import Labelled, TaxLine
from vision.reader.name_fields import Name, buyer_in, merchant_in
from vision.reader.page import Page, Word, page_of
from vision.reader.rows import Field, FieldName, Rows
from vision.reader.sums import Sums, sums_of
from vision.reader.word_fields import currency_in, method_in, number_in, phone_in, tax_id_in


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rows of one receipt say."""

    page: Page
    merchant: Name | None
    buyer: Name | None
    address: Address | None
    date: When | None
    time: Word | None
    phone: Word | None
    number: Word | None
    tax_id: Word | None
    currency: Word | None
    method: Word | None
    basket: Basket
    sums: Sums


def facts_of(rows: Rows) -> Facts:
    """Return what the rows of a picture say, read as a receipt."""
    page = page_of(rows)
    basket = basket_of(page)
    sums = sums_of(page, basket)
    merchant = merchant_in(page)
    dated = date_in(page)
    below = merchant.row if merchant else -1
    return Facts(
        page=page,
        merchant=merchant,
        buyer=buyer_in(page, merchant),
        address=address_of(page, below),
        date=dated,
        time=time_in(page, dated),
        phone=phone_in(page),
        number=number_in(page),
        tax_id=tax_id_in(page, below),
        currency=currency_in(page),
        method=method_in(page, sums.paid[0].row if sums.paid else None),
        basket=basket,
        sums=sums,
    )


def find(name: FieldName, rows: Rows) -> Field | None:
    """Return the field ``name``, if the rows of a picture hold it."""
    return next((field for field in find_all(rows) if field.name == name), None)


def find_all(rows: Rows) -> list[Field]:
    """Return every field that the rows of a picture hold, in the order of ``FIELDS``."""
    return list(_fields(facts_of(rows)))


def _fields(facts: Facts) -> Iterator[Field]:
    if facts.merchant:
        yield Field("merchant", facts.merchant.value, facts.merchant.lines)
    if facts.address:
        lines = tuple(cell.line for cell in facts.address.cells)
        yield Field("address", facts.address.value, lines)
    if facts.date:
        yield Field("date", facts.date.raw, facts.date.row.lines)
    words: tuple[tuple[FieldName, Word | None], ...] = (
        ("time", facts.time), ("number", facts.number), ("phone", facts.phone),
    )  # fmt: skip
    for name, word in words:
        if word:
            yield Field(name, word.raw, word.row.lines)
    yield from _amounts(facts.sums)


def _amounts(sums: Sums) -> Iterator[Field]:
    found: tuple[tuple[FieldName, Labelled | TaxLine | None], ...] = (
        ("subtotal", sums.subtotal),
        ("discount", sums.discounts[0] if sums.discounts else None),
        ("service", sums.service),
        ("tax", sums.taxes[0] if sums.taxes else None),
        ("rounding", sums.rounding),
        ("total", sums.total),
        ("cash", sums.paid[0] if sums.paid else None),
        ("change", sums.change),
    )
    for name, one in found:
        if one:
            lines = (*one.row.lines, one.figure.cell.line)
            yield Field(name, one.figure.raw, tuple(dict.fromkeys(lines)))
