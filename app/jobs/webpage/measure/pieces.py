"""Lines of text, as they were read, into words: where each stands and what it looks like.

A line that was read may hold several things: the entries of a menu, a text and a badge behind it.
It is cut where the surface below changes and where gaps are too wide for a space.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.deal import deal
from app.jobs.webpage.measure.fit import (
    SERIFS,
    Named,
    common_face,
    face_of,
    fixed_face,
    misfit,
)
from app.jobs.webpage.measure.flat import Colour, Pixels
from app.jobs.webpage.measure.ink import RIM, Ink, ink_of, runs
from app.jobs.webpage.measure.looks import Look, Word, is_slanted, looked, measured_size, mixed
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.surfaces import Surface
from app.jobs.webpage.measure.typefaces import Face, extent, is_wide
from app.jobs.webpage.page import Box
from vision.engine import Line

WIDE_GAP = 0.95  # heights of the ink; a wider gap is not a space
SPACE = 0.24  # em; a narrower gap is between letters
MIXED = 0.07  # of its width, that a text of two weights may be off by its height
WEIGHT_ROUGH = 0.6  # pixels that the height of ink may be off, to tell its weight
ONE_SIZE = 0.08  # of a size, that the words of one size differ at most, on average
TWO_SIZES = 1.2  # times as large are the words of a line that has two sizes
SIZED_LETTERS = 5  # letters of each
WEAKER = 0.85  # of the contrast, up to which ink is of a weaker colour
GUESSED_SPACE = 0.22  # heights of the ink; the same while the size is not known
SEEN = 0.2  # of the contrast, from which on ink fills a gap
FIXED_SPACE = 0.42  # em; the same in a typeface whose letters are all as wide
SPECK = 2  # pixels; less is no mark
INSET = 1  # pixels inside of a surface's border that are never text


@dataclass(frozen=True, slots=True)
class Mark:
    """Ink beside words that was not read: a bullet, an arrow, a box to tick."""

    box: Box
    round: bool = False  # its corners are free
    hollow: bool = False  # its middle is


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands together on one surface in one line."""

    words: tuple[Word, ...]
    box: Box  # of the ink
    baseline: float
    owner: int  # index of the surface below; -1: the page
    ground: Colour  # what is behind it
    marks: tuple[Mark, ...] = ()  # ink in it that was not read: a bullet, an arrow

    @property
    def text(self) -> str:
        """What it says."""
        return "".join((" " if i and w.spaced else "") + w.text for i, w in enumerate(self.words))

    @property
    def look(self) -> Look:
        """How most of it looks."""
        weight: dict[Look, int] = {}
        for word in self.words:
            weight[word.look] = weight.get(word.look, 0) + len(word.text)
        return max(weight, key=lambda look: weight[look])


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a line between wide gaps: ink whose words are not known yet."""

    ink: Ink
    owner: int


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


@dataclass(frozen=True, slots=True)
class Scene:
    """The page below its text."""

    rgb: Pixels
    ground: Pixels
    owners: NDArray[np.int32]
    surfaces: Sequence[Surface]
    pictures: Sequence[Picture]


def pieces_of(scene: Scene, lines: Sequence[Line]) -> list[Piece]:
    """Return the pieces of text of a page."""
    boxes = disjoint([line.box for line in lines])
    pairs = zip(lines, boxes, strict=True)
    reads = [(spaced(line.text), stretches_of(scene, box)) for line, box in pairs]
    usual = common_face([
        (text, s[0].ink, named)
        for text, s in reads
        if len(s) == 1 and (named := plainly_named(text, s[0].ink))
    ])  # fmt: skip
    drafts = [d for text, stretches in reads for d in drafts_of(text, stretches, usual)]
    return settled(drafts, usual)


def plainly_named(text: str, ink: Ink) -> Named:
    """Return the words of a line with their ink; nothing where there are not as many of both."""
    groups = parted(ink, GUESSED_SPACE * ink.height)
    words = text.split(" ")
    return list(zip(words, groups, strict=True)) if len(words) == len(groups) else []


def disjoint(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes of lines without what they share with those beside them in their row."""
    result = list(boxes)
    for i, a in enumerate(result):
        for j, b in enumerate(result):
            level = min(a[3], b[3]) - max(a[1], b[1])
            common = a[2] - b[0]
            if (
                a[0] < b[0] < a[2] < b[2]
                and 2 * level > min(a[3] - a[1], b[3] - b[1])
                and 3 * common < min(a[2] - a[0], b[2] - b[0])
            ):
                middle = b[0] + common // 2
                result[i] = a = (a[0], a[1], middle, a[3])
                result[j] = (middle, b[1], b[2], b[3])
    return result


def spaced(text: str) -> str:
    """Return a text with single spaces, those around its separators, and without a bullet."""
    text = re.sub(r"^\s*[·•▪◦●○■□‣]\s*(?=\S)", "", text)
    return " ".join(re.sub(r"(?<=\w)\s*([·•|])\s*(?=\w)", r" \1 ", text).split())


def stretches_of(scene: Scene, box: Box) -> list[Stretch]:
    """Return the stretches of ink in the box of a line, from left to right."""
    height, width = scene.owners.shape
    x0, y0 = max(0, box[0] - 2), max(0, box[1] - 1)
    x1, y1 = min(width, box[2] + 2), min(height, box[3] + 1)
    found: list[Stretch] = []
    if x1 - x0 < 2 or y1 - y0 < 4:
        return found
    row = scene.owners[(y0 + y1) // 2, x0:x1]
    edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    for left, right in zip(edges, edges[1:], strict=False):
        owner = int(row[left])
        part = (x0 + left, y0, x0 + right, y1)
        if owner >= 0:
            part = inside(scene.surfaces[owner], part)
        ink = ink_of(scene.rgb, scene.ground, scene.pictures, part, y1 - y0)
        if ink:
            found += [Stretch(p, owner) for p in parted(ink, WIDE_GAP * ink.height)]
    return found


def inside(surface: Surface, box: Box) -> Box:
    """Return the part of a box that is within a surface's border."""
    top, right, bottom, left = (border.width + INSET for border in surface.borders)
    x0, y0, x1, y1 = surface.box
    # Letters do not reach into rounded corners; what differs there is the corner.
    round_off = max(surface.radii) // 3 if box[1] < y0 + 4 or box[3] > y1 - 4 else 0
    return (
        max(box[0], x0 + left + round_off),
        max(box[1], y0 + top),
        min(box[2], x1 - right - round_off),
        min(box[3], y1 - bottom),
    )


def parted(ink: Ink, gap: float) -> list[Ink]:
    """Cut ink where gaps are wider than ``gap`` pixels."""
    groups: list[tuple[int, int]] = []
    for left, right in runs(np.asarray((ink.cover > SEEN).any(axis=0))):
        if groups and left - groups[-1][1] <= gap:
            groups[-1] = (groups[-1][0], right)
        else:
            groups.append((left, right))
    return [narrowed(ink, left, right) for left, right in groups]


def narrowed(ink: Ink, left: int, right: int) -> Ink:
    """Return the ink between two columns; a weaker colour there covers as wholly as any."""
    cover = ink.cover[:, left:right]
    inked = cover[cover > RIM]
    strongest = float(np.percentile(inked, 96)) if inked.size else 1.0
    if strongest < WEAKER:
        cover = np.minimum(cover / strongest, 1).astype(np.float32)
    rows = np.flatnonzero((cover > RIM).any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    x0, y0 = ink.box[:2]
    return replace(
        ink,
        box=(x0 + left, y0 + top, x0 + right, y0 + bottom),
        cover=cover[top:bottom],
        pixels=ink.pixels[top:bottom, left:right],
    )


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
    best = grouped(text, stretch, usual, gap_between(text, stretch.ink, size))
    halves = sized(best, usual)
    if len(halves) > 1:
        return halves
    # Letters that are all as wide have more room between them.
    fixed = grouped(text, stretch, usual, FIXED_SPACE * size)
    if best.face is not None and not best.face.is_fixed:
        other = fixed_face(fixed.text, fixed.ink, fixed.named, best.face, best.named)
        if other and not is_mixed(best, usual):
            return [replace(fixed, face=other)]
    return [best]


def sized(draft: Draft, usual: Face) -> list[Draft]:
    """Return a draft, or two where its words have two sizes: a title, and its source behind it."""
    words = [(word, ink) for word, ink in draft.named if " " not in word]
    if len(words) < len(draft.named) or len(words) < 2 or any(map(is_wide, draft.text)):
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
    groups = parted(stretch.ink, gap)
    size = by_height(text, stretch.ink, usual)
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


def is_mixed(draft: Draft, face: Face) -> bool:
    """Tell whether a text has words of two weights, and then is as wide as in a typeface."""
    words = words_in(draft, face)
    if len({word.look.bold for word in words}) < 2:
        return False
    wanted = mixed(words, face).width * by_height(draft.text, draft.ink, face)
    return abs(wanted / draft.ink.width - 1) < MIXED


def settled(drafts: Sequence[Draft], usual: Face) -> list[Piece]:
    """Return drafts as pieces; those that do not tell a typeface have that of their row."""
    pieces = []
    for draft in drafts:
        face = draft.face or usual
        if draft.face is None and not draft.italic:
            sure = [d for d in drafts if d.face and d.owner == draft.owner]
            room = draft.ink.height / 3
            beside = [d.face for d in sure if abs(d.ink.box[3] - draft.ink.box[3]) <= room]
            if not beside and draft.owner >= 0:
                beside = [d.face for d in sure]
            face = max(beside, key=lambda f: (beside.count(f), f.name), default=usual)
        pieces.append(piece_of(draft, face))
    return pieces


def piece_of(draft: Draft, face: Face) -> Piece:
    """Return a draft in a typeface."""
    words = words_in(draft, face)
    e = extent(draft.text, face)
    below = draft.ink.height * e.below / max(e.above + e.below, 0.1)
    baseline = draft.ink.box[3] - below
    return Piece(
        words=tuple(words),
        box=draft.ink.box,
        baseline=baseline,
        owner=draft.owner,
        ground=draft.ink.ground,
        marks=draft.marks,
    )


def marks_of(inks: Sequence[Ink]) -> tuple[Mark, ...]:
    """Return ink without words as marks, but for specks."""
    return tuple(mark_of(ink) for ink in inks if min(ink.cover.shape) >= SPECK)


def mark_of(ink: Ink) -> Mark:
    """Return ink without words as a mark."""
    rows, columns = ink.cover.shape
    corners = ink.cover[[0, 0, -1, -1], [0, -1, 0, -1]]
    middle = ink.cover[rows // 3 : rows - rows // 3, columns // 3 : columns - columns // 3]
    return Mark(ink.box, bool(corners.max() < 0.5), bool(middle.size and middle.max() < 0.5))


def by_height(text: str, ink: Ink, face: Face) -> float:
    """Return the size of letters that their height tells."""
    e = extent(text, face)
    return ink.height / max(e.above + e.below, 0.1)


def gap_between(text: str, ink: Ink, size: float) -> float:
    """Return how wide a gap between letters is at most, in pixels."""
    usual = SPACE * size
    filled = runs(np.asarray((ink.cover > SEEN).any(axis=0)))
    gaps = sorted(b[0] - a[1] for a, b in zip(filled, filled[1:], strict=False))
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
