"""The head of a page, its main part and its foot: what stands where, and what it says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.webpage.layout.lists import is_short
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.shapes import is_field
from app.jobs.webpage.layout.sheet import Sheet, texts

HEAD_TOP = 90  # pixels; the head of a page begins above
HEAD_HEIGHT = 170  # pixels
NOTICE = 64  # pixels
LETTERS = 60  # a text at the foot of a page is not longer
FOOT = 0.5  # of the page's height; its foot begins below
FOOT_HEIGHT = 460  # pixels
LARGE = 1.6  # times the usual size; the foot of a page has no such text
FOOT_GAP = 60  # pixels above a foot that is only a line of text
SAID = re.compile(r"©|\(c\)|copyright|all rights|版权|备案|built with|powered by", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The parts of a page, in order."""

    head: tuple[Part, ...]
    main: tuple[Part, ...]
    foot: tuple[Part, ...]


def landmarks_of(parts: Sequence[Part], height: int, sheet: Sheet) -> Landmarks:
    """Return which parts of a page are its head and its foot."""
    rest = list(parts)
    head: list[Part] = []
    if rest[2:] and is_notice(rest[0], sheet) and is_head(rest[1], sheet):
        head.append(rest.pop(0))
    if len(rest) > 1 and is_head(rest[0], sheet):
        head.append(rest.pop(0))
        if len(rest) > 1 and rest[0].kind == "rule":
            head.append(rest.pop(0))
    foot: list[Part] = []
    while len(rest) > 1 and is_foot(rest[-1], rest[-2], height, sheet):
        foot.insert(0, rest.pop())
        if rest[-1].kind == "rule" and len(rest) > 1:
            foot.insert(0, rest.pop())
        if foot[0].kind == "box":
            break
    return Landmarks(tuple(head), tuple(rest), tuple(foot))


def is_head(part: Part, sheet: Sheet) -> bool:
    """Tell the head of a page: at its top, low, with short texts beside each other."""
    if part.box[1] > HEAD_TOP or part.height > HEAD_HEIGHT or part.kind in {"picture", "rule"}:
        return False
    said = list(texts(part))
    if not said or max(t.look.size for t in said) > 2 * sheet.look.size:
        return False
    if part.kind == "text":
        return False
    beside = has_row(part)
    if is_field(part, None):
        return False
    return beside or (part.kind == "box" and len(said) == 1 and is_short(said[0]))


def is_notice(part: Part, sheet: Sheet) -> bool:
    """Tell a strip above the head of a page that says one thing."""
    said = list(texts(part))
    low = part.kind == "box" and part.height <= NOTICE
    return low and len(said) == 1 and said[0].look.size <= sheet.look.size


def has_row(part: Part) -> bool:
    """Tell whether things stand beside each other in a part."""
    return part.kind == "row" or any(map(has_row, part.parts))


def is_foot(part: Part, above: Part, height: int, sheet: Sheet) -> bool:
    """Tell the foot of a page: at its bottom, with small texts that say whose it is."""
    said = list(texts(part))
    if part.box[1] < FOOT * height or part.height > FOOT_HEIGHT or not said:
        return False
    if max(t.look.size for t in said) > LARGE * sheet.look.size:
        return False
    if any(SAID.search(t.text) for t in said):
        return True
    short = sum(len(t.text) <= LETTERS for t in said) >= 0.7 * len(said)
    if part.kind == "box":
        return short and part.surface is not None and part.surface != above.surface
    far = part.box[1] - above.box[3] >= FOOT_GAP or above.kind == "rule"
    small = all(t.look.size <= sheet.look.size for t in said)
    return short and far and small and part.box[3] > height - 4 * FOOT_GAP
