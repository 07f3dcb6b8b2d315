"""Where in a picture is text: boxes around lines, at any size of picture.

The detector sees text of about 8 to 100 pixels. So a photo is scaled down and a tiny crop up, but
a tall page is not: it is looked at in bands, cut where there is least ink, so that 6,000 pixels are
read at their own size within the memory of a small picture.
"""

from collections.abc import Iterator
from threading import Event
from typing import Any

import cv2
import numpy as np

from vision.reader.cancel import check
from vision.reader.models import DETECTOR, Floats, Network, Pixels, quieten_rapidocr

Quad = Floats  # (4, 2): corners clockwise from the top left of the text

SHORT_SIDE = 1_600  # a picture is looked at with its short side at most this
SMALL_SIDE = 64  # and a crop with its short side at least this
BAND_PIXELS = 2_000_000  # of a picture, in one run of the network
CONTEXT = 64  # pixels seen on either side of a cut
MOSTLY = 0.7  # of the smaller box's area
STEP = 32  # the network takes multiples of this


class Detector:
    """Finds lines of text."""

    def __init__(self) -> None:
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        quieten_rapidocr()
        self._network = Network(DETECTOR)
        # Any: no type information. The values are rapidocr's own; on receipts each of thresh
        # 0.2, box_thresh 0.4 or 0.6 and unclip_ratio 1.4 or 2.0 read worse or no better.
        self._boxes: Any = DBPostProcess(
            thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True, max_candidates=4_000
        )

    def find(self, picture: Pixels, cancel: Event) -> list[Quad]:
        """Return a box for each line of text, in no particular order. Raise ``Cancelled``."""
        scale = scale_for(picture.shape[0], picture.shape[1])
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = (
            picture
            if scale == 1
            else np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
        )
        quads: list[Quad] = []
        for top, bottom in bands(scaled):
            check(cancel)
            quads = joined(quads, self._band(scaled, top, bottom), top)
        factor = np.array([picture.shape[1] / size[0], picture.shape[0] / size[1]], np.float32)
        return [quad * factor for quad in quads]

    def _band(self, picture: Pixels, top: int, bottom: int) -> list[Quad]:
        """Look at the rows from ``top`` to ``bottom``, and keep the boxes whose middle is there."""
        first, last = max(0, top - CONTEXT), min(picture.shape[0], bottom + CONTEXT)
        band = picture[first:last]
        height, width = band.shape[:2]
        size = (max(1, round(width / STEP)) * STEP, max(1, round(height / STEP)) * STEP)
        batch = cv2.resize(band, size).astype(np.float32) * (2 / 255) - 1
        map_ = self._network(batch.transpose(2, 0, 1)[None])
        quads, _ = self._boxes(map_, (height, width))
        offset = np.array([0, first], np.float32)
        shifted = [np.asarray(quad, np.float32) + offset for quad in quads]
        return [quad for quad in shifted if top <= quad[:, 1].mean() < bottom]


def scale_for(height: int, width: int) -> float:
    """Return by how much to scale a picture before it is looked at."""
    short = min(height, width)
    if short > SHORT_SIDE:
        return SHORT_SIDE / short
    return min(4.0, SMALL_SIDE / short) if short < SMALL_SIDE else 1.0


def quad_size(quad: Quad) -> tuple[float, float]:
    """Return the width and the height of a box, along its own sides; the height is the shorter."""
    sides = float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))
    return max(sides), min(sides)


def bands(picture: Pixels) -> Iterator[tuple[int, int]]:
    """Cut a picture into bands of rows that fit the network's budget, where ink is least."""
    height, width = picture.shape[:2]
    rows = max(8 * STEP, BAND_PIXELS // width)
    top = 0
    while height - top > rows * 1.25:
        bottom = top + emptiest_row(picture[top + rows * 3 // 4 : top + rows]) + rows * 3 // 4
        yield top, bottom
        top = bottom
    yield top, height


def emptiest_row(picture: Pixels) -> int:
    """Return the middle of the widest run of rows in which brightness changes least."""
    grey = picture[..., 1].astype(np.int16)
    ink = np.abs(np.diff(grey, axis=1)).mean(axis=1)
    quiet = ink <= ink.min() + 0.5
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False]))))
    starts, ends = edges[::2], edges[1::2]
    widest = int(np.argmax(ends - starts))
    return int(starts[widest] + ends[widest]) // 2


def joined(above: list[Quad], below: list[Quad], cut: int) -> list[Quad]:
    """Return the boxes of two bands; a large letter on the cut is seen in both, and kept once."""
    over, under = (
        [q for q in quads if q[:, 1].min() < cut < q[:, 1].max()] for quads in (above, below)
    )
    doubles = [(a, b) for a in over for b in under if is_double(a, b)]
    dropped = {id(min(pair, key=area)) for pair in doubles}
    return [quad for quad in (*above, *below) if id(quad) not in dropped]


def is_double(one: Quad, other: Quad) -> bool:
    """Tell whether one of two boxes lies mostly within the other."""
    low, high = np.maximum(one.min(0), other.min(0)), np.minimum(one.max(0), other.max(0))
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared > MOSTLY * min(area(one), area(other))


def area(quad: Quad) -> float:
    """Return the area of the upright box around ``quad``."""
    return float(np.prod(quad.max(0) - quad.min(0)))
