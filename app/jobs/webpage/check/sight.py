"""What a picture of a page shows, a screenshot or a rendering: its texts, their colours, the rest.

Of a rendering the browser tells where the letters are. Of a screenshot the reader does, and what
lies behind them is what most of their line shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.check.appearance import ground
from app.jobs.webpage.check.matching import Said
from app.jobs.webpage.check.render import INK, Rendering, Rgb, inked
from app.jobs.webpage.page import Box
from vision.engine import Line

STRONG = 0.7  # of the largest contrast: the middle of a stroke, where its colour is pure


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture of a page, looked at."""

    rgb: Rgb
    bare: Rgb  # without letters
    said: tuple[Said, ...]
    areas: tuple[int, ...]  # pixels that the lines of each take
    colours: NDArray[np.float64]  # (N, 3), of the letters


def of_screenshot(rgb: Rgb, lines: Sequence[Line]) -> Sight:
    """Look at a screenshot, in which the reader found ``lines``."""
    bare = rgb.copy()
    for line in lines:
        _erase(bare, line.box)
    ink = cv2.absdiff(rgb, bare).max(axis=2) > INK
    boxes = [inked(ink, line.box) or line.box for line in lines]
    said = tuple(Said(line.text, box) for line, box in zip(lines, boxes, strict=True))
    return _sight(rgb, bare, said, [(box,) for box in boxes])


def of_rendering(drawn: Rendering) -> Sight:
    """Look at a page as it was drawn."""
    said = tuple(Said(text.text, around(text.lines)) for text in drawn.texts)
    return _sight(drawn.rgb, drawn.bare, said, [text.lines for text in drawn.texts])


def around(boxes: Sequence[Box]) -> Box:
    """Return the box around boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _sight(rgb: Rgb, bare: Rgb, said: tuple[Said, ...], lines: Sequence[Sequence[Box]]) -> Sight:
    areas = tuple(sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes) for boxes in lines)
    colours = np.array([_colour(rgb, bare, each.box) for each in said]).reshape(-1, 3)
    return Sight(rgb, bare, said, areas, colours)


def _erase(bare: Rgb, box: Box) -> None:
    """Put what lies behind a line in place of its letters.

    That is the colour that most of the line has, not what lies around it: a badge may be no larger
    than its text.
    """
    x0, y0, x1, y1 = box
    inner = bare[y0:y1, x0:x1]
    if not inner.size:
        return
    behind = ground(inner)
    letters = np.abs(inner - behind).max(axis=2) > INK / 2
    inner[letters] = behind


def _colour(rgb: Rgb, bare: Rgb, box: Box) -> NDArray[np.float64]:
    """Return the colour of the letters in a box: that of the pixels that stand out most."""
    x0, y0, x1, y1 = box
    letters = rgb[y0:y1, x0:x1].astype(np.int16)
    contrast = np.abs(letters - bare[y0:y1, x0:x1]).max(axis=2)
    strong = contrast >= max(INK, STRONG * float(contrast.max(initial=0)))
    chosen = letters[strong] if strong.any() else letters.reshape(-1, 3)
    return np.asarray(chosen.mean(axis=0), np.float64)
