"""What a page is not painted with one colour: pictures, icons, gradients.

Whatever no surface, no line of text and no border accounts for is a picture or part of one. One
that changes evenly from side to side is a gradient, which CSS can paint.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import atan2, degrees, hypot, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.flat import Colour, Mask, Pixels, Region, four, hex_of
from app.jobs.webpage.measure.outlines import MISSING
from app.jobs.webpage.measure.surfaces import Radii, contains, shared
from app.jobs.webpage.page import Box

JOIN = 9  # pixels; parts of an icon are not further apart
LINE = 3  # pixels; what is not thicker is an edge, a border or a shadow
AROUND = 0.5  # of a shadow's box is what casts it
JUMP = 10  # levels; pictures that touch differ more
RUN = 0.25  # of a side at least must there be two pictures
STRAIGHT = 0.75  # of a side is where they do
SMALLEST = 10  # pixels; the smaller side of a picture
ENOUGH = 0.85  # of a region must be even for it to be a gradient
EVEN = 1.6  # levels; what a gradient is off the plane through it
CHANGE = 6.0  # levels from end to end; less is one colour
NET = 0.6  # of its box is less in a net of shadows, with pictures as its knots
LARGE = 120  # pixels; a smaller drawing may be open
SHADE = 33  # pixels; shadows between cards are not wider
THIN_SHADE, LONG = 24, 5  # pixels of a strip of shadow across; times as long is it at least
FAINT_SHADE = 48  # levels from its dark side to its light one, at most
FRAYED = 0.1  # of a large picture's row or column; less is what shadows left beside it
ROOM = 2  # pixels around a line of text that belong to it


@dataclass(frozen=True, slots=True)
class Picture:
    """A rectangle that is not of one colour."""

    box: Box
    paint: str = ""  # the gradient, as CSS writes it; "": a picture
    off: float = 0.0  # levels, on average, from an even change of colour
    colour: Colour = (0, 0, 0)  # the middle one
    radii: Radii = (0, 0, 0, 0)


def unexplained(shape: tuple[int, int], rectangles: Sequence[Region], texts: Sequence[Box]) -> Mask:
    """Return the pixels that neither surfaces nor text account for, without thin lines."""
    rest = np.ones(shape, np.uint8)
    for region in rectangles:
        x0, y0, x1, y1 = region.box
        rest[y0:y1, x0:x1][region.pixels] = 0
    for x0, y0, x1, y1 in texts:
        rest[max(0, y0 - ROOM) : y1 + ROOM, max(0, x0 - ROOM) : x1 + ROOM] = 0
    opened = cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((LINE, LINE), np.uint8))
    return np.asarray(opened, bool)


def pictures(rgb: Pixels, rectangles: Sequence[Region], texts: Sequence[Box]) -> list[Picture]:
    """Return the pictures and gradients of a page, the largest first."""
    rest = unexplained(rgb.shape[:2], rectangles, texts)
    joined = cv2.morphologyEx(rest.view(np.uint8), cv2.MORPH_CLOSE, np.ones((JOIN, JOIN), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for label in range(1, len(stats)):
        x, y, w, h, _ = (int(v) for v in stats[label])
        box = (x, y, x + w, y + h)
        covered = sum(shared(box, r.box) for r in rectangles if contains(box, r.box))
        # What lies around a surface is its shadow.
        if min(w, h) >= SMALLEST and covered < AROUND * w * h:
            part = rest[y : y + h, x : x + w] & (labels[y : y + h, x : x + w] == label)
            for inner, core in cores(box, part):
                found += [classified(rgb, *piece) for piece in pieces(rgb, inner, core)]
    found = [picture for picture in found if not is_shade(rgb, picture)]
    return by_size(found)


def by_size(found: Sequence[Picture]) -> list[Picture]:
    """Return pictures with the largest first."""
    return sorted(found, key=lambda p: (-(p.box[2] - p.box[0]) * (p.box[3] - p.box[1]), p.box))


def is_shade(rgb: Pixels, picture: Picture) -> bool:
    """Tell a strip beside a card that is its shadow: thin, changing evenly, hardly darker."""
    x0, y0, x1, y1 = picture.box
    thin, long = sorted((x1 - x0, y1 - y0))
    if not picture.paint or thin > THIN_SHADE or long < LONG * thin:
        return False
    pixels = rgb[y0:y1, x0:x1].reshape(-1, 3).astype(np.int16)
    low, high = np.percentile(pixels, (2, 98), axis=0)
    return bool((high - low).max() <= FAINT_SHADE)


def cores(box: Box, part: Mask) -> Iterator[tuple[Box, Mask]]:
    """Yield what is solid of a large net of pixels: the pictures that only shadows join."""
    if part.sum() > NET * part.size or min(part.shape) < LARGE:
        yield box, part
        return
    square = np.ones((SHADE, SHADE), np.uint8)
    solid = cv2.morphologyEx(part.view(np.uint8), cv2.MORPH_OPEN, square)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    for label in range(1, len(stats)):
        x, y, w, h, _ = (int(v) for v in stats[label])
        inner = (box[0] + x, box[1] + y, box[0] + x + w, box[1] + y + h)
        yield inner, labels[y : y + h, x : x + w] == label


def pieces(rgb: Pixels, box: Box, part: Mask) -> Iterator[tuple[Box, Mask]]:
    """Yield the pictures that touch each other in a box, cut where straight edges run through."""
    box, part = trimmed(box, part)
    if not part.size:
        return
    x0, y0, x1, y1 = box
    crop = rgb[y0:y1, x0:x1].astype(np.int16)
    for axis in (0, 1):
        jump = np.abs(np.diff(crop, axis=axis)).max(axis=2) > JUMP
        both = part[1:] & part[:-1] if axis == 0 else part[:, 1:] & part[:, :-1]
        share = (jump & both).sum(axis=1 - axis) / np.maximum(1, both.sum(axis=1 - axis))
        long = both.sum(axis=1 - axis) > part.shape[1 - axis] * RUN
        cuts = np.flatnonzero((share > STRAIGHT) & long) + 1
        cuts = cuts[(cuts >= SMALLEST) & (cuts <= part.shape[axis] - SMALLEST)]
        if len(cuts):
            at = int(cuts[share[cuts - 1].argmax()])
            if axis == 0:
                yield from pieces(rgb, (x0, y0, x1, y0 + at), part[:at])
                yield from pieces(rgb, (x0, y0 + at, x1, y1), part[at:])
            else:
                yield from pieces(rgb, (x0, y0, x0 + at, y1), part[:, :at])
                yield from pieces(rgb, (x0 + at, y0, x1, y1), part[:, at:])
            return
    if min(part.shape) >= SMALLEST:
        yield box, part


def trimmed(box: Box, part: Mask) -> tuple[Box, Mask]:
    """Return the box around the pixels of ``part``, and those."""
    least = FRAYED if min(part.shape, default=0) > LARGE else 0.0
    rows = np.flatnonzero(part.mean(axis=1) > least)
    columns = np.flatnonzero(part.mean(axis=0) > least)
    if not len(rows):
        return box, part[:0, :0]
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    x0, y0 = box[:2]
    inner = (x0 + int(left), y0 + int(top), x0 + int(right), y0 + int(bottom))
    return inner, part[top:bottom, left:right]


def classified(rgb: Pixels, box: Box, part: Mask) -> Picture:
    """Return what the pixels of ``part`` of a box are: a gradient, or a picture."""
    x0, y0, x1, y1 = box
    crop = rgb[y0:y1, x0:x1]
    padded = np.pad(part.view(np.uint8), 1)
    inner = cv2.erode(padded, np.ones((5, 5), np.uint8))[1:-1, 1:-1].astype(bool)
    plane, error = fitted(crop, inner if inner.any() else part)
    r, g, b = (round(float(v)) for v in np.clip(plane[0], 0, 255))
    paint = ""
    if error < EVEN:
        paint = gradient(plane, x1 - x0, y1 - y0)
    return Picture(box, paint, error, (r, g, b), radii_of_mask(part))


def radii_of_mask(part: Mask) -> Radii:
    """Return how the corners of a picture are rounded."""
    half = max(1, min(part.shape) // 2)
    return four(
        corner_radius(corner, half)
        for corner in (part, part[:, ::-1], part[::-1, ::-1], part[::-1])
    )


def corner_radius(part: Mask, half: int) -> int:
    """Return how the top left corner is rounded."""
    cut = int(part[0, :half].argmax()) if part[0, :half].any() else half
    if not cut:
        return 0
    # The first row of a circle begins well inside of it; below, the corner ends.
    k = min(half, 3 * cut + 2)
    missing = k * k - int(part[:k, :k].sum())
    return min(half, round(sqrt(missing / MISSING)))


def fitted(crop: Pixels, part: Mask) -> tuple[NDArray[np.float64], float]:
    """Fit colours that change evenly; return (middle, along x, along y) and how far it is off."""
    ys, xs = np.nonzero(part)
    step = max(1, len(ys) // 4000)
    ys, xs = ys[::step], xs[::step]
    h, w = part.shape
    places = np.stack([np.ones(len(xs)), xs - w / 2, ys - h / 2], axis=1)
    colours = crop[ys, xs].astype(np.float64)
    for _ in range(4):
        plane, *_ = np.linalg.lstsq(places, colours, rcond=None)
        off = np.abs(places @ plane - colours).max(axis=1)
        # Shadows and what was not read stand on it: what most of it does is what it is.
        near = off <= max(2.0, 2.5 * float(np.median(off)))
        if near.all() or near.sum() < ENOUGH * len(xs):
            break
        places, colours = places[near], colours[near]
    return plane, float(np.sqrt(((places @ plane - colours) ** 2).mean()))


def gradient(plane: NDArray[np.float64], width: int, height: int) -> str:
    """Return the even change of colour as CSS writes it; "" where there is hardly any."""
    along = np.abs(plane[1:]).sum(axis=1)
    strongest = int(np.abs(plane[1:]).sum(axis=0).argmax())
    across, down = float(plane[1, strongest]), float(plane[2, strongest])
    if hypot(across * width, down * height) < CHANGE or not along.any():
        return ""
    if (down, across) < (0, 0):
        across, down = -across, -down
    # CSS: 0deg is upward, clockwise; the ends are where the corners are.
    turn = atan2(across, -down)
    reach = (abs(across) * width + abs(down) * height) / hypot(across, down) / 2
    slope = plane[1] * across / hypot(across, down) + plane[2] * down / hypot(across, down)
    ends = [np.clip(plane[0] + slope * s * reach, 0, 255).round().astype(int) for s in (-1, 1)]
    stops = ", ".join(hex_of((int(e[0]), int(e[1]), int(e[2]))) for e in ends)
    return f"linear-gradient({round(degrees(turn)) % 360}deg, {stops})"
