"""Lists as elements: texts below each other, with bullets, numbers or lines between them."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.jobs.webpage.layout.colours import is_link
from app.jobs.webpage.layout.frame import NEAR, Frame, extent_of
from app.jobs.webpage.layout.harmony import harmonised
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.lists import has_bullet, is_list, is_short, listed_text
from app.jobs.webpage.layout.maker import Maker
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.layout.writing import LINK, align_text, before, css_of
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.page import Node

ENTRY_LINES = 2  # of an entry of a list with lines between its entries
RULED = 40  # pixels; the line below an entry of a list is not further
NUMBERED = 22  # pixels; the room for the numbers of a list
NUMBER = re.compile(r"(\d{1,3})[.)]\s+")


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
            if text is None or text.look.size != first.look.size or len(text.lines) > ENTRY_LINES:
                break
        end = j + 1
    return end if len(rules) > 1 else start + 1


def list_node(flow: Maker, parts: Sequence[Part], frame: Frame) -> Node:
    """Return texts as the entries of a list; lines between them become their borders."""
    whole = [part for part in parts if part.kind != "rule"]
    boxes = [extent_of(part, flow.sheet) for part in whole]
    rules = [part for part in parts if part.kind == "rule"]
    box = around([*boxes, *(rule.box for rule in rules)])
    texts = [listed_text(part) or part for part in whole]
    align = align_text(texts[0], boxes[0], frame) if whole[0].kind == "text" else "left"
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


def entry_node(flow: Maker, part: Part, frame: Frame) -> Node:
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
