"""Where something is put: the space that a column or a row gives to what is in it."""

from dataclasses import dataclass
from typing import Literal

from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.sheet import Sheet, flow_box, room
from app.jobs.webpage.measure.flat import Colour, hex_of
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.page import Box, Css

Align = Literal["left", "center", "right"]

NEAR = 3  # pixels; what is as near is meant to be there
PHONE_PADDING = 20  # pixels, at the sides of a narrow screen
WIDE_PADDING = 40  # pixels; a band with as much at both sides holds its content in the middle
WHITE = (255, 255, 255)
ROUND = 0.36  # of its height, a radius makes the end of something round
GUESS = 12  # pixels that the sides of content in the middle may differ


@dataclass(frozen=True, slots=True)
class Frame:
    """The space for a part, and what it inherits there."""

    x0: int
    x1: int
    look: Look  # of the text around
    align: Align = "left"
    surface: Surface | None = None  # below
    within: frozenset[str] = frozenset()  # "header", "footer", "nav", "form", "card"

    @property
    def width(self) -> int:
        """From left to right."""
        return self.x1 - self.x0

    @property
    def ground(self) -> Colour:
        """The colour below."""
        return self.surface.colour if self.surface else WHITE


def extent_of(part: Part, sheet: Sheet) -> Box:
    """Return the box that a browser would give a part."""
    if part.kind == "text":
        return flow_box(part, sheet)
    if part.kind in {"row", "column", "grid"}:
        return around([extent_of(inner, sheet) for inner in part.parts])
    return part.box


def needed(part: Part, sheet: Sheet) -> Box:
    """Return the box that a part needs, with room for text that is set a little wider."""
    if part.kind == "text":
        x0, y0, x1, y1 = flow_box(part, sheet)
        extra = max(0, round(room(part)[0]) - (x1 - x0))
        if is_centred_text(part):
            return (x0 - (extra + 1) // 2, y0, x1 + (extra + 1) // 2, y1)
        return (x0, y0, x1 + extra, y1)
    if part.kind in {"row", "column", "grid"}:
        return around([needed(inner, sheet) for inner in part.parts])
    return part.box


def is_centred_text(part: Part) -> bool:
    """Tell a text of several lines whose middles are below each other."""
    if len(part.lines) <= 1:
        return False
    lefts = [line.box[0] for line in part.lines]
    middles = [line.box[0] + line.box[2] for line in part.lines]
    return max(lefts) - min(lefts) > NEAR and max(middles) - min(middles) <= 2 * NEAR


def is_in_middle(box: Box, x0: int, x1: int) -> bool:
    """Tell whether a box is in the middle between two ends, and not all of it."""
    left, right = box[0] - x0, x1 - box[2]
    return abs(left - right) <= 2 * NEAR and min(left, right) > NEAR


def align_of(parts: tuple[Part, ...], x0: int, x1: int, sheet: Sheet) -> Align:
    """Return how most of the parts of a column stand between its ends."""
    middle = left = 0
    start = min((part.box[0] for part in parts), default=x0)
    for part in parts:
        box = extent_of(part, sheet)
        if part.kind == "text" and len(part.lines) > 1:
            centred = is_centred_text(part) and is_in_middle(box, x0, x1)
        else:
            centred = is_in_middle(box, x0, x1)
        if centred:
            middle += 1
        elif box[0] - start <= NEAR:
            left += 1
    return "center" if middle > left else "left"


def surface_css(surface: Surface) -> Css:
    """Return the look of a surface."""
    css: list[tuple[str, str]] = []
    if surface.paint != "none":
        css.append(("background", surface.background))
    names = ("top", "right", "bottom", "left")
    if len(set(surface.borders)) == 1 and surface.borders[0].width:
        border = surface.borders[0]
        css.append(("border", f"{border.width}px solid {hex_of(border.colour)}"))
    else:
        for name, border in zip(names, surface.borders, strict=True):
            if border.width:
                css.append((f"border-{name}", f"{border.width}px solid {hex_of(border.colour)}"))
    if max(surface.radii):
        css.append(("border-radius", radius_css(surface)))
    if surface.shadow:
        css.append(("box-shadow", surface.shadow))
    return tuple(css)


def radius_css(surface: Surface) -> str:
    """Return the radii of corners, one where they are alike."""
    short = min(surface.width, surface.height)
    if min(surface.radii) >= ROUND * short:
        return "50%" if abs(surface.width - surface.height) <= NEAR else "999px"
    if max(surface.radii) - min(surface.radii) < NEAR:
        return f"{sorted(surface.radii)[1]}px"
    return " ".join(f"{radius}px" if radius > 1 else "0" for radius in surface.radii)


def inner_box(box: Box, surface: Surface) -> Box:
    """Return a box without its borders."""
    top, right, bottom, left = (border.width for border in surface.borders)
    return (box[0] + left, box[1] + top, box[2] - right, box[3] - bottom)


def padding_css(top: int, right: int, bottom: int, left: int) -> str:
    """Return paddings as short as CSS can say them."""
    sides = [max(0, side) for side in (top, right, bottom, left)]
    said = [f"{side}px" if side else "0" for side in sides]
    if said[1] != said[3]:
        return " ".join(said)
    if said[0] != said[2]:
        return " ".join(said[:3])
    return said[0] if said[0] == said[1] else " ".join(said[:2])
