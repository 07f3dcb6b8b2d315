"""Rows and columns: how the parts of a surface stand to each other.

Parts below each other make a column, parts beside each other a row. Where a gap runs down through
several rows they are columns, read one after the other, or, if their cells repeat, a grid.
"""

from collections.abc import Sequence
from itertools import pairwise

from app.jobs.webpage.layout.lines import paragraphs
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.page import Box

OVERLAP = 0.25  # of the smaller one; parts that share less stand beside or below each other
GUTTER = 10  # pixels; columns are not nearer
ALIGNED = 4  # pixels; cells of a column begin, end or centre as near
TINY = 28  # pixels; a column that is not wider holds icons
MAIN = 0.45  # of all columns' width is what the one with the running text has
FAR = 72  # pixels; rows further apart do not belong together
BLOCKS = 1.7  # times the smallest gap is between two rows of a grid's cells
BLOCK_GAP = 14  # pixels, at least


def arranged(items: Sequence[Part], right: int) -> Part:
    """Return parts as one: a column, a row, or what they are; ``right`` is where they must end."""
    if len(items) == 1:
        return items[0]
    rows = rows_of(items)
    if len(rows) == 1:
        return row_of(rows[0], right)
    children = [
        row_of(section[0], right) if len(section) == 1 else block_of(section, right)
        for section in sections_of(rows)
    ]
    return column_of(children, right)


def column_of(children: Sequence[Part], right: int) -> Part:
    """Return parts below each other as one."""
    merged = paragraphs(children, right)
    return merged[0] if len(merged) == 1 else Part("column", box_of(merged), tuple(merged))


def box_of(parts: Sequence[Part]) -> Box:
    """Return the box around parts."""
    return around([part.box for part in parts])


def rows_of(items: Sequence[Part]) -> list[list[Part]]:
    """Return parts that stand beside each other together, from top to bottom."""
    return banded(items, 1)


def clusters_of(items: Sequence[Part]) -> list[list[Part]]:
    """Return parts that stand below each other together, from left to right."""
    return banded(items, 0)


def banded(items: Sequence[Part], axis: int) -> list[list[Part]]:
    """Put parts together whose extents along an axis overlap."""
    found: list[tuple[int, int, list[Part]]] = []
    for item in sorted(items, key=lambda p: (p.box[axis], p.box[1 - axis])):
        start, end = item.box[axis], item.box[axis + 2]
        members = [item]
        while found:
            first, last, others = found[-1]
            least = min(end - start, last - first)
            if last - start <= OVERLAP * least:
                break
            found.pop()
            start, end, members = min(first, start), max(last, end), [*others, *members]
        found.append((start, end, members))
    return [members for _, _, members in found]


def row_of(items: Sequence[Part], right: int) -> Part:
    """Return parts of one row as one."""
    clusters = clusters_of(items)
    if len(clusters) > 1:
        return Part("row", box_of(items), columned(clusters, right))
    if len(items) == 1:
        return items[0]
    # Neither beside nor below each other: one stands on the other.
    ordered = sorted(items, key=lambda p: (-p.width * p.height, p.box))
    largest = ordered[0]
    if largest.kind in {"picture", "box"} and largest.box == box_of(items):
        top = arranged(ordered[1:], right)
        return Part("overlay", largest.box, (largest, top))
    return column_of(sorted(items, key=lambda p: (p.box[1], p.box[0])), right)


def sections_of(rows: Sequence[list[Part]]) -> list[list[list[Part]]]:
    """Put rows together that have columns in common."""
    found: list[list[list[Part]]] = []
    gutters: list[tuple[int, int]] = []
    for number, row in enumerate(rows):
        mine = gaps_of(row)
        if found and gutters:
            common = [cut for a in gutters for cut in [narrowed(a, row)] if cut]
            after = rows[number + 1] if number + 1 < len(rows) else None
            if common and belongs(found[-1], row, common, after):
                found[-1].append(row)
                gutters = common
                continue
        found.append([row])
        gutters = mine
    return found


def gaps_of(row: Sequence[Part]) -> list[tuple[int, int]]:
    """Return the gaps between the parts of a row, from x to x."""
    clusters = [box_of(c) for c in clusters_of(row)]
    gaps = [(a[2], b[0]) for a, b in pairwise(clusters)]
    return [gap for gap in gaps if gap[1] - gap[0] >= GUTTER]


def narrowed(gap: tuple[int, int], row: Sequence[Part]) -> tuple[int, int] | None:
    """Return what a row leaves free of a gap; None if too little."""
    edge = 0
    free: list[tuple[int, int]] = []
    for cluster in clusters_of(row):
        x0, _, x1, _ = box_of(cluster)
        free.append((edge, x0))
        edge = x1
    free.append((edge, max(edge, gap[1])))
    cuts = [(max(gap[0], a), min(gap[1], b)) for a, b in free]
    best = max(cuts, key=lambda cut: cut[1] - cut[0])
    return best if best[1] - best[0] >= GUTTER else None


def belongs(
    section: Sequence[Sequence[Part]],
    row: Sequence[Part],
    gutters: Sequence[tuple[int, int]],
    after: Sequence[Part] | None,
) -> bool:
    """Tell whether a row goes on with the columns of the rows before it; ``after`` is the next."""
    before = [part for one in section for part in one]
    top, bottom = box_of(row)[1], box_of(before)[3]
    if top - bottom > FAR:
        return False
    olds, news = split(before, gutters), split(row, gutters)
    if any(old and all(p.width <= TINY for p in old) for old in olds):
        # Icons and boxes to tick stand each beside its own text.
        return False
    if sum(bool(new) for new in news) == 1:
        # Only one column goes on: it is as near as its own parts are, and the widest.
        i = next(i for i, new in enumerate(news) if new)
        if not olds[i]:
            return False
        column = box_of(olds[i])
        wide = column[2] - column[0] > MAIN * (box_of(before)[2] - box_of(before)[0])
        gap = top - column[3]
        spans = after and not all(narrowed(gutter, after) for gutter in gutters)
        # What comes next spans the columns: a row nearer to it than to them is its title.
        if after and spans and box_of(after)[1] - box_of(row)[3] <= gap:
            return False
        return gap <= (FAR if wide else FAR // 2) and within(box_of(news[i]), column)
    pairs = [(box_of(o), box_of(n)) for o, n in zip(olds, news, strict=True) if o and n]
    return len(pairs) > 1 and all(in_line(old, new) for old, new in pairs)


def within(box: Box, column: Box) -> bool:
    """Tell whether a box begins and ends in a column."""
    return column[0] - ALIGNED <= box[0] and box[2] <= column[2] + ALIGNED


def in_line(a: Box, b: Box) -> bool:
    """Tell whether two boxes begin, end or centre at one place."""
    return (
        abs(a[0] - b[0]) <= ALIGNED
        or abs(a[2] - b[2]) <= ALIGNED
        or abs(a[0] + a[2] - b[0] - b[2]) <= 2 * ALIGNED
    )


def split(items: Sequence[Part], gutters: Sequence[tuple[int, int]]) -> list[list[Part]]:
    """Return the parts left of the first gutter, those between it and the next, and so on."""
    parts: list[list[Part]] = [[] for _ in range(len(gutters) + 1)]
    for item in items:
        middle = (item.box[0] + item.box[2]) / 2
        parts[sum(middle > (a + b) / 2 for a, b in gutters)].append(item)
    return parts


def block_of(rows: Sequence[list[Part]], right: int) -> Part:
    """Return rows with columns in common as a grid, or as columns side by side."""
    gutters = gaps_of(rows[0])
    for row in rows[1:]:
        gutters = [cut for gap in gutters for cut in [narrowed(gap, row)] if cut]
    # Rows that are one-sided give no gaps of their own.
    blocks = repeated(rows, gutters)
    if blocks:
        cells = []
        for block in blocks:
            parts = split([part for row in block for part in row], gutters)
            ends = [*(gap[1] - GUTTER for gap in gutters), right]
            cells += [arranged(c, end) for c, end in zip(parts, ends, strict=True) if c]
        return Part("grid", box_of(cells), tuple(cells), columns=len(gutters) + 1)
    columns = [c for c in split([part for row in rows for part in row], gutters) if c]
    return Part("row", box_of([p for c in columns for p in c]), columned(columns, right))


def columned(columns: Sequence[Sequence[Part]], right: int) -> tuple[Part, ...]:
    """Return columns side by side, each arranged up to where the next begins."""
    ends = [*(box_of(column)[0] - GUTTER for column in columns[1:]), right]
    return tuple(arranged(c, end) for c, end in zip(columns, ends, strict=True))


def repeated(
    rows: Sequence[list[Part]], gutters: Sequence[tuple[int, int]]
) -> list[list[list[Part]]]:
    """Return the rows of cells of a grid, each of one or more rows of parts; [] if it is none."""
    gaps = [box_of(b)[1] - box_of(a)[3] for a, b in pairwise(rows)]
    wide = max(BLOCK_GAP, BLOCKS * max(1, min(gaps)))
    boxes = all(part.kind in {"box", "picture"} for row in rows for part in row)
    blocks: list[list[list[Part]]] = [[rows[0]]]
    for gap, row in zip(gaps, rows[1:], strict=True):
        if gap >= wide or boxes:
            blocks.append([row])
        else:
            blocks[-1].append(row)
    if len(blocks) <= 1 or len({signature(block, gutters) for block in blocks[:-1]}) > 1:
        return []
    # The last row of cells may be short.
    last, first = signature(blocks[-1], gutters), signature(blocks[0], gutters)
    fits = all(b in (a, ()) for a, b in zip(first, last, strict=True))
    return blocks if fits else []


def signature(
    block: Sequence[Sequence[Part]], gutters: Sequence[tuple[int, int]]
) -> tuple[tuple[str, ...], ...]:
    """Return of what kinds the cells of a row of cells are."""
    cells = split([part for row in block for part in row], gutters)
    return tuple(tuple(kind_of(part) for part in cell) for cell in cells)


def kind_of(part: Part) -> str:
    """Return what a part looks like, roughly."""
    if part.kind != "text":
        return part.kind
    look = part.look
    return f"text {look.size:.0f} {look.bold}"
