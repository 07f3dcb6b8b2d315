"""What a colour says: that a text is weaker, or a link."""

from colorsys import rgb_to_hsv

from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.looks import Look
from app.jobs.webpage.measure.surfaces import distance

HINT = 165  # levels between what says what to type and its ground, at most
HUE = 40  # degrees; hues that differ less are tints of one colour
TINT = 24  # levels; a colour whose channels differ less is grey
CHROMA = 45  # levels; a colour whose channels differ more is certainly none


def is_muted(colour: Colour, usual: Colour) -> bool:
    """Tell whether a grey is weaker than that of the page's text."""
    return chroma(colour) < CHROMA and distance(colour, usual) > CHROMA


def is_hint(colour: Colour, ground: Colour) -> bool:
    """Tell whether a grey is so weak on its ground that it says what to type."""
    return chroma(colour) < CHROMA and distance(colour, ground) < HINT


def chroma(colour: Colour) -> int:
    """Return how far a colour is from grey, in levels."""
    return max(colour) - min(colour)


def is_link(look: Look, around: Look, ground: Colour = (255, 255, 255)) -> bool:
    """Tell a link by its line or its colour, beside the text around it.

    A tint of the ground is no colour of its own: pale green on dark green is only pale.
    """
    if look.underline:
        return True
    if chroma(look.colour) < TINT or distance(look.colour, around.colour) <= CHROMA:
        return False
    if chroma(look.colour) < CHROMA:
        # A greyish colour is a link's where it stands out from weaker text around it.
        return distance(look.colour, ground) > distance(around.colour, ground) + CHROMA
    if chroma(around.colour) >= chroma(look.colour):
        return False
    return chroma(ground) < TINT or hue_apart(look.colour, ground) > HUE


def hue_apart(a: Colour, b: Colour) -> float:
    """Return how far the hues of two colours are apart, in degrees."""
    hues = [rgb_to_hsv(*(channel / 255 for channel in colour))[0] * 360 for colour in (a, b)]
    off = abs(hues[0] - hues[1])
    return min(off, 360 - off)
