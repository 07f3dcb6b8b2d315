"""A measured page brought nearer to its screenshot, by what its rendering shows to be off.

Each step changes one kind of measure wherever it is off and has the page drawn again; what does not
raise the score is taken back. So a repair never lowers it, and it ends with its budget.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from threading import Event
from time import perf_counter

from app.jobs.webpage.check import steps
from app.jobs.webpage.check.checking import Checker
from app.jobs.webpage.check.compare import Comparison
from app.jobs.webpage.check.render import Rendering
from app.jobs.webpage.check.steps import Change, Look, look_at, rebuilt
from app.jobs.webpage.page import Page
from app.jobs.webpage.record import By, Version, checked
from app.jobs.webpage.write import to_html

LEAST = 0.0001  # of the score; less is no gain
STEPS: Sequence[Callable[[Look], Change]] = (
    steps.colours,
    steps.down,
    steps.sizes,
    steps.wraps,
    steps.across,
    steps.down,
    steps.sizes,
    steps.down,
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a repair may take."""

    drawings: int = 14
    seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page, how it was drawn, and how that compares."""

    page: Page
    rendering: Rendering
    comparison: Comparison

    def version(self, by: By) -> Version:
        """Return the page as it is kept."""
        return checked(to_html(self.page), by, self.comparison, len(self.rendering.rgb))

    @property
    def total(self) -> float:
        """The score, which a repair raises."""
        return self.comparison.scores.total


def repair(
    first: Drawn,
    checker: Checker,
    cancel: Event,
    budget: Budget = Budget(),
) -> Generator[int, None, Drawn]:
    """Yield the number of each drawing before it is made; return the page as it then is.

    That is ``first`` itself where no step made it better.
    """
    started = perf_counter()
    now, made, refused = first, 0, list[Change]()
    for step in STEPS:
        whole = step(look_at(now.page, now.rendering, now.comparison, checker.sight))
        # Where all of a change is no gain, half of it may be.
        for change in (whole, *halves(whole)):
            late = perf_counter() - started > budget.seconds
            if made >= budget.drawings or cancel.is_set() or late:
                return now
            if not change or change in refused:
                continue
            made += 1
            yield made
            tried = drawn(rebuilt(now.page, change), checker)
            if tried and tried.total > now.total + LEAST:
                now, refused = tried, []
                break
            refused.append(change)
    return now


def halves(change: Change) -> tuple[Change, ...]:
    """Return the first and the second half of the elements that a change is of."""
    places = sorted(change)
    middle = len(places) // 2
    parts = (places[:middle], places[middle:]) if middle else ()
    return tuple({at: change[at] for at in part} for part in parts)


def drawn(page: Page, checker: Checker) -> Drawn | None:
    """Return a page as it is drawn; None where it cannot be."""
    found = checker.drawn(to_html(page))
    return None if found is None else Drawn(page, *found)
