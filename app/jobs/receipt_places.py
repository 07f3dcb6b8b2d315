"""Places within lines: the letters that are compared, and the boxes and rows that they are in."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.jobs.receipt_schema import Box
from vision.engine import Line
from vision.reader.layout import follows, upright
from vision.reader.script import has_cjk


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a line's text."""

    line: int  # index of the turn's lines
    start: int
    end: int


def squashed(text: str) -> str:
    """Return the letters and figures of ``text``, as they are compared."""
    return letters_of([(0, text)])[0]


def letters_of(
    texts: Iterable[tuple[int, str]],
) -> tuple[str, list[Part]]:
    """Return the letters and figures of numbered texts as one, and where each of them stands."""
    letters: list[str] = []
    where: list[Part] = []
    for i, text in texts:
        for at, character in enumerate(text):
            for plain in unicodedata.normalize("NFKC", character).casefold():
                if plain.isalnum():
                    letters.append(plain)
                    where.append(Part(i, at, at + 1))
    return "".join(letters), where


def parts_of(where: Sequence[Part]) -> list[Part]:
    """Join the places of letters into one part for each line."""
    parts: dict[int, Part] = {}
    for place in where:
        before = parts.get(place.line, place)
        parts[place.line] = replace(before, end=place.end)
    return list(parts.values())


def part_box(line: Line, part: Part) -> Box:
    """Return the box around a part of a line: letters share its width, Chinese ones take two.

    Of a line that is not level it is the whole box.
    """
    x0, y0, x1, y1 = line.box
    if line.level or (part.start, part.end) == (0, len(line.text)):
        return line.box
    before, own, whole = (
        sum(2 if has_cjk(character) else 1 for character in line.text[start:end])
        for start, end in ((0, part.start), (part.start, part.end), (0, None))
    )
    width = (x1 - x0) / max(1, whole)
    return round(x0 + before * width), y0, round(x0 + (before + own) * width), y1


def row_numbers(lines: Sequence[Line], of: Sequence[int]) -> dict[int, int]:
    """Return the row, counted from 0, that each line of a receipt is in."""
    boxes = upright([lines[i] for i in of])
    numbers: dict[int, int] = {}
    for k, i in enumerate(of):
        same = k > 0 and lines[of[k - 1]].image == lines[i].image
        numbers[i] = (
            numbers[of[k - 1]] + (not (same and follows(boxes[k - 1], boxes[k]))) if k else 0
        )
    return numbers
