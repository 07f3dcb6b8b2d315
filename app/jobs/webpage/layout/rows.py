"""Parts beside each other: menus, bars, rows of buttons, columns and grids."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from app.jobs.webpage.layout import controls
from app.jobs.webpage.layout.frame import NEAR, Frame, extent_of, is_in_middle, needed
from app.jobs.webpage.layout.harmony import harmonised
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.roles import is_link, is_menu, is_short, is_tick
from app.jobs.webpage.layout.sheet import px, texts
from app.jobs.webpage.layout.writing import LINK, before, css_of, placed_text, shifted
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.page import Box, Css, Node

if TYPE_CHECKING:
    from app.jobs.webpage.layout.flow import Flow

SPREAD = 2.2  # times the other gaps, a gap parts two groups of a row
SPREAD_GAP = 60  # pixels, at least
BAR_END = 120  # pixels; what is spread over a row ends as near to its end
COLUMN_GAP = 24  # pixels between columns that stand below each other on a narrow screen
WIDEST_GAP = 48  # pixels; more room than that is part of a column
QUOTE = 60  # pixels; what a line at its left marks as quoted is not further from it
ASIDE = 0.36  # of a row's width; a column up to here stands aside
ASIDE_HEIGHT = 160  # pixels, at least


def row_node(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return a row or a grid as an element, placed in its column."""
    if part.kind == "row":
        part = with_menus(part, frame)
        if is_choice(part):
            return choice(flow, part, frame)
        if is_quote(part):
            return quote(flow, part, frame)
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
    gaps = [b.box[0] - a.box[2] for a, b in zip(parts, parts[1:], strict=False)]
    return max(gaps) < max(SPREAD_GAP, SPREAD * min(gaps))


def is_linked(part: Part, frame: Frame) -> bool:
    """Tell whether the texts of a row are links: by their place, their number, or their look."""
    if frame.within & {"header", "footer"}:
        return True
    coloured = all(is_link(p.look, frame.look, frame.ground) for p in part.parts)
    return coloured or (len(part.parts) > 3 and frame.x1 - frame.x0 > 2 * part.width / 3)


def is_natural(flow: "Flow", part: Part, frame: Frame) -> bool:
    """Tell whether a part is as wide as what is in it."""
    if part.kind == "text":
        return len(part.lines) == 1
    if part.kind == "box":
        control = controls.control(part, frame, flow.roles)
        return control is not None
    if part.kind == "row":
        return all(is_natural(flow, p, frame) for p in part.parts)
    return part.kind == "picture"


def menu(flow: "Flow", part: Part, frame: Frame) -> Node:
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


def natural_row(flow: "Flow", part: Part, frame: Frame) -> Node:
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


def child(flow: "Flow", part: Part, box: Box, frame: Frame) -> Node:
    """Return a part of a row, as if alone between its own ends."""
    need = needed(part, flow.sheet)
    inner = replace(frame, x0=box[0], x1=max(box[2], need[2]))
    if part.kind == "text" and "header" in frame.within and is_short(part):
        said = content_of(part, part.look, frame, links=False)
        return Node("a", box, said, "brand", css_of(flow, part, frame), attrs=LINK)
    return flow.node(part, inner)


def bar(flow: "Flow", groups: Sequence[Sequence[Part]], frame: Frame) -> Node:
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


def as_row(parts: Sequence[Part]) -> Part:
    """Return parts beside each other as one."""
    return (
        parts[0] if len(parts) == 1 else Part("row", around([p.box for p in parts]), tuple(parts))
    )


def spread(parts: Sequence[Part], boxes: Sequence[Box]) -> list[list[Part]]:
    """Part what stands in a row where gaps are much wider than the others."""
    gaps = [b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False)]
    if max(gaps) < SPREAD_GAP:
        return [list(parts)]
    narrow = [gap for gap in gaps if gap * SPREAD < max(gaps)]
    if len(gaps) > 1 and len(gaps) - len(narrow) > 2:
        return [list(parts)]
    groups: list[list[Part]] = [[parts[0]]]
    for part, gap in zip(parts[1:], gaps, strict=True):
        if gap in narrow:
            groups[-1].append(part)
        else:
            groups.append([part])
    if len(groups) > 2:
        # Three groups are spread evenly, or a browser would not put them there.
        wide = [gap for gap in gaps if gap not in narrow]
        if max(wide) - min(wide) > 2 * NEAR:
            cut = gaps.index(max(gaps)) + 1
            return [list(parts[:cut]), list(parts[cut:])]
    return groups


def even_gap(boxes: Sequence[Box]) -> int:
    """Return the gap between things in a row; the smallest, where gaps differ."""
    gaps = [b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False)]
    if not gaps:
        return 0
    if max(gaps) - min(gaps) <= 2 * NEAR:
        return max(0, round(sum(gaps) / len(gaps)))
    return max(0, min(gaps))


def vertical(children: Sequence[Node], boxes: Sequence[Box]) -> tuple[str, list[Node]]:
    """Return how things in a row are aligned, and those moved that are not."""
    top, bottom = min(b[1] for b in boxes), max(b[3] for b in boxes)
    if all(b[1] - top <= NEAR for b in boxes):
        same = all(bottom - b[3] <= NEAR for b in boxes)
        return ("stretch" if same else "flex-start"), list(children)
    if all(abs((b[1] + b[3]) - (top + bottom)) <= 2 * NEAR for b in boxes):
        return "center", list(children)
    if all(bottom - b[3] <= NEAR for b in boxes):
        return "flex-end", list(children)
    moved = [
        before(node, "margin-top", px(b[1] - top)) if b[1] - top >= 1 else node
        for node, b in zip(children, boxes, strict=True)
    ]
    return "flex-start", moved


def columns(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return parts beside each other, each of its own width."""
    boxes = [extent_of(p, flow.sheet) for p in part.parts]
    if part.kind == "grid" or is_even(boxes, part):
        return grid(flow, part, frame)
    gap = min(b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False))
    gap = max(0, min(gap, WIDEST_GAP))
    children: list[Node] = []
    reached = float(frame.x0)
    for i, (p, box) in enumerate(zip(part.parts, boxes, strict=True)):
        end = boxes[i + 1][0] - gap if i + 1 < len(boxes) else frame.x1
        node, width = column(flow, p, box, end, frame, is_last=i + 1 == len(boxes))
        extra = box[0] - reached - (gap if i else 0)
        children.append(shifted(node, extra) if extra > NEAR else node)
        reached = box[0] + width
    align, children = vertical(children, boxes)
    css = (("display", "flex"), ("align-items", align), ("gap", px(gap)))
    narrow: Css = (("flex-direction", "column"), ("align-items", "stretch"))
    narrow = (*narrow, ("gap", px(min(COLUMN_GAP, max(gap, 16)))))
    if any(p.kind == "picture" and p.width < 120 for p in part.parts):
        narrow = ()
    return Node("div", around(boxes), tuple(children), "columns", css, narrow)


def column(
    flow: "Flow", part: Part, box: Box, end: int, frame: Frame, *, is_last: bool
) -> tuple[Node, float]:
    """Return one of several columns, and how wide it is."""
    if is_natural(flow, part, frame) and part.kind != "text":
        inner = replace(frame, x0=box[0], x1=box[2])
        return flow.node(part, inner).styled(flex="none"), box[2] - box[0]
    # Up to where the next begins, text that is set a little wider has room.
    x1 = box[2] if part.kind == "box" else max(box[2], min(needed(part, flow.sheet)[2], end))
    aside = is_aside(part, frame) and "aside" not in frame.within
    within = frame.within | {"aside"} if aside else frame.within
    node = flow.node(part, replace(frame, x0=box[0], x1=x1, within=within))
    node = node.styled(width=None, max_width=None)
    grows = is_last and frame.x1 - box[2] <= 2 * NEAR
    node = node.styled(flex=f"{'1' if grows else '0'} 1 {px(x1 - box[0])}", min_width="0")
    node = replace(node, narrow=(*node.narrow, ("flex", "1 1 auto"), ("width", "100%")))
    if aside and node.tag == "div":
        node = replace(node, tag="aside", name="sidebar")
    return node, x1 - box[0]


def is_aside(part: Part, frame: Frame) -> bool:
    """Tell a column that stands beside the page's main one: narrow, long, with some texts."""
    if part.kind not in {"box", "column"} or part.height < ASIDE_HEIGHT:
        return False
    if "card" in frame.within or part.width > ASIDE * frame.width:
        return False
    return sum(1 for _ in texts(part)) > 2


def is_even(boxes: Sequence[Box], part: Part) -> bool:
    """Tell whether things in a row are columns of equal width."""
    if len(boxes) < 2 or any(p.kind in {"picture", "rule"} for p in part.parts):
        return False
    for ends in ([b[0] for b in boxes], [(b[0] + b[2]) / 2 for b in boxes]):
        steps = [b - a for a, b in zip(ends, ends[1:], strict=False)]
        if max(steps) - min(steps) <= 2 * NEAR and len(boxes) > 2:
            return max(b[2] - b[0] for b in boxes) <= min(steps) + 1
    widths = [b[2] - b[0] for b in boxes]
    return len(boxes) == 2 and max(widths) - min(widths) <= NEAR


def grid(flow: "Flow", part: Part, frame: Frame) -> Node:
    """Return parts as the cells of a grid of equal columns."""
    boxes = [extent_of(p, flow.sheet) for p in part.parts]
    count = part.columns or len(boxes)
    pitch, gap, start = pitch_of(part.parts[:count], boxes[:count])
    rows = [boxes[i : i + count] for i in range(0, len(boxes), count)]
    cells = []
    for i, (p, box) in enumerate(zip(part.parts, boxes, strict=True)):
        x0 = round(start + (i % count) * pitch)
        node = flow.node(p, replace(frame, x0=x0, x1=round(x0 + pitch - gap)))
        down = box[1] - min(b[1] for b in rows[i // count])
        cells.append(before(node, "margin-top", px(down)) if down > NEAR else node)
    css = [
        ("display", "grid"),
        ("grid-template-columns", f"repeat({count}, minmax(0, 1fr))"),
        ("gap", gaps_css(rows, gap)),
    ]
    heights = [b[3] - b[1] for b in boxes[:count]]
    if max(heights) - min(heights) > NEAR:
        css.append(("align-items", "start"))
    narrow_count = 2 if count >= 4 and pitch - gap < 240 else 1
    fewer = f"repeat({narrow_count}, minmax(0, 1fr))" if narrow_count > 1 else "minmax(0, 1fr)"
    narrow: Css = (("grid-template-columns", fewer),)
    node = Node("div", around(boxes), tuple(harmonised(cells)), "grid", tuple(css), narrow)
    width = pitch * count - gap
    box = (round(start), node.box[1], round(start + width), node.box[3])
    if box[0] - frame.x0 > NEAR or frame.x1 - box[2] > NEAR:
        node = flow.aligned(node.styled(max_width=px(round(width))), box, frame, stretch=True)
    return node


def gaps_css(rows: Sequence[Sequence[Box]], gap: float) -> str:
    """Return the gaps between rows and columns of a grid."""
    down = [
        min(b[1] for b in below) - max(b[3] for b in above)
        for above, below in zip(rows, rows[1:], strict=False)
    ]
    row_gap = max(0, round(median(down))) if down else round(gap)
    return px(row_gap) if abs(row_gap - gap) < 1 else f"{px(row_gap)} {px(round(gap))}"


def pitch_of(parts: Sequence[Part], boxes: Sequence[Box]) -> tuple[float, float, float]:
    """Return the step from one column of a grid to the next, the gap, and where they begin."""
    count = len(boxes)
    if count == 1:
        return boxes[0][2] - boxes[0][0], 0.0, boxes[0][0]
    lefts = [b[0] for b in boxes]
    middles = [(b[0] + b[2]) / 2 for b in boxes]
    steps = [b - a for a, b in zip(lefts, lefts[1:], strict=False)]
    gap = float(min(b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False)))
    if max(steps) - min(steps) <= 2 * NEAR:
        pitch = (lefts[-1] - lefts[0]) / (count - 1)
        boxed = all(p.kind == "box" for p in parts)
        return pitch, gap if boxed else min(gap, float(WIDEST_GAP)), float(lefts[0])
    pitch = (middles[-1] - middles[0]) / (count - 1)
    gap = min(gap, float(COLUMN_GAP))
    return pitch, gap, middles[0] - (pitch - gap) / 2


def is_choice(part: Part) -> bool:
    """Tell a box to tick with its text beside it."""
    return len(part.parts) == 2 and is_tick(part.parts[0]) and is_text(part.parts[1])


def is_text(part: Part) -> bool:
    """Tell a text of one line."""
    return part.kind == "text" and len(part.lines) == 1


def choice(flow: "Flow", part: Part, frame: Frame) -> Node:
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
    if len(part.parts) != 2 or part.parts[0].kind != "rule":
        return False
    rule, said = part.parts
    near = said.box[0] - rule.box[2] <= QUOTE
    return near and rule.height > rule.width and rule.height <= 1.6 * said.height + 40


def quote(flow: "Flow", part: Part, frame: Frame) -> Node:
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
