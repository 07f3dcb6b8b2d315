"""Where two pictures of one scene differ: laid over one another, compared, boxed. Pure."""

from dataclasses import dataclass

import numpy as np

from app.jobs.likeness import Mask, Pixels, counts_each, sharply, softly
from app.jobs.placing import Matrix, laid_over, placing, through

Box = tuple[int, int, int, int]

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
    exact: bool = False  # compared pixel by pixel; else as laid over one another, in one light


def difference(one: Pixels, other: Pixels) -> Difference:
    """Return where ``other`` differs from ``one``, after it was laid over it."""
    matrix = placing(one, other)
    if matrix is None:
        return Difference(None)
    differs, shown, exact = differing(one, other, matrix)
    least = 1 if exact else _LEAST_SIDE * max(differs.shape)
    regions = _regions(differs, matrix, other.shape[1], other.shape[0], least)
    return Difference(matrix, float(differs.sum() / max(1, shown.sum())), regions, exact)


def differing(one: Pixels, other: Pixels, matrix: Matrix) -> tuple[Mask, Mask, bool]:
    """Return which pixels of ``one`` differ, which both show, and whether each pixel counts."""
    if one.shape == other.shape and np.allclose(matrix, np.eye(3)):
        shown = np.ones(one.shape[:2], bool)
        exact = counts_each(one, other)
        return sharply(one, other) if exact else softly(one, other, shown), shown, exact
    laid, shown = laid_over(one, other, matrix)
    return softly(one, laid, shown), shown, False


def _regions(
    differs: Mask, matrix: Matrix, width: int, height: int, least: float
) -> tuple[Region, ...]:
    import cv2

    longer = max(differs.shape)
    reach = max(3, round(_GAP * longer)) | 1
    grown = cv2.dilate(differs.astype(np.uint8), np.ones((reach, reach), np.uint8))
    _, labels = cv2.connectedComponents(grown)
    ys, xs = np.nonzero(differs)
    # Sorted once, not looked through for each: noise makes thousands.
    order = np.argsort(labels[ys, xs], kind="stable")
    cuts = np.flatnonzero(np.diff(labels[ys, xs][order])) + 1
    found = []
    back = np.asarray(np.linalg.inv(matrix), np.float64)
    for part in np.split(order, cuts) if len(order) else ():
        x, y = xs[part], ys[part]
        box = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
        # A thin one is an edge that was laid a hair beside its like.
        sides = box[2] - box[0], box[3] - box[1]
        if max(sides) >= _LEAST_SIDE * longer and min(sides) >= least:
            found.append(Region(box, _boxed(back, box, width, height), len(part)))
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
