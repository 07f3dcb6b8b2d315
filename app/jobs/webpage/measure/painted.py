"""The surfaces of a page: its rectangles of one colour, with their borders and shadows."""

from collections.abc import Sequence

from app.jobs.webpage.measure.edges import bordered
from app.jobs.webpage.measure.flat import Colour, Pixels, Region
from app.jobs.webpage.measure.outlines import radii_of
from app.jobs.webpage.measure.surfaces import Surface, distance, outside


def surfaces(rgb: Pixels, rectangles: Sequence[Region], page_colour: Colour) -> list[Surface]:
    """Return the surfaces of a page, the largest first, with their borders and shadows."""
    bare = [
        Surface(r.box, r.colour, radii_of(r) if r.width < rgb.shape[1] else (0, 0, 0, 0))
        for r in rectangles
    ]
    page = Surface((0, 0, rgb.shape[1], rgb.shape[0]), page_colour)
    found: list[Surface] = []
    for surface in bare:
        parent = outside(surface, bare)
        whole = bordered(rgb, surface, parent or page)
        # The rings of a shadow are one level apart.
        if not parent or distance(surface.colour, parent.colour) > 1 or whole.is_bordered:
            found.append(whole)
    return found
