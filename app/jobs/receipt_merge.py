"""Two readings of one receipt, the model's and the reader's, made one; both stay where they differ.

Neither is right by rank. A value that a line supports goes before one that none does; of two that
stand there the surer goes first, and the other is told.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rapidfuzz.distance import Levenshtein

from app.jobs.receipt_places import squashed
from app.jobs.receipt_prompt import AMOUNTS, TEXTS
from app.jobs.receipt_schema import Found, Item, Receipt

_CONTESTED = 0.7  # times a value's own confidence, where the other reading has another value
_LONG = 30  # letters and figures; in a text so long, one that is read otherwise is no difference
_ALIKE = 0.93  # of 1
_MOST = 0.99  # nothing is certain


def merged(model: Receipt, reader: Receipt) -> Receipt:
    """Return one receipt of two readings; sums are to be checked afterwards.

    Discounts and taxes are the model's where it has any, else the reader's; so are items, but where
    the reader's alone come to what the receipt says.
    """
    values: dict[str, Any] = {
        name: _one(getattr(model, name), getattr(reader, name)) for name in (*TEXTS, *AMOUNTS)
    }
    for name in ("items", "discounts", "taxes"):
        values[name] = getattr(model, name) or getattr(reader, name)
    sums = {amount.value for amount in (values["subtotal"], values["total"]) if amount}
    if _worth(reader.items) in sums and _worth(model.items) not in sums:
        values["items"] = reader.items
    return reader.model_copy(update=values)


def _one(model: Found[Any] | None, reader: Found[Any] | None) -> Found[Any] | None:
    if model is None or reader is None:
        return model or reader
    if _same(model.value, reader.value):
        return _agreed(model, reader)
    kept, other = (model, reader) if model.confidence >= reader.confidence else (reader, model)
    return _contested(kept, other)


def _worth(items: Sequence[Item]) -> Decimal | None:
    """Return what items come to, if each has an amount."""
    amounts = [item.amount.value for item in items if item.amount]
    return sum(amounts, Decimal()) if items and len(amounts) == len(items) else None


def _same(one: object, other: object) -> bool:
    """Tell whether two values mean the same; of long text, such as an address, all but letters."""
    if isinstance(one, str) and isinstance(other, str):
        texts = squashed(one), squashed(other)
        return texts[0] == texts[1] or (
            min(map(len, texts)) >= _LONG and Levenshtein.normalized_similarity(*texts) >= _ALIKE
        )
    return one == other


def _agreed(model: Found[Any], reader: Found[Any]) -> Found[Any]:
    """Return the reader's, whose place is its own, with the confidence of two that agree."""
    doubt = (1 - model.confidence) * (1 - reader.confidence)
    sure = min(_MOST, max(1 - doubt, reader.confidence))
    return reader.model_copy(
        update={"source": "both", "confidence": round(sure, 4), "value": model.value}
        | ({} if reader.box else {"box": model.box, "lines": model.lines})
    )


def _contested(kept: Found[Any], other: Found[Any]) -> Found[Any]:
    return kept.model_copy(
        update={
            "note": "disagrees",
            "other": str(other.value),
            "confidence": round(kept.confidence * _CONTESTED, 4),
        }
    )
