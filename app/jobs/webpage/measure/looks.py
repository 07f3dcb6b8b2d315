"""How words look: typeface, size, weight, colour; measured from their ink."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.ink import Ink, strongest_colour
from app.jobs.webpage.page import Box
from app.jobs.webpage.measure.typefaces import Extent, Face, extent, faces, is_wide

BOLD = 1.3  # times the ink of regular, from which on a word is bold
LIGHT = 0.74  # times the ink of regular, up to which it is light
MIXED = 0.78  # of the contrast; a colour mixed with the ground has as much
ASIDE = 14  # levels that it may be beside the mixture
SERIFS = ("serif", "slab")
RARE = 0.02  # of misfit that a typeface with serifs must make good: they are rarer on screens
FAINT = 0.2  # of the contrast; less is the edge of a letter
LETTERS = 3  # that tell size and weight
TELLING = 8  # letters that tell a typeface
OFF = 0.07  # of misfit that the page's typeface may have before others are tried
CLOSE = 0.035  # of misfit that another may then have
SPACED = 1.04  # times as wide as high letters tell: room was put between them


@dataclass(frozen=True, slots=True)
class Look:
    """How a word looks."""

    face: str
    size: float  # pixels
    colour: Colour
    bold: bool = False
    light: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    spacing: float = 0.0  # pixels between letters, beyond the typeface's own


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and the ink that it is."""

    text: str
    box: Box
    look: Look
    spaced: bool = True  # from the word before


def misfit(text: str, ink: Ink, face: Face) -> tuple[float, bool]:
    """Return how badly a typeface fits the ink of a text, and whether it is bold."""
    tried = []
    for bold in (False, True):
        e = extent(text, face, bold=bold)
        size = ink.width / max(e.width, 0.01)
        tall = abs(log(size / (ink.height / max(e.above + e.below, 0.1))))
        dark = log(max(float(ink.cover.sum()), 0.1) / max(size * size * e.ink, 0.1))
        if not bold and dark < log(LIGHT):
            dark -= log(LIGHT)
        tried.append((tall + 0.25 * abs(dark), bold))
    fit, bold = min(tried)
    return fit + RARE * (face.name in SERIFS), bold


def common_face(texts: Sequence[tuple[str, Ink]]) -> Face:
    """Return the typeface that fits most of the texts best."""
    votes = {name: 0.0 for name in faces()}
    for text, ink in texts:
        letters = sum(char.isascii() and char.isalpha() for char in text)
        if letters >= TELLING:
            for name, face in faces().items():
                fit, _ = misfit(text, ink, face)
                votes[name] += min(fit, 0.3) * min(letters, 40)
    return faces()[min(votes, key=lambda name: votes[name])]


def other_face(text: str, ink: Ink, usual: Face) -> Face:
    """Return the typeface of a text that the page's does not fit: it too, if no other does."""
    if sum(char.isascii() and char.isalnum() for char in text) < TELLING:
        return usual
    fits = {name: misfit(text, ink, face)[0] for name, face in faces().items()}
    best = min(fits, key=lambda name: fits[name])
    return faces()[best] if fits[best] < CLOSE < OFF < fits[usual.name] else usual


def measured_size(e: Extent, text: str, ink: Ink) -> tuple[float, float]:
    """Return the size of letters in pixels, and the room between them beyond the usual."""
    by_width = ink.width / max(e.width, 0.05)
    by_height = ink.height / max(e.above + e.below, 0.1)
    if len(text) < LETTERS and not any(map(is_wide, text)):
        return by_height, 0.0
    # Height is only known to a pixel, so only a large difference is room between the letters.
    capitals = text.isupper() and len(text) > LETTERS
    if capitals and by_width / by_height > SPACED + 1.2 / ink.height:
        return by_height, (ink.width - by_height * e.width) / (len(text) - 1)
    return by_width, 0.0


def mixed(words: Sequence[Word], face: Face) -> Extent:
    """Return how large words are that may differ in weight."""
    whole = extent(" ".join(word.text for word in words), face)
    parts = [(extent(w.text, face, bold=w.look.bold), extent(w.text, face)) for w in words]
    return replace(whole, width=whole.width + sum(a.advance - b.advance for a, b in parts))


def look_of(word: Word, ink: Ink, face: Face) -> Look:
    """Return how one word looks; ``ink`` is that of the piece it is in."""
    left, right = word.box[0] - ink.box[0], word.box[2] - ink.box[0]
    cover = ink.cover[:, left:right]
    strongest = float(np.percentile(cover[cover > FAINT], 95)) if (cover > FAINT).any() else 1.0
    cover = np.minimum(cover / strongest, 1).astype(np.float32)
    usual = extent(word.text, face).ink * word.look.size**2
    middle = (word.box[0] + word.box[2]) / 2
    return replace(
        word.look,
        colour=strongest_colour(ink.pixels[:, left:right], cover),
        bold=float(cover.sum()) > BOLD * max(usual, 0.1),
        light=float(cover.sum()) < LIGHT * usual,
        underline=any(a <= middle <= b for a, b in ink.underline),
        strike=any(a <= middle <= b for a, b in ink.strike),
    )


def evened(words: Sequence[Word], ground: Colour) -> list[Word]:
    """Give words, whose ink tells little alone, the colour and the weight of those beside them."""
    words = [replace(w, look=replace(w.look, colour=c)) for w, c in zip(
        words, evened_colours([word.look.colour for word in words], ground), strict=True
    )]  # fmt: skip
    light = sum(len(w.text) for w in words if w.look.light) * 2 > sum(len(w.text) for w in words)
    words = [replace(w, look=replace(w.look, light=light)) for w in words]
    sure = [any(map(str.isalnum, w.text)) and len(w.text) >= LETTERS for w in words]
    if not any(sure):
        return list(words)
    result = []
    for i, word in enumerate(words):
        j = min((j for j in range(len(words)) if sure[j]), key=lambda j: (abs(j - i), j))
        look = words[j].look
        result.append(replace(word, look=replace(word.look, bold=look.bold)))
    return result


def evened_colours(colours: Sequence[Colour], ground: Colour) -> list[Colour]:
    """Return the colours of words without what is between them and what is behind.

    Thin letters cover no pixel wholly: their colour is seen mixed with the ground.
    """
    back = np.array(ground, float)
    vectors = [np.array(colour, float) - back for colour in colours]
    order = sorted(range(len(colours)), key=lambda i: -float(np.linalg.norm(vectors[i])))
    result = list(colours)
    for i in order:
        for j in order[: order.index(i)]:
            share = float(vectors[i] @ vectors[j] / max(1.0, vectors[j] @ vectors[j]))
            aside = float(np.abs(vectors[i] - share * vectors[j]).max())
            if share > MIXED and aside < ASIDE:
                result[i] = result[j]
                break
    return result
