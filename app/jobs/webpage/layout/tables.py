"""Tables as elements."""

from collections.abc import Callable, Sequence

from app.jobs.webpage.layout.frame import Frame, padding_css, surface_css
from app.jobs.webpage.layout.inline import content_of
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.sheet import Sheet, flow_box, px, text_css
from app.jobs.webpage.measure.flat import hex_of
from app.jobs.webpage.measure.surfaces import Border
from app.jobs.webpage.page import Css, Node

FITTING = 2  # columns that fit on a phone
NEAR = 3  # pixels; what is as near is meant to be there
LEAST = 560  # pixels; a narrower table can be scrolled on a phone

Child = Callable[[Part, Frame], Node]


def table_node(part: Part, frame: Frame, sheet: Sheet, child: Child) -> Node:
    """Return a table; ``child`` makes elements of what is not text in its cells."""
    starts, padding = columns_of(part)
    aligns = [align_of([row[i + 1] for row in part.rows]) for i in range(part.columns)]
    head = 1 if has_head(part) else 0
    rows = [
        row_node(part, i, starts, padding, aligns, frame, sheet, child, is_head=i < head)
        for i in range(len(part.rows))
    ]
    body_box = (part.box[0], part.rows[min(head, len(rows) - 1)][0].box[1], *part.box[2:])
    body = Node("tbody", body_box, tuple(rows[head:]))
    inner = (Node("thead", part.rows[0][0].box, tuple(rows[:head])), body) if head else (body,)
    css: Css = (("width", "100%"), ("table-layout", "fixed"), ("text-align", "left"))
    narrow: Css = (("min-width", f"{LEAST}px"),) if part.columns > FITTING else ()
    table = Node("table", part.box, inner, "table", css, narrow)
    full = part.box[0] - frame.x0 <= NEAR and frame.x1 - part.box[2] <= NEAR
    wrap: Css = (("overflow-x", "auto"),)
    if not full:
        wrap = (("max-width", px(part.width)), *wrap)
    return Node("div", part.box, (table,), "table-wrap", wrap)


def columns_of(part: Part) -> tuple[list[int], int]:
    """Return where each column begins, the end of the last, and the padding of cells."""
    cells = [[row[i + 1] for row in part.rows if row[i + 1].text] for i in range(part.columns)]
    lefts = [min((c.box[0] for c in column), default=part.box[0]) for column in cells]
    rights = [max((c.box[2] for c in column), default=part.box[0]) for column in cells]
    padding = max(0, min(lefts[0] - part.box[0], 32))
    starts = [part.box[0]]
    for i in range(1, part.columns):
        left = align_of([row[i + 1] for row in part.rows]) == "left"
        at = lefts[i] - padding if left else (rights[i - 1] + lefts[i]) // 2
        starts.append(max(at, starts[-1] + 1))
    return [*starts, part.box[2]], padding


def align_of(cells: Sequence[Part]) -> str:
    """Return how the texts of a column are aligned."""
    said = [c for c in cells if c.text]
    if len(said) <= 1:
        return "left"
    spread: dict[str, list[float]] = {
        "left": [c.box[0] for c in said],
        "right": [c.box[2] for c in said],
        "center": [(c.box[0] + c.box[2]) / 2 for c in said],
    }
    return min(spread, key=lambda way: max(spread[way]) - min(spread[way]))


def has_head(part: Part) -> bool:
    """Tell whether the first row of a table is its head."""
    first, second = part.rows[0], part.rows[1]
    one, two = first[0].surface, second[0].surface
    if one and (two is None or one.colour != two.colour):
        return True
    bold = [all(line.look.bold for line in c.lines) for c in first[1:] if c.lines]
    later = [line.look.bold for row in part.rows[1:] for c in row[2:] for line in c.lines]
    return bool(bold) and all(bold) and not all(later)


def row_node(
    part: Part,
    number: int,
    starts: Sequence[int],
    padding: int,
    aligns: Sequence[str],
    frame: Frame,
    sheet: Sheet,
    child: Child,
    *,
    is_head: bool,
) -> Node:
    """Return one row."""
    row = part.rows[number]
    band = row[0]
    css = surface_css(band.surface) if band.surface else ()
    css = tuple(pair for pair in css if pair[0] != "border-radius")
    line = line_below(part, band)
    if line.width and not any(key.startswith("border") for key, _ in css):
        css = (*css, ("border-bottom", f"{line.width}px solid {hex_of(line.colour)}"))
    cells = []
    for i, cell in enumerate(row[1:]):
        box = (starts[i], band.box[1], starts[i + 1], band.box[3])
        cells.append(cell_node(cell, box, padding, aligns[i], frame, sheet, child, is_head=is_head))
    if number == 0:
        cells = [
            cell.styled(width=px(starts[i + 1] - starts[i])) if i + 1 < part.columns else cell
            for i, cell in enumerate(cells)
        ]
    return Node("tr", band.box, tuple(cells), "head-row" if is_head else "table-row", css)


def line_below(part: Part, band: Part) -> Border:
    """Return the rule below a row."""
    for rule in part.parts:
        if abs(rule.box[1] - band.box[3]) <= NEAR:
            return Border(rule.height, rule.colour)
    return Border(0)


def cell_node(
    cell: Part,
    box: tuple[int, int, int, int],
    padding: int,
    align: str,
    frame: Frame,
    sheet: Sheet,
    child: Child,
    *,
    is_head: bool,
) -> Node:
    """Return one cell."""
    tag, name = ("th", "head-cell") if is_head else ("td", "cell")
    if cell.kind == "text":
        _, y0, _, y1 = flow_box(cell, sheet)
        look = cell.look
        css: Css = text_css(look, frame.look, sheet, sheet.line_height(cell.lines))
        children = content_of(cell, look, frame)
    else:
        y0, y1 = cell.box[1], cell.box[3]
        css = ()
        children = (child(cell, frame),) if cell.parts or cell.kind != "column" else ()
    above = max(0, round((y0 - box[1] + box[3] - y1) / 2)) if cell.text or children else 8
    css = (("padding", padding_css(above, padding, above, padding)), *css)
    if align != "left":
        css = (*css, ("text-align", align))
    return Node(tag, box, children, name, css)
