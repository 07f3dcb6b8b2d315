"""What stands on what: surfaces within surfaces, and text, pictures and rules on them."""

from collections.abc import Sequence
from dataclasses import replace

from app.jobs.webpage.layout.bare import with_bare_tables
from app.jobs.webpage.layout.lines import is_chip, lines_of, text_part
from app.jobs.webpage.layout.parts import Part, TextLine
from app.jobs.webpage.layout.tabled import cell_table, tabled
from app.jobs.webpage.layout.tree import arranged
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.pieces import Piece
from app.jobs.webpage.measure.scan import Scan
from app.jobs.webpage.measure.stretches import Mark
from app.jobs.webpage.measure.surfaces import Surface, shared
from app.jobs.webpage.page import Box

ON = 0.6  # of a thing is on the surface that it stands on
MARK = 0.65  # em; a bullet or an arrow is not larger
BULLET_GAP, ARROW_GAP = 1.8, 0.7  # em between it and its line
TEXT_ON = 0.8  # of a text


class Nest:
    """The surfaces of a page, each with what stands directly on it."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._surfaces = scan.surfaces
        self._parents = [
            smallest(s.box, scan.surfaces, ON, larger_than=s.area) for s in scan.surfaces
        ]
        self._pieces = grouped([smallest(p.box, scan.surfaces, TEXT_ON) for p in scan.pieces])
        self._pictures = grouped([smallest(p.box, scan.surfaces, ON) for p in scan.pictures])
        self._rules = grouped([smallest(r.box, scan.surfaces, ON) for r in scan.rules])
        self._children = grouped(self._parents)

    def page(self) -> Part:
        """Return the whole page as one box."""
        box = (0, 0, self._scan.width, self._scan.height)
        return Part("box", box, self._on(-1), surface=Surface(box, self._scan.colour))

    def _on(self, index: int) -> tuple[Part, ...]:
        """Return what stands on a surface, arranged; -1 is the page itself."""
        pieces = [self._scan.pieces[i] for i in self._pieces.get(index, [])]
        children = self._children.get(index, [])
        chips = self._chips(children, pieces)
        lines = lines_of(pieces, [(s, p) for _, s, p in chips])
        pictures = [self._scan.pictures[i] for i in self._pictures.get(index, [])]
        lines, pictures = with_marks(lines, pictures)
        items = [text_part([line]) for line in lines]
        taken = {i for i, _, _ in chips}
        items += [self._box(i) for i in children if i not in taken]
        items += [Part("picture", p.box, radii=p.radii) for p in pictures]
        rules = [self._scan.rules[i] for i in self._rules.get(index, [])]
        items += [Part("rule", r.box, colour=r.colour) for r in rules]
        if not items:
            return ()
        x0, x1 = (0, self._scan.width) if index < 0 else self._surfaces[index].box[::2]
        padding = min(item.box[0] for item in items) - x0
        items = with_bare_tables(tabled(items))
        return (arranged(items, x1 - max(0, min(padding, (x1 - x0) // 4))),)

    def _box(self, index: int) -> Part:
        surface = self._surfaces[index]
        part = Part("box", surface.box, self._on(index), surface=surface)
        return cell_table(part) or part

    def _chips(
        self, children: Sequence[int], pieces: Sequence[Piece]
    ) -> list[tuple[int, Surface, Piece]]:
        """Return the surfaces that are painted behind words of a line."""
        found = []
        for i in children:
            inner = [self._scan.pieces[k] for k in self._pieces.get(i, [])]
            whole = not self._children.get(i) and not self._pictures.get(i)
            if whole and is_chip(self._surfaces[i], inner, pieces):
                found.append((i, self._surfaces[i], inner[0]))
        return found


def with_marks(
    lines: Sequence[TextLine], pictures: Sequence[Picture]
) -> tuple[list[TextLine], list[Picture]]:
    """Return lines with the bullets before them and the arrows behind, and the other pictures."""
    found, rest = list(lines), []
    for picture in pictures:
        at = next((i for i, line in enumerate(found) if is_mark(picture.box, line)), None)
        if at is None:
            rest.append(picture)
        else:
            mark = Mark(picture.box, round=True)
            found[at] = replace(found[at], marks=(*found[at].marks, mark))
    return found, rest


def is_mark(box: Box, line: TextLine) -> bool:
    """Tell whether a small drawing is a bullet before a line or an arrow behind it."""
    x0, y0, x1, y1 = box
    if max(x1 - x0, y1 - y0) > MARK * line.size:
        return False
    level = line.baseline - line.size < (y0 + y1) / 2 < line.baseline + 0.1 * line.size
    ahead, behind = line.box[0] - x1, x0 - line.box[2]
    return level and (0 < ahead <= BULLET_GAP * line.size or 0 < behind <= ARROW_GAP * line.size)


def grouped(parents: Sequence[int]) -> dict[int, list[int]]:
    """Return for each parent the indexes of its children."""
    found: dict[int, list[int]] = {}
    for child, parent in enumerate(parents):
        found.setdefault(parent, []).append(child)
    return found


def smallest(box: Box, surfaces: Sequence[Surface], share: float, larger_than: int = 0) -> int:
    """Return the index of the smallest surface that a box stands on; -1: on none."""
    area = max(1, (box[2] - box[0]) * (box[3] - box[1]))
    on = [
        i
        for i, s in enumerate(surfaces)
        if s.area > larger_than and shared(box, s.box) >= share * area
    ]
    return min(on, key=lambda i: (surfaces[i].area, i), default=-1)


def nested(scan: Scan) -> Part:
    """Return a page as parts."""
    whole = Nest(scan).page()
    # A region as large as the page is the page.
    while (
        len(whole.parts) == 1 and whole.parts[0].kind == "box" and whole.parts[0].box == whole.box
    ):
        whole = replace(whole.parts[0], surface=whole.parts[0].surface)
    return whole
