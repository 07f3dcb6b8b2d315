"""The surfaces of a page: its rectangles of one colour, with their borders and shadows."""

from collections.abc import Sequence

from app.jobs.webpage.measure.edges import bordered, mode, side
from app.jobs.webpage.measure.flat import Colour, Pixels, Region
from app.jobs.webpage.measure.outlines import radii_of
from app.jobs.webpage.measure.surfaces import Surface, distance, outside

OPEN = 2  # sides at the page's end, at most
HALF = 0.5  # of a side is as dark as its middle, where a shadow ends at the corners
FAINT = 3  # levels; a shadow is darker on one side


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
        # The rings of a shadow are one level apart; a card may have just the colour below it.
        apart = distance(surface.colour, parent.colour) if parent else 2
        if (
            apart > 1
            or whole.is_bordered
            or (apart == 0 and (whole.shadow or is_enclosed(rgb, surface)))
        ):
            found.append(whole)
    return found


def is_enclosed(rgb: Pixels, surface: Surface) -> bool:
    """Tell a surface that shadows part from what is around, though that has its colour."""
    strips = [side(rgb, surface, which, 1) for which in range(4)]
    modes = [mode(strip[0]) for strip in strips if strip.size]
    apart = [distance(colour, surface.colour) for colour, share in modes if share > HALF]
    return len(modes) > OPEN and len(apart) == len(modes) and min(apart) > 0 and max(apart) > FAINT
