"""Rows of lines, and a field found in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from vision.engine import Line

FieldName = Literal[
    "merchant", "address", "date", "time", "number", "phone",
    "subtotal", "discount", "service", "tax", "rounding", "total", "cash", "change",
]  # fmt: skip
FIELDS: tuple[FieldName, ...] = get_args(FieldName)

Row = Sequence[Line]  # left to right
Rows = Sequence[Row]  # top to bottom


@dataclass(frozen=True, slots=True)
class Field:
    """A value, as it stands in the picture, and the lines that say so."""

    name: FieldName
    value: str
    lines: tuple[Line, ...]


def said(row: Row) -> str:
    """Return what a row says."""
    return " ".join(line.text for line in row)
