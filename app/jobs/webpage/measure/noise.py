"""A screenshot without the noise that JPEG leaves around letters and edges.

What a browser paints has exactly one colour; noise takes it a few levels off. First all pixels near
a frequent colour get it. Then the rectangles that show so are straightened: up to the border around
them, what is nearly of their colour gets it, and the border gets one colour, too.
"""

from dataclasses import replace
from itertools import takewhile

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.edges import side
from app.jobs.webpage.measure.flat import (
    Colour,
    Mask,
    Pixels,
    calm,
    colour_of,
    four,
    packed,
    regions,
)
from app.jobs.webpage.measure.ink import owners_of, page_colour
from app.jobs.webpage.measure.outlines import radii_of, rectangles
from app.jobs.webpage.measure.surfaces import Surface, distance, outside

MAIN = 0.15  # of the page, that a colour takes up at least which noise is measured by
SHARE = 0.02  # of the page, that a colour takes up at least which noise is snapped to
NOISY = 0.012  # of the page is near such a colour, and not calm: noise
NOISE = 5  # levels; how far noise takes a colour
RINGING = 16  # levels; how far it does beside letters and edges
EVEN = 4  # levels; noise takes neighbours on one surface no further apart
LEAST = 40  # pixels; what is smaller is within a letter
REACH = 8  # pixels; JPEG's blocks, which noise does not leave
THICK = 3  # pixels; a border that is thicker shows without help


def cleaned(rgb: Pixels) -> tuple[Pixels, bool]:
    """Return a screenshot without its noise, and whether there was any."""
    snapped = denoised(rgb)
    if snapped is rgb:
        return rgb, False
    snapped = flattened(snapped)
    height, width = rgb.shape[:2]
    shown = rectangles(regions(snapped), [], width)
    found = [Surface(r.box, r.colour, radii_of(r)) for r in shown]
    page = Surface((0, 0, width, height), page_colour(snapped))
    result = snapped.copy()
    whole = [straightened(result, rgb, s, outside(s, found) or page) for s in found]
    owners = owners_of((height, width), [page, *whole])
    for i, surface in enumerate([page, *whole]):
        level(result, surface, owners == i)
    return result, True


def denoised(rgb: Pixels) -> Pixels:
    """Return a screenshot with its most frequent colours exact; one without noise as it is."""
    numbers = packed(rgb)
    colours, counts = np.unique(numbers[::2, ::2], return_counts=True)
    order = [i for i in np.lexsort((colours, -counts)) if counts[i] >= SHARE * counts.sum()]
    common = [colour_of(int(colours[i])) for i in order]
    main = [c for c, i in zip(common, order, strict=True) if counts[i] >= MAIN * counts.sum()]
    few, rough = rgb[::2, ::2], ~calm(numbers)[::2, ::2]
    beside = (off(few, colour) for colour in main)
    if not any(((b > 0) & (b <= NOISE) & rough).mean() > NOISY for b in beside):
        return rgb
    offs = np.stack([off(rgb, colour) for colour in common])
    nearest = np.array(common, np.uint8)[offs.argmin(axis=0)]
    noise = offs.min(axis=0) <= NOISE
    return np.where(noise[..., None], nearest, rgb)


def flattened(rgb: Pixels) -> Pixels:
    """Return a screenshot with one colour wherever it hardly changes over more than a letter."""
    square = np.ones((3, 3), np.uint8)
    change = cv2.subtract(cv2.dilate(rgb, square), cv2.erode(rgb, square)).max(axis=2)
    even = np.asarray(change <= EVEN, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(even, connectivity=4)
    height, width = rgb.shape[:2]
    result = rgb.copy()
    for label in np.argsort(-stats[:, cv2.CC_STAT_AREA], kind="stable"):
        x, y, w, h, area = (int(v) for v in stats[label])
        if not label or area < LEAST:
            continue
        x0, y0 = max(0, x - REACH), max(0, y - REACH)
        window = (slice(y0, min(height, y + h + REACH)), slice(x0, min(width, x + w + REACH)))
        own = labels[window] == label
        pixels = rgb[window][own]
        low, high = np.percentile(pixels, (2, 98), axis=0)
        if (high - low).max() > NOISE:
            continue
        colour = middle(pixels)
        wide = cv2.dilate(own.view(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))
        like = (off(rgb[window], colour) <= RINGING) & (wide > 0) & (even[window] == 0)
        result[window][own | like] = colour
    return result


def off(rgb: Pixels, colour: Colour) -> NDArray[np.uint8]:
    """Return how far each pixel is from a colour, in levels of the channel that differs most."""
    return np.asarray(cv2.absdiff(rgb, np.full_like(rgb, colour)).max(axis=2), np.uint8)


def straightened(result: Pixels, rgb: Pixels, surface: Surface, parent: Surface) -> Surface:
    """Paint each side of a surface up to the border around it, and that; return it so far."""
    grown = [0, 0, 0, 0]
    for which in range(4):
        outward = side(rgb, surface, which, REACH + THICK)
        rows = [middle(row) for row in outward] if outward.shape[1] else []
        own = len(list(takewhile(lambda row: is_own(row, surface.colour, parent.colour), rows)))
        if not own < min(REACH + 1, len(rows)):
            continue
        colour = rows[own]
        same = (distance(row, colour) <= RINGING for row in rows[own:])
        border = len(list(takewhile(bool, same)))
        drawn = side(result, surface, which, REACH + THICK)
        drawn[:own] = surface.colour
        grown[which] = own
        if border <= THICK and distance(colour, parent.colour) > RINGING:
            drawn[own : own + border] = colour
    x0, y0, x1, y1 = surface.box
    top, right, bottom, left = grown
    radii = four(r + max(grown) if r else 0 for r in surface.radii)
    return replace(surface, box=(x0 - left, y0 - top, x1 + right, y1 + bottom), radii=radii)


def is_own(row: Colour, own: Colour, parent: Colour) -> bool:
    """Tell whether a row of pixels belongs to a surface, rather than to what is around it."""
    return distance(row, own) <= min(RINGING, distance(row, parent))


def level(result: Pixels, surface: Surface, mine: Mask) -> None:
    """Give what is nearly of a surface's colour just that, but in its round corners."""
    x0, y0, x1, y1 = surface.box
    r = max(surface.radii)
    inside = mine[y0:y1, x0:x1].copy()
    if r:
        for rows in (slice(r), slice(-r, None)):
            for columns in (slice(r), slice(-r, None)):
                inside[rows, columns] = False
    part = result[y0:y1, x0:x1]
    part[inside & (off(part, surface.colour) <= RINGING)] = surface.colour


def middle(row: Pixels) -> Colour:
    """Return the colour in the middle of those of a row of pixels."""
    r, g, b = np.median(row, axis=0)
    return int(r), int(g), int(b)
