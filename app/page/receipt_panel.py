"""What ``receipt.js`` draws of a turn's receipts, every sentence in the user's language. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.page.i18n import Words
from app.page.receipt_fields import Drawn, Fields
from app.page.render import picture_url, printable
from history import Turn
from history.corrections import at, in_place
from history.duplicates import Duplicate
from history.fields import decimal, parts_of, value_of
from history.receipts_seen import Seen, pictures_of, seen_in

# Any in this module is whatever JSON can hold.

_WORDS = (
    "add", "add_item", "as_text", "back", "confirm", "confirm_about", "confirmed", "copied", "copy",
    "copy_failed", "csv_items", "download", "edit", "empty", "enlarge", "failed", "field", "hint",
    "items", "keys", "nothing", "receipts", "remove", "saved", "sort", "state_confirmed",
    "state_plain", "state_right", "state_unsure", "state_wrong", "unsure", "whole",
)  # fmt: skip
_CODES = ("items", "subtotal", "total", "change", "tax", "item")


@dataclass(frozen=True, slots=True)
class Likeness:
    """A duplicate, and what its conversation is called."""

    duplicate: Duplicate
    title: str


def panel(turn: Turn, conversation_id: str, likenesses: Sequence[Likeness], words: Words) -> Drawn:
    """Return what the panel shows of a turn."""
    fields = Fields(turn, in_place(turn), words)
    return {
        "words": {name: words(f"found_{name}") for name in _WORDS}
        | {"picture": [words("found_picture", n=n + 1) for n in range(len(turn.images))]},
        "pictures": [
            {
                "src": picture_url(image),
                "width": image.width,
                "height": image.height,
                "name": printable(image.name),
            }
            for image in turn.images
        ],
        "receipts": [
            _receipt(seen, fields)
            | {
                "duplicates": [
                    _duplicate(each, conversation_id, turn.id, words)
                    for each in likenesses
                    if each.duplicate.number == seen.number
                ]
            }
            for seen in seen_in(turn)
        ],
        "custom": [
            fields.field(f"custom.{name}", printable(str(name)))
            for name in fields.found.get("custom") or {}
        ],
    }


def _receipt(seen: Seen, fields: Fields) -> Drawn:
    start, turn, words = f"receipts.{seen.number}", fields.turn, fields.words
    return {
        "number": seen.number,
        "path": start,
        "label": printable(value_of(seen.receipt.get("merchant")))
        or words("found_receipt_n", n=seen.number + 1),
        "confirmed": seen.confirmed,
        "state": _state(seen),
        "checks": [_check(each, start, fields) for each in parts_of(seen.receipt, "checks")],
        "pictures": pictures_of(seen.receipt, len(turn.images)),
        "currency": printable(value_of(seen.receipt.get("currency"))),
        "total": fields.field(f"{start}.total", words("found_total")),
        "facts": fields.facts(start),
        "sums": fields.sums(start),
        "missing": fields.missing(start),
        "items": fields.items(start),
    }


def _state(seen: Seen) -> str:
    """Return what to say of a receipt before anything else."""
    if seen.adds_up is False:
        return "wrong"
    if seen.confirmed:
        return "confirmed"
    return "unsure" if seen.wants_a_look else "right" if seen.adds_up else "plain"


def _check(check: Mapping[str, Any], start: str, fields: Fields) -> Drawn:
    """Return a sum that closes or does not: the numbers, and what to look at."""
    code, expected, found = (value_of(check.get(key)) for key in ("code", "expected", "found"))
    place = _place(check.get("item"), fields.listed(f"{start}.items"))
    name = value_of(at(fields.found, f"{start}.items.{place}.name"))
    values = _numbers(expected, found) | {"name": printable(name)}
    return {
        "ok": check.get("ok") is True,
        "text": fields.words(f"found_check_{code if code in _CODES else 'total'}", **values),
        "look": _look_at(code, start, place, check.get("fields") or ()),
    }


def _numbers(expected: str, found: str) -> dict[str, str]:
    """Return what the parts give, what stands there and how far it is off, in as many places."""
    given, there = decimal(expected) or Decimal(), decimal(found) or Decimal()
    places = len(found.partition(".")[2])
    return {
        "expected": f"{given:,.{places}f}",
        "found": f"{there:,.{places}f}",
        "off": f"{there - given:+,.{places}f}",
    }


def _place(number: Any, items: Sequence[Any]) -> int | None:
    """Return where an item of the receipt as it is stands among those that were ever there."""
    there = [place for place, item in enumerate(items) if item is not None]
    return there[number] if type(number) is int and 0 <= number < len(there) else None


def _look_at(code: str, start: str, place: int | None, names: Sequence[Any]) -> str:
    """Return the path of what does not come to what it should."""
    if code == "item" and place is not None:
        return f"{start}.items.{place}.amount"
    paid = "change" if "change" in names else "paid"
    name = {"change": paid, "subtotal": "subtotal", "tax": "taxes.0.amount"}.get(code, "total")
    return f"{start}.{name}"


def _duplicate(each: Likeness, conversation_id: str, turn_id: int, words: Words) -> Drawn:
    found = each.duplicate
    here = (found.conversation_id, found.turn_id) == (conversation_id, turn_id)
    return {
        "text": words(f"found_same_{found.why}"),
        "href": None if here else f"/?c={found.conversation_id}",
        "number": found.other if here else None,
        "title": words("found_receipt_n", n=found.other + 1)
        if here
        else printable(each.title) or words("untitled"),
    }
