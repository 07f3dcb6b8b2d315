"""What a receipt or an invoice says: its fields, each with the lines it was found in. Pure.

What is not there is None; nothing is made up.
"""

from collections.abc import Callable, Mapping

from vision.reader import amount_fields, word_fields
from vision.reader.rows import FIELDS, Field, FieldName, Rows

_FINDERS: Mapping[str, Callable[[Rows], Field | None]] = {
    "merchant": word_fields.merchant,
    "address": word_fields.address,
    "date": word_fields.date,
    "time": word_fields.time,
    "number": word_fields.number,
    "phone": word_fields.phone,
    "total": amount_fields.total,
}


def find(name: FieldName, rows: Rows) -> Field | None:
    """Return the field ``name``, if the rows of a picture hold it."""
    if name in _FINDERS:
        return _FINDERS[name](rows)
    return amount_fields.amount_of(name, rows)


def find_all(rows: Rows) -> list[Field]:
    """Return every field that the rows of a picture hold, in the order of ``FIELDS``."""
    found = (find(name, rows) for name in FIELDS)
    return [field for field in found if field]
