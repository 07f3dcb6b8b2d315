"""What a page is made of, before it has tags: texts, pictures, boxes, rows and columns of them."""

from dataclasses import dataclass
from typing import Literal

from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.pieces import Mark
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.page import Box

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
        """How most of it looks."""
        return max(self.runs, key=lambda run: len(run.text)).look

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
        """How most of a text looks."""
        assert self.lines, "only a text has a look"
        return max((line.look for line in self.lines), key=lambda look: look.size)


def around(boxes: "list[Box] | tuple[Box, ...]") -> Box:
    """Return the box around boxes."""
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
