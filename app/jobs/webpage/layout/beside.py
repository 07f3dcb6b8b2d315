"""How things stand beside each other in a row."""

from collections.abc import Sequence
from itertools import pairwise

from app.jobs.webpage.layout import controls
from app.jobs.webpage.layout.frame import NEAR, Frame
from app.jobs.webpage.layout.maker import Maker
from app.jobs.webpage.layout.parts import Part, around
from app.jobs.webpage.layout.sheet import px
from app.jobs.webpage.layout.writing import before
from app.jobs.webpage.page import Box, Node

SPREAD = 2.2  # times the other gaps, a gap parts two groups of a row
SPREAD_GAP = 60  # pixels, at least
WIDE_GAPS = 2  # in a row; with more it is not parted into groups


def is_natural(flow: Maker, part: Part, frame: Frame) -> bool:
    """Tell whether a part is as wide as what is in it."""
    if part.kind == "text":
        return len(part.lines) == 1
    if part.kind == "box":
        control = controls.control(part, frame, flow.roles)
        return control is not None
    if part.kind == "row":
        return all(is_natural(flow, p, frame) for p in part.parts)
    return part.kind == "picture"


def as_row(parts: Sequence[Part]) -> Part:
    """Return parts beside each other as one."""
    return (
        parts[0] if len(parts) == 1 else Part("row", around([p.box for p in parts]), tuple(parts))
    )


def spread(parts: Sequence[Part], boxes: Sequence[Box]) -> list[list[Part]]:
    """Part what stands in a row where gaps are much wider than the others."""
    gaps = [b[0] - a[2] for a, b in pairwise(boxes)]
    if max(gaps) < SPREAD_GAP:
        return [list(parts)]
    narrow = [gap for gap in gaps if gap * SPREAD < max(gaps)]
    if len(gaps) > 1 and len(gaps) - len(narrow) > WIDE_GAPS:
        return [list(parts)]
    groups: list[list[Part]] = [[parts[0]]]
    for part, gap in zip(parts[1:], gaps, strict=True):
        if gap in narrow:
            groups[-1].append(part)
        else:
            groups.append([part])
    if len(groups) - 1 > 1:
        # Three groups are spread evenly, or a browser would not put them there.
        wide = [gap for gap in gaps if gap not in narrow]
        if max(wide) - min(wide) > 2 * NEAR:
            cut = gaps.index(max(gaps)) + 1
            return [list(parts[:cut]), list(parts[cut:])]
    return groups


def even_gap(boxes: Sequence[Box]) -> int:
    """Return the gap between things in a row; the smallest, where gaps differ."""
    gaps = [b[0] - a[2] for a, b in pairwise(boxes)]
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
