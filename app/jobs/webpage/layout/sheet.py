"""What all of a page has in common, and how one text differs from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from app.jobs.webpage.layout.lines import leading
from app.jobs.webpage.layout.parts import Part, TextLine
from app.jobs.webpage.measure.flat import Colour, hex_of
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.typefaces import Face, extent, faces
from app.jobs.webpage.page import Box, Css

LOOSE, TIGHT = 1.5, 1.2  # line heights in em: of running text, of larger text
LARGER = 1.15  # times the usual size; larger text is set tight
SAME = 0.4  # pixels; line heights that differ less are one
SLACK = 0.012  # of a line's width, that a browser may set it wider than it was measured


@dataclass(frozen=True, slots=True)
class Sheet:
    """The usual look of a page."""

    look: Look
    loose: float  # em, the usual line height
    heights: tuple[tuple[float, float], ...]  # size and line height in pixels, where measured

    @property
    def face(self) -> Face:
        """The usual typeface."""
        return faces()[self.look.face]

    def line_height(self, lines: tuple[TextLine, ...]) -> float:
        """Return the line height of a text, in pixels."""
        if len(lines) > 1:
            return round(leading(lines), 1)
        size = lines[0].size
        known = [height for s, height in self.heights if s == size]
        if known:
            return known[0]
        em = self.loose if size <= LARGER * self.look.size else TIGHT
        return float(round(em * size))


def texts(part: Part) -> Iterator[Part]:
    """Yield all texts of a part, in order."""
    if part.kind == "text":
        yield part
    for inner in (*part.parts, *(cell for row in part.rows for cell in row)):
        yield from texts(inner)


def sheet_of(page: Part) -> Sheet:
    """Return what the texts of a page have in common."""
    weights: dict[tuple[str, float, Colour], int] = {}
    faces_: dict[str, int] = {}
    ratios: list[float] = []
    heights: dict[float, list[float]] = {}
    for text in texts(page):
        for line in text.lines:
            for run in line.runs:
                key = (run.look.face, run.look.size, run.look.colour)
                weights[key] = weights.get(key, 0) + len(run.text)
                faces_[run.look.face] = faces_.get(run.look.face, 0) + len(run.text)
        if len(text.lines) > 1:
            heights.setdefault(text.look.size, []).append(leading(text.lines))
    if not weights:
        return Sheet(Look("wide", 16.0, (0, 0, 0)), LOOSE, ())
    face, size, colour = max(weights, key=lambda key: (weights[key], key))
    face = max(faces_, key=lambda name: (faces_[name], name))
    ratios = [h / s for s, hs in heights.items() for h in hs if s <= LARGER * size]
    loose = median(ratios) if ratios else LOOSE
    known = tuple((s, round(median(hs), 1)) for s, hs in sorted(heights.items()))
    return Sheet(Look(face, size, colour), loose, known)


def flow_box(text: Part, sheet: Sheet) -> Box:
    """Return the box that a browser would give a text: with the room above and below letters."""
    first, last = text.lines[0], text.lines[-1]
    face = faces()[first.look.face]
    height = sheet.line_height(text.lines)
    size = first.size
    above = (height - (face.ascent + face.descent) * size) / 2 + face.ascent * size
    top = first.baseline - above
    bottom = top + height + (last.baseline - first.baseline)
    left = text.box[0] - bearing(first)
    right = max(line.right for line in text.lines) + 1
    return (round(left), round(top), right, round(bottom))


def bearing(line: TextLine) -> float:
    """Return the room that the first letter of a line has at its left, in pixels."""
    run = line.runs[0]
    e = extent(run.text[:1], faces()[run.look.face], bold=run.look.bold)
    return (e.advance - e.width) / 2 * run.look.size


def room(text: Part) -> tuple[float, float]:
    """Return how wide a text must be, and how wide it must not be, to break as it does."""
    widths = [line.box[2] - line.box[0] + 2 * bearing(line) for line in text.lines]
    need = max(widths) * (1 + SLACK) + 1
    limits = []
    for i, line in enumerate(text.lines[1:]):
        run = line.runs[0]
        word = " " + run.text.split(" ")[0]
        wanted = extent(word, faces()[run.look.face], bold=run.look.bold).advance * run.look.size
        limits.append(widths[i] + wanted)
    return need, min(limits, default=float("inf"))


def px(value: float) -> str:
    """Return a length as CSS writes it."""
    number = round(value, 1)
    return "0" if number == 0 else f"{number:g}px"


def text_css(
    look: Look, usual: Look, sheet: Sheet, line_height: float | None, *, mixed: bool = False
) -> Css:
    """Return how a text differs from what is around it; ``mixed`` says that its sizes do."""
    css: list[tuple[str, str]] = []
    if look.face != usual.face:
        css.append(("font-family", f"var(--{look.face})"))
    if look.size != usual.size:
        css.append(("font-size", px(look.size)))
    if look.bold != usual.bold:
        css.append(("font-weight", "700" if look.bold else "400"))
    if look.light and not look.bold:
        css.append(("font-weight", "300"))
    if line_height is not None and abs(line_height - sheet.loose * look.size) > SAME:
        # Beside larger words, a height in em would be theirs as well.
        css.append(("line-height", px(line_height) if mixed else f"{line_height / look.size:.4g}"))
    if look.colour != usual.colour:
        css.append(("color", hex_of(look.colour)))
    if look.italic != usual.italic:
        css.append(("font-style", "italic"))
    if look.spacing:
        css.append(("letter-spacing", px(look.spacing)))
    return tuple(css)


def body_css(sheet: Sheet, background: str) -> Css:
    """Return the look of the page itself."""
    return (
        ("background", background),
        ("color", hex_of(sheet.look.colour)),
        ("font-family", sheet.face.stack),
        ("font-size", px(sheet.look.size)),
        ("line-height", f"{sheet.loose:.4g}"),
        ("overflow-wrap", "break-word"),
    )


def extra_faces(page: Part, sheet: Sheet) -> list[Face]:
    """Return the typefaces of a page beside its usual one."""
    names: Iterable[str] = {
        run.look.face for text in texts(page) for line in text.lines for run in line.runs
    }
    return [faces()[name] for name in sorted(names) if name != sheet.look.face]
