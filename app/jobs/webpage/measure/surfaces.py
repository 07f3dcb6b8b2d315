"""The surfaces of a page: rectangles, rounded or not, that are painted in one colour.

Bands across the page, cards, buttons, badges and input fields are all surfaces: each with a colour,
a radius, borders and a shadow, measured from the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.webpage.measure.flat import Colour, hex_of
from app.jobs.webpage.page import Box

Radii = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Border:
    """One side of a surface's border."""

    width: int  # pixels; 0: none
    colour: Colour = (0, 0, 0)


NONE = Border(0)


@dataclass(frozen=True, slots=True)
class Surface:
    """A painted rectangle."""

    box: Box  # its border included
    colour: Colour
    radii: Radii = (0, 0, 0, 0)  # pixels, of the outside, clockwise from the top left
    borders: tuple[Border, Border, Border, Border] = (NONE, NONE, NONE, NONE)  # as CSS: top first
    shadow: str = ""  # as CSS writes it
    paint: str = ""  # what CSS paints instead of the colour: a gradient, a picture

    @property
    def width(self) -> int:
        """From left to right."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.box[3] - self.box[1]

    @property
    def area(self) -> int:
        """Pixels."""
        return self.width * self.height

    @property
    def is_bordered(self) -> bool:
        """Whether any side has a border."""
        return any(border.width for border in self.borders)

    @property
    def background(self) -> str:
        """What CSS paints it with."""
        return self.paint or hex_of(self.colour)


def contains(outer: Box, inner: Box, slack: int = 0) -> bool:
    """Tell whether ``inner`` lies within ``outer``, give or take ``slack`` pixels."""
    return (
        outer[0] - slack <= inner[0]
        and outer[1] - slack <= inner[1]
        and outer[2] + slack >= inner[2]
        and outer[3] + slack >= inner[3]
    )


def shared(a: Box, b: Box) -> int:
    """Return how many pixels two boxes share."""
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def outside(surface: Surface, others: Sequence[Surface]) -> Surface | None:
    """Return the smallest surface around one."""
    around = [o for o in others if o.area > surface.area and contains(o.box, surface.box)]
    return min(around, key=lambda o: o.area, default=None)


def distance(a: Colour, b: Colour) -> int:
    """Return how far two colours are apart, in levels of the channel that differs most."""
    return max(abs(p - q) for p, q in zip(a, b, strict=True))
