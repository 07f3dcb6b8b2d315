"""Where a screenshot is of one colour: the regions that pages are painted with.

What a browser paints is exactly one colour over a whole region, with holes where text and pictures
stand. So regions are found exactly: connected pixels of one frequent colour.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.page import Box

Pixels = NDArray[np.uint8]  # (H, W, 3)
Mask = NDArray[np.bool_]  # (H, W)
Colour = tuple[int, int, int]
Value = TypeVar("Value")

COLOURS = 96  # of the page, the most frequent; the rest is in pictures and at the edges of letters
SOLID = 7  # pixels of one colour both ways: a surface, not the edge of a letter
LINE = 24  # pixels of one colour one way: a line
LEAST_SIDE = 8  # pixels; what is smaller is a dot of a letter
THIN = 4  # pixels; what is not thicker is a line


@dataclass(frozen=True, slots=True)
class Region:
    """Connected pixels of one colour."""

    box: Box
    colour: Colour
    area: int  # pixels of the colour
    filled: int  # pixels inside of the outline, its holes filled
    corners: tuple[int, int, int, int]  # pixels missing in them, clockwise from the top left
    edges: tuple[float, float, float, float]  # share of top, right, bottom, left that it touches
    pixels: Mask  # within the box

    @property
    def width(self) -> int:
        """From left to right."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.box[3] - self.box[1]


def packed(rgb: Pixels) -> NDArray[np.int32]:
    """Return each pixel as one number."""
    wide = rgb.astype(np.int32)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def colour_of(number: int) -> Colour:
    """Return the colour that ``packed`` made a number of."""
    return (number >> 16) & 255, (number >> 8) & 255, number & 255


def hex_of(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def calm(numbers: NDArray[np.int32]) -> Mask:
    """Tell the pixels that equal both neighbours beside them, or those above and below."""
    return in_runs(numbers, 3, 0) | in_runs(numbers, 3, 1)


def in_runs(numbers: NDArray[np.int32], length: int, axis: int) -> Mask:
    """Tell the middles of so many equal pixels: below each other, or along axis 1 beside."""
    lines = numbers if axis == 0 else numbers.T
    flat = np.zeros(lines.shape, bool)
    run = lines[1:] == lines[:-1]
    got = 2
    while got < length and len(run):
        # Two runs that overlap make a longer one.
        step = min(got - 1, length - got)
        run = run[step:] & run[:-step]
        got += step
    half = length // 2
    flat[half : half + len(run)] = run
    return flat if axis == 0 else flat.T


def frequent(numbers: NDArray[np.int32]) -> list[int]:
    """Return the colours that surfaces and lines have, the most frequent first."""
    solid = in_runs(numbers, SOLID, 0) & in_runs(numbers, SOLID, 1)
    drawn = in_runs(numbers, LINE, 0) | in_runs(numbers, LINE, 1)
    colours, counts = np.unique(numbers[solid | drawn], return_counts=True)
    order = np.lexsort((colours, -counts))[:COLOURS]
    return [int(colours[i]) for i in order]


def regions(rgb: Pixels) -> list[Region]:
    """Return the regions of one colour, the largest first."""
    numbers = packed(rgb)
    found = [r for colour in frequent(numbers) for r in of_colour(numbers, colour)]
    return sorted(found, key=lambda r: (-r.filled, r.box))


def of_colour(numbers: NDArray[np.int32], colour: int) -> Iterator[Region]:
    """Yield the regions of one colour that are more than a dot."""
    whole = numbers == colour
    rows, columns = np.flatnonzero(whole.any(axis=1)), np.flatnonzero(whole.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    mask = np.ascontiguousarray(whole[top : rows[-1] + 1, left : columns[-1] + 1]).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    wide = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    enough = (wide >= LEAST_SIDE) & (stats[:, cv2.CC_STAT_AREA] >= LEAST_SIDE)
    for label in np.flatnonzero(enough):
        if label:
            x, y, w, h, area = (int(v) for v in stats[label])
            pixels = labels[y : y + h, x : x + w] == label
            box = (left + x, top + y, left + x + w, top + y + h)
            yield measured(box, colour_of(colour), area, pixels)


def measured(box: Box, colour: Colour, area: int, pixels: Mask) -> Region:
    """Return a region with what its outline tells."""
    whole = filled(pixels)
    h, w = pixels.shape
    k = max(1, min(h, w) // 2)
    parts = (whole[:k, :k], whole[:k, -k:], whole[-k:, -k:], whole[-k:, :k])
    lines = (whole[0], whole[:, -1], whole[-1], whole[:, 0])
    return Region(
        box=box,
        colour=colour,
        area=area,
        filled=int(whole.sum()),
        corners=four(k * k - int(part.sum()) for part in parts),
        edges=four(float(line.mean()) for line in lines),
        pixels=pixels,
    )


def filled(pixels: Mask) -> NDArray[np.uint8]:
    """Return the pixels inside of an outline, its holes filled."""
    outlines, _ = cv2.findContours(
        pixels.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    whole = np.zeros(pixels.shape, np.uint8)
    cv2.drawContours(whole, outlines, -1, 1, cv2.FILLED)
    return whole


def four(values: Iterable[Value]) -> tuple[Value, Value, Value, Value]:
    """Return four values as a tuple of four."""
    a, b, c, d = tuple(values)
    return a, b, c, d
