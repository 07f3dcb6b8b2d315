"""A receipt as it lies: rows of cells with the amounts in them, each where it stands. Pure.

Rules look at pages, not at strings: what is right of a label, below it, in the same column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Protocol

from vision.engine import Line
from vision.reader.head import is_of_head
from vision.reader.labels import Written, plain, written
from vision.reader.layout import Box, upright
from vision.reader.roles import Called, role_of
from vision.reader.rows import Rows
from vision.reader.script import length, letters
from vision.reader.spelling import uses_accents
from vision.reader.values import Amount, Style, amounts, style_of, worn_amount

_MARK = 3  # letters; a currency or a tax mark has no more


@dataclass(frozen=True, slots=True)
class Cell:
    """A line in a row. ``text`` is its line's in capitals, character for character."""

    line: Line
    box: Box  # as it lies once the text is upright
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount on the page."""

    amount: Amount
    cell: Cell
    row: int  # index of its row
    is_worn: bool = False  # a letter in it was taken for a digit

    @property
    def raw(self) -> str:
        """The amount as it was read."""
        return self.cell.line.text[self.amount.start : self.amount.start + len(self.amount.text)]

    @property
    def box(self) -> Box:
        """Where it stands, by the share of its line's characters."""
        return part_of(self.cell.box, self.cell.text, self.amount.start, len(self.amount.text))


@dataclass(frozen=True)
class PageRow:
    """A row: its cells from left to right and the amounts in them."""

    index: int
    cells: tuple[Cell, ...]
    figures: tuple[Figure, ...]
    has_accents: bool  # whether the language of the page has them

    @cached_property
    def text(self) -> str:
        """What the row says, in capitals."""
        return " ".join(cell.text for cell in self.cells)

    @cached_property
    def written(self) -> Written:
        """What the row says, to look for labels in."""
        return written(self.text)

    @cached_property
    def called(self) -> Called | None:
        """What the row calls its amount, or one in the row below."""
        return role_of(self.label)

    @cached_property
    def is_head(self) -> bool:
        """Whether the row belongs above the items: a date, a number, who serves."""
        return is_of_head(self.written, has_amount=bool(self.figures))

    @cached_property
    def label(self) -> str:
        """What the row says besides its amounts."""
        return " ".join(
            without(cell.text, [f.amount for f in self.figures if f.cell is cell])
            for cell in self.cells
        )

    @property
    def raw(self) -> str:
        """What the row says, as it was read."""
        return " ".join(cell.line.text for cell in self.cells)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the row."""
        return tuple(cell.line for cell in self.cells)

    @cached_property
    def box(self) -> Box:
        """The box around all cells."""
        return around([cell.box for cell in self.cells])

    @cached_property
    def size(self) -> float:
        """How wide a character is: the size of the print."""
        return median((c.box.x1 - c.box.x0) / max(1, length(c.text)) for c in self.cells)


class Said(Protocol):
    """A value in words, and what says it."""

    @property
    def value(self) -> str:
        """What is meant: a date as ISO 8601 has it, a name in one line."""
        ...

    @property
    def raw(self) -> str:
        """The value as it stands on the page."""
        ...

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells that say it."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """A value that is no amount, and the row that says it."""

    value: str
    raw: str  # as it stands in the row
    row: PageRow

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that say it: one, or all of the row where it runs over several."""
        saying = [cell for cell in self.row.cells if self.raw in cell.line.text]
        return tuple(saying[:1]) or self.row.cells


@dataclass(frozen=True)
class Page:
    """A receipt: its rows from top to bottom."""

    rows: tuple[PageRow, ...]
    style: Style

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """All amounts, in reading order."""
        return tuple(figure for row in self.rows for figure in row.figures)

    @cached_property
    def sides(self) -> tuple[float, float]:
        """Where the text begins at the left and ends at the right."""
        boxes = [row.box for row in self.rows] or [Box(0, 0, 0, 0)]
        return min(box.x0 for box in boxes), max(box.x1 for box in boxes)


def page_of(rows: Rows) -> Page:
    """Return the page that ``rows`` of lines make."""
    lines = [line for row in rows for line in row]
    boxes = {id(line): box for line, box in zip(lines, upright(lines), strict=True)}
    style = style_of([plain(line.text) for line in lines])
    has_accents = uses_accents(" ".join(line.text for line in lines))
    found = tuple(
        _row(i, [Cell(line, boxes[id(line)], plain(line.text)) for line in row], style, has_accents)
        for i, row in enumerate(rows)
    )
    return Page(found, style)


def _row(index: int, cells: Sequence[Cell], style: Style, has_accents: bool) -> PageRow:
    figures = [
        Figure(amount, cell, index) for cell in cells for amount in amounts(cell.text, style)
    ]
    figures += [f for cell in cells[1:] if (f := _worn(cell, index))]
    ordered = tuple(sorted(figures, key=lambda f: f.box.x0))
    return PageRow(index, tuple(cells), ordered, has_accents)


def _worn(cell: Cell, row: int) -> Figure | None:
    """Return the amount of a cell that is one but for a misread letter."""
    value = worn_amount(cell.text)
    if value is None or amounts(cell.text):
        return None
    return Figure(Amount(value, cell.text.strip(), 0), cell, row, is_worn=True)


def without(text: str, found: Sequence[Amount]) -> str:
    """Return ``text`` with spaces where the amounts in it stand."""
    for amount in found:
        end = amount.start + len(amount.text)
        text = text[: amount.start] + " " * (end - amount.start) + text[end:]
    return text


def is_bare(row: PageRow) -> bool:
    """Tell whether a row has amounts and, besides, at most a currency or a tax mark."""
    return bool(row.figures) and letters(row.label) <= _MARK


def around(boxes: Sequence[Box]) -> Box:
    """Return the box around ``boxes``."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return Box(min(x0), min(y0), max(x1), max(y1))


def part_of(box: Box, text: str, start: int, count: int) -> Box:
    """Return where ``count`` characters from ``start`` on stand in a line that is ``box``."""
    wide = box.x1 - box.x0
    every = max(1, length(text))
    left = box.x0 + wide * length(text[:start]) / every
    right = left + wide * length(text[start : start + count]) / every
    return Box(left, box.y0, min(box.x1, right), box.y1)
