"""Which pixels of two pictures differ, once light, sharpness and noise are made alike. Pure.

Pictures that a program drew or kept without loss are compared pixel by pixel. In all others each
pixel differs a little: what was exposed, focused or compressed otherwise is no change of the scene.
"""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (H, W, 3), RGB
Levels = NDArray[np.float32]  # the same, between and beyond 0 to 255
Mask = NDArray[np.bool_]  # (H, W)

THRESHOLD = 0.1  # of the range of colours, pixelmatch's default: less is not seen
_RANGE = 35_215**0.5  # the farthest that two colours are apart. Source: pixelmatch's index.js
# From RGB to brightness and two colours, each by its weight. Source: the same.
_SEEN = np.array([[0.5053**0.5], [0.299**0.5], [0.1957**0.5]], np.float32) * np.array(
    [
        [0.29889531, 0.58662247, 0.11448223],
        [0.59597799, -0.27417610, -0.32180189],
        [0.21147017, -0.52261711, 0.31114694],
    ],
    np.float32,
)
_EDGE = 24  # levels between neighbours
_NEAR = 9  # pixels around an edge, in which a JPEG leaves its traces
_SOME = 0.1  # of the edges: none are alike where all was moved, or focused otherwise
_DARK, _BURNT = 5, 250  # levels at which light was lost
_BLURS = (0.6, 0.9, 1.3, 1.8, 2.5)  # pixels
_CLEARLY = 0.6  # so much of what differs may a blur leave, to be taken for one
_DENOISE = 0.8  # pixels
_SAMPLE = 40_000  # pixels to judge the light by
_LEAST = 100  # pixels: by fewer nothing is judged


def grey(pixels: Pixels) -> NDArray[np.uint8]:
    """Return the brightness of each pixel."""
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def detail(levels: NDArray[np.uint8]) -> Mask:
    """Return where neighbours are clearly of another brightness."""
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(levels, kernel), cv2.erode(levels, kernel))) >= _EDGE


def counts_each(one: Pixels, other: Pixels) -> bool:
    """Tell whether each pixel counts: both were drawn or kept without loss, and in one way.

    Flat parts beside edges are then alike to the bit, and so are some of the edges.
    """
    import cv2

    edges = detail(grey(one)) | detail(grey(other))
    near = np.asarray(cv2.dilate(edges.astype(np.uint8), np.ones((_NEAR, _NEAR)))) > 0
    flat, same = near & ~edges, (one == other).all(axis=2)
    if not flat.any():
        return bool(same.mean() > 0.5)  # noqa: PLR2004
    return bool(same[flat].mean() > 0.5 and same[edges].mean() > _SOME)  # noqa: PLR2004


def sharply(one: Pixels, other: Pixels, threshold: float = THRESHOLD) -> Mask:
    """Return the pixels that an eye sees differ; smoothed edges of letters are none."""
    from pybind11_pixelmatch import Options, pixelmatch

    options = Options()
    options.threshold = threshold
    options.diffMask = True  # nothing but the differing pixels is drawn
    opaque = np.full((*one.shape[:2], 1), 255, np.uint8)
    drawn = np.zeros((*one.shape[:2], 4), np.uint8)
    first, second = (np.ascontiguousarray(np.dstack([each, opaque])) for each in (one, other))
    pixelmatch(first, second, output=drawn, options=options)
    return np.asarray(drawn[..., 3] > 0)


def softly(one: Pixels, laid: Pixels, shown: Mask) -> Mask:
    """Return the pixels that have no like within a pixel in the other picture."""
    import cv2

    first, second = _sharp_alike(one.astype(np.float32), lit_alike(one, laid, shown), shown)
    first, second = (_blurred(each, _DENOISE) for each in (first, second))
    bounds, others = _bounds(first, one), _bounds(second, laid)
    apart = np.maximum(_apart(*bounds, *others), _apart(*others, *bounds))
    differs = ((apart > THRESHOLD * _RANGE) & shown).astype(np.uint8)
    # The pixel at its border has its like one pixel outside.
    return (np.asarray(cv2.dilate(differs, np.ones((3, 3)))) > 0) & shown


def lit_alike(one: Pixels, laid: Pixels, shown: Mask) -> Levels:
    """Return ``laid`` in the light of ``one``: brighter or darker, evenly or from side to side."""
    height, width = shown.shape
    ys, xs = np.nonzero(shown)
    step = max(1, len(ys) // _SAMPLE)
    ys, xs = ys[::step], xs[::step]
    across = np.arange(width, dtype=np.float32)[None, :] / width - 0.5
    down = np.arange(height, dtype=np.float32)[:, None] / height - 0.5
    lit = laid.astype(np.float32)
    for colour in range(3):
        start, end = (each[ys, xs, colour].astype(np.float64) for each in (laid, one))
        ground = np.c_[start, start * across[0, xs], start * down[ys, 0], np.ones(len(ys))]
        whole = (np.minimum(start, end) > _DARK) & (np.maximum(start, end) < _BURNT)
        by, right, below, plus = (np.float32(v) for v in _light(ground[whole], end[whole]))
        lit[..., colour] = lit[..., colour] * (by + right * across + below * down) + plus
    return lit


def _light(ground: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what takes ``ground`` to ``seen``, heeding what most pixels agree on."""
    as_it_is = np.array([1.0, 0, 0, 0])
    if len(seen) < _LEAST or ground[:, 0].std() < 4:  # noqa: PLR2004  levels: one colour only
        return as_it_is
    kept = np.ones(len(seen), bool)
    found = as_it_is
    for _ in range(8):
        found = np.linalg.lstsq(ground[kept], seen[kept], rcond=None)[0]
        off = np.abs(ground @ found - seen)
        kept = off <= max(3.0, 3.7 * float(np.median(off)))  # 2.5 standard deviations
    light = 0.3 < found[0] < 3.3  # noqa: PLR2004
    needed = np.median(np.abs(ground[:, 0] - seen)) > 2 + 1.5 * np.median(off)
    return found if light and needed else as_it_is


def _sharp_alike(one: Levels, other: Levels, shown: Mask) -> tuple[Levels, Levels]:
    """Return both as sharp as the less sharp of them."""
    greys = [each @ np.array([0.3, 0.59, 0.11], np.float32) for each in (one, other)]
    edges = shown & np.logical_or(*(detail(g.clip(0, 255).astype(np.uint8)) for g in greys))
    if edges.sum() < _LEAST:
        return one, other

    def off(by: tuple[float, float]) -> float:
        first, second = map(_blurred, greys, by)
        return float(np.median(np.abs(first - second)[edges]))

    best = min([(b, 0.0) for b in _BLURS] + [(0.0, b) for b in _BLURS], key=off)
    if off(best) > _CLEARLY * off((0.0, 0.0)):  # else what is not in both would be blurred away
        return one, other
    return _blurred(one, best[0]), _blurred(other, best[1])


def _blurred(levels: Levels, by: float) -> Levels:
    import cv2

    return np.asarray(cv2.GaussianBlur(levels, (0, 0), by), np.float32) if by else levels


def _bounds(levels: Levels, taken: Pixels) -> tuple[Levels, Levels]:
    """Return between which levels the light was: where it was lost, it may have been any."""
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    dark, burnt = cv2.erode(taken, kernel) <= _DARK, cv2.dilate(taken, kernel) >= _BURNT
    low = np.where(dark, np.float32(-1e4), levels)
    return low, np.where(burnt, np.float32(1e4), levels)


def _apart(low: Levels, high: Levels, other_low: Levels, other_high: Levels) -> Levels:
    """Return how far, as an eye sees it, each pixel is from all within a pixel of the other."""
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    over = np.maximum(low - cv2.dilate(other_high, kernel), 0)
    under = np.minimum(high - cv2.erode(other_low, kernel), 0)
    return np.asarray(np.linalg.norm((over + under) @ _SEEN.T, axis=2), np.float32)
