"""Whose ink is whose: the words of a line dealt out to the ink between its gaps.

What was read has no places within the line, and the ink has no names. The widths that words would
have tell which is which, even where a space was not read, or a bullet, an arrow or a heart stands
between words that were.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.webpage.measure.typefaces import Face, extent

SKIP = 0.3  # em of misfit that ink without words costs
SPLIT = 0.5  # em that a word costs which is dealt out to two


@dataclass(frozen=True, slots=True)
class Deal:
    """The text that each part of the ink has, "" for one without, and how badly they fit."""

    texts: tuple[str, ...]
    misfit: float  # pixels


def deal(text: str, widths: Sequence[float], face: Face, size: float) -> Deal:
    """Deal the words of a text out to ink of some widths, in pixels; ``size`` is about its em."""
    words = text.split(" ")
    if len(words) == len(widths):
        return Deal(tuple(words), 0.0)
    whole = dealt(words, widths, face, size, " ")
    if len(widths) <= 1 or len(words) > len(widths):
        return whole
    letters = dealt(list(text.replace(" ", "")), widths, face, size, "")
    cuts = sum(part not in words for part in letters.texts if part)
    return letters if letters.misfit + SPLIT * size * cuts < whole.misfit else whole


def dealt(
    units: Sequence[str], widths: Sequence[float], face: Face, size: float, glue: str
) -> Deal:
    """Deal units out in order, so that their widths are as near to the ink's as can be."""
    wide = [extent(unit, face).advance * size for unit in units]
    space = extent(glue, face).advance * size if glue else 0.0
    # With so many units dealt out: the least misfit, and after which unit each ink ends.
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for width in widths:
        after: dict[int, tuple[float, tuple[int, ...]]] = {}
        for done, (spent, ends) in best.items():
            wanted = 0.0
            for upto in range(done, len(units) + 1):
                if upto > done:
                    wanted += wide[upto - 1] + (space if upto > done + 1 else 0.0)
                skipped = SKIP * size + max(0.0, width - size)
                off = spent + (skipped if upto == done else abs(wanted - width))
                if upto not in after or off < after[upto][0]:
                    after[upto] = (off, (*ends, upto))
                if wanted > 2 * width + 4 * size:
                    break
        best = after
    if len(units) not in best:
        return Deal((glue.join(units), *("" for _ in widths[1:])), float("inf"))
    misfit, ends = best[len(units)]
    starts = (0, *ends)
    return Deal(tuple(glue.join(units[a:b]) for a, b in zip(starts, ends, strict=False)), misfit)
