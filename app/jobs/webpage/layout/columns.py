"""Columns side by side, each of its own width, and grids of columns of one width."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from app.jobs.webpage.layout.beside import is_natural, vertical
from app.jobs.webpage.layout.frame import NEAR, Frame, extent_of, needed
from app.jobs.webpage.layout.harmony import harmonised
from app.jobs.webpage.layout.lists import is_short
from app.jobs.webpage.layout.maker import Maker
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.sheet import px, texts
from app.jobs.webpage.layout.writing import before, shifted
from app.jobs.webpage.page import Box, Css, Node

PAIR = 2
ASIDE_TEXTS = 3  # texts, at least
MOSTLY, PAIRED = 0.7, 0.25  # of the texts of a menu are short; have a weaker one close below
CLOSE, SMALLER = 0.9, 0.95  # em below; times as large
MEDIUM = 120  # pixels; a narrower picture stays beside its text on a phone
NARROW_CELL = 240  # pixels; narrower cells stand two in a row on a phone
ASIDE_HEIGHT = 160  # pixels, at least
ASIDE = 0.36  # of a row's width; a column up to here stands aside
WIDEST_GAP = 48  # pixels; more room than that is part of a column
COLUMN_GAP = 24  # pixels between columns that stand below each other on a narrow screen


def columns(flow: Maker, part: Part, frame: Frame) -> Node:
    """Return parts beside each other, each of its own width."""
    boxes = [extent_of(p, flow.sheet) for p in part.parts]
    if part.kind == "grid" or is_even(boxes, part):
        return grid(flow, part, frame)
    gap = min(b[0] - a[2] for a, b in pairwise(boxes))
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
    if any(p.kind == "picture" and p.width < MEDIUM for p in part.parts):
        narrow = ()
    return Node("div", around(boxes), tuple(children), "columns", css, narrow)


def column(
    flow: Maker, part: Part, box: Box, end: int, frame: Frame, *, is_last: bool
) -> tuple[Node, float]:
    """Return one of several columns, and how wide it is."""
    if is_natural(flow, part, frame) and part.kind != "text":
        inner = replace(frame, x0=box[0], x1=box[2])
        return flow.node(part, inner).styled(flex="none"), box[2] - box[0]
    # Up to where the next begins, text that is set a little wider has room.
    x1 = box[2] if part.kind == "box" else max(box[2], min(needed(part, flow.sheet)[2], end))
    aside = is_aside(part, frame) and "aside" not in frame.within
    within = frame.within | {"aside"} if aside else frame.within
    within = within | {"menu"} if aside and is_menu_aside(part) else within
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
    return sum(1 for _ in texts(part)) >= ASIDE_TEXTS


def is_menu_aside(part: Part) -> bool:
    """Tell a bar along the left edge of the page that hardly says more than where to go."""
    said = list(texts(part))
    short = sum(map(is_short, said))
    # A person, and right below what they wrote: such pairs are no entries of a menu.
    paired = sum(is_pair(a, b) for a, b in pairwise(said))
    boxed = part.kind == "box" or all(p.kind == "box" for p in part.parts)
    few = paired <= PAIRED * len(said)
    return boxed and part.box[0] == 0 and short > MOSTLY * len(said) and few


def is_pair(above: Part, below: Part) -> bool:
    """Tell a text with a smaller one close below."""
    gap = below.box[1] - above.box[3]
    smaller = below.look.size < SMALLER * above.look.size
    return smaller and 0 <= gap < CLOSE * above.look.size and above.box[0] < below.box[2]


def is_even(boxes: Sequence[Box], part: Part) -> bool:
    """Tell whether things in a row are columns of equal width."""
    if len(boxes) <= 1 or any(p.kind in {"picture", "rule"} for p in part.parts):
        return False
    for ends in ([b[0] for b in boxes], [(b[0] + b[2]) / 2 for b in boxes]):
        steps = [b - a for a, b in pairwise(ends)]
        if max(steps) - min(steps) <= 2 * NEAR and len(boxes) > PAIR:
            return max(b[2] - b[0] for b in boxes) <= min(steps) + 1
    widths = [b[2] - b[0] for b in boxes]
    return len(boxes) == PAIR and max(widths) - min(widths) <= NEAR


def grid(flow: Maker, part: Part, frame: Frame) -> Node:
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
    narrow_count = 2 if count > PAIR + 1 and pitch - gap < NARROW_CELL else 1
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
    down = [min(b[1] for b in below) - max(b[3] for b in above) for above, below in pairwise(rows)]
    row_gap = max(0, round(median(down))) if down else round(gap)
    return px(row_gap) if abs(row_gap - gap) < 1 else f"{px(row_gap)} {px(round(gap))}"


def pitch_of(parts: Sequence[Part], boxes: Sequence[Box]) -> tuple[float, float, float]:
    """Return the step from one column of a grid to the next, the gap, and where they begin."""
    count = len(boxes)
    if count == 1:
        return boxes[0][2] - boxes[0][0], 0.0, boxes[0][0]
    lefts = [b[0] for b in boxes]
    middles = [(b[0] + b[2]) / 2 for b in boxes]
    steps = [b - a for a, b in pairwise(lefts)]
    gap = float(min(b[0] - a[2] for a, b in pairwise(boxes)))
    if max(steps) - min(steps) <= 2 * NEAR:
        pitch = (lefts[-1] - lefts[0]) / (count - 1)
        boxed = all(p.kind == "box" for p in parts)
        return pitch, gap if boxed else min(gap, float(WIDEST_GAP)), float(lefts[0])
    pitch = (middles[-1] - middles[0]) / (count - 1)
    gap = min(gap, float(COLUMN_GAP))
    return pitch, gap, middles[0] - (pitch - gap) / 2
