"""Sheets of paper in a picture: lighter than what they lie on, with lines of text on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.reader.detect import Quad
from vision.reader.layout import Box, rows_of
from vision.reader.models import Pixels
from vision.reader.straighten import Edges, Points

SMALL = 480  # pixels of the longer side; paper is looked for in a picture so small
SMOOTH = 9  # pixels of that; print on the paper is smaller
LEAST = 0.04  # of the picture that a sheet covers
BEND = 0.01  # of its outline; smaller bends are none
BORDER = 2  # of those pixels; an edge so near to the picture's own is not the paper's
HELD = 0.9  # of the lines that sheets hold at least, to be what the text is on
OWN = 5  # lines that each of several sheets has


@dataclass(frozen=True, slots=True)
class Sheet:
    """Lines that belong together, and the straight edges of what they are printed on."""

    lines: tuple[int, ...]  # indices
    edges: Edges  # empty where the paper is not seen


def sheets_of(picture: Pixels, quads: Sequence[Quad]) -> list[Sheet]:
    """Return the sheets that lines are on, in reading order: one, unless several are seen.

    Sheets are several where each has lines of its own and they hold nearly all; a line that is
    on none then counts to the nearest.
    """
    everything = tuple(range(len(quads)))
    outlines = outlines_of(picture) if quads else []
    if not outlines:
        return [Sheet(everything, np.empty((0, 2, 2)))]
    depths = np.array([[_depth(outline, quad) for outline in outlines] for quad in quads])
    own = np.bincount(depths.argmax(axis=1)[depths.max(axis=1) >= 0], minlength=len(outlines))
    kept = np.flatnonzero(own >= OWN)
    if len(kept) < 2:  # noqa: PLR2004  several
        kept = np.array([int(own.argmax())])
    if np.mean((depths[:, kept] >= 0).any(axis=1)) < HELD:
        return [Sheet(everything, np.empty((0, 2, 2)))]
    on = kept[depths[:, kept].argmax(axis=1)]
    return [
        Sheet(tuple(np.flatnonzero(on == k).tolist()), edges_of(outlines[k], picture))
        for k in _in_order(outlines, kept)
    ]


def outlines_of(picture: Pixels) -> list[Points]:
    """Return the outlines of light areas in ``picture``, each (N, 2)."""
    height, width = picture.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = cv2.medianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), SMOOTH)
    _, light = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    found, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hulls = [cv2.convexHull(outline) for outline in found]
    return [
        cv2.approxPolyDP(hull, BEND * cv2.arcLength(hull, closed=True), closed=True)
        .reshape(-1, 2)
        .astype(np.float64)
        / scale
        for hull in hulls
        if cv2.contourArea(hull) > LEAST * grey.size
    ]


def edges_of(outline: Points, picture: Pixels) -> Edges:
    """Return the edges of a sheet, without those that are the picture's own."""
    height, width = picture.shape[:2]
    edges = np.stack([outline, np.roll(outline, -1, axis=0)], axis=1)
    near = BORDER * max(1.0, max(height, width) / SMALL)
    low = (edges < near).all(axis=1)
    high = (edges > np.array([width, height]) - 1 - near).all(axis=1)
    inner: Edges = edges[~(low | high).any(axis=1)]
    return inner


def _depth(outline: Points, quad: Quad) -> float:
    """Return how far within ``outline`` the middle of a line is; less than 0 is outside."""
    x, y = map(float, quad.mean(axis=0))
    return float(cv2.pointPolygonTest(outline.astype(np.float32), (x, y), measureDist=True))


def _in_order(outlines: Sequence[Points], kept: NDArray[np.intp]) -> list[int]:
    boxes = [Box(*map(float, (*o.min(axis=0), *o.max(axis=0)))) for o in outlines]
    return [k for row in rows_of(boxes, kept.tolist()) for k in row]
