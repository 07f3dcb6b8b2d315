"""How alike a page and its screenshot are, and how well the page is built. Pure.

A screenshot has no elements: what it says is what the reader read in it, and where. So a score
needs no page to compare with. Likeness alone would reward the screenshot put into one ``<img>``, or
each line nailed to its place: structure counts as much, and what fails one of its bars fails.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.check.appearance import MOST, appearance, ground, lab_of, rows
from app.jobs.webpage.check.matching import Pair, pairs
from app.jobs.webpage.check.render import PHONE_WIDTH, Rendering
from app.jobs.webpage.check.sight import Sight, around, of_rendering
from app.jobs.webpage.page import Box

WORST = 6  # regions that are named
MOVED = 10  # pixels; what is that far from its place is named
OFF = 12.0  # distance in Lab from which on a colour is named
BARS = {"likeness": 0.6, "role": 0.5, "reflow": 0.9, "flow": 0.9}  # what a page needs to pass


@dataclass(frozen=True, slots=True)
class Scores:
    """What is right about a page; each 0 to 1, and 1 is best."""

    block: float  # share of all text, of either side, that the other side has
    text: float  # how alike it is, letter by letter
    position: float
    colour: float
    visual: float  # the page without its text: surfaces and pictures
    role: float  # share of the text in elements that say what it is: headings, links, paragraphs
    reflow: float  # of the page's width on a phone, what the phone shows
    flow: float  # share of the texts that are not nailed to a place

    @property
    def likeness(self) -> float:
        """How alike the two look."""
        told = (self.text + self.position + self.colour) / 3
        return 0.8 * self.block * told + 0.2 * self.visual

    @property
    def structure(self) -> float:
        """How well the page is built."""
        return (self.role + self.reflow + self.flow) / 3

    @property
    def total(self) -> float:
        """Both in one: a page that lacks one of them has neither."""
        return self.likeness * self.structure

    @property
    def failed(self) -> tuple[str, ...]:
        """The bars that the page is below."""
        return tuple(name for name, bar in BARS.items() if getattr(self, name) < bar)

    def record(self) -> dict[str, float]:
        """Return the scores as they are kept."""
        values = asdict(self) | {"likeness": self.likeness, "total": self.total}
        return {name: round(value, 4) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Region:
    """A place where the page differs."""

    kind: Literal["missing", "extra", "moved", "text", "colour", "look"]
    box: Box  # in the screenshot; of what is extra, in the rendering
    loss: float  # what it costs, to order them
    text: str = ""
    by: tuple[int, int] = (0, 0)  # pixels that it moved right and down


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rendering beside the screenshot."""

    scores: Scores
    regions: tuple[Region, ...]  # the worst first
    pairs: tuple[Pair, ...]  # of indexes into the sights' ``said``


def compare(there: Sight, drawn: Rendering) -> Comparison:
    """Compare the screenshot with a rendering of the page."""
    here = of_rendering(drawn)
    found = pairs(there.said, here.said)
    scores = Scores(
        block=_block(there, here, found),
        text=_mean([pair.alike for pair in found]),
        position=_mean([1 - _way(there, here, pair) for pair in found]),
        colour=_mean([max(0.0, 1 - _shade(there, here, pair) / 100) for pair in found]),
        visual=appearance(there.bare, here.bare),
        role=_role(drawn, found),
        reflow=PHONE_WIDTH / max(PHONE_WIDTH, drawn.phone_width),
        flow=_mean([not text.is_absolute for text in drawn.texts]),
    )
    regions = sorted(_regions(there, here, found), key=lambda region: -region.loss)
    return Comparison(scores, tuple(regions[:WORST]), tuple(found))


def _block(there: Sight, here: Sight, found: Sequence[Pair]) -> float:
    both = sum(there.areas) + sum(here.areas)
    matched = sum(there.areas[i] for pair in found for i in pair.there)
    matched += sum(here.areas[j] for pair in found for j in pair.here)
    return matched / both if both else 1.0


def _role(drawn: Rendering, found: Sequence[Pair]) -> float:
    """Count by letters: a page of one long paragraph and forty bare words is well built."""
    letters = sum(len(text.text) for text in drawn.texts)
    named = {j for pair in found for j in pair.here if drawn.texts[j].role}
    return sum(len(drawn.texts[j].text) for j in named) / letters if letters else 0.0


def _way(there: Sight, here: Sight, pair: Pair) -> float:
    """Return how far a text is from its place, as a share of the screenshot's sides."""
    (x, y), (height, width) = _offset(there, here, pair), there.rgb.shape[:2]
    return float(min(1.0, max(abs(x) / width, abs(y) / height)))


def _offset(there: Sight, here: Sight, pair: Pair) -> tuple[float, float]:
    one, other = place(there, pair.there), place(here, pair.here)
    return (other[0] + other[2] - one[0] - one[2]) / 2, (other[1] + other[3] - one[1] - one[3]) / 2


def place(sight: Sight, indexes: Sequence[int]) -> Box:
    """Return the box around what a picture says at ``indexes``."""
    return around([sight.said[i].box for i in indexes])


def _shade(there: Sight, here: Sight, pair: Pair) -> float:
    one, other = there.colours[list(pair.there)], here.colours[list(pair.here)]
    return float(np.linalg.norm(lab_of(one.mean(axis=0)) - lab_of(other.mean(axis=0))))


def _cells(there: Sight, here: Sight) -> NDArray[np.float32]:
    """Return how far apart the cells of the screenshot are from what is drawn at their place."""
    height, width = there.rgb.shape[:2]
    laid = np.empty_like(there.bare)
    laid[:] = ground(there.bare)
    shared = min(height, len(here.bare)), min(width, here.bare.shape[1])
    laid[: shared[0], : shared[1]] = here.bare[: shared[0], : shared[1]]
    one, other = rows(there.bare), rows(laid)
    return np.asarray(np.linalg.norm(one - other, axis=2), np.float32)


def _regions(there: Sight, here: Sight, found: Sequence[Pair]) -> Iterator[Region]:
    page = there.rgb.shape[0] * there.rgb.shape[1]
    matched = {i for pair in found for i in pair.there}, {j for pair in found for j in pair.here}
    for i, said in enumerate(there.said):
        if i not in matched[0]:
            yield Region("missing", said.box, 4 * there.areas[i] / page, said.text)
    for j, said in enumerate(here.said):
        if j not in matched[1]:
            yield Region("extra", said.box, 4 * here.areas[j] / page, said.text)
    for pair in found:
        yield from _of_pair(there, here, pair, sum(there.areas[i] for i in pair.there) / page)
    yield from _looks(there, _cells(there, here), page)


def _of_pair(there: Sight, here: Sight, pair: Pair, area: float) -> Iterator[Region]:
    box, text = place(there, pair.there), " ".join(there.said[i].text for i in pair.there)
    x, y = (round(value) for value in _offset(there, here, pair))
    if max(abs(x), abs(y)) > MOVED:
        loss = area * (0.3 + 10 * _way(there, here, pair))
        yield Region("moved", box, loss, text, (x, y))
    if pair.alike < 0.8:  # noqa: PLR2004
        yield Region("text", box, area * 2 * (1 - pair.alike), text)
    if (shade := _shade(there, here, pair)) > OFF:
        yield Region("colour", box, area * shade / MOST, text)


def _looks(there: Sight, far: NDArray[np.float32], page: int) -> Iterator[Region]:
    """Yield the areas whose surface or picture differs."""
    height, width = there.rgb.shape[:2]
    tall, wide = height / len(far), width / far.shape[1]
    count, _, stats, _ = cv2.connectedComponentsWithStats((far > OFF).astype(np.uint8))
    for x, y, w, h, cells in stats[1:count].tolist():
        box = (round(x * wide), round(y * tall), round((x + w) * wide), round((y + h) * tall))
        shade = float(far[y : y + h, x : x + w].max()) / MOST
        yield Region("look", box, cells * tall * wide / page * shade)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def region_records(regions: Sequence[Region]) -> list[Mapping[str, object]]:
    """Return regions as they are kept."""
    return [
        {"kind": each.kind, "box": list(each.box), "text": each.text, "by": list(each.by)}
        for each in regions
    ]
