"""Receipts that the user vouched for, and how much of them a turn says. Pure.

A receipt that was confirmed is right in all its fields, also in those that are not there. Of one
that was corrected and not confirmed, only what was corrected is known to be right.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from history import Turn
from history.fields import decimal, parts_of, receipts_in, total_of, value_of
from history.receipts_seen import Seen, seen_in

# Any in this module is whatever JSON can hold.

Pictures = tuple[str, ...]  # the SHA-256 of each: what makes two turns read the same receipt

TEXTS = ("merchant", "buyer", "address", "tax_id", "phone", "date", "time", "number", "currency",
         "payment_method")  # fmt: skip
AMOUNTS = ("subtotal", "service", "rounding", "tip", "total", "paid", "change")
_SUMS = {"tax": "taxes", "discount": "discounts"}  # name here: the list it is the sum of
ITEMS = "items"
FIELDS = (*TEXTS, *AMOUNTS, *_SUMS, ITEMS)


@dataclass(frozen=True, slots=True)
class Gold:
    """What is right about a receipt."""

    receipt: Mapping[str, Any]
    known: tuple[str, ...]  # names of the fields that are right


@dataclass(frozen=True, slots=True)
class Score:
    """How much of the gold was said: by field, how often it was right, and how often known."""

    right: Mapping[str, float]  # of items, the share of them
    known: Mapping[str, int]
    receipts: int


def gold_of(turn: Turn) -> tuple[Gold, ...]:
    """Return what the user vouched for in a turn's receipts, if anything."""
    return tuple(Gold(seen.receipt, known) for seen in seen_in(turn) if (known := _known(seen)))


def pictures_of(turn: Turn) -> Pictures:
    """Return what tells a turn's receipts from those of other pictures."""
    return tuple(image.sha256 for image in turn.images)


def score(pairs: Iterable[tuple[Sequence[Gold], Mapping[str, Any]]]) -> Score:
    """Compare gold with what was said of the same pictures: ``Turn.fields``, as it was found."""
    right: dict[str, float] = {}
    known: Counter[str] = Counter()
    receipts = 0
    for golds, fields in pairs:
        said = receipts_in(fields)
        for gold in golds:
            marks = _best(gold, said)
            receipts += 1
            known.update(marks.keys())
            for name, mark in marks.items():
                right[name] = right.get(name, 0.0) + mark
    return Score(right, dict(known), receipts)


def _best(gold: Gold, said: list[Mapping[str, Any]]) -> dict[str, float]:
    """Return the marks of the receipt that fits best; it is taken from ``said``."""
    marks = [(_marks(gold, each), each) for each in said]
    if not marks:
        return _marks(gold, {})
    best, receipt = max(marks, key=lambda pair: sum(pair[0].values()))
    said.remove(receipt)
    return best


def _known(seen: Seen) -> tuple[str, ...]:
    if seen.confirmed:
        return FIELDS
    names = {"taxes": "tax", "discounts": "discount"}
    corrected = {names.get(name, name) for name in seen.corrected}
    return tuple(name for name in FIELDS if name in corrected)


def _marks(gold: Gold, said: Mapping[str, Any]) -> dict[str, float]:
    return {name: _mark(name, gold.receipt, said) for name in gold.known}


def _mark(name: str, gold: Mapping[str, Any], said: Mapping[str, Any]) -> float:
    if name == ITEMS:
        return _items(parts_of(gold, ITEMS), parts_of(said, ITEMS))
    if name in _SUMS:
        one, other = (total_of(parts_of(each, _SUMS[name])) for each in (gold, said))
        return float(decimal(one) == decimal(other))
    if name in AMOUNTS:
        return float(decimal(gold.get(name)) == decimal(said.get(name)))
    return float(_plain(value_of(gold.get(name))) == _plain(value_of(said.get(name))))


def _items(gold: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]]) -> float:
    """Return the share of items that both have, by name and amount: twice those over all."""
    if not (gold or said):
        return 1.0
    one, other = (Counter(map(_item, each)) for each in (gold, said))
    return 2 * (one & other).total() / (one.total() + other.total())


def _item(item: Mapping[str, Any]) -> tuple[str, Any]:
    return _plain(value_of(item.get("name"))), decimal(item.get("amount"))


def _plain(text: str) -> str:
    """Return letters and digits alone: no engine is wrong for a full stop."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if each.isalnum())
