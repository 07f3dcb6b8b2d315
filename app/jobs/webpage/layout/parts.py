"""What a page is made of, before it has tags: texts, pictures, boxes, rows and columns of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.stretches import Mark
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.page import Box

COLOURED = 45  # levels; a colour whose channels differ more is not grey
SEPARATORS = frozenset("·•|/")
ICON = 2.0  # em; an icon in a line is not larger
LINKED = 0.3  # of a letter, that one counts which may be of a link
Kind = Literal["text", "picture", "rule", "box", "row", "column", "grid", "overlay", "table"]


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one look within a line."""

    text: str
    look: Look
    box: Box
    spaced: bool = False  # from the run before
    chip: Surface | None = None  # what is painted behind it alone


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line."""

    runs: tuple[Run, ...]
    box: Box  # of the ink
    baseline: float
    marks: tuple[Mark, ...] = ()

    @property
    def text(self) -> str:
        """What it says."""
        return "".join((" " if r.spaced else "") + r.text for r in self.runs)

    @property
    def look(self) -> Look:
        """How its plain words look."""
        return plain_look(self.runs)

    @property
    def icons(self) -> tuple[Mark, ...]:
        """The marks behind its words: an arrow, a small icon."""
        return tuple(
            mark
            for mark in self.marks
            if mark.box[0] >= self.box[2] - 1
            and max(mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]) <= ICON * self.size
        )

    @property
    def right(self) -> int:
        """Where it ends, its icons included."""
        return max((self.box[2], *(mark.box[2] for mark in self.icons)))

    @property
    def size(self) -> float:
        """The size of its largest letters."""
        return max(run.look.size for run in self.runs)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page."""

    kind: Kind
    box: Box
    parts: tuple["Part", ...] = ()
    lines: tuple[TextLine, ...] = ()  # of a text
    surface: Surface | None = None  # of a box
    colour: Colour = (0, 0, 0)  # of a rule
    rows: tuple[tuple["Part", ...], ...] = ()  # of a table
    columns: int = 0  # of a grid
    radii: tuple[int, int, int, int] = (0, 0, 0, 0)  # of a picture

    @property
    def width(self) -> int:
        """From left to right."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.box[3] - self.box[1]

    @property
    def text(self) -> str:
        """All that it says, a line for each part."""
        if self.kind == "text":
            return " ".join(line.text for line in self.lines)
        inner = self.parts or tuple(cell for row in self.rows for cell in row)
        return "\n".join(part.text for part in inner if part.text)

    @property
    def look(self) -> Look:
        """How the plain words of a text look."""
        assert self.lines, "only a text has a look"
        return plain_look([run for line in self.lines for run in line.runs])


def plain_look(runs: Sequence[Run]) -> Look:
    """Return the look of most letters; coloured or underlined ones are likelier links in them."""
    between = {run.look for run in runs if run.text.strip() in SEPARATORS}
    weights: dict[Look, float] = {}
    for run in runs:
        if len(between) == 1 and run.look not in between:
            # What is between links looks as the text around them does.
            continue
        plain = not run.look.underline and max(run.look.colour) - min(run.look.colour) < COLOURED
        letters = len(run.text) * (1 if plain and not run.chip else LINKED)
        weights[run.look] = weights.get(run.look, 0) + letters
    return max(weights, key=lambda look: weights[look])


def around(boxes: "list[Box] | tuple[Box, ...]") -> Box:
    """Return the box around boxes."""
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
