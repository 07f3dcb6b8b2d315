"""Parts into elements that flow: columns, rows and grids, with measured room between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from app.jobs.webpage.layout import controls
from app.jobs.webpage.layout.frame import (
    GUESS,
    NEAR,
    PHONE_PADDING,
    WIDE_PADDING,
    Align,
    Frame,
    align_of,
    extent_of,
    inner_box,
    is_centred_text,
    is_in_middle,
    needed,
    padding_css,
    surface_css,
)
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.roles import Roles, has_bullet, is_link, is_list, is_menu, is_short
from app.jobs.webpage.layout.sheet import Sheet, px, room, text_css
from app.jobs.webpage.layout.tables import table_node
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.page import Box, Css, Node

SPREAD = 3.0  # times the other gaps, a gap parts two groups of a row
SPREAD_GAP = 60  # pixels, at least
COLUMN_GAP = 24  # pixels between columns that stand below each other on a narrow screen


@dataclass(frozen=True, slots=True)
class Flow:
    """Makes elements of parts."""

    roles: Roles
    page_width: int

    @property
    def sheet(self) -> Sheet:
        """The usual look of the page."""
        return self.roles.sheet

    # -- columns

    def stack(self, parts: Sequence[Part], frame: Frame, top: int) -> tuple[Node, ...]:
        """Return parts below each other, the first ``top`` down."""
        nodes: list[Node] = []
        for group in self._groups(parts, frame):
            box = around([extent_of(part, self.sheet) for part in group])
            node = self._list(group, frame) if len(group) > 1 else self.node(group[0], frame)
            if abs(box[1] - top) >= 1:
                node = before(node, "margin-top", px(box[1] - top))
            nodes.append(node)
            top = box[3]
        return tuple(nodes)

    def _groups(self, parts: Sequence[Part], frame: Frame) -> list[list[Part]]:
        """Put the entries of lists together; all else stays alone."""
        groups: list[list[Part]] = []
        i = 0
        while i < len(parts):
            end = i + 1
            for j in range(i + 2, len(parts) + 1):
                run = parts[i:j]
                if all(has_bullet(p) for p in run if p.kind == "text") and len(run) == 2:
                    pass
                if is_list(run) and not any(self.roles.heading(p) == 1 for p in run):
                    end = j
                elif len(run) > 2:
                    break
            groups.append(list(parts[i:end]))
            i = end
        return groups

    def node(self, part: Part, frame: Frame) -> Node:
        """Return a part as an element, placed in a column."""
        if part.kind == "text":
            return self._placed_text(part, frame)
        if part.kind == "picture":
            return self._aligned(picture(part), part.box, frame)
        if part.kind == "rule":
            return self._rule(part, frame)
        if part.kind == "box":
            return self._placed_box(part, frame)
        if part.kind == "overlay":
            return self._aligned(self._overlay(part, frame), part.box, frame)
        if part.kind == "column":
            return self._column(part, frame)
        if part.kind == "table":
            return self._table(part, frame)
        return self._row(part, frame)

    def _column(self, part: Part, frame: Frame) -> Node:
        box = extent_of(part, self.sheet)
        align = align_of(part.parts, frame.x0, frame.x1, self.sheet)
        inner = replace(frame, align=align)
        css: Css = (("text-align", align),) if align != frame.align else ()
        children = self.stack(part.parts, inner, box[1])
        return Node("div", box, children, "column", css)

    def _aligned(self, node: Node, box: Box, frame: Frame, *, stretch: bool = False) -> Node:
        """Return a node of a given width where it stands between the ends of its frame."""
        if stretch and box[0] - frame.x0 <= NEAR and frame.x1 - box[2] <= NEAR:
            return node
        if is_in_middle(box, frame.x0, frame.x1):
            return node.styled(margin_inline="auto")
        if frame.x1 - box[2] <= NEAR and box[0] - frame.x0 > NEAR:
            return node.styled(margin_left="auto")
        if box[0] - frame.x0 > NEAR:
            return replace(
                node.styled(margin_left=px(box[0] - frame.x0)),
                narrow=(*node.narrow, ("margin-left", "0")),
            )
        return node

    # -- text

    def _placed_text(self, part: Part, frame: Frame) -> Node:
        node = self.text(part, frame)
        box = extent_of(part, self.sheet)
        align = self._align_text(part, box, frame)
        if align != frame.align:
            node = node.styled(text_align=align)
        offset = box[0] - frame.x0
        if align == "left" and offset > NEAR:
            node = replace(
                node.styled(margin_left=px(offset)), narrow=(*node.narrow, ("margin-left", "0"))
            )
        need, limit = room(part)
        space = frame.width - (max(0, offset) if align == "left" else 0)
        if len(part.lines) > 1 and limit < space:
            node = node.styled(max_width=px(round((need + min(limit, need * 1.06)) / 2)))
            if align == "center":
                node = node.styled(margin_inline="auto")
        return node

    def _align_text(self, part: Part, box: Box, frame: Frame) -> Align:
        if len(part.lines) > 1:
            return "center" if is_centred_text(part) else "left"
        if frame.align == "center" and is_in_middle(box, frame.x0, frame.x1):
            return "center"
        if box[0] - frame.x0 <= NEAR:
            return "left"
        if is_in_middle(box, frame.x0, frame.x1):
            return "center"
        return "right" if abs(frame.x1 - box[2]) <= NEAR else "left"

    def text(self, part: Part, frame: Frame) -> Node:
        """Return a text as a heading, a paragraph or a link, without its place."""
        look = part.look
        box = extent_of(part, self.sheet)
        height = self.sheet.line_height(part.lines)
        mixed = len({run.look.size for line in part.lines for run in line.runs}) > 1
        css = text_css(look, frame.look, self.sheet, height, mixed=mixed)
        level = self.roles.heading(part)
        whole = all(run.look == look for line in part.lines for run in line.runs)
        if whole and is_link(look, frame.look) and not level and len(part.lines) < 3:
            css = (*css, ("text-decoration", "underline")) if look.underline else css
            link = Node("a", box, (part.text,), "link", css, attrs=(("href", "#"),))
            return Node("p", box, (link,))
        tag = f"h{level}" if level else "p"
        if look.bold and not level and "font-weight" not in dict(css):
            css = (*css, ("font-weight", "700"))
        name = controls.name_of_text(part, level, frame.within)
        return Node(tag, box, content_of(part, look, self.sheet), name, css)

    # -- boxes

    def _placed_box(self, part: Part, frame: Frame) -> Node:
        assert part.surface
        control = controls.control(part, frame, self.roles)
        if control:
            return self._aligned(control, part.box, frame, stretch=True)
        node = self.box(part, frame)
        full = part.box[0] - frame.x0 <= NEAR and frame.x1 - part.box[2] <= NEAR
        if not full:
            node = node.styled(width=px(part.width), max_width="100%")
        return self._aligned(node, part.box, frame, stretch=True)

    def box(self, part: Part, frame: Frame) -> Node:
        """Return a surface with what stands on it, without its place."""
        surface = part.surface
        assert surface
        css = surface_css(surface)
        inner = inner_box(part.box, surface)
        parts = part.parts[0].parts if part.parts and part.parts[0].kind == "column" else part.parts
        name = controls.name_of_box(part, frame, self.page_width)
        if not parts:
            return Node("div", part.box, (), name, (*css, ("height", px(part.height))))
        content = around([needed(p, self.sheet) for p in parts])
        flow = around([extent_of(p, self.sheet) for p in parts])
        align = align_of(tuple(parts), inner[0], inner[2], self.sheet)
        left, right = content[0] - inner[0], inner[2] - content[2]
        if align == "center" or right > left:
            left = right = max(0, min(left, right))
        top, bottom = flow[1] - inner[1], inner[3] - flow[3]
        padding, narrow = self._padding(part, (top, right, bottom, left))
        css = (*css, *padding)
        if align != frame.align:
            css = (*css, ("text-align", align))
        look = replace(frame.look)
        within = frame.within | ({"card"} if part.width < self.page_width else set())
        inside = Frame(
            inner[0] + max(0, left), inner[2] - max(0, right), look, align, surface, within
        )
        children = self.stack(parts, inside, inner[1] + max(0, top))
        return Node("div", part.box, children, name, css, narrow)

    def _padding(self, part: Part, sides: tuple[int, int, int, int]) -> tuple[Css, Css]:
        """Return the padding of a surface, and on a narrow screen."""
        top, right, bottom, left = sides
        band = part.width >= self.page_width
        if band and min(left, right) >= WIDE_PADDING and abs(left - right) <= GUESS:
            half = (part.width - left - right) / 2
            side = f"max({PHONE_PADDING}px, calc(50% - {px(half)}))"
            bottom_css = "" if max(0, top) == max(0, bottom) else f" {px(max(0, bottom))}"
            return (("padding", f"{px(max(0, top))} {side}{bottom_css}"),), ()
        css = (("padding", padding_css(top, right, bottom, left)),) if any(
            side > 0 for side in sides
        ) else ()  # fmt: skip
        wide = max(left, right) > PHONE_PADDING
        narrow = (("padding-inline", f"{PHONE_PADDING}px"),) if wide else ()
        return css, narrow

    def _rule(self, part: Part, frame: Frame) -> Node:
        if part.width <= part.height:
            css = (("width", px(part.width)), ("height", px(part.height)))
            return Node("div", part.box, (), "divider", (*css, ("background", hex_of(part.colour))))
        css: Css = (("border-top", f"{part.height}px solid {hex_of(part.colour)}"),)
        node = Node("hr", part.box, (), "rule", css)
        if part.box[0] - frame.x0 > NEAR or frame.x1 - part.box[2] > NEAR:
            node = node.styled(width=px(part.width), max_width="100%")
        return self._aligned(node, part.box, frame, stretch=True)

    def _overlay(self, part: Part, frame: Frame) -> Node:
        """Return parts that stand on a picture: both in one cell of a grid."""
        below, top = part.parts
        base = picture(below) if below.kind == "picture" else self.box(below, frame)
        base = base.styled(grid_area="1 / 1")
        box = extent_of(top, self.sheet)
        inner = Frame(box[0], box[2], frame.look, frame.align, None, frame.within | {"overlay"})
        over = self.node(top, inner)
        left, right = box[0] - part.box[0], part.box[2] - box[2]
        css: dict[str, str] = {"grid_area": "1 / 1", "align_self": "start"}
        if abs(left - right) <= 2 * NEAR:
            css["justify_self"] = "center"
        elif right < left:
            css |= {"justify_self": "end", "margin_right": px(right)}
        else:
            css |= {"justify_self": "start", "margin_left": px(left)}
        css["margin_top"] = px(box[1] - part.box[1])
        over = over.styled(**css)
        return Node("div", part.box, (base, over), "overlay", (("display", "grid"),))

    # -- lists

    def _list(self, parts: Sequence[Part], frame: Frame) -> Node:
        """Return texts as the entries of a list."""
        box = around([extent_of(part, self.sheet) for part in parts])
        align: Align = self._align_text(parts[0], extent_of(parts[0], self.sheet), frame)
        inner = replace(frame, x0=box[0], align=align)
        marked = sum(map(has_bullet, parts)) * 2 > len(parts)
        entries = []
        top = box[1]
        for part in parts:
            place = extent_of(part, self.sheet)
            node = self._entry(part, inner)
            if place[1] - top >= 1:
                node = before(node, "margin-top", px(place[1] - top))
            top = place[3]
            entries.append(node)
        css: list[tuple[str, str]] = []
        if align != frame.align:
            css.append(("text-align", align))
        indent = box[0] - frame.x0
        if marked:
            css += [("padding-left", px(max(16, indent))), ("list-style", "disc")]
        elif align == "left" and indent > NEAR:
            css.append(("padding-left", px(indent)))
        return Node("ul", box, tuple(harmonised(entries)), "list", tuple(css))

    def _entry(self, part: Part, frame: Frame) -> Node:
        """Return a text as an entry of a list."""
        text = self.text(part, frame)
        if text.tag.startswith("h"):
            css = (*text.css, ("font-weight", "700")) if part.look.bold else text.css
            css = tuple(dict(css).items())
            return Node("li", text.box, text.children, "item", css)
        if len(text.children) == 1 and not isinstance(text.children[0], str) and not text.css:
            return Node("li", text.box, text.children, "")
        linked = frame.within & {"nav", "footer"} and is_short(part)
        if linked:
            link = Node("a", text.box, text.children, "item-link", text.css, attrs=(("href", "#"),))
            return Node("li", text.box, (link,), "")
        return Node("li", text.box, text.children, "item" if text.css else "", text.css)

    # -- rows

    def _row(self, part: Part, frame: Frame) -> Node:
        boxes = [extent_of(p, self.sheet) for p in part.parts]
        if is_menu(part.parts) and (len(part.parts) > 2 or frame.within & {"header", "footer"}):
            return self._placed_row(self._menu(part, frame), boxes, frame)
        groups = spread(part.parts, boxes)
        if len(groups) == 2 and all(self._natural(p, frame) for p in part.parts):
            return self._spread_row(part, groups, frame)
        if all(self._natural(p, frame) for p in part.parts):
            return self._placed_row(self._natural_row(part, frame), boxes, frame)
        return self._columns(part, frame)

    def _natural(self, part: Part, frame: Frame) -> bool:
        """Tell whether a part is as wide as what is in it."""
        if part.kind == "text":
            return len(part.lines) == 1
        if part.kind == "box":
            control = controls.control(part, frame, self.roles)
            return control is not None and control.name != "input"
        if part.kind == "row":
            return all(self._natural(p, frame) for p in part.parts)
        return part.kind == "picture"

    def _menu(self, part: Part, frame: Frame) -> Node:
        """Return short texts beside each other as a menu."""
        entries = []
        boxes = [extent_of(p, self.sheet) for p in part.parts]
        for entry in part.parts:
            text = self.text(entry, frame)
            css = text.css
            if text.tag == "p" and len(text.children) == 1 and isinstance(text.children[0], Node):
                css = text.children[0].css
            said = (entry.text,)
            link = Node("a", text.box, said, "nav-link", css, attrs=(("href", "#"),))
            entries.append(Node("li", text.box, (link,)))
        gap = even_gap(boxes)
        css = (("display", "flex"), ("flex-wrap", "wrap"), ("gap", f"8px {px(gap)}"))
        return Node("ul", around(boxes), tuple(entries), "menu", css)

    def _placed_row(self, node: Node, boxes: Sequence[Box], frame: Frame) -> Node:
        """Return a row of things as wide as they are, where it stands in its frame."""
        box = around(list(boxes))
        if is_in_middle(box, frame.x0, frame.x1):
            return node.styled(justify_content="center")
        if frame.x1 - box[2] <= NEAR and box[0] - frame.x0 > NEAR:
            return node.styled(justify_content="flex-end")
        if box[0] - frame.x0 > NEAR:
            return replace(
                node.styled(margin_left=px(box[0] - frame.x0)),
                narrow=(*node.narrow, ("margin-left", "0")),
            )
        return node

    def _natural_row(self, part: Part, frame: Frame) -> Node:
        boxes = [extent_of(p, self.sheet) for p in part.parts]
        children = [self._child(p, b, frame) for p, b in zip(part.parts, boxes, strict=True)]
        gap = even_gap(boxes)
        for i in range(1, len(children)):
            extra = boxes[i][0] - boxes[i - 1][2] - gap
            if extra > NEAR:
                children[i] = children[i].styled(margin_left=px(extra))
        align, children = vertical(children, boxes)
        css = (
            ("display", "flex"),
            ("flex-wrap", "wrap"),
            ("align-items", align),
            ("gap", px(gap)),
        )
        return Node("div", around(boxes), tuple(harmonised(children)), "row", css)

    def _child(self, part: Part, box: Box, frame: Frame) -> Node:
        """Return a part of a row, as if alone between its own ends."""
        need = needed(part, self.sheet)
        inner = replace(frame, x0=box[0], x1=max(box[2], need[2]))
        return self.node(part, inner)

    def _spread_row(self, part: Part, groups: Sequence[Sequence[Part]], frame: Frame) -> Node:
        """Return two groups at the two ends of a row."""
        sides = []
        for group in groups:
            side = group[0] if len(group) == 1 else Part(
                "row", around([p.box for p in group]), tuple(group)
            )  # fmt: skip
            box = extent_of(side, self.sheet)
            inner = replace(frame, x0=box[0], x1=box[2])
            sides.append(
                (self._row(side, inner) if side.kind == "row" else self.node(side, inner), box)
            )
        boxes = [box for _, box in sides]
        align, children = vertical([node for node, _ in sides], boxes)
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
        return Node("div", around(boxes), tuple(children), "bar", tuple(css))

    def _columns(self, part: Part, frame: Frame) -> Node:
        """Return parts beside each other, each of its own width."""
        boxes = [extent_of(p, self.sheet) for p in part.parts]
        if part.kind == "grid" or is_even(boxes, part):
            return self._grid(part, frame)
        wants = [needed(p, self.sheet) for p in part.parts]
        gap = min(b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False))
        gap = max(4, min(gap, 48))
        children: list[Node] = []
        for i, (p, box) in enumerate(zip(part.parts, boxes, strict=True)):
            # Up to where the next begins, text that is set a little wider has room.
            end = boxes[i + 1][0] - gap if i + 1 < len(boxes) else frame.x1
            fixed = self._natural(p, frame) and p.kind != "text"
            x1 = box[2] if fixed or p.kind == "box" else max(box[2], min(wants[i][2], end))
            inner = replace(frame, x0=box[0], x1=x1)
            node = self.node(p, inner)
            if fixed:
                node = node.styled(flex="none")
            else:
                last = i + 1 == len(boxes) and frame.x1 - box[2] <= 2 * NEAR
                node = node.styled(width=None, max_width=None)
                node = node.styled(
                    flex=f"{'1' if last else '0'} 1 {px(x1 - box[0])}", min_width="0"
                )
                node = replace(node, narrow=(*node.narrow, ("flex", "1 1 auto"), ("width", "100%")))
            before_x = boxes[i - 1][2] if i else frame.x0
            if i:
                previous = children[-1]
                used = reserved(previous, boxes[i - 1])
                before_x = boxes[i - 1][0] + used
            extra = box[0] - before_x - (gap if i else 0)
            if extra > NEAR:
                node = replace(
                    node.styled(margin_left=px(extra)), narrow=(*node.narrow, ("margin-left", "0"))
                )
            children.append(node)
        align, children = vertical(children, boxes)
        narrow_gap = min(COLUMN_GAP, max(gap, 16))
        css = (("display", "flex"), ("align-items", align), ("gap", px(gap)))
        narrow: Css = (("flex-direction", "column"), ("gap", px(narrow_gap)))
        if any(p.kind == "picture" and p.width < 120 for p in part.parts):
            narrow = ()
        return Node("div", around(boxes), tuple(children), "columns", css, narrow)

    def _grid(self, part: Part, frame: Frame) -> Node:
        """Return parts as the cells of a grid of equal columns."""
        boxes = [extent_of(p, self.sheet) for p in part.parts]
        count = part.columns or len(boxes)
        first = boxes[:count]
        pitch, gap, start = columns_of(part.parts[:count], first)
        width = pitch * count - gap
        cells = []
        rows = [boxes[i : i + count] for i in range(0, len(boxes), count)]
        for i, (p, box) in enumerate(zip(part.parts, boxes, strict=True)):
            x0 = round(start + (i % count) * pitch)
            inner = replace(frame, x0=x0, x1=round(x0 + pitch - gap))
            top = min(b[1] for b in rows[i // count])
            node = self.node(p, inner)
            if box[1] - top > NEAR:
                node = before(node, "margin-top", px(box[1] - top))
            cells.append(node)
        down = [
            min(b[1] for b in b2) - max(b[3] for b in b1)
            for b1, b2 in zip(rows, rows[1:], strict=False)
        ]
        row_gap = max(0, round(median(down))) if down else round(gap)
        gaps = px(row_gap) if abs(row_gap - gap) < 1 else f"{px(row_gap)} {px(round(gap))}"
        css = [
            ("display", "grid"),
            ("grid-template-columns", f"repeat({count}, minmax(0, 1fr))"),
            ("gap", gaps),
        ]
        heights = {b[3] - b[1] for b in first}
        if max(heights) - min(heights) > NEAR:
            css.append(("align-items", "start"))
        narrow: Css = (("grid-template-columns", "minmax(0, 1fr)"),)
        if count >= 4 and pitch - gap < 240:
            narrow = (("grid-template-columns", "repeat(2, minmax(0, 1fr))"),)
        node = Node("div", around(boxes), tuple(harmonised(cells)), "grid", tuple(css), narrow)
        box = (round(start), node.box[1], round(start + width), node.box[3])
        if box[0] - frame.x0 > NEAR or frame.x1 - box[2] > NEAR:
            node = node.styled(max_width=px(round(width)))
            node = self._aligned(node, box, frame, stretch=True)
        return node

    def _table(self, part: Part, frame: Frame) -> Node:
        def child(cell: Part, around_: Frame) -> Node:
            inner = replace(around_, x0=cell.box[0], x1=cell.box[2])
            return self.node(cell, inner)

        return self._aligned(table_node(part, frame, self.sheet, child), part.box, frame)


def reserved(node: Node, box: Box) -> float:
    """Return how wide a child of a row is: its basis, or its box."""
    basis = node.value("flex").split(" ")[-1]
    return float(basis[:-2]) if basis.endswith("px") else box[2] - box[0]


def picture(part: Part) -> Node:
    """Return a picture as an element that shows its part of the screenshot."""
    x0, y0, x1, y1 = part.box
    attrs = (
        ("src", f"crop-{x0}-{y0}-{x1}-{y1}.png"),
        ("width", str(x1 - x0)),
        ("height", str(y1 - y0)),
        ("alt", ""),
    )
    css: list[tuple[str, str]] = []
    short = min(part.width, part.height)
    if min(part.radii) >= 0.4 * short:
        css.append(("border-radius", "50%"))
    elif max(part.radii) > 1:
        css.append(("border-radius", f"{sorted(part.radii)[2]}px"))
    return Node("img", part.box, (), "picture" if short > 64 else "icon", tuple(css), attrs=attrs)


def before(node: Node, prop: str, value: str) -> Node:
    """Return a node with a property in front of its others."""
    css = tuple(pair for pair in node.css if pair[0] != prop)
    return replace(node, css=((prop, value), *css))


def spread(parts: Sequence[Part], boxes: Sequence[Box]) -> list[list[Part]]:
    """Part what stands in a row where one gap is much wider than the others."""
    gaps = [b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False)]
    widest = max(gaps)
    others = sorted(gaps)[:-1]
    if widest < SPREAD_GAP or (others and widest < SPREAD * max(1, others[-1])):
        return [list(parts)]
    cut = gaps.index(widest) + 1
    return [list(parts[:cut]), list(parts[cut:])]


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


def columns_of(parts: Sequence[Part], boxes: Sequence[Box]) -> tuple[float, float, float]:
    """Return the step from one column of a grid to the next, the gap, and where they begin."""
    count = len(boxes)
    if count == 1:
        return boxes[0][2] - boxes[0][0], 0.0, boxes[0][0]
    lefts = [b[0] for b in boxes]
    middles = [(b[0] + b[2]) / 2 for b in boxes]
    by_left = [b - a for a, b in zip(lefts, lefts[1:], strict=False)]
    by_middle = [b - a for a, b in zip(middles, middles[1:], strict=False)]
    gap = float(min(b[0] - a[2] for a, b in zip(boxes, boxes[1:], strict=False)))
    if max(by_left) - min(by_left) <= 2 * NEAR:
        pitch = (lefts[-1] - lefts[0]) / (count - 1)
        gap = min(gap, 48.0) if any(p.kind != "box" for p in parts) else gap
        return pitch, gap, float(lefts[0])
    pitch = (middles[-1] - middles[0]) / (count - 1) if max(by_middle) else 1.0
    gap = min(gap, 24.0)
    return pitch, gap, middles[0] - (pitch - gap) / 2


def harmonised(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes of one make with lengths that differ by a hair made alike."""
    if len(nodes) < 2 or len({shape(node) for node in nodes}) > 1:
        return list(nodes)
    props = [[dict(node.css) for node in nodes]][0]
    for key in props[0]:
        values = [p.get(key, "") for p in props]
        lengths = [float(v[:-2]) for v in values if v.endswith("px") and " " not in v]
        if len(lengths) == len(nodes) and max(lengths) - min(lengths) <= NEAR:
            for p in props:
                p[key] = px(median(lengths))
    children = [
        harmonised([c for c in group if isinstance(c, Node)])
        if all(isinstance(c, Node) for c in group)
        else list(group)
        for group in zip(*(node.children for node in nodes), strict=True)
    ]
    return [
        replace(
            node,
            css=tuple(props[i].items()),
            children=tuple(group[i] for group in children),
        )
        for i, node in enumerate(nodes)
    ]


def shape(node: Node) -> tuple[object, ...]:
    """Return of what elements a node is made, and what is said of their looks."""
    inner = tuple(shape(c) if isinstance(c, Node) else "" for c in node.children)
    return (node.tag, node.name, tuple(key for key, _ in node.css), inner)
