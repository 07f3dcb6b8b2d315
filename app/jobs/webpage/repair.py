"""A measured page brought nearer to its screenshot, by what its rendering shows to be off.

Each step changes one kind of measure for all elements that need it, and draws the page again: what
does not raise the score is taken back. So a repair never lowers it, and ends with its budget.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from app.jobs.webpage.compare import Comparison, compare
from app.jobs.webpage.page import Node, Page, mapped, walk
from app.jobs.webpage.render import Rendering
from app.jobs.webpage.sight import Sight, of_rendering

Draw = Callable[[Page], Rendering | None]
LEAST = 0.0005  # of the score; less is no gain


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a repair may take."""

    drawings: int = 12
    seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page, how it was drawn, and how that compares."""

    page: Page
    rendering: Rendering
    comparison: Comparison

    @property
    def total(self) -> float:
        """The score that a repair raises."""
        return self.comparison.scores.total
