"""What is drawn on the surfaces: letters, underlines, marks.

``ground`` is the page as it would be without any of them; ink is what differs from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.flat import Colour, Mask, Pixels, colour_of, packed
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.surfaces import Surface, shared
from app.jobs.webpage.page import Box

FAINT = 18  # levels; less contrast is not seen
BELOW = 0.62  # of a line's height; an underline is further down
COVERED = 0.78  # of a text's width is what its underline covers
WORD = 1.5  # heights of a line; the foot of a single letter can be as wide as it
DOT = 3  # pixels; what is not longer in a row is part of a letter
RIM = 0.12  # of the contrast, up to which a pixel is not covered at all
EDGE = 0.4  # of the contrast, from which on a pixel belongs to a letter
FEW = 60  # of a text's pixels, one in so many is covered wholly
RUN = 1.15  # heights of a line; a stroke as long as that is a line, not a letter


@dataclass(frozen=True, slots=True)
class Ink:
    """What is drawn in a box: how much of each pixel is covered, and in which colour."""

    box: Box  # around all of it
    cover: NDArray[np.float32]  # 0 to 1, within the box
    pixels: Pixels  # of the screenshot, within the box
    colour: Colour
    ground: Colour
    underline: tuple[tuple[int, int], ...] = ()  # from x to x
    strike: tuple[tuple[int, int], ...] = ()

    @property
    def width(self) -> float:
        """From left to right, in pixels and parts of one."""
        ends = self.cover[:, 0], self.cover[:, -1]
        parts = sum(min(1.0, float(end.max()) * 1.1) for end in ends)
        return float(self.cover.shape[1] - len(ends) + parts)

    @property
    def height(self) -> float:
        """From top to bottom, in pixels and parts of one: a row that is half covered is half."""
        return float(np.minimum(self.cover.max(axis=1) * 1.1, 1).sum())

    @property
    def columns(self) -> list[tuple[int, int]]:
        """Where it fills columns, from x to x."""
        return runs(np.asarray((self.cover > EDGE).any(axis=0)))

    @property
    def mask(self) -> Mask:
        """The pixels that belong to letters."""
        return np.asarray(self.cover > EDGE)


def ground_of(rgb: Pixels, surfaces: Sequence[Surface], pictures: Sequence[Picture]) -> Pixels:
    """Return the page without what is drawn on its surfaces; pictures stay as they are."""
    ground = np.empty_like(rgb)
    ground[:] = page_colour(rgb)
    painted: list[Surface | Picture] = [*surfaces, *pictures]
    for item in sorted(painted, key=lambda i: -(i.box[2] - i.box[0]) * (i.box[3] - i.box[1])):
        x0, y0, x1, y1 = item.box
        if isinstance(item, Picture):
            ground[y0:y1, x0:x1] = rgb[y0:y1, x0:x1]
            continue
        top, right, bottom, left = item.borders
        ground[y0 : y0 + top.width, x0:x1] = top.colour
        ground[y0:y1, x1 - right.width : x1] = right.colour
        ground[y1 - bottom.width : y1, x0:x1] = bottom.colour
        ground[y0:y1, x0 : x0 + left.width] = left.colour
        inside = (
            slice(y0 + top.width, y1 - bottom.width),
            slice(x0 + left.width, x1 - right.width),
        )
        ground[inside] = item.colour
    return ground


def page_colour(rgb: Pixels) -> Colour:
    """Return the colour that most of the page's edge has."""
    edge = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    numbers, counts = np.unique(packed(edge[None]), return_counts=True)
    return colour_of(int(numbers[counts.argmax()]))


def local_ground(rgb: Pixels, box: Box) -> Colour:
    """Return what lies behind a line on a picture: the colour that most of it has."""
    x0, y0, x1, y1 = box
    crop = rgb[y0:y1, x0:x1].reshape(-1, 3)
    rough = packed(np.asarray(crop[None] >> 4, np.uint8))[0]
    _, back, counts = np.unique(rough, return_inverse=True, return_counts=True)
    most = crop[back.ravel() == int(counts.argmax())]
    r, g, b = np.median(most, axis=0)
    return int(r), int(g), int(b)


def owners_of(shape: tuple[int, int], surfaces: Sequence[Surface]) -> NDArray[np.int32]:
    """Return for each pixel the index of the surface that it is on, -1 for the page itself."""
    owners = np.full(shape, -1, np.int32)
    for i in sorted(range(len(surfaces)), key=lambda i: (-surfaces[i].area, i)):
        x0, y0, x1, y1 = surfaces[i].box
        owners[y0:y1, x0:x1] = i
    return owners


def ink_of(
    rgb: Pixels, ground: Pixels, pictures: Sequence[Picture], box: Box, height: int
) -> Ink | None:
    """Return what is drawn in a box; ``height`` is about that of its lines."""
    x0, y0, x1, y1 = box
    if x1 - x0 < 1 or y1 - y0 < 1:
        return None
    behind = ground[y0:y1, x0:x1].astype(np.int16)
    if any(2 * shared(box, p.box) > (x1 - x0) * (y1 - y0) for p in pictures):
        behind = np.broadcast_to(np.array(local_ground(rgb, box), np.int16), behind.shape)
    crop = rgb[y0:y1, x0:x1].astype(np.int16)
    contrast = np.abs(crop - behind).max(axis=2)
    strongest = (
        float(np.percentile(contrast[contrast > FAINT], 96)) if contrast.max() > FAINT else 0
    )
    if strongest <= FAINT:
        return None
    cover = np.minimum(contrast / strongest, 1).astype(np.float32)
    cover, underline, strike = without_lines(cover, height, x0)
    cover = without_neighbours(cover)
    rows, columns = np.flatnonzero((cover > RIM).any(1)), np.flatnonzero((cover > RIM).any(0))
    if not len(rows):
        return None
    top, bottom, left, right = (
        int(rows[0]),
        int(rows[-1]) + 1,
        int(columns[0]),
        int(columns[-1]) + 1,
    )
    within = (slice(top, bottom), slice(left, right))
    pixels = rgb[y0:y1, x0:x1][within]
    br, bg, bb = np.median(behind[within].reshape(-1, 3), axis=0)
    return Ink(
        box=(x0 + left, y0 + top, x0 + right, y0 + bottom),
        cover=cover[within],
        pixels=pixels,
        colour=strongest_colour(pixels, (int(br), int(bg), int(bb))),
        ground=(int(br), int(bg), int(bb)),
        underline=underline,
        strike=strike,
    )


def strongest_colour(pixels: Pixels, ground: Colour) -> Colour:
    """Return the colour of the pixels that differ most from what is behind."""
    contrast = np.abs(pixels.astype(np.int16) - ground).max(axis=2)
    order = np.argsort(-contrast, axis=None, kind="stable")
    most = pixels.reshape(-1, 3)[order[: max(3, len(order) // FEW)]]
    r, g, b = np.median(most, axis=0)
    return int(r), int(g), int(b)


def without_lines(
    cover: NDArray[np.float32], height: int, x0: int
) -> tuple[NDArray[np.float32], tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Take underlines and strokes through the text away; return what is left, and where they are.

    Letters that cross them lose a row, no more.
    """
    result = cover.copy()
    under: list[tuple[int, int]] = []
    through: list[tuple[int, int]] = []
    rows = cover.shape[0]
    longest = max(12.0, RUN * height)
    inked = np.flatnonzero((cover > EDGE).any(axis=0))
    width = int(inked[-1] - inked[0] + 1) if len(inked) else 1
    for y in range(rows):
        found = runs(np.asarray(cover[y] > EDGE))
        # Letters that reach below their line break it.
        long = sum(b - a for a, b in found if b - a > DOT)
        whole = y > rows * BELOW and width > WORD * height and long > COVERED * width
        for left, right in found:
            if right - left >= longest or (whole and right - left > DOT):
                result[y, left:right] = 0
                (under if y > rows * BELOW else through).append((x0 + left, x0 + right))
    return result, merged(under), merged(through)


def merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Put spans that overlap together."""
    found: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(right, found[-1][1]))
        else:
            found.append((left, right))
    return tuple(found)


def runs(row: Mask) -> list[tuple[int, int]]:
    """Return where a row is True, from x to x."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row.view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def without_neighbours(cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take away what reaches in from the line above or below."""
    filled = runs(np.asarray((cover > EDGE).any(axis=1)))
    if len(filled) <= 1:
        return cover
    result = cover.copy()
    total = sum(bottom - top for top, bottom in filled)
    for top, bottom in (filled[0], filled[-1]):
        at_end = top == 0 or bottom == cover.shape[0]
        if at_end and bottom - top < 0.25 * total:
            result[top:bottom] = 0
    return result
