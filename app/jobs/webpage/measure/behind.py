"""What is behind the text of a picture: the picture as it would be without."""

from collections.abc import Sequence

import cv2
import numpy as np

from app.jobs.webpage.measure.flat import Pixels
from app.jobs.webpage.page import Box

ROOM = 4  # pixels around a line that the edges of its letters reach
REACH = 4  # pixels around a hole that it is filled in from
HOLES = 40  # a picture's name says no more


def behind(rgb: Pixels, box: Box, holes: Sequence[Box]) -> Pixels:
    """Return the part of a screenshot in ``box``, filled in where text stands. Pure."""
    x0, y0, x1, y1 = box
    crop = np.ascontiguousarray(rgb[y0:y1, x0:x1])
    if not crop.size:
        return crop
    mask = np.zeros(crop.shape[:2], np.uint8)
    for left, top, right, bottom in holes:
        rows = slice(max(0, top - ROOM - y0), max(0, bottom + ROOM - y0))
        mask[rows, max(0, left - ROOM - x0) : max(0, right + ROOM - x0)] = 1
    if not mask.any() or mask.all():
        return crop
    return np.asarray(cv2.inpaint(crop, mask, REACH, cv2.INPAINT_TELEA), np.uint8)


def name_of(box: Box, holes: Sequence[Box]) -> str:
    """Return what the picture is called: its box, then those of the texts that it is without."""
    numbers = [*box, *(number for hole in holes[:HOLES] for number in hole)]
    return "crop-" + "-".join(map(str, numbers)) + ".png"
