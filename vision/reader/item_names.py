"""What an item is called: a row without its codes, numbers and marks. Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal

from vision.reader.item_numbers import TIMES
from vision.reader.page import Cell, Figure, PageRow
from vision.reader.script import CJK
from vision.reader.values import Amount

_LEAST = 3  # letters of a name
# "9556570105139", "KE41-1234" before a name; not "1000MG".
_CODE = re.compile(
    r"^\s*[#*(\[]?(?!\d+(?:[MK]?[GLMVW]|MAH|GB|PCS)\b)(?=[A-Z\-./]*\d)"
    r"[\dA-Z\-./]*\d{4,}[\dA-Z\-./]*[)\]]?(?:\s+|$)",
    re.IGNORECASE,
)
_LAST_CODE = re.compile(r"\s\d{6,}(?:\s[A-Z])?\s*$")
_LAST_MARK = re.compile(r"\s(?:[.*][A-Z]|SR|ZRL?|ZRE)$", re.IGNORECASE)  # Malaysia's tax codes
_WORD = re.compile(r"(?<!\w)[^\W\d_]{2,}|[^\W\d_]{4,}")
_GLUED_CODE = re.compile(r"^\s*\d{7,14}[A-Z]?\s*(?=[A-Z])", re.IGNORECASE)
_NUMBERING = re.compile(r"^\s*\d{1,3}\s?[).]\s?(?=\S)")
_PREFIX = re.compile(r"^\s*(?:[A-Z]{1,3}\s?[:：]|\*)\s*")
_LEADING = re.compile(r"^\s*(\d{1,3})\s?[X×*]?\s+(?=\w*[^\W\d])", re.IGNORECASE)
_WHOLE = re.compile(r"\s*(\d{1,3})\s*")
_SIGN = re.compile(r"^\s?(?:[X×*@](?![^\W\d_]{2})|UNITS?\b|PCS\b)", re.IGNORECASE)
_EACH = re.compile(r"(?:\s*@\s*(?:RM|\$)?\s*[\d.,]*|\s(?:RM|\$)?\d+[.,]\d{2})\s*$", re.IGNORECASE)
_ENDS = re.compile(r"[\s@×*:\-–=$]+(?:RM\.?|[X×])?[\s@×*:\-–=$]*$", re.IGNORECASE)
_ONLY_NUMBERS = re.compile(r"(?:[\W\d_]|RM|\b[X×]\b)*", re.IGNORECASE)
_MARK = re.compile(r"[*#]?[A-Z]{1,3}\d?\*?|\d{1,2}%", re.IGNORECASE)


def name_in(row: PageRow, amount: Figure | None, used: Sequence[Figure] | None = None) -> str:
    """Return the name in a row, left of its amount; "" without one.

    ``used`` are the numbers in it that are no part of the name; None takes whatever looks like
    them.
    """
    cells = [cell for cell in row.cells if _is_left(cell, amount)]
    parts = [_part(cell, row, amount, used) for cell in cells]
    text = " ".join(part for part in parts if part)
    text = _NUMBERING.sub("", _PREFIX.sub("", text))
    if used is None:
        text = _LEADING.sub("", text)
    text = _LAST_CODE.sub("", _CODE.sub("", _GLUED_CODE.sub("", text)))
    text = " ".join(_ENDS.sub("", _EACH.sub("", _LAST_MARK.sub("", text))).split())
    return text if _has_words(text) else ""


def _has_words(text: str) -> bool:
    """Tell a name from a code: it has words, not only letters among digits."""
    return sum(map(len, _WORD.findall(text))) >= _LEAST or len(CJK.findall(text)) > 1


def leading_count(row: PageRow) -> Figure | None:
    """Return the number that a row begins with, if words follow it."""
    cell = row.cells[0]
    match = _LEADING.match(cell.text) or (len(row.cells) > 1 and _WHOLE.fullmatch(cell.text))
    return (
        Figure(Amount(Decimal(match[1]), match[1], match.start(1)), cell, row.index)
        if match
        else None
    )


def _is_left(cell: Cell, amount: Figure | None) -> bool:
    return amount is None or cell is amount.cell or cell.box.x0 < amount.box.x0


def _part(cell: Cell, row: PageRow, amount: Figure | None, used: Sequence[Figure] | None) -> str:
    """Return the words of a cell; what is only numbers or a tax mark has none."""
    text = cell.line.text
    if amount and cell is amount.cell:
        text = text[: amount.amount.start]
    for figure in row.figures if used is None else used:
        if figure.cell is cell:
            start, end = figure.amount.start, figure.amount.start + len(figure.amount.text)
            text = text[:start] + " " * (end - start) + text[end:]
            text = text[:end] + _SIGN.sub("", text[end:])
    if used is None:
        text = TIMES.sub(lambda match: " " * len(match.group()), text)
    is_mark = cell is not row.cells[0] and _MARK.fullmatch(text.strip())
    return "" if is_mark or _ONLY_NUMBERS.fullmatch(text) else text.strip()
