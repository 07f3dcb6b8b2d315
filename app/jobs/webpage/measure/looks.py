"""How words look: typeface, size, weight, colour; measured from their ink."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.measure.fit import LIGHT
from app.jobs.webpage.measure.flat import Colour
from app.jobs.webpage.measure.ink import Ink, strongest_colour
from app.jobs.webpage.measure.typefaces import Extent, Face, extent, is_wide
from app.jobs.webpage.page import Box

BOLD = 1.3  # times the ink of regular, from which on a word is bold
TWO_WEIGHTS = 1.4  # times the ink of the lightest word; the heaviest has more if weights differ
SURE = 1.04  # times as sharp leaned back, for a single word
SLANT = 0.2  # pixels to the side for each pixel of height, that slanted letters lean
SLANT_WIDTH = 2.2  # heights of the ink; shorter text does not tell
MIXED = 0.78  # of the contrast; a colour mixed with the ground has as much
ASIDE = 14  # levels that it may be beside the mixture
FAINT = 0.2  # of the contrast; less is the edge of a letter
LETTERS = 3  # that tell size and weight
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


def measured_size(e: Extent, text: str, ink: Ink) -> tuple[float, float]:
    """Return the size of letters in pixels, and the room between them beyond the usual."""
    by_width = ink.width / max(e.width, 0.05)
    by_height = ink.height / max(e.above + e.below, 0.1)
    if len(text) == 1 and not is_wide(text):
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


def look_of(word: Word, ink: Ink, face: Face) -> tuple[Look, float]:
    """Return how one word looks, and how much ink it has beside a regular one."""
    left, right = word.box[0] - ink.box[0], word.box[2] - ink.box[0]
    cover = ink.cover[:, left:right]
    strongest = float(np.percentile(cover[cover > FAINT], 95)) if (cover > FAINT).any() else 1.0
    cover = np.minimum(cover / strongest, 1).astype(np.float32)
    usual = extent(word.text, face).ink * word.look.size**2
    middle = (word.box[0] + word.box[2]) / 2
    look = replace(
        word.look,
        colour=strongest_colour(ink.pixels[:, left:right], ink.ground),
        italic=word.look.italic or (len(word.text) > LETTERS and is_slanted(cover, SURE)),
        underline=any(a <= middle <= b for a, b in ink.underline),
        strike=any(a <= middle <= b for a, b in ink.strike),
    )
    return look, float(cover.sum()) / max(usual, 0.1)


def is_slanted(cover: NDArray[np.float32], sure: float = 1.0) -> bool:
    """Tell slanted letters: leaned back, their strokes stand in fewer columns."""
    rows, columns = cover.shape
    if columns < SLANT_WIDTH * rows:
        return False
    return sharpness(cover, SLANT) > sure * sharpness(cover, 0.0)


def sharpness(cover: NDArray[np.float32], slant: float) -> float:
    """Return how unevenly the columns of ink are filled once it is leaned back."""
    rows, columns = cover.shape
    moved = np.zeros((rows, columns + rows), np.float32)
    for y in range(rows):
        shift = round(slant * y)
        moved[y, shift : shift + columns] = cover[y]
    return float((moved.sum(axis=0) ** 2).sum())


def looked(words: Sequence[Word], ink: Ink, face: Face, *, bold: bool) -> list[Word]:
    """Return words with their looks, what is by chance made alike; ``bold`` is the whole."""
    looks = [look_of(word, ink, face) for word in words]
    colours = evened_colours([look.colour for look, _ in looks], ink.ground)
    weights = weights_of([word.text for word in words], [dark for _, dark in looks], bold=bold)
    return [
        replace(word, look=replace(look, colour=colour, bold=weight > 0, light=weight < 0))
        for word, (look, _), colour, weight in zip(words, looks, colours, weights, strict=True)
    ]


def weights_of(texts: Sequence[str], dark: Sequence[float], *, bold: bool) -> list[int]:
    """Return 1 for bold, 0 for regular, -1 for light, for each word; ``bold`` is the whole.

    One weight for all is likelier than two that differ by a hair, and the ink of a single letter
    tells little: it is as the words beside it.
    """
    sure = [i for i, t in enumerate(texts) if len(t) >= LETTERS and any(map(str.isalnum, t))]
    inks = [dark[i] for i in sure]
    if not sure or max(inks) <= TWO_WEIGHTS * min(inks):
        whole = sum(dark[i] * len(texts[i]) for i in sure) / max(
            1, sum(len(texts[i]) for i in sure)
        )
        return [1 if bold else -1 if sure and whole < LIGHT else 0] * len(texts)
    short = {i for i, t in enumerate(texts) if len(t) > 1 and any(map(str.isalnum, t))}
    result = []
    for k in range(len(texts)):
        i = k if k in short else min(sure, key=lambda j: (abs(j - k), j))
        result.append(1 if dark[i] > BOLD else 0)
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
