"""The steps of a repair: from what is off in a rendering to what to change in the page. Pure.

A change is given by element, as its place in document order, and property. Elements that look
alike are changed alike, by the median of what each would need: so they go on sharing one class.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.check.compare import Comparison, place
from app.jobs.webpage.check.matching import Pair
from app.jobs.webpage.check.render import Rendering
from app.jobs.webpage.check.sight import Sight, of_rendering
from app.jobs.webpage.page import Box, Css, Node, Page
from app.jobs.webpage.write import INLINE

Change = Mapping[int, Mapping[str, str | None]]  # by element, by property
Kind = tuple[str, Css, Css]  # elements of one share a class
CLOSE = 0.92  # likeness from which on two texts are the same one
SMALL = 0.01  # of a size; less is not worth a change
FAR = 0.3  # of a size; more is no error of measuring
CLOSER = 0.98  # of a size; what takes a line too many is often too wide by a hair
NUDGE = 1.5  # pixels; less is not worth a change
SHADE = 16.0  # levels of a channel
_HEX = re.compile("#[0-9a-f]{6}")
_PX = re.compile(r"(-?\d+(?:\.\d+)?)px")


@dataclass(frozen=True, slots=True)
class Tree:
    """The elements of a page by number, as a rendering counts them."""

    nodes: tuple[Node, ...]
    parents: tuple[int, ...]  # -1 for the body
    children: tuple[tuple[int, ...], ...]

    def size(self, at: int) -> float:
        """Return the size of an element's letters in pixels, its own or inherited; 0 if unknown."""
        while at >= 0:
            if size := _number(self.nodes[at], "font-size"):
                return size
            at = self.parents[at]
        return 0.0

    def is_mixed(self, at: int) -> bool:
        """Tell an element in which something has a colour of its own."""
        return any(
            self.nodes[child].value("color") or self.is_mixed(child) for child in self.children[at]
        )

    def coloured(self, at: int) -> int | None:
        """Return the element, or the nearest around it, that says in which colour letters are."""
        while at >= 0 and not _HEX.fullmatch(self.nodes[at].value("color")):
            at = self.parents[at]
        return at if at >= 0 else None


@dataclass(frozen=True, slots=True)
class Look:
    """A page laid beside its screenshot."""

    page: Page
    rendering: Rendering
    comparison: Comparison
    there: Sight  # the screenshot
    here: Sight  # the rendering
    tree: Tree

    def same(self) -> Iterator[tuple[Pair, int]]:
        """Yield the pairs of one element that says what the screenshot says, and that element."""
        for pair in self.comparison.pairs:
            if len(pair.here) == 1 and pair.alike >= CLOSE:
                yield pair, self.rendering.texts[pair.here[0]].node

    def boxes(self, pair: Pair) -> tuple[Box, Box]:
        """Return where a text stands in the screenshot, and where in the rendering."""
        return place(self.there, pair.there), place(self.here, pair.here)


def look_at(page: Page, rendering: Rendering, comparison: Comparison, there: Sight) -> Look:
    """Lay a page beside its screenshot."""
    return Look(page, rendering, comparison, there, of_rendering(rendering), tree_of(page.body))


def tree_of(body: Node) -> Tree:
    """Give the elements of a page numbers."""
    nodes: list[Node] = []
    parents: list[int] = []
    children: list[tuple[int, ...]] = []

    def add(node: Node, parent: int) -> int:
        at = len(nodes)
        nodes.append(node)
        parents.append(parent)
        children.append(())
        children[at] = tuple(add(child, at) for child in node.children if isinstance(child, Node))
        return at

    add(body, -1)
    return Tree(tuple(nodes), tuple(parents), tuple(children))


def rebuilt(page: Page, change: Change) -> Page:
    """Return the page with properties of its elements changed."""
    places = count()

    def rebuild(node: Node) -> Node:
        css = dict(node.css)
        for name, value in change.get(next(places), {}).items():
            css.pop(name, None) if value is None else css.update({name: value})
        children = tuple(c if isinstance(c, str) else rebuild(c) for c in node.children)
        return replace(node, children=children, css=tuple(css.items()))

    return replace(page, body=rebuild(page.body))


def sizes(look: Look) -> Change:
    """Give letters the size at which their line is as long as in the screenshot."""
    needed: dict[int, list[float]] = defaultdict(list)
    for pair, node in look.same():
        if len(pair.there) > 1 or len(look.rendering.texts[pair.here[0]].lines) > 1:
            continue
        one, other = look.boxes(pair)
        wide, high = _ratio(one, other, 0), _ratio(one, other, 1)
        # Another size changes both; where only one is off, the typeface is another.
        if abs(wide - high) < FAR / 2:
            needed[node].append(wide)
    return {
        at: {"font-size": _px(size * ratio)}
        for at, ratio in _alike(needed, look.tree).items()
        if SMALL < abs(ratio - 1) < FAR and (size := look.tree.size(at))
    }


def wraps(look: Look) -> Change:
    """Keep text on as many lines as in the screenshot."""
    change: dict[int, Mapping[str, str | None]] = {}
    for pair, node in look.same():
        lines = len(look.rendering.texts[pair.here[0]].lines)
        rows = _rows([look.there.said[i].box for i in pair.there])
        if lines > rows and (size := look.tree.size(node)):
            change[node] = {"font-size": _px(size * CLOSER)}
    return change


def colours(look: Look) -> Change:
    """Give letters the colour that makes them look as in the screenshot."""
    needed: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    for pair, node in look.same():
        several = look.there.colours[list(pair.there)]
        if np.ptp(several, axis=0).max() > SHADE or look.tree.is_mixed(node):
            continue  # a link among words, a price and its unit: no one colour is right
        # The edges of letters are mixed with what is behind them, on both sides alike.
        needed[node].append(several.mean(axis=0) - look.here.colours[list(pair.here)].mean(axis=0))
    change: dict[int, Mapping[str, str | None]] = {}
    for at, off in needed.items():
        holder = look.tree.coloured(at)
        if holder is None or np.abs(off[0]).max() <= SHADE:
            continue
        now = _levels(look.tree.nodes[holder].value("color"))
        r, g, b = (round(float(v)) for v in np.clip(now + off[0], 0, 255))
        change[at] = {"color": f"#{r:02x}{g:02x}{b:02x}"}
    return change


def across(look: Look) -> Change:
    """Move what stands left of its place, or right of it, without leaving its container."""
    needed: dict[int, list[float]] = defaultdict(list)
    for pair, node in look.same():
        one, other = look.boxes(pair)
        needed[node].append(float(one[0] - other[0]))
    change: dict[int, Mapping[str, str | None]] = {}
    for at, off in _alike(needed, look.tree).items():
        margin = _number(look.tree.nodes[at], "margin-left") + off
        if abs(off) > NUDGE and margin >= 0:
            change[at] = {"margin-left": _px(margin)}
    return change


def down(look: Look) -> Change:
    """Move what stands above its place, or below it, and with it all that follows."""
    off: dict[int, float] = {}
    for pair, node in look.same():
        one, other = look.boxes(pair)
        off.setdefault(node, float(one[1] - other[1]))
    change: dict[int, Mapping[str, str | None]] = {}
    _settle(look, 0, 0.0, off, change)
    return change


def _settle(
    look: Look,
    at: int,
    moved: float,
    off: Mapping[int, float],
    change: dict[int, Mapping[str, str | None]],
) -> float:
    """Move the parts of an element that is itself ``moved``; return how far its end then is."""
    parts, end = look.tree.children[at], moved
    is_row = _is_row([look.rendering.boxes[part] for part in parts])
    for part in parts:
        node = look.tree.nodes[part]
        start = moved if is_row else end
        wanted = _first(look.tree, part, off)
        if wanted is not None and abs(wanted - start) > NUDGE and node.tag not in INLINE:
            margin = max(0.0, _number(node, "margin-top") + wanted - start)
            start += margin - _number(node, "margin-top")
            change[part] = {"margin-top": _px(margin)}
        bottom = _settle(look, part, start, off, change)
        end = max(end, bottom) if is_row else bottom
    return end


def _first(tree: Tree, at: int, off: Mapping[int, float]) -> float | None:
    """Return how far the first text in an element is off."""
    if at in off:
        return off[at]
    found = (_first(tree, child, off) for child in tree.children[at])
    return next((each for each in found if each is not None), None)


def _is_row(boxes: Sequence[Box]) -> bool:
    """Tell parts that stand side by side."""
    seen = [box for box in boxes if box[3] > box[1] and box[2] > box[0]]
    return any(
        min(one[3], other[3]) - max(one[1], other[1]) > 0 and other[0] >= one[2] - 1
        for one, other in pairwise(seen)
    )


def _alike(needed: Mapping[int, Sequence[float]], tree: Tree) -> dict[int, float]:
    """Return what each element needs: the median of those that look like it."""
    kinds: dict[Kind, list[int]] = defaultdict(list)
    for at in needed:
        kinds[_kind(tree.nodes[at])].append(at)
    return {
        at: median(value for each in like for value in needed[each])
        for like in kinds.values()
        for at in like
    }


def _kind(node: Node) -> Kind:
    return node.name, node.css, node.narrow


def _ratio(one: Box, other: Box, axis: int) -> float:
    """Return how many times as wide, or high, one box is as the other."""
    return (one[axis + 2] - one[axis]) / max(1, other[axis + 2] - other[axis])


def _rows(boxes: Sequence[Box]) -> int:
    """Count the rows that lines stand in."""
    rows = 0
    bottom = -1
    for _, y0, _, y1 in sorted(boxes, key=lambda box: box[1]):
        if (y0 + y1) / 2 > bottom:
            rows, bottom = rows + 1, y1
    return rows


def _number(node: Node, prop: str) -> float:
    found = _PX.fullmatch(node.value(prop))
    return float(found[1]) if found else 0.0


def _levels(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)


def _px(value: float) -> str:
    return f"{round(value, 1):g}px"
