"""A turn's receipts as one flat record: what a line of a batch, or a row of a table, holds.

Pure: JSON in, JSON out. Where the turn has several receipts, the record is the first one's, and
``receipts`` has all of them whole.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from vision.engine import Line

Json = dict[str, Any]  # what JSON can hold

# A field of the record, and where the receipt has it.
_FLAT = {
    "company": "merchant",
    "date": "date",
    "time": "time",
    "address": "address",
    "total": "total",
    "currency": "currency",
    "subtotal": "subtotal",
    "service": "service",
    "rounding": "rounding",
    "tip": "tip",
    "paid": "paid",
    "change": "change",
    "number": "number",
    "tax_id": "tax_id",
    "phone": "phone",
    "payment_method": "payment_method",
    "buyer": "buyer",
}


def record(fields: Mapping[str, Any], lines: Sequence[Line] = ()) -> Json:
    """Return the record of ``Turn.fields``; of fields that are no receipts', only the lines.

    Values are text, amounts with the decimals they were printed with; what is not there is left
    out of ``fields``. ``confidence`` has a number for each value, ``doubt`` the greatest of those
    that matter: 0 is sure, 1 is to be looked at first.
    """
    receipts: Sequence[Json] = fields.get("receipts") or ()
    found: Json = {
        "lines": [
            {"text": line.text, "bbox": list(line.box), "score": round(line.score, 4)}
            for line in lines
        ]
    }
    return found | _of(receipts[0]) | {"receipts": list(receipts)} if receipts else found


def _of(receipt: Json) -> Json:
    values = {name: receipt.get(field) for name, field in _FLAT.items()}
    present = {name: value for name, value in values.items() if value}
    sums = {"tax": receipt.get("taxes") or (), "discount": receipt.get("discounts") or ()}
    return {
        "fields": {name: value["value"] for name, value in present.items()}
        | {name: _sum(parts) for name, parts in sums.items() if parts},
        "items": [_item(item) for item in receipt.get("items") or ()],
        "checks": list(receipt.get("checks") or ()),
        "confidence": {name: value["confidence"] for name, value in present.items()},
        "doubt": doubt(receipt),
    }


def _item(item: Json) -> Json:
    """Return an item; ``price`` is what its whole row comes to."""
    names = {"name": "name", "quantity": "quantity", "unit_price": "unit_price", "price": "amount"}
    values = {name: (item.get(field) or {}).get("value") for name, field in names.items()}
    return values | ({"tax_mark": item["tax_mark"]} if item.get("tax_mark") else {})


def _sum(parts: Sequence[Json]) -> str:
    return str(sum((Decimal((part.get("amount") or part)["value"]) for part in parts), Decimal()))


def doubt(receipt: Json) -> float:
    """Return how much a receipt wants a look, 0 to 1: sums that do not close come first."""
    kept = ((receipt.get(name) or {}) for name in ("merchant", "date", "total"))
    sure = [float(value.get("confidence", 0)) for value in kept]
    least = min(sure)
    wrong = any(not check["ok"] for check in receipt.get("checks") or ())
    return round(1 - least / 2 if wrong else 1 - least, 4)
