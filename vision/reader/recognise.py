"""What a line of text says, with how sure the network is.

The network gives, for every 8 pixels of a line 48 pixels high, how likely each of 18,709
characters is there. The likeliest ones, without repeats, are the text (CTC, greedy). Where two
characters stand much further apart than the others of their line, there is a space that the
network did not report: columns that the detector took for one line stay apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Event

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.reader.cancel import check
from vision.reader.detect import Quad
from vision.reader.models import RECOGNISER, Floats, Network, Pixels

HEIGHT = 48  # pixels; what the network was trained on
MIN_WIDTH = 320  # pixels; shorter lines are padded to it, as in training
MAX_WIDTH = 6_400  # pixels; a longer line is squeezed
BATCH_WIDTH = 2_400  # pixels of all lines of a batch together: bounds its memory
USUAL_STEP = 2.5  # positions of the network between two characters, at least
WIDE_GAP = 2.0  # times the usual step between two characters; more is a space


@dataclass(frozen=True, slots=True)
class Reading:
    """What one line says."""

    text: str
    score: float  # 0 to 1; the mean over its characters


class Recogniser:
    """Reads lines that were cut out of a picture."""

    def __init__(self) -> None:
        self._network = Network(RECOGNISER)
        self._alphabet = self._network.alphabet()

    def read(self, crops: Sequence[Pixels], cancel: Event) -> list[Reading]:
        """Return what each of ``crops`` says, in their order. Raise ``Cancelled``."""
        readings = [Reading("", 0.0)] * len(crops)
        for batch in batches([width_of(crop) for crop in crops]):
            check(cancel)
            likely = self._network(stacked([crops[i] for i in batch]))
            for i, one in zip(batch, likely, strict=True):
                readings[i] = decoded(one, self._alphabet)
        return readings


def cut_out(picture: Pixels, quad: Quad, margin: float = 0.0) -> Pixels:
    """Return the pixels within ``quad``, level; tall ones lie on their left side.

    ``margin`` is added on every side, in heights of the line.
    """
    from rapidocr.utils.process_img import get_rotate_crop_image

    crop: Pixels = get_rotate_crop_image(picture, grown(quad, margin))
    return crop


def grown(quad: Quad, margin: float) -> Quad:
    """Return ``quad`` with ``margin`` times its shorter side added on every side."""
    across, down = quad[1] - quad[0], quad[3] - quad[0]
    lengths = max(1e-6, float(np.linalg.norm(across))), max(1e-6, float(np.linalg.norm(down)))
    by = margin * min(lengths)
    x, y = across / lengths[0] * by, down / lengths[1] * by
    moved: Quad = (quad + np.stack([-x - y, x - y, x + y, y - x])).astype(np.float32)
    return moved


def width_of(crop: Pixels) -> int:
    """Return how wide ``crop`` is once it is as high as the network wants."""
    height, width = int(crop.shape[0]), int(crop.shape[1])
    return min(MAX_WIDTH, max(1, round(HEIGHT * width / height)))


def batches(widths: Sequence[int]) -> Iterator[list[int]]:
    """Put lines of like width together: a batch is as wide as its widest line."""
    batch: list[int] = []
    for i in sorted(range(len(widths)), key=lambda i: widths[i]):
        if batch and (len(batch) + 1) * max(MIN_WIDTH, widths[i]) > BATCH_WIDTH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def stacked(crops: Sequence[Pixels]) -> Floats:
    """Return ``crops`` as the network wants them: (B, 3, 48, W), -1 to 1, padded with 0."""
    widths = [width_of(crop) for crop in crops]
    batch = np.zeros((len(crops), HEIGHT, max(MIN_WIDTH, *widths), 3), np.float32)
    for row, crop, width in zip(batch, crops, widths, strict=True):
        row[:, :width] = cv2.resize(crop, (width, HEIGHT)).astype(np.float32) * (2 / 255) - 1
    return batch.transpose(0, 3, 1, 2)


def decoded(likely: Floats, alphabet: Sequence[str]) -> Reading:
    """Return the likeliest text of a line; ``likely`` is (positions, characters)."""
    best = likely.argmax(axis=1)
    new = best > 0
    new[1:] &= best[1:] != best[:-1]
    where = np.flatnonzero(new)
    if not len(where):
        return Reading("", 0.0)
    text = spaced([alphabet[i] for i in best[where]], where)
    return Reading(text.strip(), float(likely[where, best[where]].mean()))


def spaced(characters: Sequence[str], where: NDArray[np.intp]) -> str:
    """Join characters, with a space where two stand unusually far apart."""
    steps = np.diff(where)
    pairs = list(pairwise(characters))
    inside = [step for step, pair in zip(steps, pairs, strict=True) if " " not in pair]
    usual = max(USUAL_STEP, float(np.median(inside))) if inside else np.inf
    text = characters[0]
    for step, pair in zip(steps, pairs, strict=True):
        is_word = any(map(str.isalnum, pair))  # rulers drawn with characters stay whole
        text += " " if is_word and " " not in pair and step > WIDE_GAP * usual else ""
        text += pair[1]
    return text
