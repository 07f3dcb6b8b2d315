"""Which way up a picture is, told by its text.

EXIF is applied before; what is left are photos without it, and scans put in sideways. Text lying
on its side makes tall boxes, which costs nothing to see. Upside down, the boxes look right but
the network is unsure: on receipts 0.60 to 0.71 where upright text has 0.92 to 0.99.
"""

from collections.abc import Sequence
from threading import Event

import numpy as np

from vision.reader.detect import Quad, quad_size
from vision.reader.models import Pixels
from vision.reader.recognise import Reading, Recogniser, cut_out

SURE = 0.8  # a mean score that only text which is the right way up has
BETTER = 0.1  # by which the other way up must be surer
SAMPLE = 6  # lines; the longest
TALL = 1.5  # height over width of a box on its side
TELLING = 2.5  # one side over the other; a single letter may be tall or wide
MOST = 0.6  # of the telling boxes


def is_tall(quad: Quad) -> bool:
    """Tell whether a box is one that ``cut_out`` lays on its left side."""
    across, down = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
    return bool(down >= TALL * across)


def is_standing(quad: Quad) -> bool:
    """Tell whether the longer sides of a box, whichever corner comes first, are rather upright."""
    across, down = quad[1] - quad[0], quad[3] - quad[0]
    x, y = max(across, down, key=lambda side: float(np.linalg.norm(side)))
    return bool(abs(y) > abs(x))


def stood(quad: Quad) -> Quad:
    """Return a box with its corners clockwise from the left one of its upper end.

    Where text on its side is askew as well, the detector begins some boxes at another corner.
    """
    rolled: list[Quad] = [np.roll(quad, -first, axis=0) for first in range(4)]
    short = [q for q in rolled if np.linalg.norm(q[1] - q[0]) <= np.linalg.norm(q[3] - q[0])]
    return min(short, key=lambda q: float(q[:2, 1].mean()))


def longest(quads: Sequence[Quad]) -> list[Quad]:
    """Return the boxes that say most about which way up the text is."""
    return sorted(quads, key=lambda quad: -quad_size(quad)[0])[:SAMPLE]


def sureness(readings: Sequence[Reading]) -> float:
    """Return the mean score over all characters; 0 without any."""
    characters = sum(len(reading.text) for reading in readings)
    return sum(len(r.text) * r.score for r in readings) / characters if characters else 0.0


def quarters_if_sideways(
    picture: Pixels, quads: Sequence[Quad], recogniser: Recogniser, cancel: Event
) -> int:
    """Return the quarter turns, anticlockwise, that put text on its side upright; 0 for none."""
    telling = [quad for quad in quads if quad_size(quad)[0] >= TELLING * quad_size(quad)[1]]
    if sum(map(is_standing, telling)) <= MOST * len(telling):
        return 0
    crops = [cut_out(picture, stood(quad)) for quad in longest(list(filter(is_standing, quads)))]
    once = sureness(recogniser.read(crops, cancel))
    if once >= SURE:
        return 1
    thrice = sureness(recogniser.read([flipped(crop) for crop in crops], cancel))
    return 3 if thrice >= max(SURE, once + BETTER) else 0


def is_upside_down(
    picture: Pixels,
    quads: Sequence[Quad],
    readings: Sequence[Reading],
    recogniser: Recogniser,
    cancel: Event,
) -> bool:
    """Tell whether what was read with doubt reads well the other way up."""
    if not quads or (now := sureness(readings)) >= SURE:
        return False
    crops = [flipped(cut_out(picture, quad)) for quad in longest(quads)]
    return sureness(recogniser.read(crops, cancel)) >= max(SURE, now + BETTER)


def flipped(crop: Pixels) -> Pixels:
    """Return ``crop`` turned by half."""
    return crop[::-1, ::-1]


def turned_back(
    box: tuple[float, float, float, float], quarters: int, height: int, width: int
) -> tuple[float, float, float, float]:
    """Return ``box`` as it lies in a picture before ``np.rot90`` turned it by ``quarters``.

    ``height`` and ``width`` are those of the picture before.
    """
    x0, y0, x1, y1 = box
    return {
        0: (x0, y0, x1, y1),
        1: (width - y1, x0, width - y0, x1),
        2: (width - x1, height - y1, width - x0, height - y0),
        3: (y0, height - x1, y1, height - x0),
    }[quarters % 4]
