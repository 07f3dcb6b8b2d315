"""Surfaces whose colour changes slowly from top to bottom, or from left to right.

Over a whole page such a change is less than a level from row to row: what is of one colour there is
a stripe of a few rows, and none of them is a surface. So they are found by that they hardly change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.flat import Colour, Pixels, Region, filled, hex_of, measured
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.surfaces import contains, distance
from app.jobs.webpage.page import Box

Stops = Sequence[tuple[int, NDArray[np.float64]]]  # percent of the way, and the colour there

CALM = 3  # levels; neighbours do not differ more
AREA, SIDE = 20_000, 60  # pixels, at least
RANGE = 12  # levels from one end to the other, at least
FLAT = 0.3  # of all pixels; if more are of one colour, it is a surface with a shadow
WHOLE = 0.9  # of its box is its outline
OFF = 1.5  # levels, on average, from what CSS would paint
STOPS = 5  # colours of one gradient
ENDS = ("", "")  # where a change has no colours but the first and the last
BENT = 2.5  # levels; where a colour is further off a straight change, it is one of them
STEP = 6  # levels; a region that differs less is a stripe of the change


@dataclass(frozen=True, slots=True)
class Slope:
    """A slow change of colour."""

    picture: Picture
    region: Region
    colours: NDArray[np.float64]  # (n, 3), from its top or its left on
    axis: int  # 0: from top to bottom

    def has(self, region: Region) -> bool:
        """Tell whether a region is only a stripe of it."""
        if not contains(self.picture.box, region.box, 2):
            return False
        start = self.picture.box[1 - self.axis]
        middle = (region.box[1 - self.axis] + region.box[3 - self.axis]) // 2 - start
        there = self.colours[min(max(0, middle), len(self.colours) - 1)]
        return distance(region.colour, colour_at(there)) <= STEP


def slopes(rgb: Pixels) -> list[Slope]:
    """Return the slow changes of colour of a page."""
    square = np.ones((3, 3), np.uint8)
    change = cv2.subtract(cv2.dilate(rgb, square), cv2.erode(rgb, square)).max(axis=2)
    calm = np.asarray(change <= CALM, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(calm, connectivity=4)
    found = []
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= AREA):
        x, y, w, h, _ = (int(v) for v in stats[label])
        if not label or min(w, h) < SIDE:
            continue
        slope = slope_of(rgb, (x, y, x + w, y + h), labels[y : y + h, x : x + w] == label)
        if slope:
            found.append(slope)
    return found


def slope_of(rgb: Pixels, box: Box, part: NDArray[np.bool_]) -> Slope | None:
    """Return the change of colour that the pixels of ``part`` of a box show, if they do."""
    x0, y0, x1, y1 = box
    crop = rgb[y0:y1, x0:x1]
    pixels = crop[part][::7].astype(np.int32)
    numbers = pixels @ np.array([65_536, 256, 1])
    most = np.unique(numbers, return_counts=True)[1].max() / len(numbers)
    low, high = np.percentile(pixels, (2, 98), axis=0)
    if most > FLAT or (high - low).max() < RANGE:
        return None
    whole = filled(part)
    if whole.mean() < WHOLE:
        return None
    for axis in (0, 1):
        colours = along(crop, part, axis)
        shown = colours[:, None] if axis == 0 else colours[None]
        if np.abs(crop - shown)[part].mean() <= OFF and (stops := stops_of(colours)):
            paint = paint_of(stops, axis)
            # Where it ends it does change: those pixels are its own.
            grown = (max(0, x0 - 1), max(0, y0 - 1), min(rgb.shape[1], x1 + 1), y1 + 1)
            grown = (*grown[:3], min(rgb.shape[0], grown[3]))
            middle = colour_at(colours[len(colours) // 2])
            region = measured(box, middle, int(part.sum()), whole.astype(bool))
            return Slope(Picture(grown, paint, 0.0, middle), region, colours, axis)
    return None


def paint_of(stops: Stops, axis: int) -> str:
    """Return a change of colour as CSS writes it."""
    places = [f" {at}%" for at, _ in stops] if len(stops) > len(ENDS) else ENDS
    said = (hex_of(colour_at(c)) + at for (_, c), at in zip(stops, places, strict=True))
    return f"linear-gradient({180 if axis == 0 else 90}deg, {', '.join(said)})"


def along(crop: Pixels, part: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
    """Return the colour of each row (axis 0) or column: the median of its pixels."""
    lines, known = (crop, part) if axis == 0 else (crop.swapaxes(0, 1), part.T)
    found = [
        np.median(line[k], axis=0) if k.any() else None
        for line, k in zip(lines, known, strict=True)
    ]
    usual = next(colour for colour in found if colour is not None)
    for i, colour in enumerate(found):
        usual = found[i] = usual if colour is None else colour
    return np.array(found)


def stops_of(colours: NDArray[np.float64]) -> Stops:
    """Return the few colours, with their places in percent, between which all change straight."""
    end = len(colours) - 1
    places = [0, end]
    while len(places) <= STOPS:
        drawn = np.stack(
            [np.interp(np.arange(end + 1), places, colours[places, c]) for c in range(3)]
        )
        off = np.abs(drawn.T - colours).max(axis=1)
        if off.max() <= BENT:
            return [(round(100 * at / end), colours[at]) for at in places]
        places = sorted({*places, int(off.argmax())})
    return []


def colour_at(value: NDArray[np.float64]) -> Colour:
    """Return a measured colour in whole levels."""
    r, g, b = (round(float(v)) for v in value)
    return r, g, b


def without_stripes(flat: Sequence[Region], found: Sequence[Slope]) -> list[Region]:
    """Return regions without those that are only stripes of a slow change."""
    return [region for region in flat if not any(slope.has(region) for slope in found)]
