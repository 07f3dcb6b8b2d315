"""Where two pictures of one scene differ: laid over one another, compared, boxed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3), RGB
Matrix = NDArray[np.float64]  # (3, 3): places of the second picture to places of the first
Box = tuple[int, int, int, int]

_FEATURES = 2_000
_LEAST_PIXELS = 32  # of a side: in less nothing is recognised
_LEAST_MATCHES = 20  # that agree on one placing: fewer happen by chance
_LEAST_AGREE = 0.25  # of the matches
_SHARP = 0.1  # pixelmatch's default: of screenshots, pixel on pixel
_SOFT = 0.22  # of photographs: a shift of half a pixel is no difference
_LEAST_SIDE = 0.006  # of the picture's longer side; what is smaller is noise
_GAP = 0.012  # of the longer side: what is closer together is one region
_MOST = 24  # regions


@dataclass(frozen=True, slots=True)
class Region:
    """A part that differs, in each picture's own pixels; the largest comes first."""

    first: Box
    second: Box
    pixels: int  # that differ, of the first


@dataclass(frozen=True, slots=True)
class Difference:
    """What a pair of pictures was found to have in common, and what not."""

    matrix: Matrix | None  # None: not the same scene
    share: float = 0.0  # of the pixels that both show, those that differ
    regions: tuple[Region, ...] = ()


def difference(one: Pixels, other: Pixels) -> Difference:
    """Return where ``other`` differs from ``one``, after it was laid over it."""
    import cv2

    matrix = placing(one, other)
    if matrix is None:
        return Difference(None)
    height, width = one.shape[:2]
    laid, shown = other, np.ones((height, width), bool)
    still = one.shape == other.shape and np.allclose(matrix, np.eye(3))
    if not still:
        laid = np.asarray(cv2.warpPerspective(other, matrix, (width, height)), np.uint8)
        full = np.full(other.shape[:2], 255, np.uint8)
        seen = cv2.erode(cv2.warpPerspective(full, matrix, (width, height)), np.ones((9, 9)))
        shown = np.asarray(seen) == 255  # noqa: PLR2004  wholly inside
        one, laid = (
            np.asarray(cv2.GaussianBlur(each, (5, 5), 0), np.uint8) for each in (one, laid)
        )
    differs = _differing(one, laid, _SHARP if still else _SOFT) & shown
    least = 1 if still else _LEAST_SIDE * max(width, height)
    regions = _regions(differs, matrix, other.shape[1], other.shape[0], least)
    return Difference(matrix, float(differs.sum() / max(1, shown.sum())), regions)


def placing(one: Pixels, other: Pixels) -> Matrix | None:
    """Return how ``other`` lies over ``one``, or None where they do not show the same scene."""
    import cv2

    if one.shape == other.shape and _differing(one, other, _SOFT).mean() < 0.5:  # noqa: PLR2004
        return np.eye(3)
    if min(*one.shape[:2], *other.shape[:2]) < _LEAST_PIXELS:
        return None
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (one, other)]
    finder = cv2.ORB_create(_FEATURES)  # type: ignore[attr-defined]
    (points, signs), (points2, signs2) = (finder.detectAndCompute(each, None) for each in grey)
    if signs is None or signs2 is None:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(signs2, signs)
    if len(matches) < _LEAST_MATCHES:
        return None
    start = np.array([points2[m.queryIdx].pt for m in matches], np.float32)
    end = np.array([points[m.trainIdx].pt for m in matches], np.float32)
    cv2.setRNGSeed(1)  # the same pictures give the same placing
    matrix, agree = cv2.findHomography(start, end, cv2.RANSAC, 3.0)
    if matrix is None or np.sum(agree) < max(_LEAST_MATCHES, _LEAST_AGREE * len(matches)):
        return None
    placed = np.asarray(matrix, np.float64)
    return placed if _is_sane(placed, other.shape[1], other.shape[0]) else None


def _is_sane(matrix: Matrix, width: int, height: int) -> bool:
    """Tell whether a placing keeps the picture's shape: not folded, nor seen edge on."""
    corners = through(matrix, ((0, 0), (width, 0), (width, height), (0, height)))
    edges = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    return bool((turns > 0.01 * width * height * abs(np.linalg.det(matrix[:2, :2]))).all())


def through(matrix: Matrix, points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return where ``matrix`` takes points: (N, 2)."""
    laid = np.c_[np.asarray(points, np.float64), np.ones(len(points))] @ matrix.T
    return np.asarray(laid[:, :2] / laid[:, 2:], np.float64)


def _differing(one: Pixels, other: Pixels, threshold: float) -> NDArray[np.bool_]:
    """Return the pixels that an eye sees differ; smoothed edges of letters are none."""
    from pybind11_pixelmatch import Options, pixelmatch

    options = Options()
    options.threshold = threshold
    options.diffMask = True  # nothing but the differing pixels is drawn
    opaque = np.full((*one.shape[:2], 1), 255, np.uint8)
    drawn = np.zeros((*one.shape[:2], 4), np.uint8)
    first, second = (np.ascontiguousarray(np.dstack([each, opaque])) for each in (one, other))
    pixelmatch(first, second, output=drawn, options=options)
    return drawn[..., 3] > 0


def _regions(
    differs: NDArray[np.bool_], matrix: Matrix, width: int, height: int, least: float
) -> tuple[Region, ...]:
    import cv2

    longer = max(differs.shape)
    reach = max(3, round(_GAP * longer)) | 1
    grown = cv2.dilate(differs.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, labels = cv2.connectedComponents(grown)
    found = []
    back = np.asarray(np.linalg.inv(matrix), np.float64)
    for label in range(1, count):
        ys, xs = np.nonzero((labels == label) & differs)
        box = int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1
        # A thin one is an edge that was laid a hair beside its like.
        sides = box[2] - box[0], box[3] - box[1]
        if max(sides) >= _LEAST_SIDE * longer and min(sides) >= least:
            found.append(Region(box, _boxed(back, box, width, height), len(xs)))
    return tuple(sorted(found, key=lambda each: -each.pixels)[:_MOST])


def _boxed(matrix: Matrix, box: Box, width: int, height: int) -> Box:
    x0, y0, x1, y1 = box
    corners = through(matrix, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    low, high = corners.min(axis=0), corners.max(axis=0)
    return (
        int(np.clip(low[0], 0, width)),
        int(np.clip(low[1], 0, height)),
        int(np.clip(np.ceil(high[0]), 0, width)),
        int(np.clip(np.ceil(high[1]), 0, height)),
    )
