"""The colours of a page by what they are for, as custom properties of its style sheet."""

import re
from collections import Counter
from collections.abc import Iterator

from app.jobs.webpage.layout.colours import CHROMA, chroma
from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.page import Node, walk

HEX = re.compile(r"#[0-9a-f]{6}\b")
OFTEN = 2  # a colour that is used as often has a name


def palette_of(body: Node) -> tuple[tuple[str, str], ...]:
    """Return names and colours: those of the page itself, then those that are used often."""
    found = {body.value("background"): "page", body.value("color"): "text"}
    names = {name for value, name in found.items() if HEX.fullmatch(value)}
    uses = Counter(uses_of(body))
    totals: Counter[str] = Counter()
    for (colour, _), count in uses.items():
        totals[colour] += count
    for colour, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        if total >= OFTEN and colour not in found:
            found[colour] = free(purpose(colour, uses), names)
            names.add(found[colour])
    return tuple((name, colour) for colour, name in found.items() if HEX.fullmatch(colour))


def uses_of(body: Node) -> Iterator[tuple[str, str]]:
    """Yield each colour with what it is used for, once for each element."""
    for node in walk(body):
        for prop, value in node.css:
            for colour in HEX.findall(value):
                yield colour, "border" if prop.startswith("border") else prop


def purpose(colour: str, uses: Counter[tuple[str, str]]) -> str:
    """Return what a colour is mostly for."""
    mostly = max(("color", "background", "border"), key=lambda prop: uses[colour, prop])
    if chroma(rgb_of(colour)) >= CHROMA:
        return "accent"
    if mostly == "border":
        return "border"
    if mostly == "background":
        return "surface"
    return "inverse" if min(rgb_of(colour)) > 200 else "muted"  # noqa: PLR2004 - nearly white


def rgb_of(colour: str) -> Colour:
    """Return a colour that CSS wrote."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, numbered if need be."""
    number = 2
    wanted = name
    while wanted in taken:
        wanted, number = f"{name}-{number}", number + 1
    return wanted
