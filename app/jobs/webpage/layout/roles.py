"""What a part is for: heading, link, button, field, list, menu. By shape, size and colour alone."""

from colorsys import rgb_to_hsv
from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.webpage.layout.parts import Part, TextLine
from app.jobs.webpage.layout.sheet import Sheet, texts
from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.pieces import Mark
from app.jobs.webpage.measure.surfaces import Surface, distance
from app.jobs.webpage.measure.typefaces import faces

HEADING = 1.18  # times the usual size; larger text is a heading
MILD = 1.6  # times; larger text that is not bold need not be one up to here
HEADING_LETTERS, HEADING_LINES = 110, 3  # a heading has no more
LEVEL = 0.06  # of a size; headings that differ less are of one level
TINT = 24  # levels; a colour whose channels differ less is grey
HUE = 40  # degrees; hues that differ less are tints of one colour
CHROMA = 45  # levels; a colour whose channels differ more is not grey
MENU_LETTERS = 26  # an entry of a menu has no more
BUTTON_HEIGHT = (18, 72)  # pixels
BUTTON_WIDTH = 640
BUTTON_EM = 4.6  # times its letters is how high a button is at most
WIDE_BUTTON, STRONG = 320, 60  # pixels; a wider button differs so many levels from its ground
PALE = 3  # levels, that a button differs at least
TALL_FIELD = 90  # pixels; with its text in its middle, a field as high has one line
CENTRED = 4  # pixels; text in the middle of a button is not further off
FIELD_HEIGHT = (22, 66)  # pixels, of one line
FIELD_WIDTH = 40
NUMBER_WIDTH = 120  # pixels, of a field with a number in its middle
AREA_HEIGHT = 56  # pixels; a field as high may have several lines
CHOSEN = 3.2  # times its letters is how high the surface of a chosen entry may be
BULLET = 0.62  # em; a bullet is not wider
HINT = 165  # levels between what says what to type and its ground, at most
SMALL_ICON = 32  # pixels, of what stands beside the text of a button
UPPER = 0.62  # of a field's height; what is typed in several lines begins above
ARROW, ARROW_ROOM = 20, 28  # pixels: of an arrow's side, and up to the end of its field
TICK = (10, 26)  # pixels, of a box to tick
BADGE = 26  # pixels; what is not higher and has small letters is a badge


@dataclass(frozen=True, slots=True)
class Roles:
    """What of a page is known once all of it was seen."""

    sheet: Sheet
    levels: tuple[float, ...]  # sizes of headings, the largest first

    def heading(self, text: Part) -> int:
        """Return the level of a heading, 0 for other text."""
        if not is_heading(text, self.sheet):
            return 0
        size = text.look.size
        for rank, level in enumerate(self.levels):
            if abs(size - level) <= LEVEL * level:
                return min(rank + 1, 6)
        return min(len(self.levels) + 1, 6)


def roles_of(parts: Sequence[Part], sheet: Sheet) -> Roles:
    """Return the levels of headings that the main part of a page has."""
    levels: list[float] = []
    found = [t for part in parts for t in texts(part) if is_heading(t, sheet)]
    sizes = sorted({t.look.size for t in found}, reverse=True)
    for size in sizes:
        if not levels or levels[-1] - size > LEVEL * levels[-1]:
            levels.append(size)
    return Roles(sheet, tuple(levels))


def is_heading(text: Part, sheet: Sheet) -> bool:
    """Tell a heading by its size, its weight and its length."""
    said, look = text.text, text.look
    letters = sum(map(str.isalpha, said))
    if len(text.lines) > HEADING_LINES or len(said) > HEADING_LETTERS or letters < 2:
        return False
    if letters < len(said.replace(" ", "")) * 0.5 or faces()[look.face].is_fixed:
        return False
    times = look.size / sheet.look.size
    bold = all(run.look.bold for line in text.lines for run in line.runs)
    if bold:
        return times > 0.99
    if times <= HEADING:
        return False
    muted = is_muted(look.colour, sheet.look.colour)
    return times > MILD or (not muted and not said.rstrip().endswith((".", ":", ",", "。", "，")))


def is_muted(colour: Colour, usual: Colour) -> bool:
    """Tell whether a grey is weaker than that of the page's text."""
    return chroma(colour) < CHROMA and distance(colour, usual) > CHROMA


def is_hint(colour: Colour, ground: Colour) -> bool:
    """Tell whether a grey is so weak on its ground that it says what to type."""
    return chroma(colour) < CHROMA and distance(colour, ground) < HINT


def chroma(colour: Colour) -> int:
    """Return how far a colour is from grey, in levels."""
    return max(colour) - min(colour)


def is_link(look: Look, around: Look, ground: Colour = (255, 255, 255)) -> bool:
    """Tell a link by its line or its colour, beside the text around it.

    A tint of the ground is no colour of its own: pale green on dark green is only pale.
    """
    if look.underline:
        return True
    if chroma(look.colour) < TINT or distance(look.colour, around.colour) <= CHROMA:
        return False
    if chroma(look.colour) < CHROMA:
        # A greyish colour is a link's where it stands out from weaker text around it.
        return distance(look.colour, ground) > distance(around.colour, ground) + CHROMA
    if chroma(around.colour) >= chroma(look.colour):
        return False
    return chroma(ground) < TINT or hue_apart(look.colour, ground) > HUE


def hue_apart(a: Colour, b: Colour) -> float:
    """Return how far the hues of two colours are apart, in degrees."""
    hues = [rgb_to_hsv(*(channel / 255 for channel in colour))[0] * 360 for colour in (a, b)]
    off = abs(hues[0] - hues[1])
    return min(off, 360 - off)


def is_short(part: Part) -> bool:
    """Tell whether a part is a text that an entry of a menu could be."""
    return part.kind == "text" and len(part.lines) == 1 and 0 < len(part.text) <= MENU_LETTERS


def single_text(box: Part) -> Part | None:
    """Return the text that is all that stands on a surface."""
    if box.kind == "box" and len(box.parts) == 1 and box.parts[0].kind == "text":
        return box.parts[0]
    return None


def said_on(box: Part) -> Part | None:
    """Return the text of a button: all that stands on it, but for an icon or a badge beside it."""
    if box.kind != "box" or len(box.parts) != 1:
        return None
    if box.parts[0].kind == "row" and len(box.parts[0].parts) == 2:
        said = [p for p in box.parts[0].parts if p.kind == "text"]
        rest = [p for p in box.parts[0].parts if p.kind != "text"]
        small = all(p.width <= SMALL_ICON and p.height <= SMALL_ICON for p in rest)
        return said[0] if len(said) == 1 and small else None
    return single_text(box)


def typed_in(box: Part) -> Part | None:
    """Return the text of a field: all that stands in it, but for its arrow or its corner."""
    if box.kind != "box" or len(box.parts) != 1:
        return None
    inner = box.parts[0].parts if box.parts[0].kind in {"row", "column"} else box.parts
    said = [part for part in inner if part.kind == "text"]
    drawn = [part for part in inner if part.kind != "text"]
    small = all(p.kind == "picture" and max(p.width, p.height) <= ARROW for p in drawn)
    aside = all(box.box[2] - p.box[2] <= ARROW_ROOM for p in drawn)
    return said[0] if len(said) == 1 and small and aside else None


def has_drop_arrow(box: Part) -> bool:
    """Tell a field to choose in by the arrow at its right end."""
    text = typed_in(box)
    if text is None or has_arrow(text):
        return text is not None
    drawn = [p for p in box.parts[0].parts if p.kind == "picture"]
    return any(abs(p.box[1] + p.box[3] - box.box[1] - box.box[3]) <= p.height + 4 for p in drawn)


def is_button(box: Part, parent: Surface | None, sheet: Sheet) -> bool:
    """Tell a button: a small surface that stands out, with a short text in its middle."""
    text, surface = said_on(box), box.surface
    if text is None or surface is None or len(text.lines) > 1 or len(text.text) > MENU_LETTERS + 8:
        return False
    if not BUTTON_HEIGHT[0] <= box.height <= BUTTON_HEIGHT[1] or box.width > BUTTON_WIDTH:
        return False
    inner = box.parts[0].box
    off = abs((inner[0] + inner[2]) - (box.box[0] + box.box[2])) / 2
    if off > CENTRED or box.height > BUTTON_EM * text.look.size or is_badge(box, sheet):
        return False
    if not any(map(str.isalpha, text.text)):
        # A number in a pale frame is to be changed, not to be pressed.
        pale = surface.is_bordered and is_hint(surface.borders[0].colour, surface.colour)
        return surface.is_bordered and not pale and box.width < 3 * box.height
    contrast = 0 if parent is None else distance(surface.colour, parent.colour)
    if text.look.underline or (box.width > WIDE_BUTTON and contrast < STRONG):
        return False
    return parent is None or contrast > PALE or bool(surface.paint) or surface.is_bordered


def is_badge(box: Part, sheet: Sheet) -> bool:
    """Tell a badge: a small surface close around small letters."""
    text = single_text(box)
    if text is None or len(text.lines) > 1:
        return False
    look = text.look
    return box.height <= BADGE and look.size < sheet.look.size and box.height <= 2.1 * look.size


def is_field(box: Part, parent: Surface | None, sheet: Sheet) -> bool:
    """Tell a field to type in: an empty surface, or a text at its left."""
    surface = box.surface
    if surface is None or box.kind != "box" or box.width < FIELD_WIDTH:
        return False
    text = typed_in(box)
    if box.parts and text is None:
        return False
    if is_area(box):
        tall = box.height <= 0.6 * box.width or box.height <= 160
    else:
        tall = FIELD_HEIGHT[0] <= box.height <= FIELD_HEIGHT[1]
    framed = all(border.width for border in surface.borders) or (
        sum(bool(b.width) for b in surface.borders) == 3
    )
    if not tall or surface.paint or chroma(surface.colour) > CHROMA:
        return False
    if text is None:
        return framed
    left = text.box[0] - box.box[0]
    number = text.text.isdigit() and framed and box.width <= NUMBER_WIDTH
    if number and is_hint(surface.borders[0].colour, surface.colour):
        return True
    inside = left <= 2.6 * text.look.size and not text.look.bold
    soft = parent is not None and distance(surface.colour, parent.colour) > 3
    placeholder = is_hint(text.look.colour, surface.colour)
    empty = box.box[2] - text.box[2] > left + CENTRED
    return inside and empty and len(text.lines) == 1 and (framed or (soft and placeholder))


def is_area(box: Part) -> bool:
    """Tell whether a field has room for several lines."""
    text = typed_in(box)
    if box.height < AREA_HEIGHT or text is None:
        return box.height > FIELD_HEIGHT[1]
    off = abs(text.box[1] + text.box[3] - box.box[1] - box.box[3]) / 2
    if off <= CENTRED and box.height <= TALL_FIELD:
        return False
    return text.box[3] - box.box[1] < UPPER * box.height


def is_tick(box: Part) -> bool:
    """Tell a box or a circle to tick: small, square, without text."""
    if box.kind != "box" or box.text or box.surface is None:
        return False
    small = TICK[0] <= box.width <= TICK[1] and abs(box.width - box.height) <= 2
    return small and (box.surface.is_bordered or chroma(box.surface.colour) >= CHROMA)


def is_round(box: Part) -> bool:
    """Tell a circle."""
    return box.surface is not None and min(box.surface.radii) >= 0.38 * min(box.width, box.height)


def is_menu(parts: Sequence[Part]) -> bool:
    """Tell the entries of a menu: two or more short texts of one size, beside each other."""
    if len(parts) < 2 or not all(map(is_short, parts)):
        return False
    return len({part.look.size for part in parts}) == 1


def listed_text(part: Part) -> Part | None:
    """Return the text of an entry of a list: a text, or one at the left of a small surface."""
    if part.kind == "text":
        return part
    text = single_text(part)
    if text is None or len(text.lines) > 1 or part.height > CHOSEN * text.look.size:
        return None
    plain = part.surface is not None and not part.surface.is_bordered
    return text if plain and part.box[2] - text.box[2] > text.box[0] - part.box[0] else None


def is_list(candidates: Sequence[Part], fewest: int = 3) -> bool:
    """Tell entries of a list: short texts of one size that are evenly below each other."""
    parts = [text for text in map(listed_text, candidates) if text]
    few = 2 if all(map(has_bullet, parts)) else fewest if all(map(is_short, parts)) else 3
    if len(parts) < max(few, len(candidates)):
        return False
    if sum(part is not text for part, text in zip(candidates, parts, strict=True)) > 1:
        return False
    if any(faces()[part.look.face].is_fixed for part in parts):
        return False
    firsts = [part.lines[0] for part in parts]
    if any(abs(line.box[0] - firsts[0].box[0]) > 4 for line in firsts):
        return len({line.look.size for line in firsts}) == 1 and is_centred_list(firsts, parts)
    if len({line.look.size for line in firsts}) > 1 or sum(len(p.lines) > 1 for p in parts) > (
        len(parts) * 0.4
    ):
        return False
    return evenly(parts)


def is_centred_list(firsts: Sequence[TextLine], parts: Sequence[Part]) -> bool:
    """Tell entries of a list whose middles are below each other."""
    middles = [(line.box[0] + line.box[2]) / 2 for line in firsts]
    return max(middles) - min(middles) <= 4 and len(parts) > 3 and evenly(parts)


def evenly(parts: Sequence[Part]) -> bool:
    """Tell whether texts are as far apart as each other."""
    steps = [
        b.lines[0].baseline - a.lines[-1].baseline for a, b in zip(parts, parts[1:], strict=False)
    ]
    return max(steps) - min(steps) <= 5 and max(steps) <= 4 * parts[0].look.size


def has_bullet(text: Part) -> bool:
    """Tell whether a mark stands before a text."""
    line = text.lines[0]
    return any(
        mark.box[2] <= line.box[0] and mark.box[2] - mark.box[0] <= BULLET * line.size
        for mark in line.marks
    )


def tick_of(text: Part) -> Mark | None:
    """Return the box or circle to tick before a text, None if there is none."""
    line = text.lines[0]
    for mark in line.marks:
        x0, y0, x1, y1 = mark.box
        if x1 <= line.box[0] and mark.hollow and abs(x1 - x0 - y1 + y0) <= 2 and x1 - x0 > TICK[0]:
            return mark
    return None


def has_arrow(text: Part) -> bool:
    """Tell whether a mark stands behind a text."""
    return any(mark.box[0] >= text.lines[-1].box[2] - 2 for mark in text.lines[-1].marks)


def is_list_title(part: Part) -> bool:
    """Tell a text that could be the heading of a list below it: bold, on one line."""
    return part.kind == "text" and len(part.lines) == 1 and part.look.bold and is_short(part)
