"""Texts as elements: headings, paragraphs, links, lists, code."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.jobs.webpage.layout.frame import (
    NEAR,
    Align,
    Frame,
    extent_of,
    is_centred_text,
    is_in_middle,
)
from app.jobs.webpage.layout.harmony import harmonised
from app.jobs.webpage.layout.inline import content_of, separated
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.roles import (
    has_bullet,
    is_link,
    is_list,
    is_muted,
    is_short,
    listed_text,
    tick_of,
)
from app.jobs.webpage.layout.sheet import px, room, text_css
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.measure.typefaces import extent, faces
from app.jobs.webpage.page import Css, Node

if TYPE_CHECKING:
    from app.jobs.webpage.layout.flow import Flow

LINK = (("href", "#"),)
NUMBER = re.compile(r"(\d{1,3})[.)]\s+")
NUMBERED = 22  # pixels; the room for the numbers of a list
RULED = 40  # pixels; the line below an entry of a list is not further
LARGER, SMALLER = 1.12, 0.95  # times the usual size
PHONE_SIZE = 38  # pixels; larger letters are set as large on a phone
PHONE_WIDTH = 330  # pixels for the longest word
WIDER = 1.06  # times what a text needs is as wide as it is let become


def before(node: Node, prop: str, value: str) -> Node:
    """Return a node with a property in front of its others."""
    css = tuple(pair for pair in node.css if pair[0] != prop)
    return replace(node, css=((prop, value), *css))


def placed_text(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return a text as an element, where it stands in its column."""
    node = fitted_to_phone(text_node(flow, part, frame), part)
    box = extent_of(part, flow.sheet)
    align = align_text(flow, part, box, frame)
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


def align_text(flow: "Flow", part: Part, box: tuple[int, int, int, int], frame: Frame) -> Align:
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


def css_of(flow: "Flow", part: Part, frame: Frame) -> Css:
    """Return how a text differs from what is around it."""
    height = flow.sheet.line_height(part.lines)
    mixed = len({run.look.size for line in part.lines for run in line.runs}) > 1
    return text_css(part.look, frame.look, flow.sheet, height, mixed=mixed)


def text_node(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return a text as a heading, a paragraph, a link or code, without its place."""
    look, box, css = part.look, extent_of(part, flow.sheet), css_of(flow, part, frame)
    if faces()[look.face].is_fixed:
        return code(part, box, css)
    if tick_of(part):
        return ticked(flow, part, frame)
    level = 0 if "header" in frame.within else flow.roles.heading(part)
    plain = all(run.look == look for line in part.lines for run in line.runs)
    if plain and not level and len(part.lines) < 3 and is_link(look, frame.look, frame.ground):
        css = (*css, ("text-decoration", "underline")) if look.underline else css
        said = content_of(part, look, frame, links=False)
        link = Node("a", box, said, "link", css, attrs=LINK)
        return Node("p", box, (link,))
    if len(part.lines) == 1 and not level and (menu := separated(part, look, frame)):
        return Node("p", box, menu, name_of(flow, 0, part, frame), css)
    name = name_of(flow, level, part, frame)
    return Node(f"h{level}" if level else "p", box, content_of(part, look, frame), name, css)


def name_of(flow: "Flow", level: int, part: Part, frame: Frame) -> str:
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
    lines = [" " * round((line.box[0] - left) / letter) + line.text for line in part.lines]
    inner = Node("code", box, ("\n".join(lines),))
    scroll = (("overflow-x", "auto"),)
    return Node("pre", box, (inner,), "code", (*css, *scroll))


def ticked(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return a text with a box to tick before it."""
    mark = tick_of(part)
    assert mark
    x0, y0, x1, y1 = mark.box
    css = (("width", px(x1 - x0)), ("height", px(y1 - y0)), ("margin", "0"))
    attrs = (("type", "radio" if mark.round else "checkbox"),)
    tick = Node("input", mark.box, (), "tick", css, attrs=attrs)
    gap = extent_of(part, flow.sheet)[0] - x1
    look = (("display", "flex"), ("align-items", "center"), ("gap", px(gap)))
    look = (*look, *css_of(flow, part, frame), ("margin-left", px(x0 - part.box[0])))
    said = Node("span", part.box, content_of(part, part.look, frame))
    return Node("label", around([mark.box, part.box]), (tick, said), "choice", look)


def groups_of(parts: Sequence[Part], frame: Frame) -> list[list[Part]]:
    """Put the entries of each list together; all else stays alone."""
    groups: list[list[Part]] = []
    i = 0
    while i < len(parts):
        end = max(listed_up_to(parts, i, frame), ruled_up_to(parts, i))
        groups.append(list(parts[i:end]))
        i = end
    return groups


def listed_up_to(parts: Sequence[Part], start: int, frame: Frame) -> int:
    """Return where the list that begins at a part ends."""
    end = start + 1
    fewest = 2 if "footer" in frame.within else 3
    for j in range(start + 2, len(parts) + 1):
        if is_list(parts[start:j], fewest):
            end = j
        elif j > start + 3:
            break
    return end


def ruled_up_to(parts: Sequence[Part], start: int) -> int:
    """Return where texts with lines between them, that begin at a part, end."""
    first = listed_text(parts[start])
    if first is None or len(first.lines) > 1 or first.look.bold:
        return start + 1
    rules: list[Part] = []
    end = start + 1
    for j in range(start + 1, len(parts)):
        part = parts[j]
        if (j - start) % 2:
            if part.kind != "rule" or (rules and part.box[::2] != rules[0].box[::2]):
                break
            rules.append(part)
        else:
            text = listed_text(part)
            if text is None or text.look.size != first.look.size or len(text.lines) > 2:
                break
        end = j + 1
    return end if len(rules) > 1 else start + 1


def list_node(flow: "Flow", parts: Sequence[Part], frame: Frame) -> Node:
    """Return texts as the entries of a list; lines between them become their borders."""
    whole = [part for part in parts if part.kind != "rule"]
    boxes = [extent_of(part, flow.sheet) for part in whole]
    rules = [part for part in parts if part.kind == "rule"]
    box = around([*boxes, *(rule.box for rule in rules)])
    texts = [listed_text(part) or part for part in whole]
    align = align_text(flow, texts[0], boxes[0], frame) if whole[0].kind == "text" else "left"
    marked = sum(map(has_bullet, texts)) * 2 > len(texts)
    entries, top = [], box[1]
    for part, place in zip(whole, boxes, strict=True):
        entry = entry_node(flow, part, replace(frame, x0=box[0], align=align))
        entry = before(entry, "margin-top", px(place[1] - top)) if place[1] > top else entry
        top = place[3]
        rule = next((r for r in rules if 0 <= r.box[1] - top <= RULED), None)
        if rule:
            line = f"{rule.height}px solid {hex_of(rule.colour)}"
            entry = entry.styled(padding_bottom=px(rule.box[1] - top), border_bottom=line)
            top = rule.box[3]
        entries.append(entry)
    css: list[tuple[str, str]] = [("text-align", align)] if align != frame.align else []
    indent = box[0] - frame.x0
    if marked:
        css += [("padding-left", px(max(16, indent))), ("list-style", "disc")]
    elif align == "left" and indent > NEAR:
        css.append(("padding-left", px(indent)))
    entries = harmonised(entries)
    menu = "aside" in frame.within and not marked and all(map(is_short, texts))
    if is_numbered(texts):
        css = [pair for pair in css if pair[0] not in {"padding-left", "list-style"}]
        css += [("padding-left", px(max(16, indent + NUMBERED))), ("list-style", "decimal")]
        return Node("ol", box, tuple(map(without_number, entries)), "list", tuple(css))
    node = Node("ul", box, tuple(entries), "side-menu" if menu else "list", tuple(css))
    return Node("nav", box, (node,)) if menu else node


def is_numbered(texts: Sequence[Part]) -> bool:
    """Tell entries that are numbered one after the other."""
    numbers = [NUMBER.match(text.text) for text in texts]
    first = numbers[0]
    return first is not None and all(
        found is not None and int(found[1]) == int(first[1]) + i for i, found in enumerate(numbers)
    )


def without_number(entry: Node) -> Node:
    """Return an entry of a list without its number, which the list gives."""
    first = entry.children[0]
    if isinstance(first, Node):
        return replace(entry, children=(without_number(first), *entry.children[1:]))
    return replace(entry, children=(NUMBER.sub("", first, count=1), *entry.children[1:]))


def entry_node(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return a text, or a text on a surface, as an entry of a list."""
    text = listed_text(part) or part
    box = extent_of(part, flow.sheet)
    css = css_of(flow, text, frame)
    linked = text is not part or (
        is_short(text)
        and (
            bool(frame.within & {"nav", "footer", "aside"})
            or is_link(text.look, frame.look, frame.ground)
        )
    )
    said = content_of(text, text.look, frame, links=not linked)
    if text is not part:
        # The entry that is chosen is painted behind.
        surface = flow.box(part, frame)
        keep = {"background", "border-radius", "padding", "border"}
        paint = tuple(pair for pair in surface.css if pair[0] in keep)
        link = Node("a", box, said, "chosen", (("display", "block"), *paint, *css), attrs=LINK)
        return Node("li", box, (link,))
    if linked:
        if text.look.underline:
            css = (*css, ("text-decoration", "underline"))
        link = Node("a", box, said, "item-link" if css else "", css, attrs=LINK)
        return Node("li", box, (link,))
    return Node("li", box, said, "item", css)
