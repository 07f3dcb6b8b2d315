"""A table from the way lines are aligned, as Markdown. Pure: lines in, text out.

Columns are what lies between the gaps that run down through nearly all rows with more than one
cell; rows with one cell, such as a title or a wrapped name, have no say in where columns are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from vision.engine import Line
from vision.reader.layout import Box, rows, upright

CROSSING = (0.0, 0.1, 0.2, 0.35)  # of the rows; so many may have a cell across a gap
NARROW = 0.4  # heights of a line; a narrower gap is between words
_NUMBER = re.compile(r"[\W\d]*\d[\W\d]*(?:RM|USD|EUR)?[\W\d]*")

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, all of one length, and the rows of text above and below them."""

    cells: tuple[Cells, ...]
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


def table(lines: Sequence[Line]) -> Table | None:
    """Return the table in ``lines``, or None where nothing stands in columns."""
    box_of = {id(line): box for line, box in zip(lines, upright(lines), strict=True)}
    level = [[(line.text, box_of[id(line)]) for line in row] for row in rows(lines)]
    wide = [i for i, row in enumerate(level) if len(row) > 1]
    boxes = [[box for _, box in level[i]] for i in wide]
    starts = next((s for share in CROSSING if len(s := column_starts(boxes, share)) > 1), None)
    if starts is None:
        return None
    texts = [" ".join(text for text, _ in row) for row in level]
    first, end = wide[0], wide[-1] + 1
    filled = [placed(row, starts) for row in level[first:end]]
    used = [i for i in range(len(starts)) if any(row[i] for row in filled)]
    body = tuple([row[i] for i in used] for row in filled)
    return Table(body, tuple(texts[:first]), tuple(texts[end:]))


def placed(row: Sequence[tuple[str, Box]], starts: Sequence[float]) -> Cells:
    """Put the texts of a row into columns that begin at ``starts``."""
    result = [""] * len(starts)
    for text, box in row:
        middle = (box.x0 + box.x1) / 2
        # A name that reaches over a gap belongs where it begins, a price where its middle is.
        x = box.x0 if not _NUMBER.fullmatch(text) else middle
        column = max(0, sum(start <= x for start in starts) - 1)
        result[column] = f"{result[column]} {text}".strip()
    return result


def column_starts(level: Sequence[Sequence[Box]], crossing: float) -> list[float]:
    """Return the x at which each column begins: the middles of the gaps between them.

    ``crossing`` is the share of rows that may have a cell across a gap.
    """
    boxes = [box for row in level for box in row]
    if not boxes:
        return []
    allowed = crossing * len(level)
    narrow = NARROW * median(box.height for box in boxes)
    starts = [float("-inf")]
    opened, covered = None, 0
    for x, change in sorted([(b.x0, 1) for b in boxes] + [(b.x1, -1) for b in boxes]):
        covered += change
        if change < 0 and covered <= allowed and opened is None:
            opened = x
        elif change > 0 and covered > allowed and opened is not None:
            if x - opened > narrow:
                starts.append((opened + x) / 2)
            opened = None
    return starts


def markdown(cells: Sequence[Cells]) -> str:
    """Return rows of cells as Markdown; columns of numbers are aligned to the right."""
    has_header = not any(character.isdigit() for cell in cells[0] for character in cell)
    header = cells[0] if has_header else [""] * len(cells[0])
    body = cells[1:] if has_header else cells
    marks = ["---:" if is_numeric([row[i] for row in body]) else "---" for i in range(len(header))]
    return "\n".join(markdown_row(row) for row in [header, marks, *body])


def markdown_row(row: Sequence[str]) -> str:
    """Return one row as Markdown, with what would end a cell escaped."""
    return "| " + " | ".join(escaped(cell) for cell in row) + " |"


def escaped(cell: str) -> str:
    """Return ``cell`` so that Markdown shows it as it is."""
    return re.sub(r"([\\|`*_<\[\]~$])", r"\\\1", " ".join(cell.split()))


def is_numeric(column: Sequence[str]) -> bool:
    """Tell whether most cells of a column are numbers."""
    filled = [cell for cell in column if cell]
    return 2 * sum(bool(_NUMBER.fullmatch(cell)) for cell in filled) > len(filled)
