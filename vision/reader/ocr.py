"""A picture's lines of text, with boxes and scores, in reading order.

``detect`` finds the boxes, ``recognise`` reads them, ``turn`` notices a picture that lies on its
side, ``straighten`` how the paper lay, and ``layout`` puts the lines in order. What was read with
doubt is read a second time with more room around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np

from vision.engine import Line
from vision.reader.detect import Detector, Quad
from vision.reader.layout import Box, reading_order
from vision.reader.models import Pixels
from vision.reader.papers import sheets_of
from vision.reader.recognise import Reading, Recogniser, cut_out
from vision.reader.straighten import Points, carried, is_notable, level_matrix
from vision.reader.turn import is_tall, is_upside_down, quarters_if_sideways, turned_back

DOUBT = 0.95  # a line with a lower score is read a second time
LEAST = 0.6  # a line with a lower score is noise: stains, logos, handwriting
APART = 0.1  # of the picture's height; how far below one sheet the next is put
ROOM = 0.1  # heights of a line, added around it for the second reading


@dataclass(frozen=True, slots=True)
class Found:
    """A line, and the corners of its box in the picture as it was read."""

    quad: Quad
    reading: Reading


class Ocr:
    """Both networks. Not for two threads at a time."""

    def __init__(self) -> None:
        self._detector = Detector()
        self._recogniser = Recogniser()

    def read(self, rgb: Pixels, cancel: Event) -> tuple[Line, ...]:
        """Return the lines of an upright picture, (H, W, 3). Raise ``Cancelled``.

        Where the text lies on its side or upside down, the lines are in the order of the text
        and their boxes are where they are in ``rgb``.
        """
        picture = np.ascontiguousarray(rgb[..., ::-1])
        quads = self._detector.find(picture, cancel)
        quarters = quarters_if_sideways(picture, quads, self._recogniser, cancel)
        if quarters:
            picture, quads = self._turned(picture, quarters, cancel)
        readings = self._recogniser.read([cut_out(picture, quad) for quad in quads], cancel)
        if not quarters and is_upside_down(picture, quads, readings, self._recogniser, cancel):
            quarters = 2
            picture, quads = self._turned(picture, quarters, cancel)
            readings = self._recogniser.read([cut_out(picture, quad) for quad in quads], cancel)
        readings = self._read_again(picture, quads, readings, cancel)
        found = [Found(q, r) for q, r in zip(quads, readings, strict=True) if is_text(r)]
        return lines_of(found, picture, quarters, rgb.shape[0], rgb.shape[1])

    def _turned(self, picture: Pixels, quarters: int, cancel: Event) -> tuple[Pixels, list[Quad]]:
        turned = np.ascontiguousarray(np.rot90(picture, quarters))
        return turned, self._detector.find(turned, cancel)

    def _read_again(
        self, picture: Pixels, quads: Sequence[Quad], readings: Sequence[Reading], cancel: Event
    ) -> list[Reading]:
        """Read lines in doubt again with more room, and keep the surer of both readings."""
        doubtful = [i for i, reading in enumerate(readings) if reading.score < DOUBT]
        # A 1 is tall as well, but it stands: rapidocr lays it on its side like a line that does.
        standing = [i for i, quad in enumerate(quads) if is_tall(quad)]
        crops = [cut_out(picture, quads[i], ROOM) for i in doubtful]
        crops += [np.rot90(cut_out(picture, quads[i]), -1) for i in standing]
        best = list(readings)
        again = self._recogniser.read(crops, cancel)
        for i, second in zip((*doubtful, *standing), again, strict=True):
            best[i] = max(best[i], second, key=lambda reading: reading.score)
        return best


def is_text(reading: Reading) -> bool:
    """Tell text from noise."""
    return reading.score >= LEAST and bool(reading.text)


def lines_of(
    found: Sequence[Found], picture: Pixels, quarters: int, height: int, width: int
) -> tuple[Line, ...]:
    """Return lines in reading order, sheet by sheet.

    ``picture`` is what they were found in, after ``quarters``; their boxes are in the one before,
    of ``height`` and ``width``. Level boxes of several sheets lie one below the other.
    """
    quads, texts = [one.quad for one in found], [one.reading.text for one in found]
    sheets = sheets_of(picture, quads)
    lines: list[Line] = []
    bottom = 0.0
    for number, sheet in enumerate(sheets):
        matrix = level_matrix([quads[i] for i in sheet.lines], sheet.edges)
        boxes = [box_around(carried(quads[i], matrix)) for i in sheet.lines]
        if number:
            boxes = lowered(boxes, bottom + APART * picture.shape[0])
        is_told = bool(quarters) or len(sheets) > 1 or is_notable(matrix)
        for k in reading_order(boxes, [texts[i] for i in sheet.lines]):
            one = found[sheet.lines[k]]
            box = box_before(one.quad, quarters, height, width)
            level = whole(boxes[k]) if is_told else None
            lines.append(Line(one.reading.text, box, one.reading.score, 0, level, number))
        bottom = max((box.y1 for box in boxes), default=bottom)
    return tuple(lines)


def box_around(corners: Points) -> Box:
    """Return the upright box around ``corners``."""
    return Box(*map(float, (*corners.min(axis=0), *corners.max(axis=0))))


def lowered(boxes: Sequence[Box], top: float) -> list[Box]:
    """Return ``boxes`` with the highest at ``top``."""
    down = top - min(box.y0 for box in boxes)
    return [Box(box.x0, box.y0 + down, box.x1, box.y1 + down) for box in boxes]


def whole(box: Box) -> tuple[int, int, int, int]:
    """Return a box in whole pixels."""
    return round(box.x0), round(box.y0), round(box.x1), round(box.y1)


def box_before(quad: Quad, quarters: int, height: int, width: int) -> tuple[int, int, int, int]:
    """Return the upright box around ``quad`` in the picture before it was turned."""
    (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
    x0, y0, x1, y1 = turned_back((x0, y0, x1, y1), quarters, height, width)
    return (
        max(0, round(float(x0))),
        max(0, round(float(y0))),
        min(width, round(float(x1))),
        min(height, round(float(y1))),
    )
