"""Texts as elements: headings, paragraphs, links, lists, code."""

from dataclasses import replace

from app.jobs.webpage.layout.colours import is_link, is_muted
from app.jobs.webpage.layout.frame import (
    NEAR,
    Align,
    Frame,
    extent_of,
    is_centred_text,
    is_in_middle,
)
from app.jobs.webpage.layout.inline import content_of, merged, separated
from app.jobs.webpage.layout.lists import is_short, tick_of
from app.jobs.webpage.layout.maker import Maker
from app.jobs.webpage.layout.parts import Part, Run, around
from app.jobs.webpage.layout.sheet import px, room, text_css
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.typefaces import extent, faces
from app.jobs.webpage.page import Css, Node

LINK_LINES = 2  # of a text that is a link as a whole
LINK = (("href", "#"),)
LARGER, SMALLER = 1.12, 0.95  # times the usual size
PHONE_SIZE = 38  # pixels; larger letters are set as large on a phone
PHONE_WIDTH = 330  # pixels for the longest word
WIDER = 1.06  # times what a text needs is as wide as it is let become


def before(node: Node, prop: str, value: str) -> Node:
    """Return a node with a property in front of its others."""
    css = tuple(pair for pair in node.css if pair[0] != prop)
    return replace(node, css=((prop, value), *css))


def placed_text(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return a text as an element, where it stands in its column."""
    node = fitted_to_phone(text_node(flow, part, frame), part)
    box = extent_of(part, flow.sheet)
    align = align_text(part, box, frame)
    if align != frame.align:
        node = node.styled(text_align=align)
    offset = box[0] - frame.x0
    if align == "left" and offset > NEAR:
        node = shifted(node, offset)
    need, limit = room(part)
    space = frame.width - (max(0, offset) if align == "left" else 0)
    if len(part.lines) > 1 and limit < space and node.tag != "pre":
        node = node.styled(max_width=px(round((need + min(limit, need * WIDER)) / 2)))
        if align == "center":
            node = node.styled(margin_inline="auto")
    return node


def fitted_to_phone(node: Node, part: Part) -> Node:
    """Return a large text smaller where the screen is: its longest word must fit."""
    size = max(line.size for line in part.lines)
    if size <= PHONE_SIZE or "font-size" not in dict(node.css):
        return node
    face, bold = faces()[part.look.face], part.look.bold
    longest = max(extent(word, face, bold=bold).advance for word in part.text.split())
    small = min(PHONE_SIZE, PHONE_WIDTH / max(longest, 0.1))
    return replace(node, narrow=(*node.narrow, ("font-size", px(round(small)))))


def shifted(node: Node, by: float) -> Node:
    """Return a node moved to the right, but not on a narrow screen."""
    narrow = (*node.narrow, ("margin-left", "0"))
    return replace(node.styled(margin_left=px(by)), narrow=narrow)


def align_text(part: Part, box: tuple[int, int, int, int], frame: Frame) -> Align:
    """Return how a text stands between the ends of its frame."""
    if len(part.lines) > 1:
        return "center" if is_centred_text(part) else "left"
    if frame.align == "center" and is_in_middle(box, frame.x0, frame.x1):
        return "center"
    if box[0] - frame.x0 <= NEAR:
        return "left"
    if is_in_middle(box, frame.x0, frame.x1):
        return "center"
    return "right" if abs(frame.x1 - box[2]) <= NEAR else "left"


def css_of(flow: Maker, part: Part, frame: Frame) -> Css:
    """Return how a text differs from what is around it."""
    height = flow.sheet.line_height(part.lines)
    mixed = len({run.look.size for line in part.lines for run in line.runs}) > 1
    return text_css(part.look, frame.look, flow.sheet, height, mixed=mixed)


def text_node(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return a text as a heading, a paragraph, a link or code, without its place."""
    look, box, css = part.look, extent_of(part, flow.sheet), css_of(flow, part, frame)
    if faces()[look.face].is_fixed:
        return code(part, box, css)
    if tick_of(part):
        return ticked(flow, part, frame)
    if leads_on(part, frame):
        link = Node("a", box, content_of(part, look, frame, links=False), "link", css, attrs=LINK)
        return Node("p", box, (link,))
    level = 0 if "header" in frame.within else flow.roles.heading(part)
    plain = all(run.look == look for line in part.lines for run in line.runs)
    if (
        plain
        and not level
        and len(part.lines) <= LINK_LINES
        and is_link(look, frame.look, frame.ground)
    ):
        css = (*css, ("text-decoration", "underline")) if look.underline else css
        said = content_of(part, look, frame, links=False)
        link = Node("a", box, said, "link", css, attrs=LINK)
        return Node("p", box, (link,))
    if len(part.lines) == 1 and not level and (menu := separated(part, look)):
        return Node("p", box, menu, name_of(flow, 0, part, frame), css)
    name = name_of(flow, level, part, frame)
    return Node(f"h{level}" if level else "p", box, content_of(part, look, frame), name, css)


def leads_on(part: Part, frame: Frame) -> bool:
    """Tell an entry of a menu by its place; titles between entries are in capitals."""
    return "menu" in frame.within and is_short(part) and not part.text.isupper()


def name_of(flow: Maker, level: int, part: Part, frame: Frame) -> str:
    """Return what a text is called: by its rank, or by how it differs from the usual."""
    if level:
        return "title" if level == 1 else "card-title" if "card" in frame.within else "heading"
    look, usual = part.look, flow.sheet.look
    if not any(map(str.isalpha, part.text)):
        return "figure"
    if look.size > LARGER * usual.size:
        return "lead"
    if look.size < SMALLER * usual.size:
        return "small"
    if look.bold:
        return "strong"
    return "muted" if is_muted(look.colour, usual.colour) else "text"


def code(part: Part, box: tuple[int, int, int, int], css: Css) -> Node:
    """Return lines of code as they stand, with their indents."""
    left = min(line.box[0] for line in part.lines)
    size = part.look.size
    letter = faces()[part.look.face].glyphs[0][0][0] * size
    children: list[Node | str] = []
    for number, line in enumerate(part.lines):
        children.append(("\n" if number else "") + " " * round((line.box[0] - left) / letter))
        for run in line.runs:
            children.append(" " if run.spaced else "")
            children.append(token(run, part.look))
    inner = Node("code", box, tuple(child for child in merged(children) if child))
    scroll = (("overflow-x", "auto"),)
    return Node("pre", box, (inner,), "code", (*css, *scroll))


def token(run: Run, around: Look) -> Node | str:
    """Return words of code as they are, or in an element if they have a colour of their own."""
    if run.look.colour == around.colour:
        return run.text
    return Node("span", run.box, (run.text,), "token", (("color", hex_of(run.look.colour)),))


def ticked(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return a text with a box to tick before it."""
    mark = tick_of(part)
    assert mark
    x0, y0, x1, y1 = mark.box
    css = (("width", px(x1 - x0)), ("height", px(y1 - y0)), ("margin", "0"))
    attrs = (("type", "radio" if mark.round else "checkbox"),)
    tick = Node("input", mark.box, (), "tick", css, attrs=attrs)
    gap = extent_of(part, flow.sheet)[0] - x1
    look = (("display", "flex"), ("align-items", "center"), ("gap", px(gap)))
    css_all: Css = (*look, *css_of(flow, part, frame), ("margin-left", px(x0 - part.box[0])))
    said = Node("span", part.box, content_of(part, part.look, frame))
    return Node("label", around([mark.box, part.box]), (tick, said), "choice", css_all)
