"""Pieces of text into lines, and lines into paragraphs."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from app.jobs.webpage.layout.parts import Part, Run, TextLine, around
from app.jobs.webpage.measure.pieces import Piece
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.measure.typefaces import extent, faces, is_wide
from app.jobs.webpage.page import Box

JOIN = 0.62  # em; pieces on one baseline that are not further apart are one line
FIXED_JOIN = 1.2  # em; letters that are all as wide have more room around them
NUMBER = re.compile(r"\d{1,3}[.)]")  # of an entry of a list
NUMBER_JOIN = 1.4  # em; the text of an entry is not further behind its number
LEVEL = 0.22  # em; baselines of one line are not further apart
CHIP = 2.4  # times its letters is how high what is painted behind a word may be
PITCH = 1.9  # em; lines of a paragraph are not further apart
EVEN = 0.12  # em; the pitch of a paragraph does not change more
EDGE = 3  # pixels; lines that begin, end or centre as near are aligned
RUNNING = 30  # letters; lines of running text have as many
FULL = 0.93  # of the widest line; where the next word would have fitted, the line was ended


def runs_of(piece: Piece, chip: Surface | None = None) -> list[Run]:
    """Return the words of a piece, those of one look together."""
    found: list[Run] = []
    for word in piece.words:
        spaced = bool(found) and word.spaced
        if found and found[-1].look == word.look:
            last = found[-1]
            text = last.text + (" " if spaced else "") + word.text
            found[-1] = replace(last, text=text, box=around([last.box, word.box]))
        else:
            found.append(Run(word.text, word.look, word.box, spaced, chip))
    return found


def lines_of(pieces: Sequence[Piece], chips: Sequence[tuple[Surface, Piece]]) -> list[TextLine]:
    """Return pieces that stand on one baseline as lines; ``chips`` are pieces with a surface."""
    parts = [(p.box, p, runs_of(p)) for p in pieces]
    parts += [(s.box, p, runs_of(p, s)) for s, p in chips]
    found: list[tuple[Box, TextLine]] = []
    for box, piece, runs in sorted(parts, key=lambda part: part[0][0]):
        line = TextLine(tuple(runs), piece.box, piece.baseline, piece.marks)
        for i, (reach, before) in enumerate(found):
            if continues(reach, before, box, line):
                joined = (*before.runs, replace(runs[0], spaced=True), *runs[1:])
                base = max((before, line), key=lambda one: one.size).baseline
                marks = (*before.marks, *line.marks)
                whole = TextLine(joined, around([before.box, line.box]), base, marks)
                found[i] = (around([reach, box]), whole)
                break
        else:
            found.append((box, line))
    return sorted((line for _, line in found), key=lambda one: (one.box[1], one.box[0]))


def continues(reach: Box, before: TextLine, box: Box, line: TextLine) -> bool:
    """Tell whether a piece goes on where a line stands."""
    em = min(before.look.size, line.look.size)
    gap = box[0] - reach[2]
    join = NUMBER_JOIN if NUMBER.fullmatch(before.text) else JOIN
    if faces()[before.look.face].is_fixed and faces()[line.look.face].is_fixed:
        join = FIXED_JOIN
    return abs(before.baseline - line.baseline) <= LEVEL * em and -0.3 * em <= gap <= join * em


def is_chip(surface: Surface, inner: Sequence[Piece], beside: Iterable[Piece]) -> bool:
    """Tell whether a surface is painted behind a word or two of a line of text."""
    if len(inner) != 1 or surface.is_bordered or surface.paint:
        return False
    [piece] = inner
    em = piece.look.size
    if surface.height > CHIP * em or surface.width > piece.box[2] - piece.box[0] + 2 * em:
        return False
    return any(
        abs(p.baseline - piece.baseline) <= LEVEL * em
        and (
            -0.3 * em <= surface.box[0] - p.box[2] <= JOIN * em
            or -0.3 * em <= p.box[0] - surface.box[2] <= JOIN * em
        )
        and p.look.size >= em * 0.95
        for p in beside
    )


def text_part(lines: Sequence[TextLine]) -> Part:
    """Return lines as one text."""
    return Part("text", around([line.box for line in lines]), lines=tuple(lines))


def paragraphs(parts: Sequence[Part], right: int) -> list[Part]:
    """Put texts that follow each other together where they are one paragraph.

    ``parts`` stand below each other, and end at ``right``; what is not text stays as it is.
    """
    found: list[Part] = []
    limit = max((part.box[2] for part in parts), default=0)
    for part in parts:
        last = found[-1] if found else None
        if last and last.kind == part.kind == "text" and goes_on(last, part, limit, right):
            found[-1] = text_part([*last.lines, *part.lines])
        else:
            found.append(part)
    return found


def goes_on(before: Part, part: Part, limit: int, right: int) -> bool:
    """Tell whether a text is the next line of the one before.

    Lines beside it end at ``limit``, and could go on up to ``right``.
    """
    last, line = before.lines[-1], part.lines[0]
    pitch = line.baseline - last.baseline
    if len(part.lines) > 1 or pitch > PITCH * last.look.size:
        return False
    is_code = faces()[line.look.face].is_fixed and faces()[last.look.face].is_fixed
    if not is_code and not looks_alike(last, line):
        return False
    if is_code:
        # Code: its lines end where they end, and begin where they like.
        return pitch > 0 and line.box[0] >= before.box[0] - EDGE
    even = len(before.lines) == 1 or abs(pitch - leading(before.lines)) <= EVEN * last.look.size
    if line.marks or not even or not aligned(before.lines, line):
        return False
    # Short lines with room beside them are a list, however they look.
    room = had_room(before, line, right) and not long_enough(last.text)
    return not room and not had_room(before, line, limit)


def looks_alike(last: TextLine, line: TextLine) -> bool:
    """Tell whether two lines are set alike; in their colour, if not by a link in one of them."""
    a, b = last.look, line.look
    alike = (a.face, a.size, a.bold) == (b.face, b.size, b.bold)
    return alike and (a.colour == b.colour or shares_look(last, line))


def long_enough(text: str) -> bool:
    """Tell whether a line is as long as those of running text."""
    return sum(2 if is_wide(char) else 1 for char in text) >= RUNNING


def shares_look(last: TextLine, line: TextLine) -> bool:
    """Tell whether two lines have a look in common, as a text with links in it has."""
    return bool({r.look for r in last.runs} & {r.look for r in line.runs})


def leading(lines: Sequence[TextLine]) -> float:
    """Return how far the lines of a text are apart, from baseline to baseline."""
    return median(b.baseline - a.baseline for a, b in pairwise(lines))


def aligned(lines: Sequence[TextLine], line: TextLine) -> bool:
    """Tell whether a line begins where others do, or has their middle."""
    first = lines[0]
    left = min(one.box[0] for one in lines)
    if abs(line.box[0] - left) <= EDGE:
        return True
    middle = (first.box[0] + first.box[2]) / 2
    return abs((line.box[0] + line.box[2]) / 2 - middle) <= EDGE


def had_room(before: Part, line: TextLine, limit: int) -> bool:
    """Tell whether the first word of a line would have fitted on the line before."""
    last = before.lines[-1]
    centred = abs(line.box[0] - last.box[0]) > EDGE
    look = line.runs[0].look
    word = line.runs[0].text.split(" ")[0]
    if any(map(is_wide, word)):
        word = word[0]
    face = faces()[look.face]
    wanted = extent(" " + word, face, bold=look.bold).advance * look.size
    if centred:
        widest = max(one.box[2] - one.box[0] for one in (*before.lines, line))
        return last.box[2] - last.box[0] + wanted < FULL * widest
    right = max(limit, before.box[2], line.box[2])
    return last.box[2] + wanted < right - 0.35 * look.size
