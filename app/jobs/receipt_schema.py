"""What a receipt says, in one documented schema for every engine.

Amounts are decimals written as text ("1234.50"), dates ISO 8601 ("2026-02-14"), times "09:30" or
"09:30:12". A field that is not on the receipt is None: nothing is made up.
"""

from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from annotated_types import Interval
from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1

Value = TypeVar("Value", str, Decimal)
Source = Literal["reader", "model", "both", "user"]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in upright pixels of the original picture


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Found(_Frozen, Generic[Value]):
    """One value, and why it is believed."""

    value: Value
    raw: str  # as it stands on the receipt
    confidence: Annotated[float, Interval(ge=0, le=1)]  # how often such a value is right
    source: Source
    box: Box | None = None  # around ``raw`` alone, where that is known
    image: int = 0  # index among the turn's pictures
    lines: tuple[int, ...] = ()  # indexes of the turn's lines that it was found in
    # A code of what the user should know: "corrected" by a second reading, "unsupported" by any
    # line, "disagrees" with the other engine's reading in ``other``.
    note: Literal["", "corrected", "unsupported", "disagrees"] = ""
    other: str = ""  # what it was before, or what the other reading says


Text = Found[str]
Amount = Found[Decimal]


class Item(_Frozen):
    """One thing that was bought."""

    name: Text
    quantity: Amount | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None  # of the whole row
    discount: Amount | None = None  # on this item alone, taken off already; positive
    tax_mark: str = ""  # the letter or rate behind it: "SR", "A", "13%"


class Tax(_Frozen):
    """One line of tax."""

    name: str  # "GST 6%", "VAT", "增值税"
    amount: Amount
    rate: Decimal | None = None  # percent
    base: Amount | None = None  # what it is the tax of
    included: bool | None = None  # in the amounts of the items; None where it cannot be told


class Check(_Frozen):
    """One sum that should close."""

    code: Literal["items", "subtotal", "total", "change", "tax", "item"]
    ok: bool
    expected: Decimal  # what the parts give
    found: Decimal  # what stands there
    item: int | None = None  # index of the item, for code "item"
    fields: tuple[str, ...] = ()  # the names of those that take part


class Receipt(_Frozen):
    """One receipt or invoice."""

    schema_version: Literal[1] = 1
    merchant: Text | None = None
    buyer: Text | None = None
    address: Text | None = None
    tax_id: Text | None = None
    phone: Text | None = None
    date: Text | None = None
    time: Text | None = None
    number: Text | None = None
    currency: Text | None = None  # ISO 4217: "MYR"
    payment_method: Text | None = None
    items: tuple[Item, ...] = ()
    subtotal: Amount | None = None
    discounts: tuple[Amount, ...] = ()  # positive
    service: Amount | None = None
    rounding: Amount | None = None  # signed
    tip: Amount | None = None
    taxes: tuple[Tax, ...] = ()
    total: Amount | None = None
    paid: Amount | None = None
    change: Amount | None = None
    checks: tuple[Check, ...] = ()


class Receipts(_Frozen):
    """What the receipt job found in a turn's pictures: ``Turn.fields`` of job "receipt".

    ``custom`` has the values of a schema of the user's own, by name, instead of nothing.
    """

    schema_version: Literal[1] = 1
    receipts: tuple[Receipt, ...]
    custom: dict[str, Text] = {}
