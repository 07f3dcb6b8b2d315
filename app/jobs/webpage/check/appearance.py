"""How alike two pages look without their text: surfaces and pictures, and the colours they use.

Both figures say how much better a page is than an empty one in the screenshot's own ground colour:
most pages are mostly white, and white alone would score high. Rows may stand higher or lower than
in the screenshot, since where text stands is scored by itself.
"""

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.check.render import Rgb

CELL = 24  # pixels; a page is compared in squares of about this side
COLUMNS = 16
MOST = 50.0  # distance in Lab; further apart is as wrong as can be
STEP = 14.0  # distance in Lab between two colours of a palette
BINS = 24  # of a channel of Lab; from -168 to 168
FEW = 0.99  # of a page; what has less than the rest in other colours has none
SAMPLED = 200_000  # values of pixels; of more, one in sixteen tells enough
BLANK = 0.3  # distance in Lab; a page no further from an empty one has nothing but text

Lab = NDArray[np.float32]  # (..., 3)


def appearance(there: Rgb, here: Rgb) -> float:
    """Return how alike two pages look, 0 to 1; an empty page is 0."""
    bare = ground(there)
    one, other = rows(there), rows(here)
    far = aligned(one, other)
    empty = aligned(one, np.broadcast_to(lab_of(bare), one.shape))
    look = 1 - far / empty if empty > BLANK else 1 - min(1.0, far / 3)
    mine, nothing = palette(there), palette(np.full((CELL, CELL, 3), bare, np.uint8))
    shared = float(np.minimum(mine, palette(here)).sum())
    share = float(np.minimum(mine, nothing).sum())
    colours = (shared - share) / (1 - share) if share < FEW else 2 * shared - 1
    return (_share(look) + _share(colours)) / 2


def lab_of(rgb: NDArray[np.generic]) -> Lab:
    """Return colours, 0 to 255 in the last axis, as CIE Lab."""
    flat = np.ascontiguousarray(rgb, np.float32).reshape(1, -1, 3) / 255
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2LAB), np.float32).reshape(rgb.shape)


def ground(rgb: Rgb) -> NDArray[np.float64]:
    """Return the colour that most of a page, or of a piece of it, has."""
    pixels = np.ascontiguousarray(rgb[::4, ::4] if rgb.size > SAMPLED else rgb).reshape(-1, 3)
    bins = (pixels.astype(np.int32) >> 3) @ np.array([1024, 32, 1])
    most = np.bincount(bins, minlength=1).argmax()
    return np.asarray(pixels[bins == most].mean(axis=0), np.float64)


def rows(page: Rgb) -> Lab:
    """Return the mean colours of a page's cells."""
    return _small(page, COLUMNS, max(1, round(page.shape[0] / CELL)))


def aligned(one: Lab, other: Lab) -> float:
    """Return how far two pages' rows are apart, laid beside each other in the best way."""
    apart = np.linalg.norm(one[:, None] - other[None], axis=3)
    cost = np.minimum(apart, MOST).mean(axis=2).tolist()
    # By dynamic time warping: each row beside one or more of the other page, in order.
    best: list[tuple[float, int]] = [(0.0, 0)] + [(np.inf, 0)] * len(other)
    for row in cost:
        before, best = best, [(np.inf, 0)]
        for j, here in enumerate(row):
            total, length = min(before[j], before[j + 1], best[j])
            best.append((total + here, length + 1))
    total, length = best[-1]
    return float(total / length)


def palette(page: Rgb) -> NDArray[np.float64]:
    """Return how much of a page has which colour, in all 1; each pixel counts for those near it."""
    colours = _small(page, 160, max(8, page.shape[0] // 8)).reshape(-1, 3) / STEP
    floor = np.floor(colours)
    part = colours - floor
    found = np.zeros(BINS**3)
    for corner in product((0, 1), repeat=3):
        weight = np.prod(np.where(corner, part, 1 - part), axis=1)
        bins = (floor + corner).astype(int) + BINS // 2
        found += np.bincount(bins @ np.array([BINS**2, BINS, 1]), weight, minlength=BINS**3)
    return found / len(colours)


def _small(page: Rgb, width: int, height: int) -> Lab:
    small = cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)
    return lab_of(np.asarray(small, np.uint8))


def _share(value: float) -> float:
    return float(min(1.0, max(0.0, value)))
