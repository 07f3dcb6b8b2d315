"""Colours in OKLCH, where equal steps look equal, and what becomes of them in another palette.

Surfaces, lines and letters change each in their own way; letters are then made as readable on
their new ground as they were on the old one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import atan2, cos, hypot, pi, sin
from typing import Literal

NEUTRAL = 0.03  # chroma; below it is a grey
DARK = 0.5  # lightness; a surface below it is dark
PALE = 0.75  # lightness; a grey below it is one that white can be read on
READABLE = 4.5  # contrast of text, as WCAG asks; less only where there was less before

Use = Literal["surface", "line", "ink"]
Change = Callable[["Shade", Use], "Shade"]


@dataclass(frozen=True, slots=True)
class Shade:
    """A colour: lightness 0 to 1, chroma 0 to about 0.4, hue in turns of a circle, opacity."""

    light: float
    chroma: float
    hue: float
    alpha: float = 1.0

    @property
    def is_neutral(self) -> bool:
        """Whether it is a grey."""
        return self.chroma < NEUTRAL


Rgb = tuple[float, float, float]  # 0 to 1 each

HUES: Mapping[str, float] = {
    "red": 0.08, "orange": 0.16, "yellow": 0.27, "green": 0.40, "teal": 0.53, "cyan": 0.58,
    "blue": 0.72, "indigo": 0.76, "purple": 0.83, "pink": 0.97, "brown": 0.15,
}  # fmt: skip


def shade_of(rgb: Rgb, alpha: float = 1.0) -> Shade:
    """Return a colour of sRGB as OKLCH. Source: Björn Ottosson, "A perceptual color space"."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)  # noqa: PLR2004
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    light = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    x = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    y = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Shade(light, hypot(x, y), atan2(y, x) / (2 * pi) % 1, alpha)


def rgb_of(shade: Shade) -> Rgb:
    """Return a colour in sRGB; one that is not in it loses chroma until it is."""
    while True:
        x, y = (shade.chroma * turn(shade.hue * 2 * pi) for turn in (cos, sin))
        long = (shade.light + 0.3963377774 * x + 0.2158037573 * y) ** 3
        medium = (shade.light - 0.1055613458 * x - 0.0638541728 * y) ** 3
        short = (shade.light - 0.0894841775 * x - 1.2914855480 * y) ** 3
        linear = (
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        )
        if all(-0.001 <= c <= 1.001 for c in linear) or shade.chroma < 0.001:  # noqa: PLR2004
            r, g, b = (_gamma(min(1.0, max(0.0, c))) for c in linear)
            return r, g, b
        shade = replace(shade, chroma=shade.chroma * 0.95)


def _gamma(c: float) -> float:
    return 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055  # noqa: PLR2004


def css_of(shade: Shade) -> str:
    """Return a colour as CSS writes it."""
    r, g, b = (round(255 * c) for c in rgb_of(shade))
    if shade.alpha >= 1:
        return f"#{r:02x}{g:02x}{b:02x}"
    return f"rgb({r} {g} {b} / {shade.alpha:.2g})"


def contrast(one: Shade, other: Shade) -> float:
    """Return how readable one colour is on another, 1 to 21, as WCAG 2 measures it."""
    lights = sorted(_luminance(rgb_of(shade)) for shade in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(rgb: Rgb) -> float:
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)  # noqa: PLR2004
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def readable(ink: Shade, ground: Shade, least: float = READABLE) -> Shade:
    """Return letters of that colour, lighter or darker until they can be read on a ground."""
    toward = 0.0 if _luminance(rgb_of(ground)) > 0.18 else 1.0  # noqa: PLR2004  as far from white as from black
    for step in range(21):
        tried = replace(
            ink,
            light=ink.light + (toward - ink.light) * step / 20,
            chroma=ink.chroma * (1 - step / 25),
        )
        if contrast(tried, ground) >= least:
            return tried
    return Shade(toward, 0.0, 0.0)


def pastel(shade: Shade, use: Use) -> Shade:
    """Make it soft and light."""
    if use == "ink":
        return replace(shade, light=max(shade.light, 0.32), chroma=min(shade.chroma, 0.06))
    if shade.is_neutral:
        light = max(shade.light, 0.975) if shade.light >= DARK else 0.9
        return Shade(light if use == "surface" else 0.88, 0.012, 0.80, shade.alpha)
    return replace(shade, light=0.88 if use == "surface" else 0.82, chroma=0.06)


def dark(shade: Shade, use: Use) -> Shade:
    """Make surfaces dark."""
    if use == "ink":
        return replace(shade, light=max(shade.light, 0.9 if shade.is_neutral else 0.8))
    if not shade.is_neutral:
        return replace(shade, light=min(shade.light, 0.45))
    if use == "line":
        return replace(shade, light=0.36)
    return replace(shade, light=0.19 + 0.6 * (1 - shade.light) if shade.light >= DARK else 0.26)


def light(shade: Shade, use: Use) -> Shade:
    """Make surfaces light."""
    if use == "ink":
        return replace(shade, light=min(shade.light, 0.35 if shade.is_neutral else 0.5))
    if shade.is_neutral:
        return replace(shade, light=max(shade.light, 0.97 if use == "surface" else 0.88))
    return replace(shade, light=max(shade.light, 0.9), chroma=min(shade.chroma, 0.06))


def grey(shade: Shade, use: Use) -> Shade:  # noqa: ARG001  as the others
    """Take all colour away."""
    return replace(shade, chroma=0.0)


def hued(hue: float) -> Change:
    """Return the change that gives all that has a colour this one, and greys a breath of it."""

    def change(shade: Shade, use: Use) -> Shade:
        if shade.is_neutral:
            tint = 0.0 if use == "ink" else 0.008
            return replace(shade, chroma=tint, hue=hue)
        return replace(shade, hue=hue, chroma=max(shade.chroma, 0.09))

    return change


def tempered(hue: float) -> Change:
    """Return the change that leans everything towards warm or cool."""

    def change(shade: Shade, use: Use) -> Shade:
        if shade.is_neutral:
            return replace(shade, chroma=0.006 if use == "ink" else 0.018, hue=hue)
        nearer = (hue - shade.hue + 0.5) % 1 - 0.5
        return replace(shade, hue=(shade.hue + nearer * 0.5) % 1)

    return change


def stronger(shade: Shade, use: Use) -> Shade:
    """Drive light and dark apart."""
    if use == "ink":
        dark_ink = 0.12 if shade.is_neutral else 0.32
        return replace(shade, light=dark_ink if shade.light < PALE else 1.0)
    if use == "line":
        return replace(shade, light=min(shade.light, 0.4))
    if shade.is_neutral:
        return replace(shade, light=1.0 if shade.light >= PALE else 0.2)
    return replace(shade, chroma=shade.chroma * 1.25)


CLEAR = 7.0  # contrast of text where contrast was asked for, as WCAG asks of its best grade
PALETTES: Mapping[str, Change] = {
    "pastel": pastel,
    "dark": dark,
    "light": light,
    "monochrome": grey,
    "contrast": stronger,
    "warm": tempered(0.18),
    "cool": tempered(0.69),
    **{name: hued(hue) for name, hue in HUES.items()},
}
