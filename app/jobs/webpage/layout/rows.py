"""Parts beside each other: menus, bars, rows of buttons, columns and grids."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from app.jobs.webpage.layout.aside import choice, is_choice, is_quote, quote
from app.jobs.webpage.layout.beside import (
    SPREAD,
    SPREAD_GAP,
    as_row,
    even_gap,
    is_natural,
    spread,
    vertical,
)
from app.jobs.webpage.layout.colours import is_link
from app.jobs.webpage.layout.columns import columns
from app.jobs.webpage.layout.frame import NEAR, Frame, extent_of, is_in_middle, needed
from app.jobs.webpage.layout.harmony import harmonised
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.lists import is_menu, is_short
from app.jobs.webpage.layout.maker import Maker
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.layout.writing import LINK, css_of, leads_on, shifted
from app.jobs.webpage.page import Box, Css, Node, mapped

MENU = 3  # short texts in a row; more are a menu wherever they stand
ENTRY = 32  # pixels; icons and badges of an entry are not higher
BAR_END = 120  # pixels; what is spread over a row ends as near to its end


def row_node(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return a row or a grid as an element, placed in its column."""
    if part.kind == "row":
        part = with_menus(part, frame)
        if one := as_one(flow, part, frame):
            return one
    if part.kind == "row" and is_one_menu(part.parts) and is_linked(part, frame):
        boxes = [extent_of(p, flow.sheet) for p in part.parts]
        return placed_row(menu(flow, part, frame), boxes, frame)
    if part.kind == "row" and all(is_natural(flow, p, frame) for p in part.parts):
        boxes = [extent_of(p, flow.sheet) for p in part.parts]
        groups = spread(part.parts, boxes)
        if len(groups) > 1:
            if frame.x1 - boxes[-1][2] <= BAR_END:
                return bar(flow, groups, frame)
            part = replace(part, parts=tuple(map(as_row, groups)))
            boxes = [extent_of(p, flow.sheet) for p in part.parts]
        return placed_row(natural_row(flow, part, frame), boxes, frame)
    return columns(flow, part, frame)


def as_one(flow: Maker, part: Part, frame: Frame) -> Node | None:
    """Return a row that is one thing: a box to tick, a quotation, an entry of a menu; or None."""
    if is_choice(part):
        return choice(flow, part, frame)
    if is_quote(part):
        return quote(flow, part, frame)
    text = entry_text(part)
    if "menu" in frame.within and text and leads_on(text, frame):
        row = row_node(flow, part, replace(frame, within=frame.within - {"menu"}))
        return replace(mapped(row, unlinked), tag="a", attrs=LINK) if row.tag == "div" else row
    return None


def unlinked(node: Node) -> Node:
    """Return a link as plain text: no link stands in another."""
    return replace(node, tag="span", attrs=()) if node.tag == "a" else node


def entry_text(part: Part) -> Part | None:
    """Return the text of an entry of a menu: the first of a row of icons, texts and badges."""
    said = [p for p in part.parts if p.kind == "text"]
    rest = [p for p in part.parts if p.kind != "text"]
    small = all(p.kind in {"picture", "box"} and p.height <= ENTRY for p in rest)
    return said[0] if said and small else None


def with_menus(part: Part, frame: Frame) -> Part:
    """Return a row with the entries of a menu in it put together."""
    if not frame.within & {"header", "footer"} or is_one_menu(part.parts):
        return part
    children: list[Part] = []
    i = 0
    while i < len(part.parts):
        end = i + 1
        while end < len(part.parts) and is_one_menu(part.parts[i : end + 1]):
            end += 1
        run = part.parts[i:end]
        children.append(run[0] if len(run) == 1 else Part("row", around([p.box for p in run]), run))
        i = end
    return replace(part, parts=tuple(children))


def is_one_menu(parts: Sequence[Part]) -> bool:
    """Tell entries of a menu that stand together: no gap is much wider than the others."""
    if not is_menu(parts):
        return False
    gaps = [b.box[0] - a.box[2] for a, b in pairwise(parts)]
    return max(gaps) < max(SPREAD_GAP, SPREAD * min(gaps))


def is_linked(part: Part, frame: Frame) -> bool:
    """Tell whether the texts of a row are links: by their place, their number, or their look."""
    if frame.within & {"header", "footer"}:
        return True
    coloured = all(is_link(p.look, frame.look, frame.ground) for p in part.parts)
    return coloured or len(part.parts) > MENU


def menu(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return short texts beside each other as a menu."""
    boxes = [extent_of(p, flow.sheet) for p in part.parts]
    gap = even_gap(boxes)
    entries = []
    for i, (entry, box) in enumerate(zip(part.parts, boxes, strict=True)):
        css = css_of(flow, entry, frame)
        if entry.look.underline:
            css = (*css, ("text-decoration", "underline"))
        said = content_of(entry, entry.look, frame, links=False)
        link = Node("a", box, said, "nav-link" if css else "", css, attrs=LINK)
        extra = box[0] - boxes[i - 1][2] - gap if i else 0
        item = Node("li", box, (link,))
        entries.append(shifted(item, extra) if extra > NEAR else item)
    css = (("display", "flex"), ("flex-wrap", "wrap"), ("gap", f"8px {px(gap)}"))
    node = Node("ul", around(boxes), tuple(harmonised(entries)), "menu", css)
    return Node("nav", node.box, (node,))


def placed_row(node: Node, boxes: Sequence[Box], frame: Frame) -> Node:
    """Return a row of things as wide as they are, where it stands in its frame."""
    box = around(list(boxes))
    inner = node.children[0] if node.tag == "nav" else node
    assert isinstance(inner, Node)
    if is_in_middle(box, frame.x0, frame.x1):
        inner = inner.styled(justify_content="center")
    elif frame.x1 - box[2] <= NEAR and box[0] - frame.x0 > NEAR:
        inner = inner.styled(justify_content="flex-end")
    elif box[0] - frame.x0 > NEAR:
        inner = shifted(inner, box[0] - frame.x0)
    return replace(node, children=(inner,)) if node.tag == "nav" else inner


def natural_row(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return things beside each other that are as wide as what is in them."""
    boxes = [extent_of(p, flow.sheet) for p in part.parts]
    children = [child(flow, p, b, frame) for p, b in zip(part.parts, boxes, strict=True)]
    gap = even_gap(boxes)
    for i in range(1, len(children)):
        extra = boxes[i][0] - boxes[i - 1][2] - gap
        if extra > NEAR:
            children[i] = shifted(children[i], extra)
    align, children = vertical(children, boxes)
    css = (("display", "flex"), ("flex-wrap", "wrap"), ("align-items", align), ("gap", px(gap)))
    return Node("div", around(boxes), tuple(harmonised(children)), "row", css)


def child(flow: Maker, part: Part, box: Box, frame: Frame) -> Node:
    """Return a part of a row, as if alone between its own ends."""
    need = needed(part, flow.sheet)
    inner = replace(frame, x0=box[0], x1=max(box[2], need[2]))
    if part.kind == "text" and "header" in frame.within and is_short(part):
        said = content_of(part, part.look, frame, links=False)
        return Node("a", box, said, "brand", css_of(flow, part, frame), attrs=LINK)
    return flow.node(part, inner)


def bar(flow: Maker, groups: Sequence[Sequence[Part]], frame: Frame) -> Node:
    """Return two or three groups spread over a row."""
    sides, boxes = [], []
    for group in groups:
        side = as_row(group)
        box = extent_of(side, flow.sheet)
        sides.append(child(flow, side, box, frame))
        boxes.append(box)
    align, sides = vertical(sides, boxes)
    css = [
        ("display", "flex"),
        ("flex-wrap", "wrap"),
        ("align-items", align),
        ("justify-content", "space-between"),
        ("gap", "8px 24px"),
    ]
    left, right = boxes[0][0] - frame.x0, frame.x1 - boxes[-1][2]
    if max(left, right) > NEAR:
        css.append(("padding-inline", f"{px(max(0, left))} {px(max(0, right))}"))
    narrow: Css = (("padding-inline", "0"),) if max(left, right) > NEAR else ()
    return Node("div", around(boxes), tuple(sides), "bar", tuple(css), narrow)
