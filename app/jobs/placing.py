"""How one picture of a scene lies over another of it: moved, turned, from the side. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.jobs.likeness import Mask, Pixels, detail, grey, lit_alike, sharply

Matrix = NDArray[np.float64]  # (3, 3): places of the second picture to places of the first

_FEATURES = 4_000
_LEAST_PIXELS = 32  # of a side: in less nothing is recognised
_LEAST_MATCHES = 20  # that agree on one placing: fewer happen by chance
_LEAST_AGREE = 0.25  # of the matches
_NUDGE_SIDE = 512  # pixels
_OFF = 1.5  # pixels by which a match may miss the placing
_BETTER = 0.85  # so much of what differs may a moved placing leave, to be taken for one
_MOSTLY = 0.9  # of the edges: alike pixel by pixel, so nothing was moved
_BLURS = (1.5, 8)  # pixels: noise goes, and so does the light
# Correlation. Of 8 pairs of receipts and of pages of one size 0.2 at most, of scenes 0.68 at least.
_IN_COMMON = 0.3
_FAINT = 0.22  # of the range of colours: more is another thing there


def placing(one: Pixels, other: Pixels) -> Matrix | None:
    """Return how ``other`` lies over ``one``, or None where they do not show the same scene."""
    if one.shape != other.shape:
        return _recognised(one, other)
    edges = detail(grey(one)) | detail(grey(other))
    if (one == other).all(axis=2)[edges].sum() >= _MOSTLY * edges.sum():
        return np.eye(3)
    moved = _recognised(one, other)
    if moved is None:
        moved = _nudged(one, other)
        if not (_is_like(one, other) or _is_like(one, laid_over(one, other, moved)[0])):
            return None
    everywhere = np.ones(one.shape[:2], bool)
    left = _left_over(one, *laid_over(one, other, moved, smooth=False))
    return moved if left < _BETTER * _left_over(one, other, everywhere) else np.eye(3)


def laid_over(
    one: Pixels, other: Pixels, matrix: Matrix, *, smooth: bool = True
) -> tuple[Pixels, Mask]:
    """Return ``other`` in the places of ``one``, and which places both pictures show."""
    import cv2

    height, width = one.shape[:2]
    way = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    laid = np.asarray(cv2.warpPerspective(other, matrix, (width, height), flags=way), np.uint8)
    full = np.full(other.shape[:2], 255, np.uint8)
    seen = cv2.erode(cv2.warpPerspective(full, matrix, (width, height)), np.ones((9, 9)))
    return laid, np.asarray(seen) == 255  # noqa: PLR2004  wholly inside


def through(matrix: Matrix, points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Return where ``matrix`` takes points: (N, 2)."""
    laid = np.c_[np.asarray(points, np.float64), np.ones(len(points))] @ matrix.T
    return np.asarray(laid[:, :2] / laid[:, 2:], np.float64)


def _recognised(one: Pixels, other: Pixels) -> Matrix | None:
    """Return the placing on which the features of both pictures agree, if there is one."""
    import cv2

    if min(*one.shape[:2], *other.shape[:2]) < _LEAST_PIXELS:
        return None
    # SIFT's places are exact to a part of a pixel, ORB's are not: what is laid a pixel off differs.
    finder = cv2.SIFT_create(_FEATURES)  # type: ignore[attr-defined]
    (points, signs), (points2, signs2) = (
        finder.detectAndCompute(grey(each), None) for each in (one, other)
    )
    if signs is None or signs2 is None:
        return None
    matches = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(signs2, signs)
    if len(matches) < _LEAST_MATCHES:
        return None
    start = np.array([points2[m.queryIdx].pt for m in matches], np.float32)
    end = np.array([points[m.trainIdx].pt for m in matches], np.float32)
    cv2.setRNGSeed(1)  # the same pictures give the same placing
    matrix, agree = cv2.findHomography(start, end, cv2.USAC_MAGSAC, _OFF, maxIters=5_000)
    if matrix is None or np.sum(agree) < max(_LEAST_MATCHES, _LEAST_AGREE * len(matches)):
        return None
    placed = np.asarray(matrix, np.float64)
    return placed if _is_sane(placed, other.shape[1], other.shape[0]) else None


def _nudged(one: Pixels, other: Pixels) -> Matrix:
    """Return by how little ``other`` was moved: of pictures with too little to recognise."""
    import cv2

    scale = min(1.0, _NUDGE_SIDE / max(one.shape[:2]))
    small, small2 = (cv2.resize(grey(each), None, fx=scale, fy=scale) for each in (one, other))
    start, until = np.eye(2, 3, dtype=np.float32), (3, 100, 1e-5)  # 3: steps or change, either
    try:
        _, found = cv2.findTransformECC(small, small2, start, cv2.MOTION_AFFINE, until)
    except cv2.error:  # of one colour, or nothing in common
        return np.eye(3)
    size = np.diag([scale, scale, 1])
    matrix = np.linalg.inv(size) @ np.linalg.inv(np.vstack([found, [0, 0, 1]])) @ size
    sane = _is_sane(matrix, other.shape[1], other.shape[0])
    return np.asarray(matrix if sane else np.eye(3), np.float64)


def _is_like(one: Pixels, other: Pixels) -> bool:
    """Tell whether it is light and dark in the same places; of flat ones, whether colours agree."""
    first, second = (_unevenness(each) for each in (one, other))
    power = float(np.sqrt((first**2).sum() * (second**2).sum()))
    if not power:
        return bool(sharply(one, other, _FAINT).mean() < 0.5)  # noqa: PLR2004
    return float((first * second).sum()) > _IN_COMMON * power


def _unevenness(picture: Pixels) -> NDArray[np.float32]:
    """Return how much brighter each place is than what is around it."""
    import cv2

    fine, coarse = (cv2.GaussianBlur(grey(picture).astype(np.float32), (0, 0), s) for s in _BLURS)
    return np.asarray(fine - coarse, np.float32)


def _is_sane(matrix: Matrix, width: int, height: int) -> bool:
    """Tell whether a placing keeps the picture's shape: not folded, nor seen edge on."""
    corners = through(matrix, ((0, 0), (width, 0), (width, height), (0, height)))
    edges = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    return bool((turns > 0.01 * width * height * abs(np.linalg.det(matrix[:2, :2]))).all())


def _left_over(one: Pixels, laid: Pixels, shown: Mask) -> float:
    """Return by how much the edges that both show differ, in the mean.

    Of what was laid with ``smooth=False``: a placing must not win by smoothing noise away.
    """
    import cv2

    edges = (detail(grey(one)) | detail(grey(laid))) & shown
    if not edges.any():
        return float("inf")
    apart = (one - lit_alike(one, laid, shown).astype(np.float32)).mean(axis=2)
    smooth = np.abs(np.asarray(cv2.GaussianBlur(apart, (0, 0), 1)))
    return float(np.minimum(smooth[edges], 60).mean())
