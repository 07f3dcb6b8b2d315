"""How sure a value of the reader's is: how often such values turned out right. Pure.

A value is right when its text was read right and the right text was chosen; the two were measured
apart, by ``python -m bench receipts``, which prints them again for any folder with labels. The
tables below are from 60 scanned receipts, 3,084 lines; what a table cannot tell is interpolated.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from vision.reader.fields import Facts

# The recogniser's score of a line, and how often a line with such a score is right letter by
# letter: of lines with an amount or a number alone, and of words.
_SCORES = (0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
_FIGURES = (0.3, 0.6, 0.8, 0.9, 0.97, 0.99, 0.995)
_WORDS = (0.2, 0.4, 0.6, 0.8, 0.92, 0.96, 0.98)


def read_right(score: float, *, is_figure: bool) -> float:
    """Return how often text with the recogniser's ``score`` is read right."""
    return _between(score, _SCORES, _FIGURES if is_figure else _WORDS)


def chosen(facts: Facts) -> Mapping[str, float]:
    """Return how often the right text is chosen for each field, given what speaks for it."""
    sums = facts.sums
    agree = sums.closes + sums.settles
    total = (0.85, 0.96, 0.99)[agree]
    parts = 0.97 if sums.closes else 0.85
    whole = facts.basket.worth in {one.value for one in (sums.total, sums.subtotal) if one}
    named = min(1.0, max(0.0, facts.merchant.score)) if facts.merchant else 0.0
    return {
        "merchant": 0.8 + 0.18 * named,
        "buyer": 0.75,
        "address": 0.92,
        "tax_id": 0.95,
        "phone": 0.95,
        "date": 0.98 if facts.date and facts.date.score > 0 else 0.9,
        "time": 0.95,
        "number": 0.9,
        "currency": 0.97,
        "payment_method": 0.9,
        "items": 0.97 if whole else 0.8,
        "total": total,
        "paid": 0.97 if sums.settles else 0.85,
        "change": 0.97 if sums.settles else 0.85,
        **dict.fromkeys(("subtotal", "discounts", "service", "rounding", "tip", "taxes"), parts),
    }


def sure(read: Sequence[float], right: float) -> float:
    """Return how sure a value is whose lines are ``read`` right, and that is ``right``, so often."""
    return round(min(0.99, right * min(read, default=1.0)), 3)


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    i = min(max(bisect_left(xs, x), 1), len(xs) - 1)
    share = min(1.0, max(0.0, (x - xs[i - 1]) / (xs[i] - xs[i - 1])))
    return ys[i - 1] + share * (ys[i] - ys[i - 1])
