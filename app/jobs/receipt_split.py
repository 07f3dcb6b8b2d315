"""Several receipts in one picture told apart: by their sheets of paper, else by the space between.

Only what is a receipt by itself is cut off: on one sheet, a column of prices stands apart from its
names, and a stub of the receipt before is often seen above the one that is meant.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from vision.engine import Line
from vision.reader.fields import find
from vision.reader.layout import Box, rows, upright
from vision.reader.script import letters
from vision.reader.values import amounts

BESIDE = 1.5  # heights of a line; narrower space is within one receipt
BELOW = 4.0  # heights of a line; less is between the parts of one receipt
NAMES = 5  # lines with words, that a receipt has at least
WORDS = 6  # letters of such a line
PRICES = 3  # lines with amounts, that a receipt has at least

Group = tuple[int, ...]  # indices of lines, in reading order


def regions(lines: Sequence[Line]) -> list[Group]:
    """Return the lines of each receipt in one picture, in the order in which they are read.

    Lines that are on a sheet without amounts, such as a card beside the receipt, are in no group.
    """
    boxes = upright(lines)
    sheets = sorted({line.sheet for line in lines})
    found = [
        group
        for sheet in sheets
        for group in _parted(
            lines, boxes, tuple(i for i, line in enumerate(lines) if line.sheet == sheet)
        )
    ]
    priced = [group for group in found if any(amounts(lines[i].text) for i in group)]
    return priced or found


def _parted(lines: Sequence[Line], boxes: Sequence[Box], group: Group) -> list[Group]:
    """Cut one sheet's lines where receipts lie beside each other, then where one is below."""
    height = median([boxes[i].height for i in group])
    for near, far, space in ((0, 2, BESIDE), (1, 3, BELOW)):
        for cut in _gaps([(boxes[i][near], boxes[i][far]) for i in group], space * height):
            before = tuple(i for i in group if boxes[i][far] <= cut)
            after = tuple(i for i in group if boxes[i][far] > cut)
            if _is_receipt(lines, before) and _is_receipt(lines, after):
                return [*_parted(lines, boxes, before), *_parted(lines, boxes, after)]
    return [group]


def _gaps(spans: Sequence[tuple[float, float]], least: float) -> list[float]:
    """Return where the gaps between ``spans`` begin that are at least so wide, widest first."""
    ends: list[tuple[float, float]] = []  # how far it was covered, where the next span begins
    reach = float("-inf")
    for (_, end), (start, _) in pairwise(sorted(spans)):
        reach = max(reach, end)
        if start - reach >= least:
            ends.append((start - reach, reach))
    return [reach for _, reach in sorted(ends, reverse=True)]


def _is_receipt(lines: Sequence[Line], group: Group) -> bool:
    """Tell whether some lines are a receipt by themselves: names, prices, a total and a date."""
    own = [lines[i] for i in group]
    if sum(letters(line.text) >= WORDS for line in own) < NAMES:
        return False
    if sum(bool(amounts(line.text)) for line in own) < PRICES:
        return False
    said = rows(own)
    return find("total", said) is not None and find("date", said) is not None
