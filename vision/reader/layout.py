"""How lines lie to each other: rows, columns, reading order. Pure: boxes in, order out.

Text is read row by row, and a row may hold things far apart: on a receipt the name is at the left
and the price at the right. Only where blocks of running text stand side by side, as on a page of
two columns, is one read to its end before the next.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from vision.engine import Line
from vision.reader.script import length, letters

LONG = 12  # letters; a line of running text has as many, a cell of a table or form fewer
LETTERS = 0.6  # of its characters are letters
FULL = 0.6  # of its column's width is what a line of running text takes up
COLUMN_LINES = 3  # that a column of running text has at least
GUTTER = 0.8  # heights of a line; narrower space is between words
SECTION = 3.0  # heights of a line; a row on one side, further down than this, is a new section
SAME_ROW = 0.5  # heights of a line; how far the middles of a row's lines are apart at most


class Box(NamedTuple):
    """A rectangle in pixels; y grows downward."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """Halfway down."""
        return (self.y0 + self.y1) / 2


Row = list[int]  # indices of boxes, left to right
Gap = tuple[float, float]  # from x to x


def page_text(lines: Sequence[Line]) -> str:
    """Return what ``lines``, in reading order, say: a row of the picture on each line."""
    return "\n".join(" ".join(line.text for line in row) for row in rows(lines))


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Put ``lines``, in reading order, into rows; the order stays."""
    boxes = upright(lines)
    result: list[list[Line]] = []
    for i, line in enumerate(lines):
        if i and follows(boxes[i - 1], boxes[i]):
            result[-1].append(line)
        else:
            result.append([line])
    return result


def follows(before: Box, box: Box) -> bool:
    """Tell whether ``box`` is further right in the row that ``before`` is in."""
    down = min(before.y1, box.y1) - max(before.y0, box.y0)
    # A line further down that is not level reaches up beside this one, but begins at its left.
    across = before.x1 - box.x0
    narrower = min(before.x1 - before.x0, box.x1 - box.x0)
    beside = box.x0 > before.x0 and across < SAME_ROW * narrower
    return beside and down > SAME_ROW * min(before.height, box.height)


def upright(lines: Sequence[Line]) -> list[Box]:
    """Return the boxes as they lie once the text is upright and level.

    The reader gives the lines of a picture on its side in the order of its text, and their boxes
    where they are. Which way the text runs is told by where the next line is.
    """
    if any(line.level for line in lines):
        return [Box(*map(float, line.level or line.box)) for line in lines]
    boxes = [Box(*map(float, line.box)) for line in lines]
    if sum(box.height > 1.5 * (box.x1 - box.x0) for box in boxes) > 0.6 * len(boxes):
        leftward = sum(b.x0 < a.x0 and b.x1 < a.x1 for a, b in pairwise(boxes))
        rightward = sum(b.x0 > a.x0 and b.x1 > a.x1 for a, b in pairwise(boxes))
        if rightward >= leftward:
            return [Box(-b.y1, b.x0, -b.y0, b.x1) for b in boxes]
        return [Box(b.y0, -b.x1, b.y1, -b.x0) for b in boxes]
    upward = sum(b.y1 < a.middle for a, b in pairwise(boxes))
    downward = sum(b.y0 > a.middle for a, b in pairwise(boxes))
    return [Box(-b.x1, -b.y1, -b.x0, -b.y0) for b in boxes] if upward > downward + 1 else boxes


def reading_order(boxes: Sequence[Box], texts: Sequence[str]) -> list[int]:
    """Return the indices of ``boxes`` in the order in which a person reads them."""
    return [i for row in ordered_rows(boxes, texts, range(len(boxes))) for i in row]


def ordered_rows(boxes: Sequence[Box], texts: Sequence[str], some: Sequence[int]) -> list[Row]:
    """Return the rows of ``some`` of the boxes, those of a left column before those of a right."""
    level = rows_of(boxes, some)
    result: list[Row] = []
    first = 0
    while first < len(level):
        last, columns = columns_from(boxes, texts, level, first)
        for column in columns:
            result += ordered_rows(boxes, texts, column)
        if not columns:
            result.append(level[first])
        first = last
    return result


def rows_of(boxes: Sequence[Box], some: Sequence[int]) -> list[Row]:
    """Put boxes whose middles are at one height into rows, top to bottom, left to right."""
    found: list[Row] = []
    for i in sorted(some, key=lambda i: boxes[i].middle):
        for row in reversed(found[-3:]):
            middle = sum(boxes[k].middle for k in row) / len(row)
            height = min(median(boxes[k].height for k in row), boxes[i].height)
            if abs(middle - boxes[i].middle) < SAME_ROW * height:
                row.append(i)
                break
        else:
            found.append([i])
    return [sorted(row, key=lambda i: boxes[i].x0) for row in found]


def columns_from(
    boxes: Sequence[Box], texts: Sequence[str], level: Sequence[Row], first: int
) -> tuple[int, list[Row]]:
    """Return the columns of running text that begin at row ``first``, and the row after them.

    Without any, that is the next row.
    """
    last, gaps = shared_gaps(boxes, level, first)
    members = [i for row in level[first:last] for i in row]
    widest = sorted(gaps, key=lambda gap: gap[0] - gap[1])
    for cuts in [sorted(gaps), *([gap] for gap in widest if len(gaps) > 1)]:
        columns = split(boxes, members, cuts)
        if len(columns) > 1 and all(is_running_text(boxes, texts, c) for c in columns):
            return last, columns
    return first + 1, []


def shared_gaps(boxes: Sequence[Box], level: Sequence[Row], first: int) -> tuple[int, list[Gap]]:
    """Follow the rows from ``first`` on while a gap runs through all; return the end, the gaps."""
    clear: list[Gap] = [(float("-inf"), float("inf"))]
    gaps: list[Gap] = []
    last = first
    bottom = max(boxes[i].y1 for i in level[first])
    for row in level[first:]:
        height = median(boxes[i].height for i in row)
        narrowed = [gap for old in clear for gap in minus(old, boxes, row)]
        narrowed = [(a, b) for a, b in narrowed if b - a > GUTTER * height]
        inner = [gap for gap in narrowed if float("-inf") < gap[0] and gap[1] < float("inf")]
        far = min(boxes[i].y0 for i in row) - bottom > SECTION * height
        if last > first + 1 and (not inner or (far and is_one_sided(boxes, row, inner))):
            break
        clear, gaps, last = narrowed, inner, last + 1
        bottom = max(bottom, *(boxes[i].y1 for i in row))
    return last, gaps


def minus(gap: Gap, boxes: Sequence[Box], row: Row) -> list[Gap]:
    """Return what is left of ``gap`` beside the boxes of ``row``."""
    left: list[Gap] = []
    start, end = gap
    for i in row:
        if boxes[i].x1 <= start or boxes[i].x0 >= end:
            continue
        left.append((start, boxes[i].x0))
        start = max(start, boxes[i].x1)
    return [(a, b) for a, b in [*left, (start, end)] if a < b]


def is_one_sided(boxes: Sequence[Box], row: Row, gaps: Sequence[Gap]) -> bool:
    """Tell whether ``row`` has boxes on one side only of each of ``gaps``."""
    return all(len({boxes[i].x1 <= a for i in row}) == 1 for a, _ in gaps)


def split(boxes: Sequence[Box], some: Sequence[int], gaps: Sequence[Gap]) -> list[Row]:
    """Part the boxes at ``gaps``, from left to right."""
    parts: list[Row] = [[] for _ in range(len(gaps) + 1)]
    for i in some:
        parts[sum(boxes[i].x0 >= b for _, b in gaps)].append(i)
    return [part for part in parts if part]


def is_running_text(boxes: Sequence[Box], texts: Sequence[str], some: Sequence[int]) -> bool:
    """Tell a column of sentences or an address from one of prices or labels."""
    if len(some) < COLUMN_LINES:
        return False
    column = max(boxes[i].x1 for i in some) - min(boxes[i].x0 for i in some)
    full = median(boxes[i].x1 - boxes[i].x0 for i in some) / column
    characters = sum(length(texts[i]) for i in some)
    return (
        full >= FULL
        and median(letters(texts[i]) for i in some) >= LONG
        and sum(letters(texts[i]) for i in some) >= LETTERS * characters
    )
