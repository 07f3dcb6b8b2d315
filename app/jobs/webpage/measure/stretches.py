"""Where the ink of a line is: on which surface, between which gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.flat import Pixels
from app.jobs.webpage.measure.ink import RIM, Ink, ink_of, runs
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.page import Box

HALF = 0.5  # covered; less is free
INSET = 1  # pixels inside of a surface's border that are never text
SPECK = 2  # pixels; less is no mark
SEEN = 0.2  # of the contrast, from which on ink fills a gap
WEAKER = 0.85  # of the contrast, up to which ink is of a weaker colour
WIDE_GAP = 0.95  # heights of the ink; a wider gap is not a space


@dataclass(frozen=True, slots=True)
class Mark:
    """Ink beside words that was not read: a bullet, an arrow, a box to tick."""

    box: Box
    round: bool = False  # its corners are free
    hollow: bool = False  # its middle is


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a line between wide gaps: ink whose words are not known yet."""

    ink: Ink
    owner: int


@dataclass(frozen=True, slots=True)
class Scene:
    """The page below its text."""

    rgb: Pixels
    ground: Pixels
    owners: NDArray[np.int32]
    surfaces: Sequence[Surface]
    pictures: Sequence[Picture]


def disjoint(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes of lines without what they share with those beside them in their row."""
    result = list(boxes)
    for i in range(len(result)):
        for j in range(len(result)):
            (a0, a1, a2, a3), (b0, b1, b2, b3) = result[i], result[j]
            level = min(a3, b3) - max(a1, b1)
            overlap = a0 < b0 < a2 < b2 and 2 * level > min(a3 - a1, b3 - b1)
            if overlap and 3 * (a2 - b0) < min(a2 - a0, b2 - b0):
                middle = (a2 + b0) // 2
                result[i], result[j] = (a0, a1, middle, a3), (middle, b1, b2, b3)
    return result


def stretches_of(scene: Scene, box: Box) -> list[Stretch]:
    """Return the stretches of ink in the box of a line, from left to right."""
    height, width = scene.owners.shape
    x0, y0 = max(0, box[0] - 2), max(0, box[1] - 1)
    x1, y1 = min(width, box[2] + 2), min(height, box[3] + 1)
    found: list[Stretch] = []
    if x1 - x0 <= SPECK or y1 - y0 <= SPECK:
        return found
    row = scene.owners[(y0 + y1) // 2, x0:x1]
    edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    for left, right in pairwise(edges):
        owner = int(row[left])
        part = (x0 + left, y0, x0 + right, y1)
        if owner >= 0:
            part = inside(scene.surfaces[owner], part)
        ink = ink_of(scene.rgb, scene.ground, scene.pictures, part, y1 - y0)
        if ink:
            found += [Stretch(p, owner) for p in parted(ink, WIDE_GAP * ink.height)]
    return found


def inside(surface: Surface, box: Box) -> Box:
    """Return the part of a box that is within a surface's border."""
    top, right, bottom, left = (border.width + INSET for border in surface.borders)
    x0, y0, x1, y1 = surface.box
    # Letters do not reach into rounded corners; what differs there is the corner.
    round_off = max(surface.radii) // 3 if box[1] < y0 + 4 or box[3] > y1 - 4 else 0
    return (
        max(box[0], x0 + left + round_off),
        max(box[1], y0 + top),
        min(box[2], x1 - right - round_off),
        min(box[3], y1 - bottom),
    )


def parted(ink: Ink, gap: float) -> list[Ink]:
    """Cut ink where gaps are wider than ``gap`` pixels."""
    groups: list[tuple[int, int]] = []
    for left, right in runs(np.asarray((ink.cover > SEEN).any(axis=0))):
        if groups and left - groups[-1][1] <= gap:
            groups[-1] = (groups[-1][0], right)
        else:
            groups.append((left, right))
    return [narrowed(ink, left, right) for left, right in groups]


def narrowed(ink: Ink, left: int, right: int) -> Ink:
    """Return the ink between two columns; a weaker colour there covers as wholly as any."""
    cover = ink.cover[:, left:right]
    inked = cover[cover > RIM]
    strongest = float(np.percentile(inked, 96)) if inked.size else 1.0
    if strongest < WEAKER:
        cover = np.minimum(cover / strongest, 1).astype(np.float32)
    rows = np.flatnonzero((cover > RIM).any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    x0, y0 = ink.box[:2]
    return replace(
        ink,
        box=(x0 + left, y0 + top, x0 + right, y0 + bottom),
        cover=cover[top:bottom],
        pixels=ink.pixels[top:bottom, left:right],
    )


def marks_of(inks: Sequence[Ink]) -> tuple[Mark, ...]:
    """Return ink without words as marks, but for specks."""
    return tuple(mark_of(ink) for ink in inks if min(ink.cover.shape) >= SPECK)


def mark_of(ink: Ink) -> Mark:
    """Return ink without words as a mark."""
    rows, columns = ink.cover.shape
    corners = ink.cover[[0, 0, -1, -1], [0, -1, 0, -1]]
    middle = ink.cover[rows // 3 : rows - rows // 3, columns // 3 : columns - columns // 3]
    return Mark(ink.box, bool(corners.max() < HALF), bool(middle.size and middle.max() < HALF))
