"""Parts into elements that flow: columns, rows and grids, with measured room between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.jobs.webpage.layout import controls
from app.jobs.webpage.layout.forms import fields_under_rules, is_label, labelled
from app.jobs.webpage.layout.frame import (
    GUESS,
    NEAR,
    PHONE_PADDING,
    WIDE_PADDING,
    Frame,
    align_of,
    extent_of,
    inner_box,
    is_in_middle,
    needed,
    padding_css,
    surface_css,
)
from app.jobs.webpage.layout.landmarks import Landmarks, is_head
from app.jobs.webpage.layout.listing import groups_of, list_node
from app.jobs.webpage.layout.lists import is_list_title
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.roles import Roles
from app.jobs.webpage.layout.rows import is_one_menu, row_node
from app.jobs.webpage.layout.sheet import Sheet, px
from app.jobs.webpage.layout.tables import table_node
from app.jobs.webpage.layout.writing import before, placed_text, shifted
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.page import Box, Css, Node

ICON = 64  # pixels; a picture whose shorter side is not longer is an icon
CENTRED_PADDING = 24  # pixels beside texts and menus in the middle of a surface


@dataclass(frozen=True, slots=True)
class Flow:
    """Makes elements of parts."""

    roles: Roles
    page_width: int

    @property
    def sheet(self) -> Sheet:
        """The usual look of the page."""
        return self.roles.sheet

    def stack(self, parts: Sequence[Part], frame: Frame, top: int) -> tuple[Node, ...]:
        """Return parts below each other, the first ``top`` down."""
        nodes: list[Node] = []
        groups = groups_of(fields_under_rules(parts, frame.ground), frame)
        outer = frame
        for number, group in enumerate(groups):
            frame = outer
            if nodes and nodes[-1].name == "label":
                frame = replace(outer, within=outer.within | {"labelled"})
            box = around([extent_of(part, self.sheet) for part in group])
            after = groups[number + 1][0] if number + 1 < len(groups) else None
            if len(group) > 1:
                node = list_node(self, group, frame)
            elif after and is_label(group[0], after, frame, self.roles):
                node = labelled(self.node(group[0], frame))
            elif after and len(groups[number + 1]) > 1 and is_list_title(group[0]):
                node = self._list_title(group[0], frame)
            else:
                node = self.node(group[0], frame)
            if abs(box[1] - top) >= 1:
                node = before(node, "margin-top", px(box[1] - top))
            nodes.append(node)
            top = box[3]
        return tuple(nodes)

    def page(self, whole: Part, marks: Landmarks) -> Node:
        """Return the body of a page, its look on the outside left out."""
        parts = (*marks.head, *marks.main, *marks.foot)
        box = whole.box
        if not parts:
            return Node("body", box)
        align = align_of(parts, box[0], box[2], self.sheet)
        sides = self._room(parts, box, centred=align == "center")
        css, narrow = self._padding(whole, sides)
        top, right, _, left = (max(0, side) for side in sides)
        frame = Frame(left, box[2] - right, self.sheet.look, align, whole.surface)
        css = (*css, ("text-align", align)) if align != "left" else css
        children: list[Node] = []
        for tag, group in (("header", marks.head), ("main", marks.main), ("footer", marks.foot)):
            if group:
                inner = replace(frame, within=frozenset({tag}))
                children.append(landmark(tag, self.stack(group, inner, top), group))
                top = extent_of(group[-1], self.sheet)[3]
        return Node("body", box, tuple(children), "", css, narrow)

    def node(self, part: Part, frame: Frame) -> Node:
        """Return a part as an element, placed in a column."""
        match part.kind:
            case "text":
                node = placed_text(self, part, frame)
            case "picture":
                node = self.aligned(picture(part), part.box, frame)
            case "rule":
                node = self._rule(part, frame)
            case "box":
                node = self._placed_box(part, frame)
            case "overlay":
                node = self.aligned(self._overlay(part, frame), part.box, frame)
            case "column":
                node = self._column(part, frame)
            case "table":
                table = table_node(part, frame, self.sheet, self._cell)
                node = self.aligned(table, part.box, frame, stretch=True)
            case "row" | "grid":
                node = row_node(self, part, frame)
        return node

    def aligned(self, node: Node, box: Box, frame: Frame, *, stretch: bool = False) -> Node:
        """Return a node of a given width where it stands between the ends of its frame."""
        if stretch and box[0] - frame.x0 <= NEAR and frame.x1 - box[2] <= NEAR:
            return node
        if is_in_middle(box, frame.x0, frame.x1):
            return node.styled(margin_inline="auto")
        if frame.x1 - box[2] <= NEAR and box[0] - frame.x0 > NEAR:
            return node.styled(margin_left="auto")
        return shifted(node, box[0] - frame.x0) if box[0] - frame.x0 > NEAR else node

    def box(self, part: Part, frame: Frame) -> Node:
        """Return a surface with what stands on it, without its place."""
        surface = part.surface
        assert surface
        css = surface_css(surface)
        parts = part.parts[0].parts if part.parts and part.parts[0].kind == "column" else part.parts
        name = controls.name_of_box(part, frame, self.page_width)
        if not parts:
            return Node("div", part.box, (), name, (*css, ("height", px(part.height))))
        inner = inner_box(part.box, surface)
        align = align_of(tuple(parts), inner[0], inner[2], self.sheet)
        sides = self._room(parts, inner, centred=align == "center")
        padding, narrow = self._padding(part, sides)
        css = (*css, *padding)
        if align != frame.align:
            css = (*css, ("text-align", align))
        top, right, _, left = (max(0, side) for side in sides)
        seen = surface if surface.paint != "none" else frame.surface
        inside = replace(
            frame, x0=inner[0] + left, x1=inner[2] - right, align=align, surface=seen,
            within=frame.within | ({"card"} if part.width < self.page_width else set()),
        )  # fmt: skip
        start = inner[1] + top
        if self._has_head(part, parts, frame):
            head = self.stack(parts[:1], replace(inside, within=frozenset({"header"})), start)
            rest = self.stack(parts[1:], inside, extent_of(parts[0], self.sheet)[3])
            children = (landmark("header", head, parts[:1]), *rest)
        else:
            children = self.stack(parts, inside, start)
        return Node("div", part.box, children, name, css, narrow)

    def _has_head(self, part: Part, parts: Sequence[Part], frame: Frame) -> bool:
        """Tell whether a band at the top of a page begins with the page's head."""
        first = part.box[1] == 0 and part.width >= self.page_width and "header" not in frame.within
        return first and len(parts) > 1 and is_head(parts[0], self.sheet)

    def _room(
        self, parts: Sequence[Part], inner: Box, *, centred: bool
    ) -> tuple[int, int, int, int]:
        """Return the room around what stands on a surface: top, right, bottom, left."""
        content = around([needed(p, self.sheet) for p in parts])
        flow = around([extent_of(p, self.sheet) for p in parts])
        left, right = content[0] - inner[0], inner[2] - content[2]
        if centred or right > left:
            # Lines of text rarely reach as far to the right as they may.
            left = right = max(0, min(left, right))
        if centred and all(is_as_wide_as_its_letters(p) for p in parts):
            left = right = min(left, CENTRED_PADDING)
        return flow[1] - inner[1], right, inner[3] - flow[3], left

    def _padding(self, part: Part, sides: tuple[int, int, int, int]) -> tuple[Css, Css]:
        """Return the padding of a surface, and on a narrow screen."""
        top, right, bottom, left = (max(0, side) for side in sides)
        band = part.width >= self.page_width
        if band and min(left, right) >= WIDE_PADDING and abs(left - right) <= GUESS:
            half = (part.width - left - right) / 2
            side = f"max({PHONE_PADDING}px, calc(50% - {px(half)}))"
            below = "" if top == bottom else f" {px(bottom)}"
            return (("padding", f"{px(top)} {side}{below}"),), ()
        if not any((top, right, bottom, left)):
            return (), ()
        css = (("padding", padding_css(top, right, bottom, left)),)
        wide = max(left, right) > PHONE_PADDING
        return css, (("padding-inline", f"{PHONE_PADDING}px"),) if wide else ()

    def _list_title(self, part: Part, frame: Frame) -> Node:
        """Return a bold text above a list as its heading, however small."""
        node = self.node(part, frame)
        level = min(6, max(2, len(self.roles.levels) + 1))
        name = "list-title" if node.css else ""
        return replace(node, tag=f"h{level}", name=name) if node.tag == "p" else node

    def _column(self, part: Part, frame: Frame) -> Node:
        box = extent_of(part, self.sheet)
        align = align_of(part.parts, frame.x0, frame.x1, self.sheet)
        css: Css = (("text-align", align),) if align != frame.align else ()
        children = self.stack(part.parts, replace(frame, align=align), box[1])
        return Node("div", box, children, "column", css)

    def _placed_box(self, part: Part, frame: Frame) -> Node:
        control = controls.control(part, frame, self.roles)
        if control:
            return self.aligned(control, part.box, frame, stretch=True)
        node = self.box(part, frame)
        if part.box[0] - frame.x0 > NEAR or frame.x1 - part.box[2] > NEAR:
            node = node.styled(width=px(part.width), max_width="100%")
        return self.aligned(node, part.box, frame, stretch=True)

    def _rule(self, part: Part, frame: Frame) -> Node:
        if part.width <= part.height:
            css: Css = (("width", px(part.width)), ("height", px(part.height)))
            return Node("div", part.box, (), "divider", (*css, ("background", hex_of(part.colour))))
        line = f"{part.height}px solid {hex_of(part.colour)}"
        node = Node("hr", part.box, (), "rule", (("border-top", line),))
        if part.box[0] - frame.x0 > NEAR or frame.x1 - part.box[2] > NEAR:
            node = node.styled(width=px(part.width), max_width="100%")
        return self.aligned(node, part.box, frame, stretch=True)

    def _overlay(self, part: Part, frame: Frame) -> Node:
        """Return parts that stand on a picture: both in one cell of a grid."""
        below, top = part.parts
        base = picture(below) if below.kind == "picture" else self.box(below, frame)
        box = extent_of(top, self.sheet)
        inner = replace(
            frame, x0=box[0], x1=box[2], surface=None, within=frame.within | {"overlay"}
        )
        left, right = box[0] - part.box[0], part.box[2] - box[2]
        place: dict[str, str | None] = {"grid_area": "1 / 1", "align_self": "start"}
        if abs(left - right) <= 2 * NEAR:
            place["justify_self"] = "center"
        elif right < left:
            place |= {"justify_self": "end", "margin_right": px(right)}
        else:
            place |= {"justify_self": "start", "margin_left": px(left)}
        place["margin_top"] = px(box[1] - part.box[1])
        children = (base.styled(grid_area="1 / 1"), self.node(top, inner).styled(**place))
        return Node("div", part.box, children, "overlay", (("display", "grid"),))

    def _cell(self, part: Part, frame: Frame) -> Node:
        """Return what stands in a cell of a table, but for text."""
        return self.node(part, replace(frame, x0=part.box[0], x1=part.box[2]))


def landmark(tag: str, nodes: Sequence[Node], parts: Sequence[Part]) -> Node:
    """Return elements as one landmark of the page."""
    names = {"header": "site-header", "footer": "site-footer", "main": "main"}
    alone = tag == "main" and any(node.name == "card" for node in nodes)
    if len(nodes) == 1 and nodes[0].tag == "div" and not alone:
        only = nodes[0]
        named = names[tag] if only.css or only.narrow else ""
        if tag == "main" and any(isinstance(c, Node) and c.tag == "aside" for c in only.children):
            return beside_aside(only)
        return replace(only, tag=tag, name=named)
    if tag == "main":
        # Bands of the page are its sections.
        nodes = [replace(n, tag="section") if n.name == "band" else n for n in nodes]
    return Node(tag, around([part.box for part in parts]), tuple(nodes), names[tag])


def beside_aside(row: Node) -> Node:
    """Return a row with the page's main part beside what stands aside."""
    others = [c for c in row.children if isinstance(c, Node) and c.tag != "aside"]
    if len(others) != 1 or others[0].tag != "div":
        return replace(row, tag="main")
    children = tuple(
        replace(c, tag="main") if c is others[0] and isinstance(c, Node) else c
        for c in row.children
    )
    return replace(row, children=children)


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
    return Node("img", part.box, (), "picture" if short > ICON else "icon", tuple(css), attrs=attrs)


def is_as_wide_as_its_letters(part: Part) -> bool:
    """Tell whether another font makes a part wider: it must have the room, or breaks its line."""
    return part.kind == "text" or (part.kind == "row" and is_one_menu(part.parts))
