"""The surfaces of a page: rectangles, rounded or not, that are painted in one colour.

Bands across the page, cards, buttons, badges and input fields are all surfaces: each with a colour,
a radius, borders and a shadow, measured from the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.flat import THIN, Colour, Pixels, Region, four, hex_of
from app.jobs.webpage.page import Box

MISSING = 1 - np.pi / 4  # of a square, what a quarter of a circle leaves out
THICK = 3  # pixels from the edge of a surface to its middle
EDGE = 1.2  # pixels that count as missing for each pixel of a radius
SMALLEST = 6  # pixels; the smaller side of a surface
CAPITAL = 0.82  # of a line's height is what no letter is higher than
ROUND = 0.36  # of its height, a radius makes the end of a surface round
TITLE = 34  # pixels; in higher lines, strokes are thick enough to be surfaces themselves
RING = 0.52  # of a line's height is what the inside of a small O is not higher than
LARGE = 120  # pixels; no pill and no button is as high
SIDE_ROOM = 20  # pixels
FULL = 0.93  # of its outline's area is what a rectangle has, at least
BAND = 0.9  # of a band's height is at the sides of the page
SIDE = 0.7  # of a side is straight, beside the corners
COVERED = 0.3  # the same for one side that something overlaps
UNIFORM = 0.85  # of a border's pixels have its colour
BORDER = 5  # pixels; a thicker border is a surface of its own
SHADOW = 90  # pixels; no shadow reaches further
MIXTURE = 2  # levels that a mixture may be beside the colours that it is of
FADED = 0.3  # of its darkness is left where a shadow ends
PLAIN = 6  # levels; a border is further than this from what lies outside of it


Radii = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Border:
    """One side of a surface's border."""

    width: int  # pixels; 0: none
    colour: Colour = (0, 0, 0)


NONE = Border(0)


@dataclass(frozen=True, slots=True)
class Surface:
    """A painted rectangle."""

    box: Box  # its border included
    colour: Colour
    radii: Radii = (0, 0, 0, 0)  # pixels, of the outside, clockwise from the top left
    borders: tuple[Border, Border, Border, Border] = (NONE, NONE, NONE, NONE)  # as CSS: top first
    shadow: str = ""  # as CSS writes it
    paint: str = ""  # what CSS paints instead of the colour: a gradient, a picture

    @property
    def width(self) -> int:
        """From left to right."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.box[3] - self.box[1]

    @property
    def area(self) -> int:
        """Pixels."""
        return self.width * self.height

    @property
    def is_bordered(self) -> bool:
        """Whether any side has a border."""
        return any(border.width for border in self.borders)

    @property
    def background(self) -> str:
        """What CSS paints it with."""
        return self.paint or hex_of(self.colour)


def contains(outer: Box, inner: Box, slack: int = 0) -> bool:
    """Tell whether ``inner`` lies within ``outer``, give or take ``slack`` pixels."""
    return (
        outer[0] - slack <= inner[0]
        and outer[1] - slack <= inner[1]
        and outer[2] + slack >= inner[2]
        and outer[3] + slack >= inner[3]
    )


def shared(a: Box, b: Box) -> int:
    """Return how many pixels two boxes share."""
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def is_thick(region: Region) -> bool:
    """Tell a surface from a line, a ring or a letter."""
    if min(region.width, region.height) <= THIN:
        return False
    padded = np.pad(region.pixels.view(np.uint8), 1)
    return float(cv2.distanceTransform(padded, cv2.DIST_C, 3).max()) >= THICK


def radii_of(region: Region) -> Radii:
    """Return the radii that the corners tell, clockwise from the top left."""
    usual = sorted(region.corners)[2]
    # Something that stands in a corner takes more of it than its roundness does.
    missing = [usual if m > 2 * usual + SIDE_ROOM else m for m in region.corners]
    return four(radius_of(m) for m in missing)


def radius_of(missing: int) -> int:
    """Return the radius of a corner that so many pixels are missing in.

    Those at its edge are mixed with what is behind, and count as missing.
    """
    return round((sqrt(EDGE * EDGE + 4 * MISSING * missing) - EDGE) / (2 * MISSING))


def is_rectangle(region: Region) -> bool:
    """Tell whether the outline is that of a rectangle, its corners rounded or not."""
    w, h = region.width, region.height
    radius = max(radii_of(region))
    if min(w, h) < SMALLEST or radius > min(w, h) / 2 + 1:
        return False
    # A contour in a photo can look like a large rounded box; pages have none but circles.
    if min(w, h) > LARGE and radius > min(w, h) / 4 and abs(w - h) > min(w, h) // 50:
        return False
    if region.filled < FULL * (w * h - sum(region.corners)):
        return False
    spans = (w, h, w, h)
    straight = [max(0.0, 1 - 2.4 * radius / span) for span in spans]
    kept = sorted(e / s if s > 0.2 else 1.0 for e, s in zip(region.edges, straight, strict=True))
    return kept[0] >= COVERED and kept[1] >= SIDE


def rectangles(regions: Sequence[Region], texts: Sequence[Box], width: int) -> list[Region]:
    """Return the regions that look like surfaces; ``texts`` are the boxes of the page's lines."""
    return [
        region
        for region in regions
        if (is_rectangle(region) or is_band(region, width))
        and is_thick(region)
        and not is_letter(region.box, texts)
    ]


def is_band(region: Region, width: int) -> bool:
    """Tell whether a region runs across the whole page, whatever stands in it."""
    _, right, _, left = region.edges
    return region.width == width and min(left, right) > BAND


def surfaces(rgb: Pixels, rectangles: Sequence[Region], page_colour: Colour) -> list[Surface]:
    """Return the surfaces of a page, the largest first, with their borders and shadows."""
    bare = [
        Surface(r.box, r.colour, radii_of(r) if r.width < rgb.shape[1] else (0, 0, 0, 0))
        for r in rectangles
    ]
    page = Surface((0, 0, rgb.shape[1], rgb.shape[0]), page_colour)
    found: list[Surface] = []
    for surface in bare:
        parent = outside(surface, bare)
        whole = bordered(rgb, surface, parent or page)
        # The rings of a shadow are one level apart.
        if not parent or distance(surface.colour, parent.colour) > 1 or whole.is_bordered:
            found.append(whole)
    return found


def is_letter(box: Box, texts: Sequence[Box]) -> bool:
    """Tell whether a region is part of a letter of a line."""
    for text in texts:
        high = text[3] - text[1]
        if box[3] - box[1] > (CAPITAL if high > TITLE else RING) * high:
            continue
        room = (text[3] - text[1]) // 8
        within = contains((text[0] - room, text[1] - room, text[2] + room, text[3] + room), box)
        if within and shared(box, text) < 0.75 * (text[2] - text[0]) * (text[3] - text[1]):
            return True
    return False


def outside(surface: Surface, others: Sequence[Surface]) -> Surface | None:
    """Return the smallest surface around one."""
    around = [o for o in others if o.area > surface.area and contains(o.box, surface.box)]
    return min(around, key=lambda o: o.area, default=None)


def bordered(rgb: Pixels, surface: Surface, parent: Surface) -> Surface:
    """Return a surface with its borders and its shadow; its box then includes the borders."""
    strips = [side(rgb, surface, which) for which in range(4)]
    top, right, bottom, left = (
        border_of(strip, surface.colour, parent.colour) for strip in strips
    )
    x0, y0, x1, y1 = surface.box
    box = (x0 - left.width, y0 - top.width, x1 + right.width, y1 + bottom.width)
    thickest = max(top.width, right.width, bottom.width, left.width)
    radii = four(radius + thickest if radius else 0 for radius in surface.radii)
    whole = replace(surface, box=box, radii=radii, borders=(top, right, bottom, left))
    whole = rounded(whole)
    return replace(whole, shadow=shadow_of(rgb, whole, parent.colour))


def rounded(surface: Surface) -> Surface:
    """Return a surface with round ends as it is: their sides are too short to be measured."""
    x0, y0, x1, y1 = surface.box
    if min(surface.radii) < ROUND * min(surface.width, surface.height):
        return surface
    top, right, bottom, left = surface.borders
    if top.width and top == bottom and not (right.width or left.width):
        box = (x0 - top.width, y0, x1 + top.width, y1)
        return replace(surface, box=box, borders=(top, top, top, top))
    if not surface.is_bordered and abs(surface.width - surface.height) <= 2:
        # The outermost pixels of a circle are mixed with what is behind.
        return replace(surface, box=(x0 - 1, y0 - 1, x1 + 1, y1 + 1))
    return surface


def side(rgb: Pixels, surface: Surface, which: int, reach: int = BORDER + 1) -> NDArray[np.uint8]:
    """Return the pixels outside of a side, from the surface outward: (reach, span, 3).

    ``which`` is 0 for the top, then clockwise. Corners are left out. Fewer rows at the page's end.
    """
    x0, y0, x1, y1 = surface.box
    inset = min(max(surface.radii), (x1 - x0) // 2 - 1, (y1 - y0) // 2 - 1)
    across, down = slice(x0 + inset, x1 - inset), slice(y0 + inset, y1 - inset)
    if which == 0:
        return rgb[max(0, y0 - reach) : y0, across][::-1]
    if which == 1:
        return rgb[down, x1 : x1 + reach].swapaxes(0, 1)
    if which == 2:
        return rgb[y1 : y1 + reach, across]
    return rgb[down, max(0, x0 - reach) : x0].swapaxes(0, 1)[::-1]


def mode(row: NDArray[np.uint8]) -> tuple[Colour, float]:
    """Return the most frequent colour of a row of pixels, and its share."""
    wide = row.astype(np.int32)
    numbers, counts = np.unique(
        (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2], return_counts=True
    )
    best = int(counts.argmax())
    n = int(numbers[best])
    return ((n >> 16) & 255, (n >> 8) & 255, n & 255), float(counts[best] / len(row))


def distance(a: Colour, b: Colour) -> int:
    """Return how far two colours are apart, in levels of the channel that differs most."""
    return max(abs(p - q) for p, q in zip(a, b, strict=True))


def border_of(strip: NDArray[np.uint8], own: Colour, parent: Colour) -> Border:
    """Return the border that a strip of pixels outside of a surface begins with."""
    if not strip.shape[0] or not strip.shape[1]:
        return NONE
    modes = [mode(row) for row in strip]
    colour, share = modes[0]
    if share < UNIFORM or colour == parent or is_between(colour, own, parent):
        return NONE
    width = next((i for i, (c, s) in enumerate(modes) if c != colour or s < UNIFORM), len(modes))
    if width > BORDER or width >= len(modes):
        return NONE
    return Border(width, colour) if distance(colour, modes[width][0]) > PLAIN else NONE


def is_between(colour: Colour, own: Colour, parent: Colour) -> bool:
    """Tell whether a colour is a mixture, as the edge of a surface is that ends within a pixel."""
    if distance(own, parent) <= PLAIN:
        return False
    low = [min(a, b) - MIXTURE for a, b in zip(own, parent, strict=True)]
    high = [max(a, b) + MIXTURE for a, b in zip(own, parent, strict=True)]
    if not all(a <= c <= b for a, c, b in zip(low, colour, high, strict=True)):
        return False
    shares = [
        (c - p) / (o - p)
        for c, o, p in zip(colour, own, parent, strict=True)
        if abs(o - p) > PLAIN
    ]
    return max(shares) - min(shares) < 0.15  # noqa: PLR2004 - one share for all channels


def fade(strip: NDArray[np.uint8], parent: Colour) -> tuple[int, float]:
    """Return how far a shadow reaches along a strip, and how dark it is where it begins (0 to 1)."""
    if not strip.shape[0] or not strip.shape[1]:
        return 0, 0.0
    middle = strip[:, strip.shape[1] // 4 : max(1, strip.shape[1] * 3 // 4)]
    light = np.median(middle.reshape(len(middle), -1, 3).astype(float).sum(axis=2), axis=1)
    dark = sum(parent) - light
    if sum(parent) < 90 or dark[0] < 4:
        return 0, 0.0
    reach = 1
    for before, after in pairwise(dark):
        if after < 1 or after > before + 1:
            break
        reach += 1
    # What does not fade is no shadow.
    faded = dark[min(reach, len(dark) - 1)] < FADED * dark[0]
    return (reach, float(dark[0]) / sum(parent)) if faded else (0, 0.0)


def shadow_of(rgb: Pixels, surface: Surface, parent: Colour) -> str:
    """Return the shadow as CSS writes it, "" without one."""
    fades = [fade(side(rgb, surface, which, SHADOW), parent) for which in range(4)]
    reaches = [reach for reach, _ in fades]
    if reaches[2] < 2 or sum(reach > 0 for reach in reaches) < 2:
        return ""
    down = (reaches[2] - reaches[0]) / 2
    blur = max(1.0, (reaches[2] + reaches[0]) / 2)
    # A blurred edge has half of its strength where the box ends, more where it was moved out.
    share = min(1.0, 0.5 + down / (2 * blur))
    strength = min(0.6, fades[2][1] / share)
    return f"0 {round(down)}px {round(blur)}px rgb(0 0 0 / {strength:.2f})"
