"""Small drawings: icons, arrows, bullets, stars. What is drawn and was neither read nor painted."""

from collections.abc import Sequence

import cv2
import numpy as np

from app.jobs.webpage.measure.flat import Pixels
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.page import Box

CONTRAST = 32  # levels; what differs less from its ground is not drawn
JOIN = 3  # pixels; parts of one icon are not further apart
SMALLEST, LARGEST = 4, 72  # pixels, of a side
STROKES = 9  # pixels of it are drawn, at least
RIM = 2  # pixels at the edge of a surface, where its corners are mixed with what is behind
ROOM = 2  # pixels around a text that belong to it


def icons(
    rgb: Pixels,
    ground: Pixels,
    surfaces: Sequence[Surface],
    pictures: Sequence[Picture],
    taken: Sequence[Box],
) -> list[Picture]:
    """Return small drawings; ``taken`` are the boxes of texts, rules and what else is known."""
    drawn = np.abs(rgb.astype(np.int16) - ground).max(axis=2) > CONTRAST
    for surface in surfaces:
        clear_rim(drawn, surface)
    for x0, y0, x1, y1 in (*taken, *(p.box for p in pictures)):
        drawn[max(0, y0 - ROOM) : y1 + ROOM, max(0, x0 - ROOM) : x1 + ROOM] = False
    joined = cv2.morphologyEx(
        drawn.view(np.uint8), cv2.MORPH_CLOSE, np.ones((JOIN, JOIN), np.uint8)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[label])
        inked = int((drawn[y : y + h, x : x + w] & (labels[y : y + h, x : x + w] == label)).sum())
        if SMALLEST <= max(w, h) <= LARGEST and min(w, h) >= SMALLEST - 1 and inked >= STROKES:
            found.append(Picture((x, y, x + w, y + h)))
    return found


def clear_rim(drawn: np.ndarray, surface: Surface) -> None:
    """Take away what is drawn at the edges of a surface, its rounded corners included."""
    x0, y0, x1, y1 = surface.box
    borders = [border.width + RIM for border in surface.borders]
    top, right, bottom, left = borders
    for rows, columns in (
        (slice(max(0, y0 - RIM), y0 + top), slice(max(0, x0 - RIM), x1 + RIM)),
        (slice(y1 - bottom, y1 + RIM), slice(max(0, x0 - RIM), x1 + RIM)),
        (slice(max(0, y0 - RIM), y1 + RIM), slice(max(0, x0 - RIM), x0 + left)),
        (slice(max(0, y0 - RIM), y1 + RIM), slice(x1 - right, x1 + RIM)),
    ):
        drawn[rows, columns] = False
    r = max(surface.radii)
    if r > RIM:
        for cy in (slice(max(0, y0 - RIM), y0 + r), slice(y1 - r, y1 + RIM)):
            for cx in (slice(max(0, x0 - RIM), x0 + r), slice(x1 - r, x1 + RIM)):
                corner = drawn[cy, cx]
                corner[outside_circle(corner.shape, cy.start > y0, cx.start > x0)] = False


def outside_circle(shape: tuple[int, int], lower: bool, right: bool) -> np.ndarray:
    """Tell the pixels of a corner that its roundness cuts off, and those at its edge."""
    h, w = shape
    ys, xs = np.mgrid[0:h, 0:w]
    cy, cx = (0 if lower else h - 1), (0 if right else w - 1)
    return np.asarray(np.hypot((ys - cy), (xs - cx)) > min(h, w) - RIM - 1 - RIM)
