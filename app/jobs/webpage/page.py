"""A page as a tree of elements: what the layout analysis finds, and what is written as HTML.

A node is an element of the page to be: its tag, the name of what it is, what it says, how it looks
and where it stood in the screenshot. ``walk`` goes through a page in document order, which is the
order of ``querySelectorAll("body, body *")`` in a rendering of it: so what was measured there can
be laid beside ``Node.box``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels of the screenshot, ends excluded
Css = tuple[tuple[str, str], ...]  # property, value; each property once


@dataclass(frozen=True, slots=True)
class Node:
    """One element."""

    tag: str
    box: Box
    children: tuple["Node | str", ...] = ()  # text is plain, not yet escaped
    name: str = ""  # what it is, as a class name: "card-title"; "" for an element without style
    css: Css = ()
    narrow: Css = ()  # on a narrow screen, instead of or on top of ``css``
    attrs: tuple[tuple[str, str], ...] = ()  # plain, not yet escaped; no class, no style

    def value(self, prop: str) -> str:
        """Return the value of a property, "" if it has none."""
        return dict(self.css).get(prop, "")

    def styled(self, **values: str | None) -> "Node":
        """Return the node with properties set (``margin_top="4px"``), or taken away by None."""
        css = dict(self.css)
        for name, value in values.items():
            prop = name.replace("_", "-")
            if value is None:
                css.pop(prop, None)
            else:
                css[prop] = value
        return replace(self, css=tuple(css.items()))

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and what all of it shares."""

    width: int  # of the screenshot, in pixels
    height: int
    body: Node
    palette: tuple[tuple[str, str], ...] = ()  # name, "#rrggbb": custom properties
    faces: tuple[tuple[str, str], ...] = ()  # name, what CSS calls it: typefaces beside the usual
    title: str = ""
    lang: str = "en"


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in document order."""
    yield node
    for child in node.children:
        if isinstance(child, Node):
            yield from walk(child)


def mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return the tree with ``change`` applied to each node, its children first."""
    children = tuple(c if isinstance(c, str) else mapped(c, change) for c in node.children)
    return change(replace(node, children=children))
