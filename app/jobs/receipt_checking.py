"""What a model said of a receipt, checked value by value against the reader's lines.

What the lines support gets its place from them and comes from both. What no line supports is kept,
marked so, and believed little: a model writes what is likely where it cannot read.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.jobs.receipt_evidence import Evidence, Lines
from app.jobs.receipt_json import Thing
from app.jobs.receipt_prompt import AMOUNTS
from app.jobs.receipt_schema import Amount, Found, Item, Receipt, Tax, Text, Value
from app.jobs.receipt_spelling import clock, day_of, decimal_of, entry_of, listed, meanings, spelt
from app.jobs.receipt_sureness import Sureness
from vision.reader.roles import PATTERNS
from vision.reader.values import CURRENCIES, currency_of

# How often such values are right, as far as published figures for Qwen2.5-VL-7B tell (SROIE:
# company 0.90, date 0.94, total 0.98); the tokens' own probability lowers them.
STANDS = 0.95  # the line says the same
ALIKE = 0.85  # the line says nearly the same: one of the two misread a letter
ELSEWHERE = 0.6  # a line says the same, but has not the label of such an amount
DIFFERS = 0.45  # a figure or a date of its line is another
NOWHERE = 0.2  # no line says so
_CODES = ("tax_id", "phone", "number")  # a wrong character makes another one of them
_ITEMS = 300  # of one receipt; more is a loop
_LABEL = {
    "total": r"TOTAL|AMOUNT|DUE|PAYABLE|NETT?\b|JUMLAH|合[计計]|[总總][计計额額]|[应應實实]付",
    **PATTERNS,
}
_SHARED = {"$": "D", "¥": "YN", "￥": "YN", "元": "DY"}  # a sign, and how its codes end


@dataclass(frozen=True, slots=True)
class _Checking:
    """What a reply is checked with."""

    lines: Lines
    sureness: Sureness
    image: int

    def found(
        self,
        kind: type[Found[Value]],
        value: Value,
        said: str,
        place: Evidence | None,
        *,
        strict: bool = False,
    ) -> Found[Value]:
        """Return ``value`` with what the lines say; ``strict``: what is only like it differs."""
        sure = self.sureness.of(said)
        if place is None:
            return kind(
                value=value, raw=said, confidence=round(NOWHERE * sure, 4), source="model",
                image=self.image, note="unsupported",
            )  # fmt: skip
        differs = strict and not place.exact
        stands = STANDS if place.labelled else ELSEWHERE
        likely = DIFFERS if differs else place.score * (stands if place.exact else ALIKE)
        return kind(
            value=value,
            raw=said if differs else place.raw,
            confidence=round(likely * sure, 4),
            source="model" if differs else "both",
            box=place.box,
            image=place.image,
            lines=place.lines,
            note="disagrees" if differs else "",
            other=place.raw if differs else "",
        )

    def text(self, said: str, name: str = "", among: Collection[int] | None = None) -> Text | None:
        """Return a text; of a code every character must stand there."""
        if not said:
            return None
        place = self.lines.text(said, among)
        return self.found(Text, said, said, place, strict=name in _CODES)

    def amount(self, said: str, name: str = "", beside: Sequence[int] = ()) -> Amount | None:
        """Return an amount; ``beside``: the lines that its row begins with."""
        count = name == "quantity"
        value = decimal_of(said, small=count)
        if value is None:
            return None
        first = name in ("quantity", "unit_price")
        place = self.lines.amount(value, _LABEL.get(name, ""), beside, first=first, money=not count)
        if place and place.exact:  # 29.6 is printed 29.60
            printed = next(m for m in meanings(place.raw) if m == abs(value))
            value = printed.copy_sign(value)
        elif count and value == 1:  # one is what is bought where no number is printed
            return None
        signed = name == "rounding"
        return self.found(Amount, value if signed else abs(value), said, place, strict=True)


def checked(reply: Thing, lines: Lines, sureness: Sureness, image: int = 0) -> Receipt:
    """Return the receipt that a reply tells of, each value checked; sums are not."""
    checking = _Checking(lines, sureness, image)
    said = {name: spelt(value) for name, value in reply.items()}
    texts = ("merchant", "buyer", "address", "payment_method", *_CODES)
    values: dict[str, Any] = {
        **{name: checking.text(said.get(name, ""), name) for name in texts},
        **{name: checking.amount(said.get(name, ""), name) for name in AMOUNTS},
    }
    return Receipt(
        **values,
        date=_date(checking, said.get("date", "")),
        time=_time(checking, said.get("time", "")),
        currency=_currency(checking, said.get("currency", "")),
        items=_items(checking, listed(reply.get("items"))),
        discounts=_discounts(checking, listed(reply.get("discounts"))),
        taxes=_taxes(checking, listed(reply.get("taxes"))),
    )


def _date(checking: _Checking, said: str) -> Text | None:
    day = day_of(said)
    if day is None:
        return None
    return checking.found(Text, day.isoformat(), said, checking.lines.date(day), strict=True)


def _time(checking: _Checking, said: str) -> Text | None:
    value = clock(said)
    return (
        checking.found(Text, value, said, checking.lines.time(value), strict=True)
        if value
        else None
    )


def _currency(checking: _Checking, said: str) -> Text | None:
    """Return the currency, found by its code or its sign."""
    code = said.upper() if re.fullmatch("[A-Za-z]{3}", said) else currency_of(said)
    return checking.found(Text, code, said, checking.lines.pattern(_sign(code))) if code else None


def _sign(code: str) -> str:
    """Return the pattern of what stands beside an amount in a currency."""
    signs = [code, *(sign for sign, of in CURRENCIES.items() if of == code)]
    signs += [sign for sign, ends in _SHARED.items() if code.endswith(tuple(ends))]
    return rf"(?<![A-Z])(?:{'|'.join(map(re.escape, signs))})(?![A-Z])"


def _items(checking: _Checking, said: Sequence[Any]) -> tuple[Item, ...]:
    """Return the items, in their order; each line is evidence for one of them.

    What repeats itself without a line of its own is a loop, not a purchase.
    """
    items: list[Item] = []
    free = set(checking.lines.all)
    for one in said[:_ITEMS]:
        item = _item(checking, entry_of(one, "name"), free)
        if item is None or (items and _repeats(item, items)):
            continue
        items.append(item)
        free -= set(item.name.lines)
    return tuple(items)


def _item(checking: _Checking, entry: Mapping[str, str], free: Collection[int]) -> Item | None:
    name = checking.text(entry.get("name", ""), among=free)
    if name is None:
        return None
    return Item(
        name=name,
        **{
            part: checking.amount(entry.get(part, ""), part, name.lines)
            for part in ("quantity", "unit_price", "amount")
        },
        tax_mark=entry.get("tax_mark", ""),
    )


def _repeats(item: Item, items: Sequence[Item]) -> bool:
    return item.name.source == "model" and any(
        (item.name.value, _value(item.amount)) == (other.name.value, _value(other.amount))
        for other in items
    )


def _value(amount: Amount | None) -> Decimal | None:
    return amount.value if amount else None


def _discounts(checking: _Checking, said: Sequence[Any]) -> tuple[Amount, ...]:
    found = (checking.amount(spelt(each), "discount") for each in said)
    return tuple(amount for amount in found if amount and amount.value)


def _taxes(checking: _Checking, said: Sequence[Any]) -> tuple[Tax, ...]:
    taxes: list[Tax] = []
    for one in said:
        entry = entry_of(one, "amount")
        amount = checking.amount(entry.get("amount", ""), "tax")
        if amount is not None:
            taxes.append(
                Tax(
                    name=entry.get("name", ""),
                    amount=amount,
                    rate=decimal_of(entry.get("rate", "")),
                    base=checking.amount(entry.get("base", "")),
                )
            )
    return tuple(taxes)


def found_text(
    value: str, said: str, place: Evidence | None, sureness: Sureness, image: int
) -> Text:
    """Return a text, with what the lines say of it at ``place``."""
    strict = any(map(str.isdigit, value))
    return _Checking(Lines((), ()), sureness, image).found(Text, value, said, place, strict=strict)
