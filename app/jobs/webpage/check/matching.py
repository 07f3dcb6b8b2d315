"""Which lines of a screenshot are which texts of a drawn page.

The two are cut differently: a paragraph is one text but several lines, a row of links is several
texts and may be one line. So what one side holds may be a piece of what the other holds. Each such
likeness, the best first, uses up letters of both, and what hangs together so is one pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from app.jobs.webpage.page import Box

ALIKE = 70  # percent of a piece's letters that stand in the whole
SHORT = 4  # letters; a piece that short stands in many texts: only in one at the same place
NEAR = 0.1  # of the page
SPILL = 1.15  # a text is used up by this share of its letters: words are read with one more or less
FAR = 40.0  # percent of likeness that being a page away costs


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a picture of a page says, and where."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class Pair:
    """What says the same on both sides: indexes, in reading order."""

    there: tuple[int, ...]  # in the screenshot
    here: tuple[int, ...]  # in the page drawn
    alike: float  # 0 to 1, of the texts as a whole


def pairs(there: Sequence[Said], here: Sequence[Said]) -> list[Pair]:
    """Return what belongs together; what is in no pair is missing, or too much."""
    left, right = [squeezed(each.text) for each in there], [squeezed(each.text) for each in here]
    links = _links(left, right, _likeness(left, right, _distance(there, here)))
    return sorted(
        (
            Pair(one, other, _alike([left[i] for i in one], [right[j] for j in other]))
            for one, other in _components(links)
        ),
        key=lambda pair: pair.there,
    )


def squeezed(text: str) -> str:
    """Return text as it is compared: OCR loses spaces, and style sheets change case."""
    return "".join(text.casefold().split())


def _likeness(
    left: list[str], right: list[str], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how likely each is a piece of the other, in percent; 0 for what cannot be."""
    if not left or not right:
        return np.zeros((len(left), len(right)))
    whole = process.cdist(left, right, scorer=fuzz.ratio)
    piece = process.cdist(left, right, scorer=fuzz.partial_ratio)
    shorter = np.minimum.outer([len(text) for text in left], [len(text) for text in right])
    part = np.where((shorter >= SHORT) | ((piece > 99) & (distance < NEAR)), piece * 0.95, 0)  # noqa: PLR2004  all of it
    best = np.maximum(whole, part).astype(np.float64)
    return np.where(best >= ALIKE, best - FAR * distance, 0.0)


def _distance(there: Sequence[Said], here: Sequence[Said]) -> NDArray[np.float64]:
    """Return how far apart they stand, as a share of the larger picture's sides, at most 1."""
    if not there or not here:
        return np.zeros((len(there), len(here)))
    one, other = (np.array([_centre(said.box) for said in side]) for side in (there, here))
    reach = np.maximum(one.max(axis=0), other.max(axis=0)).clip(min=1)
    distance: NDArray[np.float64] = np.abs((one[:, None] - other[None]) / reach).max(axis=2)
    return distance


def _links(
    left: list[str], right: list[str], likeness: NDArray[np.float64]
) -> Iterator[tuple[int, int]]:
    room = [[len(text) * SPILL for text in side] for side in (left, right)]
    order = np.argsort(-likeness, axis=None, kind="stable")
    for flat in order[: np.count_nonzero(likeness > 0)]:
        i, j = divmod(int(flat), len(right))
        letters = min(len(left[i]), len(right[j]))
        if letters <= room[0][i] and letters <= room[1][j]:
            room[0][i] -= letters
            room[1][j] -= letters
            yield i, j


def _components(links: Iterator[tuple[int, int]]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    groups: list[tuple[set[int], set[int]]] = []
    for i, j in links:
        touching = [group for group in groups if i in group[0] or j in group[1]]
        groups = [group for group in groups if group not in touching]
        one, other = {i}, {j}
        for group in touching:
            one |= group[0]
            other |= group[1]
        groups.append((one, other))
    return [(tuple(sorted(one)), tuple(sorted(other))) for one, other in groups]


def _alike(one: list[str], other: list[str]) -> float:
    return fuzz.ratio("".join(one), "".join(other)) / 100


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
