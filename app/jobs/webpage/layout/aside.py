"""Two parts that are one thing: a box to tick and its text, a line and what it marks as quoted."""

from dataclasses import replace

from app.jobs.webpage.layout import controls
from app.jobs.webpage.layout.frame import NEAR, Frame, extent_of
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.maker import Maker
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.shapes import is_tick
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.layout.writing import css_of, shifted
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.page import Css, Node

PAIR = 2
QUOTE = 60  # pixels; what a line at its left marks as quoted is not further from it


def is_choice(part: Part) -> bool:
    """Tell a box to tick with its text beside it."""
    return len(part.parts) == PAIR and is_tick(part.parts[0]) and is_text(part.parts[1])


def is_text(part: Part) -> bool:
    """Tell a text of one line."""
    return part.kind == "text" and len(part.lines) == 1


def choice(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return a box to tick with its text as one label."""
    box, text = part.parts
    tick = controls.control(box, frame, flow.roles)
    assert tick
    place = extent_of(text, flow.sheet)
    css: Css = (("display", "flex"), ("align-items", "center"), ("gap", px(place[0] - box.box[2])))
    css = (*css, *css_of(flow, text, frame))
    said = Node("span", place, content_of(text, text.look, frame))
    whole = extent_of(part, flow.sheet)
    node = Node("label", whole, (tick, said), "choice", css)
    return shifted(node, whole[0] - frame.x0) if whole[0] - frame.x0 > NEAR else node


def is_quote(part: Part) -> bool:
    """Tell text with a line down its left side."""
    if len(part.parts) != PAIR or part.parts[0].kind != "rule":
        return False
    rule, said = part.parts
    near = said.box[0] - rule.box[2] <= QUOTE
    return near and rule.height > rule.width and rule.height <= 1.6 * said.height + 40


def quote(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return text with a line down its left side as a quotation."""
    rule, said = part.parts
    box = extent_of(said, flow.sheet)
    inner = replace(frame, x0=box[0])
    inside = said.parts if said.kind == "column" else (said,)
    children = flow.stack(inside, inner, box[1])
    top, bottom = box[1] - rule.box[1], rule.box[3] - box[3]
    css: Css = (
        ("border-left", f"{rule.width}px solid {hex_of(rule.colour)}"),
        ("padding", f"{px(max(0, top))} 0 {px(max(0, bottom))} {px(box[0] - rule.box[2])}"),
    )
    whole = around([rule.box, box])
    node = Node("blockquote", whole, children, "quote", css)
    return shifted(node, rule.box[0] - frame.x0) if rule.box[0] - frame.x0 > NEAR else node
