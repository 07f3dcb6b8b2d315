"""All that is measured of a screenshot, before it is understood."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.jobs.webpage.measure.behind import name_of
from app.jobs.webpage.measure.compose import composed
from app.jobs.webpage.measure.edges import mode
from app.jobs.webpage.measure.flat import Colour, Pixels, Region, hex_of, regions
from app.jobs.webpage.measure.icons import icons
from app.jobs.webpage.measure.ink import ground_of, owners_of, page_colour
from app.jobs.webpage.measure.noise import cleaned
from app.jobs.webpage.measure.outlines import rectangles
from app.jobs.webpage.measure.painted import surfaces
from app.jobs.webpage.measure.pictures import Picture, by_size, pictures
from app.jobs.webpage.measure.pieces import Piece, pieces_of
from app.jobs.webpage.measure.slopes import slopes, without_stripes
from app.jobs.webpage.measure.snap import alike
from app.jobs.webpage.measure.stretches import Scene
from app.jobs.webpage.measure.surfaces import Surface, contains, distance, shared
from app.jobs.webpage.page import Box
from vision.engine import Line

RULE = 4  # pixels; a line is not thicker
RULE_LENGTH = 24  # pixels; nor shorter
STEP = 4  # levels; neighbouring rings of a shadow do not differ more
NEARLY_EVEN = 6.0  # levels; a picture behind text that is as even is painted in one colour
PLAIN = 0.75  # of a picture behind text; if as much is of one colour, it is painted in that
WITHIN = 0.7  # of a line of text is on the picture that it is said to stand on


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line that parts what is above from what is below, or left from right."""

    box: Box
    colour: Colour

    @property
    def is_level(self) -> bool:
        """Whether it runs from left to right."""
        return self.box[2] - self.box[0] > self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a screenshot shows."""

    width: int
    height: int
    colour: Colour  # of the page itself
    surfaces: tuple[Surface, ...]  # the largest first
    pictures: tuple[Picture, ...]
    rules: tuple[Rule, ...]
    pieces: tuple[Piece, ...]


def scan(screenshot: Pixels, lines: Sequence[Line]) -> Scan:
    """Measure a screenshot; ``lines`` are the lines that were read in it."""
    rgb, _ = cleaned(screenshot)
    height, width = rgb.shape[:2]
    texts = [line.box for line in lines]
    found = regions(rgb)
    slow = slopes(rgb)
    flat = without_stripes(rectangles(found, texts, width), slow)
    seen = pictures(rgb, [*flat, *(slope.region for slope in slow)], texts)
    seen = by_size([*seen, *(slope.picture for slope in slow)])
    flat = [r for r in flat if not is_in_picture(r, seen, texts)]
    simple = surfaces(rgb, flat, page_colour(rgb))
    simple = [replace(s, shadow="") if is_on_picture(s, seen) else s for s in simple]
    painted = [as_surface(rgb, p, bare_on(p, texts, flat)) for p in seen]
    boxes = [s for s in painted if s is not None]
    plain = [p for p, s in zip(seen, painted, strict=True) if s is None]
    behind = [p for p, s in zip(seen, painted, strict=True) if s is not None]
    every = sorted([*simple, *boxes], key=lambda s: (-s.area, s.box))
    lines_drawn = [r for r in rules_of(found, every, seen, texts) if stands_out(rgb, r)]
    ground = ground_of(rgb, simple, seen)
    for rule in lines_drawn:
        x0, y0, x1, y1 = rule.box
        ground[y0:y1, x0:x1] = rule.colour
    scene = Scene(rgb, ground, owners_of((height, width), every), every, [*plain, *behind])
    pieces = alike(pieces_of(scene, lines), [s.colour for s in every])
    whole, plain = composed(rgb, every, plain)
    rules = [r for r in lines_drawn if not any(is_border(r.box, s) for s in whole)]
    taken = [*texts, *(p.box for p in pieces), *(r.box for r in rules)]
    small = icons(rgb, ground, every, seen, taken)
    return Scan(
        width=width,
        height=height,
        colour=page_colour(rgb),
        surfaces=tuple(whole),
        pictures=(*plain, *small),
        rules=tuple(rules),
        pieces=tuple(pieces),
    )


def is_in_picture(region: Region, seen: Sequence[Picture], texts: Sequence[Box]) -> bool:
    """Tell whether a region is part of a picture: in one, and nothing written on it."""
    return any(contains(p.box, region.box, 2) for p in seen if not p.paint) and not any(
        contains(region.box, text, 6) for text in texts
    )


def as_surface(rgb: Pixels, picture: Picture, texts: Sequence[Box]) -> Surface | None:
    """Return a gradient, or a picture with text on it, as a surface; None for other pictures."""
    if picture.paint:
        return Surface(picture.box, picture.colour, picture.radii, paint=picture.paint)
    on = [t for t in texts if shared(t, picture.box) > WITHIN * (t[2] - t[0]) * (t[3] - t[1])]
    if not on:
        return None
    if picture.off < NEARLY_EVEN:
        return Surface(picture.box, picture.colour, picture.radii)
    x0, y0, x1, y1 = picture.box
    most, share = mode(rgb[y0:y1, x0:x1].reshape(-1, 3))
    if share > PLAIN:
        return Surface(picture.box, most, picture.radii)
    url = f'url("{name_of(picture.box, on)}")'
    paint = f"{hex_of(picture.colour)} {url} center / cover no-repeat"
    return Surface(picture.box, picture.colour, picture.radii, paint=paint)


def bare_on(picture: Picture, texts: Sequence[Box], flat: Sequence[Region]) -> list[Box]:
    """Return the texts that stand on a picture itself, rather than on a surface on it."""
    on = [r.box for r in flat if not contains(r.box, picture.box, 4)]
    return [text for text in texts if not any(contains(box, text, 4) for box in on)]


def is_on_picture(surface: Surface, seen: Sequence[Picture]) -> bool:
    """Tell whether a surface stands on a picture, whose colours tell nothing of shadows."""
    return any(contains(p.box, surface.box, 4) for p in seen)


def stands_out(rgb: Pixels, rule: Rule) -> bool:
    """Tell a line from a step of a shadow: it differs from both sides."""
    x0, y0, x1, y1 = rule.box
    if rule.is_level:
        sides = [rgb[y, x0:x1] for y in (y0 - 1, y1) if 0 <= y < rgb.shape[0]]
    else:
        sides = [rgb[y0:y1, x] for x in (x0 - 1, x1) if 0 <= x < rgb.shape[1]]
    return all(distance(mode(side)[0], rule.colour) > STEP for side in sides)


def rules_of(
    found: Sequence[Region],
    every: Sequence[Surface],
    seen: Sequence[Picture],
    texts: Sequence[Box],
) -> list[Rule]:
    """Return the thin lines that are neither borders nor strokes of text."""
    result = []
    for region in found:
        thin, long = sorted((region.width, region.height))
        if thin > RULE or long < RULE_LENGTH or region.filled < 0.9 * thin * long:
            continue
        if (
            any(contains(text, region.box, 3) for text in texts)
            or any(contains(p.box, region.box) for p in seen)
            or any(is_border(region.box, s) for s in every)
        ):
            continue
        result.append(Rule(region.box, region.colour))
    return sorted(result, key=lambda rule: (rule.box[1], rule.box[0]))


def is_border(box: Box, surface: Surface) -> bool:
    """Tell whether a line lies on the border of a surface."""
    top, right, bottom, left = (border.width for border in surface.borders)
    x0, y0, x1, y1 = surface.box
    inner = (x0 + left, y0 + top, x1 - right, y1 - bottom)
    return contains(surface.box, box) and not shared(inner, box)
