"""What a surface is for, by its shape and what stands on it: buttons, fields, badges, ticks."""

from app.jobs.webpage.layout.colours import CHROMA, chroma, is_hint
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.sheet import Sheet
from app.jobs.webpage.measure.surfaces import Surface, distance

PAIR = 2
AREA, AREA_SHAPE = 160, 0.6  # pixels, or of its width, that a field of several lines is high
JOINED = 3  # borders of a field that is joined to its button
SQUARE = 2  # pixels; the sides of a square do not differ more
BADGE = 26  # pixels; what is not higher and has small letters is a badge
TICK = (10, 26)  # pixels, of a box to tick
ARROW, ARROW_ROOM = 20, 28  # pixels: of an arrow's side, and up to the end of its field
UPPER = 0.62  # of a field's height; what is typed in several lines begins above
SMALL_ICON = 32  # pixels, of what stands beside the text of a button
AREA_HEIGHT = 56  # pixels; a field as high may have several lines
NUMBER_WIDTH = 120  # pixels, of a field with a number in its middle
LABEL_HEIGHT, LABEL_TOP = (56, 60), 20  # pixels, of such a field, and above its text
FIELD_WIDTH = 40
FIELD_HEIGHT = (22, 66)  # pixels, of one line
CENTRED = 4  # pixels; text in the middle of a button is not further off
TALL_FIELD = 90  # pixels; with its text in its middle, a field as high has one line
PALE = 3  # levels, that a button differs at least
WIDE_BUTTON, STRONG = 320, 60  # pixels; a wider button differs so many levels from its ground
BUTTON_EM = 4.6  # times its letters is how high a button is at most
BUTTON_WIDTH = 640
BUTTON_HEIGHT = (18, 72)  # pixels
MENU_LETTERS = 26  # an entry of a menu has no more


def single_text(box: Part) -> Part | None:
    """Return the text that is all that stands on a surface."""
    if box.kind == "box" and len(box.parts) == 1 and box.parts[0].kind == "text":
        return box.parts[0]
    return None


def said_on(box: Part) -> Part | None:
    """Return the text of a button: all that stands on it, but for an icon or a badge beside it."""
    if box.kind != "box" or len(box.parts) != 1:
        return None
    if box.parts[0].kind == "row" and len(box.parts[0].parts) == PAIR:
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
    said = [part for part in inner if part.kind == "text" and not is_sign(part)]
    drawn = [part for part in inner if part.kind != "text" or is_sign(part)]
    if len(said) != 1:
        return None
    small = all(
        (p.kind == "picture" or is_sign(p)) and max(p.width, p.height) <= ARROW for p in drawn
    )
    aside = all(box.box[2] - p.box[2] <= ARROW_ROOM or is_ahead(p, said[0], box) for p in drawn)
    return said[0] if small and aside else None


def is_sign(part: Part) -> bool:
    """Tell a letter that may be an icon which was read: a magnifier is a Q."""
    return part.kind == "text" and len(part.text) == 1 and part.text.isalpha()


def is_ahead(icon: Part, text: Part, box: Part) -> bool:
    """Tell an icon between the left end of a field and its text."""
    return icon.box[2] <= text.box[0] and icon.box[0] - box.box[0] <= ARROW_ROOM


def icon_ahead(box: Part) -> Part | None:
    """Return the icon before the text of a field."""
    text = typed_in(box)
    if text is None or box.parts[0].kind != "row":
        return None
    return next((p for p in box.parts[0].parts if p is not text and is_ahead(p, text, box)), None)


def has_drop_arrow(box: Part) -> bool:
    """Tell a field to choose in by the arrow at its right end."""
    text = typed_in(box)
    if text is None or has_arrow(text):
        return text is not None
    drawn = [p for p in box.parts[0].parts if p.kind == "picture" and p.box[0] >= text.box[2]]
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


def is_field(box: Part, parent: Surface | None) -> bool:
    """Tell a field to type in: an empty surface, or a text at its left."""
    surface = box.surface
    if surface is None or box.kind != "box" or box.width < FIELD_WIDTH:
        return False
    text = typed_in(box)
    if box.parts and text is None:
        return False
    if is_area(box):
        tall = box.height <= max(AREA_SHAPE * box.width, AREA)
    else:
        tall = FIELD_HEIGHT[0] <= box.height <= FIELD_HEIGHT[1]
    framed = all(border.width for border in surface.borders) or (
        sum(bool(b.width) for b in surface.borders) == JOINED
    )
    hovers = surface.shadow and is_area(box)  # so does a card
    if not tall or surface.paint or hovers or chroma(surface.colour) > CHROMA:
        return False
    if text is None:
        return framed
    left = box.parts[0].box[0] - box.box[0]
    number = text.text.isdigit() and framed and box.width <= NUMBER_WIDTH
    if number and is_hint(surface.borders[0].colour, surface.colour):
        return True
    inside = left <= 2.6 * text.look.size and not text.look.bold
    soft = parent is not None and distance(surface.colour, parent.colour) > PALE
    placeholder = is_hint(text.look.colour, surface.colour)
    empty = box.box[2] - text.box[2] > left + CENTRED
    return inside and empty and len(text.lines) == 1 and (framed or (soft and placeholder))


def is_labelled_inside(box: Part, text: Part) -> bool:
    """Tell a field with room above its text for what is typed: there, its label moves up."""
    if text.text.isdigit() or has_drop_arrow(box):
        return False
    if is_area(box):
        return text.box[1] - box.box[1] >= LABEL_TOP
    return LABEL_HEIGHT[0] <= box.height <= LABEL_HEIGHT[1]


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
    small = TICK[0] <= box.width <= TICK[1] and abs(box.width - box.height) <= SQUARE
    return small and (box.surface.is_bordered or chroma(box.surface.colour) >= CHROMA)


def is_round(box: Part) -> bool:
    """Tell a circle."""
    return box.surface is not None and min(box.surface.radii) >= 0.38 * min(box.width, box.height)


def has_arrow(text: Part) -> bool:
    """Tell whether a mark stands behind a text."""
    return any(mark.box[0] >= text.lines[-1].box[2] - 2 for mark in text.lines[-1].marks)
