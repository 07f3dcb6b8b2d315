"""A closer look at one line of a picture: its pixels enlarged, with some room around them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vision.engine import Line
from vision.reader.models import Pixels

# Heights of the line added around it, and how much larger it is made. Each shows the networks
# something a little different; where one misreads a worn digit, another may not.
LOOKS = ((0.3, 2.0), (0.15, 1.5), (0.7, 2.0), (0.5, 4.0))
_SAME = 0.5  # of the lower one's height; lines that share as much are one row

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """An enlarged part of a picture, and where in it the line is."""

    rgb: Pixels
    box: tuple[float, float, float, float]


def looks(rgb: Pixels, box: Box) -> Iterator[Look]:
    """Yield closer looks at the line in ``box`` of a picture, (H, W, 3)."""
    # Slow to import, and only who reads again needs it.
    import cv2
    import numpy as np

    x0, y0, x1, y1 = box
    height = min(x1 - x0, y1 - y0)
    for room, factor in LOOKS:
        around = max(2, round(room * height))
        left, top = max(0, x0 - 2 * around), max(0, y0 - around)
        part = rgb[top : y1 + around, left : x1 + 2 * around]
        if not part.size:
            return
        larger = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        inside = ((x0 - left), (y0 - top), (x1 - left), (y1 - top))
        yield Look(np.asarray(larger, np.uint8), tuple(factor * side for side in inside))  # type: ignore[arg-type]


def within(look: Look, lines: Sequence[Line]) -> tuple[str, float]:
    """Return what ``lines``, read in a closer look, say where the line is, and the least score."""
    x0, y0, x1, y1 = look.box
    found = []
    for line in lines:
        middle = (line.box[0] + line.box[2]) / 2
        shared = min(y1, line.box[3]) - max(y0, line.box[1])
        if x0 <= middle <= x1 and shared > _SAME * min(y1 - y0, line.box[3] - line.box[1]):
            found.append(line)
    found.sort(key=lambda line: line.box[0])
    return " ".join(line.text for line in found), min([line.score for line in found], default=0.0)
