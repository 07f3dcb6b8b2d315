"""Tables among the parts of a surface: rows between rules or on stripes, cells below each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.page import Box

CELL_LINES, CELL_BOX, CELL_PICTURE = 2, 50, 80  # of text; pixels of a box, of a picture
SAME = 4  # pixels; rules of one table begin and end as near
ROW_HEIGHT = (16, 110)  # pixels
UNEVEN = 2.4  # times as high as the lowest row is the highest
ROWS = 3  # a table has as many, its head included
CELLS = 0.6  # of its cells are filled
COLUMN_GAP = 9  # pixels between the texts of two columns


@dataclass(frozen=True, slots=True)
class Band:
    """The space of one row of a table."""

    top: int
    bottom: int
    box: Part | None = None  # the stripe that it is on


def tabled(items: Sequence[Part]) -> list[Part]:
    """Return parts with those that make a table put together as one."""
    rest = list(items)
    for x0, x1, found in extents(items):
        for edges in near(found):
            table = table_of(rest, x0, x1, edges)
            if table:
                rest = [p for p in rest if not inside(p, table.box)]
                rest.append(table)
    return rest


def near(edges: Sequence[Part]) -> list[list[Part]]:
    """Put rules and stripes together that no more than the height of a row parts."""
    found: list[list[Part]] = []
    for edge in sorted(edges, key=lambda e: e.box[1]):
        if found and edge.box[1] - found[-1][-1].box[3] <= ROW_HEIGHT[1]:
            found[-1].append(edge)
        else:
            found.append([edge])
    return [group for group in found if len(group) > 1]


def extents(items: Sequence[Part]) -> list[tuple[int, int, list[Part]]]:
    """Return where rules and stripes begin and end together, and those."""
    found: list[tuple[int, int, list[Part]]] = []
    for item in items:
        rule = item.kind == "rule" and item.width > item.height
        if not (rule or is_stripe(item)):
            continue
        for x0, x1, members in found:
            if abs(item.box[0] - x0) <= SAME and abs(item.box[2] - x1) <= SAME:
                members.append(item)
                break
        else:
            found.append((item.box[0], item.box[2], [item]))
    return [group for group in found if len(group[2]) > 1]


def is_stripe(part: Part) -> bool:
    """Tell whether a surface could be behind one row of a table."""
    if part.kind != "box" or not ROW_HEIGHT[0] <= part.height <= ROW_HEIGHT[1]:
        return False
    if len(part.parts) != 1 or part.width < 4 * part.height:
        return False
    inner = part.parts[0]
    cells = inner.parts if inner.kind == "row" else (inner,)
    return len(cells) > 1 and all(map(is_cell, cells))


def is_cell(part: Part) -> bool:
    """Tell whether a part could be what stands in a cell."""
    if part.kind == "text":
        return len(part.lines) <= CELL_LINES
    if part.kind == "box":
        return part.height < CELL_BOX and all(map(is_cell, part.parts))
    if part.kind == "picture":
        return max(part.width, part.height) < CELL_PICTURE
    if part.kind == "row":
        return all(is_cell(p) and p.kind != "text" for p in part.parts)
    return False


def inside(part: Part, box: Box) -> bool:
    """Tell whether a part lies within a box."""
    x, y = (part.box[0] + part.box[2]) / 2, (part.box[1] + part.box[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def table_of(items: Sequence[Part], x0: int, x1: int, edges: Sequence[Part]) -> Part | None:
    """Return the table that rules and stripes part into rows; None if they do not."""
    marks = {e.box for e in edges}
    content = [p for p in items if p.box not in marks and x0 - SAME <= p.box[0] < x1]
    bands = bands_of(edges, content)
    rows = [(band, cells_in(band, content, x1)) for band in bands]
    rows = longest(rows)
    cells = [cell for _, row in rows for cell in row]
    if len(rows) < ROWS or not cells:
        return None
    heights = [band.bottom - band.top for band, _ in rows]
    columns = columns_of(cells)
    if max(heights) > UNEVEN * min(heights) or len(columns) <= 1:
        return None
    placed = [in_columns(row, columns) for _, row in rows]
    if any(row is None for row in placed) or len(cells) < CELLS * len(rows) * len(columns):
        return None
    top, bottom = rows[0][0].top, rows[-1][0].bottom
    made = tuple(
        row_part(band, row or (), x0, x1) for (band, _), row in zip(rows, placed, strict=True)
    )
    lines = tuple(e for e in edges if e.kind == "rule" and top - SAME <= e.box[1] <= bottom + SAME)
    box = (x0, min(top, *(r[0].box[1] for r in made)), x1, bottom)
    return Part("table", box, parts=lines, rows=made, columns=len(columns))


def bands_of(edges: Sequence[Part], content: Sequence[Part]) -> list[Band]:
    """Return the rows between rules, on stripes, above the first rule and below the last."""
    stripes = [Band(e.box[1], e.box[3], e) for e in edges if e.kind == "box"]
    ys = sorted(
        [(e.box[1], e.box[3]) for e in edges],
        key=lambda y: y[0],
    )
    bands = list(stripes)
    for (_, bottom), (top, _) in pairwise(ys):
        if top - bottom >= ROW_HEIGHT[0]:
            bands.append(Band(bottom, top))
    usual = sorted(b.bottom - b.top for b in bands)[len(bands) // 2] if bands else 40
    first, last = ys[0][0], ys[-1][1]
    above = [p for p in content if first - 1.4 * usual < p.box[1] and p.box[3] <= first]
    below = [p for p in content if last <= p.box[1] and p.box[3] < last + 1.4 * usual]
    if len(above) > 1:
        pad = first - max(p.box[3] for p in above)
        bands.append(Band(min(p.box[1] for p in above) - pad, first))
    if len(below) > 1:
        pad = min(p.box[1] for p in below) - last
        bands.append(Band(last, max(p.box[3] for p in below) + pad))
    return sorted(bands, key=lambda b: b.top)


def cells_in(band: Band, content: Sequence[Part], x1: int) -> list[Part]:
    """Return what stands in a row, from left to right."""
    if band.box:
        inner = band.box.parts[0]
        found = list(inner.parts) if inner.kind == "row" else [inner]
    else:
        found = [
            p
            for p in content
            if band.top <= (p.box[1] + p.box[3]) / 2 < band.bottom and p.box[2] <= x1 + SAME
        ]
    return sorted(found, key=lambda p: p.box[0])


def longest(rows: list[tuple[Band, list[Part]]]) -> list[tuple[Band, list[Part]]]:
    """Return the longest run of rows of two cells or more that follow each other."""
    best: list[tuple[Band, list[Part]]] = []
    run: list[tuple[Band, list[Part]]] = []
    for band, cells in rows:
        follows = not run or band.top - run[-1][0].bottom <= SAME
        is_row = len(cells) > 1 and all(map(is_cell, cells))
        run = [*run, (band, cells)] if is_row and follows else [(band, cells)] if is_row else []
        best = run if len(run) > len(best) else best
    return best


def columns_of(cells: Sequence[Part]) -> list[tuple[int, int]]:
    """Return from where to where the texts of each column reach."""
    found: list[tuple[int, int]] = []
    for cell in sorted(cells, key=lambda p: p.box[0]):
        if found and cell.box[0] - found[-1][1] < COLUMN_GAP:
            found[-1] = (found[-1][0], max(found[-1][1], cell.box[2]))
        else:
            found.append((cell.box[0], cell.box[2]))
    return found


def in_columns(
    cells: Sequence[Part], columns: Sequence[tuple[int, int]]
) -> tuple[Part | None, ...] | None:
    """Return the cells of a row by column; None if two are in one."""
    row: list[Part | None] = [None] * len(columns)
    for cell in cells:
        at = next(i for i, (a, b) in enumerate(columns) if a <= cell.box[0] <= b)
        if row[at] is not None:
            return None
        row[at] = cell
    return tuple(row)


def row_part(band: Band, cells: Sequence[Part | None], x0: int, x1: int) -> tuple[Part, ...]:
    """Return a row as a tuple: a box for the row itself, then its cells, empty ones included."""
    surface = band.box.surface if band.box else None
    head = Part("box", (x0, band.top, x1, band.bottom), surface=surface)
    empty = Part("column", (x0, band.top, x0, band.bottom))
    return (head, *(cell if cell is not None else replace(empty) for cell in cells))


def cell_table(part: Part) -> Part | None:
    """Return columns of bordered cells that stand side by side as a table."""
    row = part.parts[0] if part.kind == "box" and len(part.parts) == 1 else part
    if row.kind != "row" or len(row.parts) <= 1:
        return None
    columns = [column_cells(column) for column in row.parts]
    counts = {len(column) for column in columns}
    if len(counts) != 1 or not (count := counts.pop()) or count < ROWS - 1:
        return None
    rows = []
    for i in range(count):
        cells = [column[i] for column in columns]
        tops = [cell.box[1] for cell in cells]
        low = all(cell.height <= ROW_HEIGHT[1] for cell in cells)
        said = [part for cell in cells for part in cell.parts]
        if max(tops) - min(tops) > SAME or not low or not all(map(is_cell, said)):
            return None
        box = around([cell.box for cell in cells])
        surface = (
            cells[0].surface if len({c.surface and c.surface.colour for c in cells}) == 1 else None
        )
        inner = [cell.parts[0] if cell.parts else Part("column", cell.box) for cell in cells]
        rows.append((Part("box", box, surface=surface), *inner))
    return Part("table", row.box, rows=tuple(rows), columns=len(columns))


def column_cells(column: Part) -> tuple[Part, ...]:
    """Return the cells that a box holds below each other; () if it holds anything else."""
    inner = column.parts[0] if column.kind == "box" and len(column.parts) == 1 else column
    if inner.kind == "column" and all(p.kind == "box" and p.surface for p in inner.parts):
        return inner.parts
    return ()
