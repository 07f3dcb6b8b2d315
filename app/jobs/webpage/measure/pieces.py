"""Lines of text, as they were read, into words: where each stands and what it looks like.

A line that was read may hold several things: the entries of a menu, a text and a badge behind it.
It is cut where the surface below changes and where gaps are too wide for a space.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.jobs.webpage.measure.drafts import Draft, drafts_of, plainly_named, words_in
from app.jobs.webpage.measure.fit import common_face
from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.looks import Look, Word
from app.jobs.webpage.measure.stretches import Mark, Scene, disjoint, stretches_of
from app.jobs.webpage.measure.typefaces import Face, extent, faces
from app.jobs.webpage.page import Box
from vision.engine import Line

CODE = 0.4  # of the letters on a surface; if as many are all as wide, all on it is code


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
    dealt = [drafts_of(text, stretches, usual) for text, stretches in reads]
    code = code_faces([draft for drafts in dealt for draft in drafts])
    for i, (text, stretches) in enumerate(reads):
        owners = {stretch.owner for stretch in stretches}
        if len(owners) == 1 and (face := code.get(owners.pop())):
            dealt[i] = [replace(d, face=face) for d in drafts_of(text, stretches, face)]
    return settled([draft for drafts in dealt for draft in drafts], usual)


def code_faces(drafts: Sequence[Draft]) -> dict[int, Face]:
    """Return the typeface of the surfaces on which most lines are code; the page is none."""
    letters: dict[int, Counter[str]] = {}
    lines: Counter[int] = Counter()
    for draft in drafts:
        if draft.owner >= 0:
            name = draft.face.name if draft.face and draft.face.is_fixed else ""
            letters.setdefault(draft.owner, Counter())[name] += len(draft.text)
            lines[draft.owner] += 1
    found = {}
    for owner, named in letters.items():
        fixed = {name: count for name, count in named.items() if name}
        if lines[owner] > 1 and sum(fixed.values()) > CODE * named.total():
            found[owner] = faces()[max(fixed, key=lambda name: (fixed[name], name))]
    return found


def spaced(text: str) -> str:
    """Return a text with single spaces, those around its separators, and without a bullet."""
    text = re.sub(r"^\s*[·•▪◦●○■□‣]\s*(?=\S)", "", text)
    return " ".join(re.sub(r"(?<=\w)\s*([·•|])\s*(?=\w)", r" \1 ", text).split())


def settled(drafts: Sequence[Draft], usual: Face) -> list[Piece]:
    """Return drafts as pieces; those that do not tell a typeface have that of their row."""
    pieces = []
    for draft in drafts:
        face = draft.face or usual
        if draft.face is None and not draft.italic:
            sure = [d for d in drafts if d.face and d.owner == draft.owner]
            room = draft.ink.height / 3
            near = [d for d in sure if abs(d.ink.box[3] - draft.ink.box[3]) <= room]
            beside = near or (sure if draft.owner >= 0 else [])
            names = [d.face.name for d in beside if d.face]
            name = max(names, key=lambda n: (names.count(n), n), default=usual.name)
            face = faces()[name]
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
