"""What a part is for: heading, link, button, field, list, menu. By shape, size and colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.webpage.layout.colours import is_muted
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.sheet import Sheet, texts
from app.jobs.webpage.measure.typefaces import faces

HEADING = 1.18  # times the usual size; larger text is a heading
MILD = 1.6  # times; larger text that is not bold need not be one up to here
HEADING_LETTERS, HEADING_LINES = 110, 3  # a heading has no more
LEVEL = 0.06  # of a size; headings that differ less are of one level


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
    if len(text.lines) > HEADING_LINES or len(said) > HEADING_LETTERS or letters <= 1:
        return False
    if letters < len(said.replace(" ", "")) * 0.5 or faces()[look.face].is_fixed:
        return False
    times = look.size / sheet.look.size
    bold = all(run.look.bold for line in text.lines for run in line.runs)
    if bold:
        return times >= 1
    if times <= HEADING:
        return False
    muted = is_muted(look.colour, sheet.look.colour)
    return times > MILD or (not muted and not said.rstrip().endswith((".", ":", ",", "。", "，")))
