"""What is around a surface: its borders, its shadow."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.flat import Colour, Pixels, four
from app.jobs.webpage.measure.surfaces import NONE, Border, Surface, distance

BOTTOM = 2  # of the sides, clockwise from the top
CIRCLE = 2  # pixels; the sides of a circle's box do not differ more
DARK, FAINT = 90, 4  # levels of all channels: of a ground too dark for shadows, of no shadow
PLAIN = 6  # levels; a border is further than this from what lies outside of it
FADED = 0.3  # of its darkness is left where a shadow ends
MIXTURE = 2  # levels that a mixture may be beside the colours that it is of
SHADOW = 90  # pixels; no shadow reaches further
BORDER = 5  # pixels; a thicker border is a surface of its own
UNIFORM = 0.85  # of a border's pixels have its colour
ROUND = 0.36  # of its height, a radius makes the end of a surface round


def bordered(rgb: Pixels, surface: Surface, parent: Surface) -> Surface:
    """Return a surface with its borders and its shadow; its box then includes the borders."""
    strips = [side(rgb, surface, which) for which in range(4)]
    found = [border_of(strip, surface.colour, parent.colour) for strip in strips]
    top, right, bottom, left = completed(found, strips)
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
    if not surface.is_bordered and abs(surface.width - surface.height) <= CIRCLE:
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
    if which == BOTTOM:
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


def completed(borders: Sequence[Border], strips: Sequence[NDArray[np.uint8]]) -> Sequence[Border]:
    """Return borders with the fourth that is like three others, and hardly darker than a shadow."""
    known = {border for border in borders if border.width}
    if len(known) != 1 or sum(border.width == 0 for border in borders) != 1:
        return borders
    [usual] = known
    which = next(i for i, border in enumerate(borders) if not border.width)
    rows = [mode(row) for row in strips[which][: usual.width] if len(row)]
    same = len(rows) == usual.width and all(
        colour == usual.colour and share >= UNIFORM for colour, share in rows
    )
    return [usual] * 4 if same else borders


def is_between(colour: Colour, own: Colour, parent: Colour) -> bool:
    """Tell whether a colour is a mixture, as the edge of a surface is that ends within a pixel."""
    if distance(own, parent) <= PLAIN:
        return False
    low = [min(a, b) - MIXTURE for a, b in zip(own, parent, strict=True)]
    high = [max(a, b) + MIXTURE for a, b in zip(own, parent, strict=True)]
    if not all(a <= c <= b for a, c, b in zip(low, colour, high, strict=True)):
        return False
    shares = [
        (c - p) / (o - p) for c, o, p in zip(colour, own, parent, strict=True) if abs(o - p) > PLAIN
    ]
    return max(shares) - min(shares) < 0.15  # noqa: PLR2004 - one share for all channels


def fade(strip: NDArray[np.uint8], parent: Colour) -> tuple[int, float]:
    """Return how far a shadow reaches along a strip, and how dark it begins, from 0 to 1."""
    if not strip.shape[0] or not strip.shape[1]:
        return 0, 0.0
    middle = strip[:, strip.shape[1] // 4 : max(1, strip.shape[1] * 3 // 4)]
    light = np.median(middle.reshape(len(middle), -1, 3).astype(float).sum(axis=2), axis=1)
    dark = sum(parent) - light
    if sum(parent) < DARK or dark[0] < FAINT:
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
    if reaches[BOTTOM] <= 1 or sum(reach > 0 for reach in reaches) <= 1:
        return ""
    down = (reaches[2] - reaches[0]) / 2
    blur = max(1.0, (reaches[2] + reaches[0]) / 2)
    # A blurred edge has half of its strength where the box ends, more where it was moved out.
    share = min(1.0, 0.5 + down / (2 * blur))
    strength = min(0.6, fades[2][1] / share)
    return f"0 {round(down)}px {round(blur)}px rgb(0 0 0 / {strength:.2f})"
