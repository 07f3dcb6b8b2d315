"""What the user changes on a receipt: checked, brought into the schema's form, and added up again.

``history`` keeps corrections by path and knows nothing of receipts; what may stand where is known
here. Pure.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from app.jobs.receipt_schema import Found, Item, Receipt, Receipts, Tax
from app.jobs.receipt_sums import checks
from history import Turn
from history.corrections import REMOVED, Changes, at, changed_by, corrected, in_place
from history.fields import decimal, value_of
from history.receipts_seen import seen_in
from vision.errors import VisionError

# Any in this module is whatever JSON can hold.

TEXTS = ("merchant", "buyer", "address", "tax_id", "phone", "number", "currency", "payment_method")
AMOUNTS = ("subtotal", "service", "rounding", "tip", "total", "paid", "change")

_KINDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"receipts\.\d+\.confirmed", "flag"),
        (r"receipts\.\d+\.date", "date"),
        (r"receipts\.\d+\.time", "time"),
        (rf"receipts\.\d+\.({'|'.join(TEXTS)})", "text"),
        (rf"receipts\.\d+\.({'|'.join(AMOUNTS)})", "amount"),
        (r"receipts\.\d+\.discounts\.\d+", "amount"),
        (r"receipts\.\d+\.items\.\d+\.(quantity|unit_price|discount|amount)", "amount"),
        (r"receipts\.\d+\.items\.\d+\.(name|tax_mark)", "text"),
        (r"receipts\.\d+\.items\.\d+", "item"),
        (r"receipts\.\d+\.taxes\.\d+\.amount", "amount"),
        (r"receipts\.\d+\.taxes\.\d+\.name", "text"),
        (r"receipts\.\d+\.taxes\.\d+", "tax"),
        (r"custom\..+", "text"),
    )
)
_OWN: Mapping[str, Any] = {"raw": "", "confidence": 1.0, "source": "user"}
_SIGN = r"[$€£¥₩₹฿₫₱₽₺₪元円원]"
_AMOUNT = re.compile(
    rf"([A-Za-z]{{1,3}}\.?)? ?{_SIGN}? ?"
    rf"(?P<sign>[+-]?) ?(?P<number>[0-9][0-9.,' ]{{0,20}}?)"
    rf" ?({_SIGN}|[A-Za-z]{{2,3}})?"
)
_LONGEST = 500  # characters of a value


class CorrectionRefused(VisionError):
    """A value that its field cannot hold."""

    text = "{value} cannot stand in this field."
    way_out = "Write amounts like 12.50, dates like 2026-02-14 and times like 09:30."


def kept(turn: Turn, asked: Changes) -> dict[str, Any]:
    """Return what the store is to keep for what was asked: values as the schema has them.

    The sums of every receipt that was touched are checked again. Raise ``CorrectionRefused``.
    """
    changes = dict(_changes(turn, asked))
    changed = changed_by(turn, changes)
    try:
        Receipts.model_validate(corrected(changed))
    except ValidationError as error:
        raise CorrectionRefused(value=", ".join(map(_said, asked.values()))) from error
    for seen in seen_in(changed):
        path = f"receipts.{seen.number}.checks"
        again = checks(Receipt.model_validate(seen.receipt)) if seen.corrected else None
        if again is not None or path in turn.corrections:
            changes[path] = again and [check.model_dump(mode="json") for check in again]
    return changes


def kind_of(path: str) -> str:
    """Return what stands at a path: text, amount, date, time, flag, item, tax; "" for nothing."""
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(path)), "")


def _changes(turn: Turn, asked: Changes) -> Iterator[tuple[str, Any]]:
    for path, said in asked.items():
        if said is None:
            # What was added goes with all that was changed in it.
            yield from ((each, None) for each in turn.corrections if each.startswith(f"{path}."))
            yield path, None
        elif said == REMOVED and re.fullmatch(r"receipts\.\d+\.taxes\.\d+\.amount", path):
            yield path.removesuffix(".amount"), REMOVED  # a tax is nothing without it
        else:
            value = _value(turn, path, said)
            # What stands there already is no correction.
            yield path, None if value == _stood(turn, path) else value


def _stood(turn: Turn, path: str) -> str | None:
    """Return the value that was found at a path; None where it is no field's."""
    found = at(turn.fields, path)
    is_field = isinstance(found, str) or (isinstance(found, Mapping) and "value" in found)
    return value_of(found) if is_field else None


def _value(turn: Turn, path: str, said: Any) -> Any:
    kind = kind_of(path)
    if not kind or not _is_there(turn, path):
        raise CorrectionRefused(value=path)
    if kind == "flag":
        return True
    if not isinstance(said, str) or len(said) > _LONGEST:
        raise CorrectionRefused(value=_said(said)[:_LONGEST])
    text = " ".join(_plain(said, amounts=kind != "text").split())
    if text == REMOVED:
        return REMOVED
    try:
        return _READ[kind](text)
    except ValueError as error:
        raise CorrectionRefused(value=said) from error


def _is_there(turn: Turn, path: str) -> bool:
    """Tell whether a path leads to a receipt of the turn, and no further than its lists' ends."""
    fields = in_place(turn)
    if path.startswith("custom."):
        return at(fields, path) is not None
    _, number, *rest = path.split(".")
    if at(fields, f"receipts.{number}") is None:
        return False
    numbered = len(rest) > 1
    return not numbered or int(rest[1]) <= len(at(fields, f"receipts.{number}.{rest[0]}") or ())


def _plain(text: str, *, amounts: bool) -> str:
    """Return what was typed without control characters; full-width digits as digits."""
    if amounts:
        text = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    return "".join(each if unicodedata.category(each)[0] != "C" else " " for each in text)


def _amount(text: str) -> str:
    match = _AMOUNT.fullmatch(text)
    found = match and decimal(match["number"])
    if match is None or found is None:
        raise ValueError(text)
    return f"{-found if match['sign'] == '-' else found:f}"


def _tax(text: str) -> Any:
    return Tax(name="", amount=Found[Decimal](value=Decimal(_amount(text)), **_OWN)).model_dump(
        mode="json"
    )


def _item(text: str) -> Any:
    return Item(name=Found[str](value=text, **_OWN)).model_dump(mode="json")


def _said(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


_READ: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "amount": _amount,
    "date": lambda text: date.fromisoformat(text).isoformat(),
    "time": lambda text: time.fromisoformat(text).isoformat("auto")[:8].removesuffix(":00"),
    "item": _item,
    "tax": _tax,
}
