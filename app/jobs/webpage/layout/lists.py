"""Which texts are the entries of one list or of one menu."""

from collections.abc import Sequence
from itertools import pairwise

from app.jobs.webpage.layout.parts import Part, TextLine
from app.jobs.webpage.layout.shapes import MENU_LETTERS, TICK, single_text
from app.jobs.webpage.measure.stretches import Mark
from app.jobs.webpage.measure.typefaces import faces

ALIGNED = 4  # pixels; entries begin or centre as near
CENTRED = 3  # entries; a list in the middle has more
UNEVEN, APART = 5, 4  # pixels that steps may differ; em that they may be
SQUARE = 2  # pixels; the sides of a square do not differ more
BULLET = 0.62  # em; a bullet is not wider
CHOSEN = 3.2  # times its letters is how high the surface of a chosen entry may be


def is_short(part: Part) -> bool:
    """Tell whether a part is a text that an entry of a menu could be."""
    return part.kind == "text" and len(part.lines) == 1 and 0 < len(part.text) <= MENU_LETTERS


def is_menu(parts: Sequence[Part]) -> bool:
    """Tell the entries of a menu: two or more short texts of one size, beside each other."""
    if len(parts) <= 1 or not all(map(is_short, parts)):
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
    if any(abs(line.box[0] - firsts[0].box[0]) > ALIGNED for line in firsts):
        return len({line.look.size for line in firsts}) == 1 and is_centred_list(firsts, parts)
    if len({line.look.size for line in firsts}) > 1 or sum(len(p.lines) > 1 for p in parts) > (
        len(parts) * 0.4
    ):
        return False
    return evenly(parts)


def is_centred_list(firsts: Sequence[TextLine], parts: Sequence[Part]) -> bool:
    """Tell entries of a list whose middles are below each other."""
    middles = [(line.box[0] + line.box[2]) / 2 for line in firsts]
    return max(middles) - min(middles) <= ALIGNED and len(parts) > CENTRED and evenly(parts)


def evenly(parts: Sequence[Part]) -> bool:
    """Tell whether texts are as far apart as each other."""
    steps = [b.lines[0].baseline - a.lines[-1].baseline for a, b in pairwise(parts)]
    return max(steps) - min(steps) <= UNEVEN and max(steps) <= APART * parts[0].look.size


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
        if (
            x1 <= line.box[0]
            and mark.hollow
            and abs(x1 - x0 - y1 + y0) <= SQUARE
            and x1 - x0 > TICK[0]
        ):
            return mark
    return None


def is_list_title(part: Part) -> bool:
    """Tell a text that could be the heading of a list below it: bold, on one line."""
    return part.kind == "text" and len(part.lines) == 1 and part.look.bold and is_short(part)
