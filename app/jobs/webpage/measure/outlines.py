"""Which regions of one colour are surfaces: by their outline."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import cv2
import numpy as np

from app.jobs.webpage.measure.flat import THIN, Region, filled, four, measured
from app.jobs.webpage.measure.surfaces import Radii, contains, shared
from app.jobs.webpage.page import Box

SHORT = 0.2  # of a side; what is straight between round corners tells less
COVERED = 0.3  # the same for one side that something overlaps
SIDE = 0.7  # of a side is straight, beside the corners
BAND = 0.9  # of a band's height is at the sides of the page
FULL = 0.93  # of its outline's area is what a rectangle has, at least
SIDE_ROOM = 20  # pixels
LARGE = 120  # pixels; no pill and no button is as high
RING = 0.52  # of a line's height is what the inside of a small O is not higher than
TITLE = 34  # pixels; in higher lines, strokes are thick enough to be surfaces themselves
CAPITAL = 0.82  # of a line's height is what no letter is higher than
SMALLEST = 6  # pixels; the smaller side of a surface
EDGE = 1.2  # pixels that count as missing for each pixel of a radius
THICK = 3  # pixels from the edge of a surface to its middle
JUMP = 20  # pixels; an outline that goes further to the side has a corner there
STEP, STEPS = 24, 4  # pixels of a part of an angle from top to bottom; parts of one
WHOLE = 0.95  # of an angle is in its parts
MISSING = 1 - np.pi / 4  # of a square, what a quarter of a circle leaves out


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
    kept = sorted(e / s if s > SHORT else 1.0 for e, s in zip(region.edges, straight, strict=True))
    return kept[0] >= COVERED and kept[1] >= SIDE


def rectangles(regions: Sequence[Region], texts: Sequence[Box], width: int) -> list[Region]:
    """Return the regions that look like surfaces; ``texts`` are the boxes of the page's lines."""
    whole = [part for region in regions for part in cut(region, width)]
    return [region for region in whole if is_thick(region) and not is_letter(region.box, texts)]


def cut(region: Region, width: int) -> list[Region]:
    """Return a region if it is a rectangle, the rectangles of an angle, else none.

    A bar at the top and a column at the side that have one colour make an angle.
    """
    if is_rectangle(region) or is_band(region, width):
        return [region]
    if min(region.width, region.height) < LARGE:
        return []
    parts = [part for part in steps_of(region) if is_rectangle(part) or is_band(part, width)]
    return parts if sum(part.filled for part in parts) > WHOLE * region.filled else []


def steps_of(region: Region) -> list[Region]:
    """Return a region cut where its outline jumps to the side; none where it does so often."""
    whole = filled(region.pixels)
    left = whole.argmax(axis=1)
    right = whole.shape[1] - whole[:, ::-1].argmax(axis=1)
    jumps = (np.abs(np.diff(left)) > JUMP) | (np.abs(np.diff(right)) > JUMP)
    edges = [0, *(np.flatnonzero(jumps) + 1).tolist(), len(whole)]
    spans = [(a, b) for a, b in pairwise(edges) if b - a >= STEP]
    if not 1 < len(spans) <= STEPS:
        return []
    x0, y0 = region.box[:2]
    found = []
    for top, bottom in spans:
        a, b = int(np.median(left[top:bottom])), int(np.median(right[top:bottom]))
        part = np.ascontiguousarray(region.pixels[top:bottom, a:b])
        box = (x0 + a, y0 + top, x0 + b, y0 + bottom)
        found.append(measured(box, region.colour, int(part.sum()), part))
    return found


def is_band(region: Region, width: int) -> bool:
    """Tell whether a region runs across the whole page, whatever stands in it."""
    _, right, _, left = region.edges
    return region.width == width and min(left, right) > BAND


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
