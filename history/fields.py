"""What a job found, as text and numbers: for search, for names and for tables. Pure.

Two shapes are known: names with values, and ``receipts``, a list of what each receipt says. A
value is plain, or an object that says where it was found, with the value under ``value``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

# Any in this module is whatever JSON can hold.

_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_NUMBER = re.compile(r"-?[0-9][0-9.,' \u00a0]*")
_CENTS = re.compile(r"[.,]([0-9]{1,2})$")
# What nobody looks for: of receipts, of pages, of comparisons.
_UNTOLD = (
    "schema_version", "checks", "scores", "versions", "shown", "picture", "notes", "pairs",
)  # fmt: skip


def receipts_in(fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what each receipt says; nothing where these are not receipts' fields."""
    found = fields.get("receipts")
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def value_of(found: Any) -> str:
    """Return a value as text, whether or not it says where it was found; "" for none."""
    if isinstance(found, Mapping):
        found = found.get("value")
    return "" if found is None else found if isinstance(found, str) else _text(found)


def parts_of(receipt: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the items, taxes or discounts of a receipt."""
    found = receipt.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def total_of(parts: Sequence[Any]) -> str:
    """Return the sum of amounts, "" of none; a tax has its amount beside its name."""
    found = [part.get("amount", part) for part in parts if isinstance(part, Mapping)]
    amounts = [each for each in map(decimal, found) if each is not None]
    return str(sum(amounts, Decimal())) if amounts else ""


def merchant(fields: Mapping[str, Any]) -> str:
    """Return whose receipt it is; of several, whose the first."""
    first = next(iter(receipts_in(fields)), fields)
    return value_of(first.get("merchant"))


def date(fields: Mapping[str, Any]) -> str:
    """Return a receipt's day; of several, that of the first."""
    first = next(iter(receipts_in(fields)), fields)
    return value_of(first.get("date"))


def totals(fields: Mapping[str, Any]) -> list[float]:
    """Return what each receipt comes to, of those that say it."""
    amounts = [decimal(each.get("total")) for each in receipts_in(fields)]
    found = [float(each) for each in amounts if each is not None]
    alone = amount(fields.get("total"))
    return found or ([] if alone is None else [alone])


def told(fields: Mapping[str, Any]) -> str:
    """Return all that was found as lines of text, for search."""
    of_receipts = receipts_in(fields)
    rest = {key: value for key, value in fields.items() if key != "receipts" or not of_receipts}
    lines = [f"{key}: {value}" for key, value in flat(rest).items() if key not in _UNTOLD]
    return "\n".join([*lines, *(line for each in of_receipts for line in _lines(each))])


def flat(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return each field's value as one text; a field that says where it was found gives what."""
    return {str(key): _text(value) for key, value in fields.items()}


def amount(value: Any) -> float | None:
    """Return the number in a price as people write it: 1,234.50, 1.234,50 or ¥58."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    written = _written(value) if isinstance(value, str) else None
    return None if written is None else float(written)


def decimal(value: Any) -> Decimal | None:
    """Return an amount exactly: a plain number as it is, 0.512, and else as people write prices."""
    text = value_of(value)
    return Decimal(text) if _PLAIN.fullmatch(text) else _written(text)


def _written(text: str) -> Decimal | None:
    match = _NUMBER.search(text)
    if match is None:
        return None
    written = match[0].strip(" .,'\u00a0")
    cents = _CENTS.search(written)
    whole = re.sub(r"[^0-9-]", "", written[: cents.start()] if cents else written)
    return Decimal(f"{whole}.{cents[1] if cents else 0}")


def _lines(receipt: Mapping[str, Any]) -> Iterator[str]:
    for key, value in receipt.items():
        if key in _UNTOLD or value in (None, "", [], ()):
            continue
        for each in value if isinstance(value, list) else [value]:
            yield f"{key}: {_words(each)}"


def _words(value: Any) -> str:
    """Return the values of an item, a tax or a field, without where they were found."""
    if isinstance(value, Mapping) and "value" not in value:
        return " ".join(word for inner in value.values() if (word := _words(inner)))
    return value_of(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case {"value": inner}:
            return _text(inner)
        case _:
            return json.dumps(value, ensure_ascii=False)
