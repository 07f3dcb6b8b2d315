"""How wide letters are and how much ink they have, in the typefaces that pages are set in.

A picture does not say which typeface it shows. But a line's width, the height of its letters and
how much ink they have differ between typefaces, and between regular and bold: what fits best is
what it is. ``typefaces.json`` has them for the characters that pages are made of, in thousandths of
an em: of DejaVu and Liberation, which have the widths of Verdana, Arial, Times and Courier.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unicodedata import east_asian_width, normalize

OTHER = (0.55, 0.10, 0.55, 0.0, 0.07, 0.07)  # whatever is neither Latin nor wide
WIDE = {False: (1.0, 0.26, 0.84, 0.08, 0.04, 0.04), True: (1.0, 0.40, 0.84, 0.08, 0.04, 0.04)}

Glyph = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface; lengths in em."""

    name: str
    stack: str  # as CSS names it and what may stand in for it
    ascent: float  # of the box that a line of it sits in
    descent: float
    places: Mapping[str, int]  # of characters, in ``glyphs``
    glyphs: tuple[tuple[Glyph, ...], tuple[Glyph, ...]]  # regular, bold

    @property
    def is_fixed(self) -> bool:
        """Whether every letter is as wide."""
        return self.glyphs[0][self.places["i"]][0] == self.glyphs[0][self.places["m"]][0]


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a text is in a typeface, in em."""

    width: float  # from the left end of its ink to the right
    advance: float  # with the room that its letters have around them
    above: float  # the baseline
    below: float
    ink: float  # square em


@cache
def faces() -> dict[str, Face]:
    """Return the typefaces by name."""
    measured = json.loads((Path(__file__).parent / "typefaces.json").read_text(encoding="utf-8"))
    keys = ("width", "ink", "top", "bottom", "left", "right")
    found = {}
    places = {chr(code): code - 32 for code in range(32, 127)}
    places |= {char: len(places) + i for i, char in enumerate(measured.pop("beyond"))}
    for name, face in measured.items():
        regular, bold = (
            tuple(zip(*([v / 1000 for v in face[weight][key]] for key in keys), strict=True))
            for weight in ("regular", "bold")
        )
        glyphs = (regular, bold)
        found[name] = Face(name, face["stack"], face["ascent"], face["descent"], places, glyphs)
    return found


def is_wide(char: str) -> bool:
    """Tell a character that is as wide as high: Chinese, Japanese, Korean."""
    return east_asian_width(char) in "WF"


def glyph(char: str, face: Face, *, bold: bool) -> Glyph:
    """Return width, ink, top, bottom, left and right room of a character."""
    if char not in face.places:
        if is_wide(char):
            return WIDE[bold]
        char = normalize("NFD", char)[0]
    return face.glyphs[bold][face.places[char]] if char in face.places else OTHER


def extent(text: str, face: Face, *, bold: bool = False) -> Extent:
    """Return how large a text is."""
    glyphs = [glyph(char, face, bold=bold) for char in text if char != "\n"]
    if not glyphs:
        return Extent(0, 0, 0, 0, 0)
    advance = sum(g[0] for g in glyphs)
    return Extent(
        width=advance - glyphs[0][4] - glyphs[-1][5],
        advance=advance,
        above=max(g[2] for g in glyphs),
        below=max(g[3] for g in glyphs),
        ink=sum(g[1] for g in glyphs),
    )
