"""Which words of a line are where: its words dealt out to its ink, its typeface open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from app.jobs.webpage.measure.deal import deal
from app.jobs.webpage.measure.fit import SERIFS, Named, face_of, fixed_face, misfit
from app.jobs.webpage.measure.ink import Ink, runs
from app.jobs.webpage.measure.looks import Look, Word, is_slanted, looked, measured_size, mixed
from app.jobs.webpage.measure.stretches import (
    SEEN,
    WIDE_GAP,
    Mark,
    Stretch,
    marks_of,
    narrowed,
    parted,
)
from app.jobs.webpage.measure.typefaces import Face, extent, is_wide

FIXED_SPACE = 0.42  # em; the same in a typeface whose letters are all as wide
GUESSED_SPACE = 0.22  # heights of the ink; the same while the size is not known
GUESSED_FIXED_SPACE = 0.42  # the same in a typeface whose letters are all as wide
SIZED_LETTERS = 5  # letters of each
TWO_SIZES = 1.2  # times as large are the words of a line that has two sizes
ONE_SIZE = 0.08  # of a size, that the words of one size differ at most, on average
WEIGHT_ROUGH = 0.6  # pixels that the height of ink may be off, to tell its weight
MIXED = 0.07  # of its width, that a text of two weights may be off by its height
SPACE = 0.24  # em; a narrower gap is between letters


@dataclass(frozen=True, slots=True)
class Draft:
    """A piece whose typeface is not settled."""

    text: str
    ink: Ink
    named: tuple[tuple[str, Ink], ...]  # its words, and the ink that each is
    face: Face | None  # None where it tells none
    italic: bool
    owner: int
    marks: tuple[Mark, ...]


def plainly_named(text: str, ink: Ink) -> Named:
    """Return the words of a line with their ink; nothing where there are not as many of both."""
    words = text.split(" ")
    for space in (GUESSED_SPACE, GUESSED_FIXED_SPACE):
        groups = parted(ink, space * ink.height)
        if len(words) == len(groups):
            return list(zip(words, groups, strict=True))
    return []


def drafts_of(text: str, stretches: Sequence[Stretch], usual: Face) -> list[Draft]:
    """Return the pieces of a line: its words dealt out to its stretches of ink."""
    if not stretches or not text:
        return []
    widths = [s.ink.width for s in stretches]
    size = em(text, stretches, usual)
    texts = (text,) if len(widths) == 1 else deal(text, widths, usual, size).texts
    found: list[Draft] = []
    marks: tuple[Mark, ...] = ()
    for part, stretch in zip(texts, stretches, strict=True):
        if part:
            first, *rest = drafted(part, stretch, usual)
            found += [replace(first, marks=(*marks, *first.marks)), *rest]
            marks = ()
        elif found and stretch.ink.box[0] - found[-1].ink.box[2] < size:
            found[-1] = replace(found[-1], marks=(*found[-1].marks, *marks_of([stretch.ink])))
        else:
            # It stands before the next text.
            marks = (*marks, *marks_of([stretch.ink]))
    return found


def em(text: str, stretches: Sequence[Stretch], face: Face) -> float:
    """Return about how large the letters of a line are, in pixels, by their height."""
    e = extent(text, face)
    return max(s.ink.height for s in stretches) / max(e.above + e.below, 0.3)


def drafted(text: str, stretch: Stretch, usual: Face) -> list[Draft]:
    """Return a stretch of ink with its words dealt out to it; two where they have two sizes."""
    size = by_height(text, stretch.ink, usual)
    best = grouped(text, stretch, usual, gap_between(text, stretch.ink, size, usual))
    halves = sized(best, usual)
    if len(halves) > 1:
        return halves
    # Letters that are all as wide have more room between them.
    fixed = grouped(text, stretch, usual, FIXED_SPACE * size)
    usually = best.face or usual
    if not best.italic and not usually.is_fixed:
        other = fixed_face(fixed.text, fixed.ink, fixed.named, usually, best.named)
        if other and (best.marks or not is_mixed(best, usual)):
            return [replace(fixed, face=other)]
    return [best]


def sized(draft: Draft, usual: Face) -> list[Draft]:
    """Return a draft, or two where its words have two sizes: a title, and its source behind it."""
    words = [(word, ink) for word, ink in draft.named if " " not in word]
    if len(words) < len(draft.named) or len(words) <= 1 or any(map(is_wide, draft.text)):
        return [draft]
    sizes = [by_height(word, ink, usual) for word, ink in words]
    weights = [sum(map(str.isalnum, word)) for word, _ in words]
    best, cut = 0.0, 0
    for k in range(1, len(words)):
        if min(sum(weights[:k]), sum(weights[k:])) < SIZED_LETTERS:
            continue
        a, b = mean(sizes[:k], weights[:k]), mean(sizes[k:], weights[k:])
        off = [abs(s / (a if i < k else b) - 1) for i, s in enumerate(sizes)]
        if max(a, b) / min(a, b) > best and mean(off, weights) < ONE_SIZE:
            best, cut = max(a, b) / min(a, b), k
    if best < TWO_SIZES:
        return [draft]
    halves = []
    for part in (draft.named[:cut], draft.named[cut:]):
        text = " ".join(word for word, _ in part)
        x0 = draft.ink.box[0]
        ink = narrowed(draft.ink, part[0][1].box[0] - x0, part[-1][1].box[2] - x0)
        inside = [m for m in draft.marks if ink.box[0] <= m.box[0] <= ink.box[2]]
        face = face_of(text, ink, part, usual)
        halves.append(
            replace(draft, text=text, ink=ink, named=part, face=face, marks=tuple(inside))
        )
    return halves


def mean(values: Sequence[float], weights: Sequence[int]) -> float:
    """Return the mean of values by their weights."""
    return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)


def grouped(text: str, stretch: Stretch, usual: Face, gap: float) -> Draft:
    """Return a stretch with its words dealt out to the ink between wider gaps."""
    size = by_height(text, stretch.ink, usual)
    groups = rejoined(text.split(" "), parted(stretch.ink, gap), stretch.ink, usual, size)
    texts = deal(text, [g.width for g in groups], usual, size).texts
    named = [(part, group) for part, group in zip(texts, groups, strict=True) if part]
    x0 = stretch.ink.box[0]
    ink = narrowed(stretch.ink, named[0][1].box[0] - x0, named[-1][1].box[2] - x0)
    marks = marks_of([g for part, g in zip(texts, groups, strict=True) if not part])
    joined = " ".join(part for part, _ in named)
    inner = any(named[0][1].box[0] < mark.box[0] < named[-1][1].box[0] for mark in marks)
    italic = is_slanted(ink.cover)
    face = None if inner or italic else face_of(joined, ink, named, usual)
    draft = Draft(joined, ink, tuple(named), face, italic, stretch.owner, marks)
    if face is not None and face is not usual and is_mixed(draft, usual):
        return replace(draft, face=usual)
    return draft


def rejoined(
    words: Sequence[str], groups: Sequence[Ink], whole: Ink, usual: Face, size: float
) -> list[Ink]:
    """Return ink with those parts together that a stroke through the text tore a hyphen out of."""
    found = list(groups)
    if len(found) <= len(words) or not whole.strike:
        return found
    wide = [extent(word, usual).width * size for word in words]
    while len(found) > len(words):
        tried = []
        for i, (a, b) in enumerate(pairwise(found)):
            if not any(x0 < a.box[2] and b.box[0] < x1 for x0, x1 in whole.strike):
                continue
            x0 = whole.box[0]
            one = narrowed(whole, a.box[0] - x0, b.box[2] - x0)
            joined = [*found[:i], one, *found[i + 2 :]]
            off = sum(abs(ink.width - w) for ink, w in zip(joined, wide, strict=False))
            tried.append((off, i, joined))
        if not tried:
            break
        found = min(tried, key=lambda each: each[:2])[2]
    return found


def is_mixed(draft: Draft, face: Face) -> bool:
    """Tell whether a text has words of two weights, and then is as wide as in a typeface."""
    words = words_in(draft, face)
    if len({word.look.bold for word in words}) == 1:
        return False
    wanted = mixed(words, face).width * by_height(draft.text, draft.ink, face)
    return abs(wanted / draft.ink.width - 1) < MIXED


def by_height(text: str, ink: Ink, face: Face) -> float:
    """Return the size of letters that their height tells."""
    e = extent(text, face)
    return ink.height / max(e.above + e.below, 0.1)


def gap_between(text: str, ink: Ink, size: float, face: Face) -> float:
    """Return how wide a gap between letters is at most, in pixels."""
    usual = (FIXED_SPACE if face.is_fixed else SPACE) * size
    filled = runs(np.asarray((ink.cover > SEEN).any(axis=0)))
    gaps = sorted(b[0] - a[1] for a, b in pairwise(filled))
    letters = len(text.replace(" ", ""))
    if text.isupper() and len(gaps) > letters * 0.7 and gaps[len(gaps) // 2] > usual * 0.6:
        return max(usual, 1.7 * gaps[len(gaps) // 2])
    # Chinese has no spaces, but room around its marks.
    return WIDE_GAP * ink.height if any(map(is_wide, text)) and " " not in text else usual


def words_in(draft: Draft, face: Face) -> list[Word]:
    """Return the words of a piece, each with its look."""
    text, ink = draft.text, draft.ink
    _, bold = misfit(text, ink, face, WEIGHT_ROUGH)
    size, spacing = measured_size(extent(text, face, bold=bold), text, ink)
    if draft.italic and face.name in SERIFS:
        # Slanted letters with serifs are narrower, by how much is not known.
        size, spacing = by_height(text, ink, face), 0.0
    look = Look(face.name, size, ink.colour, bold=bold, italic=draft.italic, spacing=spacing)
    words: list[Word] = []
    for part, group in draft.named:
        words += split(part, group, look, face)
    words = looked(words, ink, face, bold=bold)
    if any(word.look.bold != bold for word in words) and not draft.italic:
        # Words of two weights: only now is known how wide each is.
        size, spacing = measured_size(mixed(words, face), text, ink)
        words = [replace(w, look=replace(w.look, size=size, spacing=spacing)) for w in words]
    return words


def split(text: str, ink: Ink, look: Look, face: Face) -> list[Word]:
    """Return the words of ink between two gaps; several where their spaces are narrow."""
    x0, y0, x1, y1 = ink.box
    whole = extent(text, face, bold=look.bold)
    scale = (x1 - x0) / max(whole.width, 0.05)
    words: list[Word] = []
    said, start = "", x0
    for word in text.split(" "):
        said += word
        end = min(x1, x0 + round(extent(said, face, bold=look.bold).width * scale))
        words.append(Word(word, (start, y0, max(start + 1, end), y1), look))
        said += " "
        start = min(x1 - 1, x0 + round(extent(said, face, bold=look.bold).width * scale))
    return words
