"""What makes elements of parts: what rows, lists and texts ask for what is in them."""

from collections.abc import Sequence
from typing import Protocol

from app.jobs.webpage.layout.frame import Frame
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.roles import Roles
from app.jobs.webpage.layout.sheet import Sheet
from app.jobs.webpage.page import Box, Node


class Maker(Protocol):
    """Makes elements of parts, and knows the page."""

    @property
    def roles(self) -> Roles:
        """What is known once all of the page was seen."""
        ...

    @property
    def sheet(self) -> Sheet:
        """The usual look of the page."""
        ...

    def node(self, part: Part, frame: Frame) -> Node:
        """Return a part as an element, placed in a column."""
        ...

    def stack(self, parts: Sequence[Part], frame: Frame, top: int) -> tuple[Node, ...]:
        """Return parts below each other, the first ``top`` down."""
        ...

    def box(self, part: Part, frame: Frame) -> Node:
        """Return a surface with what stands on it, without its place."""
        ...

    def aligned(self, node: Node, box: Box, frame: Frame, *, stretch: bool = False) -> Node:
        """Return a node of a given width where it stands between the ends of its frame."""
        ...
