"""Surfaces that touch are parts of one: a card's head and body, a field and its button.

The parts keep what lies between them; what they share toward the outside is the whole's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from app.jobs.webpage.measure.edges import shadow_of
from app.jobs.webpage.measure.flat import Pixels, four
from app.jobs.webpage.measure.ink import page_colour
from app.jobs.webpage.measure.pictures import Picture
from app.jobs.webpage.measure.surfaces import NONE, Surface, outside

PICTURE = "picture"  # in the place of what CSS would paint
TOUCH = 2  # pixels; parts are not further apart
ALIKE = 2  # pixels; parts of a stack are as wide, of a row as high


def composed(
    rgb: Pixels, surfaces: Sequence[Surface], pictures: Sequence[Picture]
) -> tuple[list[Surface], list[Picture]]:
    """Return surfaces and pictures, those that touch within a whole of their own."""
    found = [*surfaces, *(Surface(p.box, p.colour, p.radii, paint=PICTURE) for p in pictures)]
    for chains, join in ((stacks, stacked), (rows, rowed)):
        groups: dict[Surface | None, list[Surface]] = {}
        for surface in found:
            groups.setdefault(outside(surface, found), []).append(surface)
        for parent, siblings in groups.items():
            for chain in chains(siblings):
                pictures_only = all(s.paint == PICTURE for s in chain)
                if pictures_only:
                    continue
                whole, parts = join(chain)
                found = [s for s in found if s not in chain] + parts
                # Bands and panels of the page itself are no parts of one thing.
                inner = parent is not None or 0 < whole.box[0] < whole.box[2] < rgb.shape[1]
                if inner and whole.width < rgb.shape[1]:
                    below = parent.colour if parent else page_colour(rgb)
                    found.append(replace(whole, shadow=shadow_of(rgb, whole, below)))
    found = sorted(found, key=lambda s: (-s.area, s.box))
    return (
        [s for s in found if s.paint != PICTURE],
        [Picture(s.box, colour=s.colour, radii=s.radii) for s in found if s.paint == PICTURE],
    )


def stacks(siblings: Sequence[Surface]) -> Iterator[list[Surface]]:
    """Yield surfaces that stand on each other."""
    return chained(
        sorted(siblings, key=lambda s: (s.box[1], s.box[0])),
        lambda a, b: (
            -TOUCH <= b.box[1] - a.box[3] <= TOUCH
            and abs(a.box[0] - b.box[0]) <= ALIKE
            and abs(a.box[2] - b.box[2]) <= ALIKE
        ),
    )


def rows(siblings: Sequence[Surface]) -> Iterator[list[Surface]]:
    """Yield surfaces that stand beside each other."""
    return chained(
        sorted(siblings, key=lambda s: (s.box[0], s.box[1])),
        lambda a, b: (
            -TOUCH <= b.box[0] - a.box[2] <= TOUCH
            and abs(a.box[1] - b.box[1]) <= ALIKE
            and abs(a.box[3] - b.box[3]) <= ALIKE
        ),
    )


def chained(
    ordered: Sequence[Surface], follows: Callable[[Surface, Surface], bool]
) -> Iterator[list[Surface]]:
    """Yield chains of two or more of which each follows the one before."""
    chains: list[list[Surface]] = []
    for surface in ordered:
        chain = next((c for c in chains if follows(c[-1], surface)), None)
        if chain is None:
            chains.append([surface])
        else:
            chain.append(surface)
    return (chain for chain in chains if len(chain) > 1)


def stacked(chain: Sequence[Surface]) -> tuple[Surface, list[Surface]]:
    """Return a stack as a whole, and its parts without what is the whole's."""
    first, last = chain[0], chain[-1]
    box = (first.box[0], first.box[1], first.box[2], last.box[3])
    main = max(chain, key=lambda s: (not s.paint, s.area))
    whole = Surface(
        box,
        main.colour,
        radii=(first.radii[0], first.radii[1], last.radii[2], last.radii[3]),
        borders=(first.borders[0], main.borders[1], last.borders[2], main.borders[3]),
        shadow="",
    )
    parts = []
    left, right = box[0] + whole.borders[3].width, box[2] - whole.borders[1].width
    top = box[1] + whole.borders[0].width
    for i, part in enumerate(chain):
        below = chain[i + 1] if i + 1 < len(chain) else None
        line = part.borders[2] if part.borders[2].width or not below else below.borders[0]
        bottom = box[3] - whole.borders[2].width
        if below:
            # A line between two parts was seen as a border of both.
            bottom = below.box[1] + below.borders[0].width if line.width else below.box[1]
        border = line if below else NONE
        radii = (*(part.radii[:2] if i == 0 else (0, 0)), *((0, 0) if below else part.radii[2:]))
        parts.append(
            replace(
                part,
                box=(left, top, right, bottom),
                radii=four(max(0, r - whole.borders[0].width) for r in radii),
                borders=(NONE, NONE, border, NONE),
                shadow="",
            )
        )
        top = bottom
    return whole, parts


def rowed(chain: Sequence[Surface]) -> tuple[Surface, list[Surface]]:
    """Return a row as a whole without a look of its own, and its parts."""
    first, last = chain[0], chain[-1]
    box = (
        first.box[0],
        min(s.box[1] for s in chain),
        last.box[2],
        max(s.box[3] for s in chain),
    )
    main = max(chain, key=lambda s: (not s.paint, s.area))
    radii = (first.radii[0], last.radii[1], last.radii[2], first.radii[3])
    parts = [replace(s, shadow="") for s in chain]
    for i in range(1, len(parts)):
        before, part = parts[i - 1], parts[i]
        if before.borders[1].width and part.borders[3].width and part.box[0] < before.box[2]:
            # A line between two parts was seen as a border of both.
            top, right, bottom, left = part.borders
            x0, y0, x1, y1 = part.box
            borders = (top, right, bottom, NONE)
            parts[i] = replace(part, box=(x0 + left.width, y0, x1, y1), borders=borders)
    return Surface(box, main.colour, radii, paint="none"), parts
