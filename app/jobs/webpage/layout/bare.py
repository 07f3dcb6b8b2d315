"""Tables without a line and without a stripe: rows of cells that only stand below each other."""

from collections.abc import Sequence
from itertools import pairwise

from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.tabled import CELLS, Band, columns_of, in_columns, is_cell, row_part
from app.jobs.webpage.layout.tree import rows_of

ROWS, COLUMNS = 4, 3  # of such a table, at least: fewer may be anything
UNEVEN, PITCH = 6, 60  # pixels that the steps from row to row differ; that they are, at most
NUMBERS = 0.7  # of the cells of one column, its head left out, have figures in them


def with_bare_tables(items: Sequence[Part]) -> list[Part]:
    """Return parts with those that make a table by their places alone put together as one."""
    found: list[Part] = []
    run: list[list[Part]] = []
    for row in [*rows_of(items), []]:
        if len(row) >= COLUMNS and all(map(is_cell, row)):
            run.append(sorted(row, key=lambda part: part.box[0]))
            continue
        table = table_of(run)
        found += [table] if table else [part for cells in run for part in cells]
        found += row
        run = []
    return found


def table_of(rows: Sequence[Sequence[Part]]) -> Part | None:
    """Return rows of cells as a table; None if they are none."""
    cells = [cell for row in rows for cell in row]
    if len(rows) < ROWS or not is_even(rows):
        return None
    columns = columns_of(cells)
    placed = [in_columns(row, columns) for row in rows]
    full = len(columns) >= COLUMNS and len(cells) >= CELLS * len(rows) * len(columns)
    if not full or any(row is None for row in placed) or not counts(placed):
        return None
    box = around([cell.box for cell in cells])
    boxes = [around([cell.box for cell in row]) for row in rows]
    edges = [box[1], *((a[3] + b[1]) // 2 for a, b in pairwise(boxes)), box[3]]
    made = tuple(
        row_part(Band(top, bottom), row or (), box[0], box[2])
        for (top, bottom), row in zip(pairwise(edges), placed, strict=True)
    )
    return Part("table", box, rows=made, columns=len(columns))


def is_even(rows: Sequence[Sequence[Part]]) -> bool:
    """Tell rows that are as far apart as each other, and near."""
    middles = [sum(cell.box[1] + cell.box[3] for cell in row) / 2 / len(row) for row in rows]
    steps = [b - a for a, b in pairwise(middles)]
    return max(steps) - min(steps) <= UNEVEN and max(steps) <= PITCH


def counts(rows: Sequence[tuple[Part | None, ...] | None]) -> bool:
    """Tell whether one column, the first left out, has figures in most of its cells."""
    below = [row for row in rows[1:] if row]
    for column in list(zip(*below, strict=True))[1:]:
        said = [cell.text for cell in column if cell and cell.text]
        figures = sum(any(map(str.isdigit, text)) for text in said)
        if said and figures >= NUMBERS * len(below):
            return True
    return False
