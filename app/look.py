"""What a picture looks like at a glance, to know it again when it was saved in another way."""

import numpy as np
from numpy.typing import NDArray

from history.traces import LOOK_SIDE

SIZE = (LOOK_SIDE + 1, LOOK_SIDE)  # pixels that a picture is made smaller to, width first

_SAYS_LITTLE = 16  # bits that are set in a picture of nothing, such as a blank page


def look(rgb: NDArray[np.uint8]) -> str:
    """Return the look, in hexadecimal, of pixels of ``SIZE``; "" where they say too little.

    A bit is set where a pixel is brighter than the one left of it (a difference hash).
    """
    grey = rgb.astype(np.int32).sum(axis=2)
    brighter = grey[:, 1:] > grey[:, :-1]
    return np.packbits(brighter).tobytes().hex() if brighter.sum() >= _SAYS_LITTLE else ""
