"""Forms: labels above their fields, fields that are only a line, and what belongs together."""

from collections.abc import Sequence
from dataclasses import replace

from app.jobs.webpage.layout import controls
from app.jobs.webpage.layout.colours import is_hint
from app.jobs.webpage.layout.frame import Frame
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.roles import Roles
from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.surfaces import NONE, Border, Surface
from app.jobs.webpage.page import Node

ABOVE = 20  # pixels; a label is not further above its field
BEGINS = 6  # pixels; nor does it begin further to the side
LINE = 40  # pixels; text is not further above the line that it is to be typed on
AREA = 260  # pixels; nor in a field of several lines
JUNK = 2  # letters; what was read of the corner of a field is not longer
FIELDS = frozenset({"input", "select", "textarea"})
CONTROLS = FIELDS | {"button", "label"}


def is_label(part: Part, after: Part, frame: Frame, roles: Roles) -> bool:
    """Tell whether a text is the label of the field below it."""
    if part.kind != "text" or len(part.lines) > 1:
        return False
    field = after.parts[0] if after.kind == "row" else after
    if field.kind != "box" or not 0 <= field.box[1] - part.box[3] <= ABOVE:
        return False
    control = controls.control(field, frame, roles)
    typed = control is not None and control.tag in FIELDS and control.name == "input"
    return typed and abs(part.box[0] - field.box[0]) <= BEGINS


def labelled(node: Node) -> Node:
    """Return a text as a label."""
    css = (("display", "block"), *node.css)
    return replace(node, tag="label", name="label", css=css)


def fields_under_rules(parts: Sequence[Part], ground: Colour) -> list[Part]:
    """Return parts with those that are fields on a line put together: a text, a line below it.

    Two of one width are needed to tell: below a heading, one line is only a line.
    """
    rules = [p for p in parts if p.kind == "rule" and p.width > p.height]
    if len(rules) <= 1:
        return list(parts)
    found: list[Part] = []
    made = 0
    for part in parts:
        if part.kind == "rule" and is_line_of(part, rules):
            texts = trailing_texts(found)
            titled = texts and has_title(found[: len(found) - len(texts)], texts[0])
            if texts and not titled and is_typed_on(texts[0], part, made, ground):
                del found[len(found) - len(texts) :]
                found.append(line_field(texts[0], part, found))
                made += 1
                continue
        found.append(part)
    return found if made > 1 else list(parts)


def is_line_of(rule: Part, rules: Sequence[Part]) -> bool:
    """Tell whether other lines begin and end where one does."""
    alike = [
        r
        for r in rules
        if (r.box[0], r.box[2], r.colour) == (rule.box[0], rule.box[2], rule.colour)
    ]
    return len(alike) > 1


def trailing_texts(parts: Sequence[Part]) -> list[Part]:
    """Return the last text, with what was read of the corner of its field behind it."""
    if parts and parts[-1].kind == "text":
        if len(parts[-1].text) <= JUNK and len(parts) > 1 and parts[-2].kind == "text":
            return list(parts[-2:])
        return [parts[-1]]
    return []


def has_title(above: Sequence[Part], text: Part) -> bool:
    """Tell whether a larger text stands right above one: it is the end of an entry, no field."""
    last = above[-1] if above else None
    if last is None or last.kind != "text":
        return False
    return last.look.size > text.look.size and text.box[1] - last.box[3] <= LINE


def is_typed_on(text: Part, rule: Part, made: int, ground: Colour) -> bool:
    """Tell whether a text stands in a field whose bottom is a line."""
    down = rule.box[1] - text.box[3]
    begins = abs(text.box[0] - rule.box[0]) <= BEGINS
    hint = not text.look.bold and is_hint(text.look.colour, ground)
    return hint and begins and len(text.lines) == 1 and 0 <= down <= (AREA if made else LINE)


def line_field(text: Part, rule: Part, above: Sequence[Part]) -> Part:
    """Return a text and the line below it as a field."""
    down = min(rule.box[1] - text.box[3], LINE)
    top = text.box[1] - down
    if above:
        top = max(top, above[-1].box[3])
    box = (rule.box[0], top, rule.box[2], rule.box[3])
    border = Border(rule.height, rule.colour)
    surface = Surface(box, (255, 255, 255), borders=(NONE, NONE, border, NONE), paint="none")
    return Part("box", box, (text,), surface=surface)


def with_forms(node: Node) -> Node:
    """Return a tree in which what holds fields and their button is a form."""
    children = tuple(c if isinstance(c, str) else with_forms(c) for c in node.children)
    node = replace(node, children=children)
    if has(node, frozenset({"form"})) or not is_form(node):
        return node
    if node.tag == "div":
        return replace(node, tag="form")
    if node.tag not in {"main", "section", "article", "aside", "body"}:
        return node
    return wrapped(node)


def is_form(node: Node) -> bool:
    """Tell whether fields to type in and a button are within a node."""
    typed = any(n.tag in FIELDS and n.name == "input" for n in descendants(node))
    return typed and has(node, frozenset({"button"}))


def wrapped(node: Node) -> Node:
    """Return a node in which its children from the first field to the last button are a form."""
    holds = [isinstance(c, Node) and (c.tag in CONTROLS or has(c, CONTROLS)) for c in node.children]
    first, last = holds.index(True), len(holds) - 1 - holds[::-1].index(True)
    inside = [c for c in node.children[first : last + 1] if isinstance(c, Node)]
    if len(inside) == len(node.children):
        return replace(node, children=(Node("form", node.box, node.children),))
    form = Node("form", around([c.box for c in inside]), tuple(inside))
    return replace(node, children=(*node.children[:first], form, *node.children[last + 1 :]))


def has(node: Node, tags: frozenset[str]) -> bool:
    """Tell whether an element of one of the tags is within a node."""
    return any(n.tag in tags for n in descendants(node))


def descendants(node: Node) -> list[Node]:
    """Return all elements within a node."""
    found: list[Node] = []
    for child in node.children:
        if isinstance(child, Node):
            found += [child, *descendants(child)]
    return found
