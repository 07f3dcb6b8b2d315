"""A page laid beside its screenshot: drawn, compared, and what came of it kept as a version."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.webpage.check.compare import Comparison, compare
from app.jobs.webpage.check.render import Renderer, Rendering, Rgb
from app.jobs.webpage.check.sight import Sight
from app.jobs.webpage.crops import inline
from app.jobs.webpage.record import By, Version, checked


@dataclass(frozen=True, slots=True)
class Checker:
    """Draws pages and compares them with one screenshot."""

    rgb: Rgb
    sight: Sight
    browser: Renderer | None  # None: nothing here can draw

    def drawn(self, html: str) -> tuple[Rendering, Comparison] | None:
        """Return how a page is drawn and how that compares; None where it cannot be drawn."""
        if self.browser is None:
            return None
        rendering = self.browser.draw(inline(html, self.rgb, effort=1), self.rgb.shape[1])
        return None if rendering is None else (rendering, compare(self.sight, rendering))

    def version(self, html: str, by: By) -> Version:
        """Return a page with what there is to say of it."""
        found = self.drawn(html)
        if found is None:
            return Version(html, by)
        rendering, comparison = found
        return checked(html, by, comparison, len(rendering.rgb))


def best(versions: Sequence[Version]) -> int:
    """Return the place of the best version, the last of those alike; the last without scores."""
    totals = [each.scores["total"] if each.scores else -1.0 for each in versions]
    return max(range(len(versions)), key=lambda i: (totals[i], i))
