"""What stands in a line of text: links, bold words, code, badges."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.jobs.webpage.layout.colours import is_link
from app.jobs.webpage.layout.frame import Frame
from app.jobs.webpage.layout.parts import SEPARATORS, Part, Run, TextLine
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.stretches import Mark
from app.jobs.webpage.measure.typefaces import faces, is_wide
from app.jobs.webpage.page import Css, Node

MARKS = 2  # between the entries of a menu in one line, at least
LINK_WORDS = 4  # of a link among several that commas part


def content_of(
    text: Part, around: Look, frame: Frame, *, links: bool = True
) -> tuple[Node | str, ...]:
    """Return what a text says: words as they are, others in an element of their own.

    ``around`` is the look of the element that the text is in; without ``links`` none is made.
    """
    children: list[Node | str] = []
    for number, line in enumerate(text.lines):
        for i, run in enumerate(line.runs):
            glue = (" " if run.spaced else "") if i else glue_between(text, number)
            add(children, inline(run, around, frame, links=links), glue)
        children += [icon(line, mark) for mark in line.icons]
    return tuple(piece for child in merged(children) for piece in plain_ends(child))


def separated(text: Part, around: Look) -> tuple[Node | str, ...]:
    """Return entries that only marks part, as links: "Help | Privacy | Terms"; () if it is none."""
    pieces: list[tuple[str, Run]] = []
    for run in text.lines[0].runs:
        for word in run.text.split(" "):
            if word in SEPARATORS or not pieces or pieces[-1][0] in SEPARATORS:
                pieces.append((word, run))
            else:
                pieces[-1] = (f"{pieces[-1][0]} {word}", pieces[-1][1])
    marks = [run.look for said, run in pieces if said in SEPARATORS]
    said = [(s, run) for s, run in pieces if s not in SEPARATORS]
    if len(marks) < MARKS or any(len(s.split(" ")) > LINK_WORDS for s, _ in said):
        return ()
    weak = any(run.look != marks[0] for _, run in said)
    children: list[Node | str] = []
    for s, run in pieces:
        glue = " " if children else ""
        if s in SEPARATORS or (weak and run.look == marks[0]):
            add(children, s, glue)
        else:
            css = differences(run.look, around)
            add(children, Node("a", run.box, (s,), "link", css, attrs=(("href", "#"),)), glue)
    return tuple(children)


def add(children: list[Node | str], piece: Node | str, glue: str) -> None:
    """Add a piece to what a text says, to the element before it where both are one."""
    last = children[-1] if children else None
    if isinstance(piece, Node) and isinstance(last, Node):
        joined = joined_nodes(last, piece, glue)
        if joined:
            children[-1] = joined
            return
    if isinstance(piece, str) and isinstance(last, str):
        children[-1] = last + glue + piece
        return
    if glue:
        children.append(glue)
    children.append(piece)


def plain_ends(child: Node | str) -> Iterator[Node | str]:
    """Yield a link without the marks that end its sentence, and several where commas part them."""
    if isinstance(child, str) or child.tag != "a":
        yield child
        return
    said = child.text
    start = len(said) - len(said.lstrip("(“\"'"))
    end = len(said.rstrip(".,;:)”\"'"))
    if start:
        yield said[:start]
    if start < end:
        pieces = said[start:end].split(", ")
        few = all(len(piece.split()) <= LINK_WORDS for piece in pieces)
        for i, piece in enumerate(pieces if few else [said[start:end]]):
            if i:
                yield ", "
            yield replace(child, children=(piece,))
    if said[max(start, end) :]:
        yield said[max(start, end) :]


def icon(line: TextLine, mark: Mark) -> Node:
    """Return a mark as a picture in its line."""
    x0, y0, x1, y1 = mark.box
    attrs = (
        ("src", f"crop-{x0}-{y0}-{x1}-{y1}.png"),
        ("width", str(x1 - x0)),
        ("height", str(y1 - y0)),
        ("alt", ""),
    )
    up = round(line.baseline - y1)
    css = (
        ("display", "inline-block"),
        ("margin-left", px(max(0, x0 - line.box[2]))),
        ("vertical-align", px(up) if up else "baseline"),
    )
    return Node("img", mark.box, (), "inline-icon", css, attrs=attrs)


def glue_between(text: Part, number: int) -> str:
    """Return what is between a line and the one before: a space, except between Chinese."""
    if number == 0:
        return ""
    before, after = text.lines[number - 1].text[-1:], text.lines[number].text[:1]
    return "" if is_wide(before or " ") and is_wide(after or " ") else " "


def joined_nodes(before: Node, node: Node, glue: str) -> Node | None:
    """Return two inline elements as one where a line break parted them."""
    alike = (before.tag, before.name, before.css) == (node.tag, node.name, node.css)
    if not alike or not before.children or node.name == "badge":
        return None
    box = (
        min(before.box[0], node.box[0]),
        min(before.box[1], node.box[1]),
        max(before.box[2], node.box[2]),
        max(before.box[3], node.box[3]),
    )
    said = before.text + glue + node.text
    return Node(before.tag, box, (said,), before.name, before.css, attrs=before.attrs)


def merged(children: Sequence[Node | str]) -> list[Node | str]:
    """Return children with neighbouring texts put together."""
    found: list[Node | str] = []
    for child in children:
        if isinstance(child, str) and found and isinstance(found[-1], str):
            found[-1] += child
        else:
            found.append(child)
    return found


def inline(run: Run, around: Look, frame: Frame, *, links: bool) -> Node | str:
    """Return a run as plain text, or as an element if it differs from what is around it."""
    look = run.look
    if run.chip:
        return chip(run, around)
    css = dict(differences(look, around))
    tag, name = "span", "note"
    attrs: tuple[tuple[str, str], ...] = ()
    if links and is_link(look, around, frame.ground):
        tag, name, attrs = "a", "link", (("href", "#"),)
    elif look.strike:
        tag, name = "s", "old"
    elif faces()[look.face].is_fixed and not faces()[around.face].is_fixed:
        tag, name = "code", "code"
    elif look.bold and not around.bold:
        tag, name = "strong", "strong"
        del css["font-weight"]
    elif look.italic and not around.italic:
        tag, name = "em", "em"
        del css["font-style"]
    elif not css:
        return run.text
    return Node(tag, run.box, (run.text,), name if css else "", tuple(css.items()), attrs=attrs)


def differences(look: Look, around: Look) -> Css:
    """Return how words differ from those around them."""
    css: list[tuple[str, str]] = []
    if look.face != around.face:
        css.append(("font-family", f"var(--{look.face})"))
    if look.size != around.size:
        css.append(("font-size", px(look.size)))
    if look.bold != around.bold:
        css.append(("font-weight", "700" if look.bold else "400"))
    if look.colour != around.colour:
        css.append(("color", hex_of(look.colour)))
    if look.italic != around.italic:
        css.append(("font-style", "italic" if look.italic else "normal"))
    if look.underline and not around.underline:
        css.append(("text-decoration", "underline"))
    return tuple(css)


def chip(run: Run, around: Look) -> Node:
    """Return words that are painted behind."""
    assert run.chip
    surface = run.chip
    x0, y0, x1, y1 = surface.box
    beside = max(0, round((x1 - x0 - (run.box[2] - run.box[0])) / 2) - 1)
    above = max(0.0, (y1 - y0 - 1.17 * run.look.size) / 2)
    css = [
        *differences(run.look, around),
        ("padding", f"{px(round(above))} {px(beside)}"),
        ("background", surface.background),
    ]
    if max(surface.radii):
        css.append(("border-radius", px(max(surface.radii))))
    tag = "code" if faces()[run.look.face].is_fixed else "span"
    return Node(tag, surface.box, (run.text,), "badge", tuple(css))
