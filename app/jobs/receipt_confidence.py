"""How sure a value of the reader's is: how often such values turned out right. Pure.

A value is right when its text was read right and the right text was chosen. Both were measured on
60 scanned receipts with labels: reading on their 3,057 lines, choosing with rules that had only
seen the other half of the receipts. ``python -m bench receipts FOLDER`` prints how often values of
each confidence are right, for any folder with labels.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from vision.reader.fields import Facts

# The recogniser's score of a line, and how often one with such a score is right letter by letter.
_SCORES = (0.6, 0.85, 0.925, 0.96, 0.975, 0.985, 0.993, 0.9965, 0.999)
_FIGURES = (0.2, 0.38, 0.71, 0.82, 0.86, 0.87, 0.9, 0.945, 0.999)
_WORDS = (0.4, 0.55, 0.63, 0.79, 0.88, 0.89, 0.925, 0.96, 0.997)
# The same for words that a closer look read the same, and for those that it read otherwise.
_SAME = (0.6, 0.68, 0.74, 0.88, 0.9, 0.9, 0.94, 0.965, 0.997)
_OTHER = (0.1, 0.2, 0.29, 0.54, 0.65, 0.76, 0.83, 0.86, 0.9)
MOST = 0.99  # nothing is certain


def figure_right(score: float) -> float:
    """Return how often an amount with the recogniser's ``score`` is read right."""
    return _between(score, _SCORES, _FIGURES)


def words_right(score: float, agreed: bool | None) -> float:
    """Return how often words are read right; ``agreed`` if looked at again, and read the same."""
    looked = {None: _WORDS, True: _SAME, False: _OTHER}
    return _between(score, _SCORES, looked[agreed])


@dataclass(frozen=True, slots=True)
class Trust:
    """How often a field's text is the right one, and how much a misread line harms it."""

    right: float
    harm: float

    def of(self, read: Sequence[float]) -> float:
        """Return how sure a value is whose lines are ``read`` right so often."""
        return round(min(MOST, self.right * prod(read) ** self.harm), 3)


# Of lines of words, half of what is misread is not in the value, or goes wrong together: with a
# power of 0.5 the 60 receipts' names, dates and addresses were as often right as they should be.
_WORDS_HARM = 0.5
# An amount that were misread would hardly add up.
_CLOSED, _OPEN = 0.2, 1.0


def trust(facts: Facts) -> Mapping[str, Trust]:
    """Return how far each field can be trusted, given what speaks for it."""
    sums = facts.sums
    named = min(1.0, max(0.0, facts.merchant.score)) if facts.merchant else 0.0
    words = {
        "merchant": 0.87 + 0.11 * named,
        "buyer": 0.75,
        "address": 0.92,
        "tax_id": 0.95,
        "phone": 0.95,
        "date": 0.98 if facts.date and facts.date.score > 0 else 0.9,
        "time": 0.95,
        "number": 0.9,
        "currency": 0.97,
        "payment_method": 0.9,
    }
    whole = facts.basket.worth in {one.value for one in (sums.total, sums.subtotal) if one}
    parts = Trust(0.97, _CLOSED) if sums.closes else Trust(0.85, _OPEN)
    settled = Trust(0.97, _CLOSED) if sums.settles else Trust(0.85, _OPEN)
    agree = sums.closes + sums.settles
    return {
        **{name: Trust(right, _WORDS_HARM) for name, right in words.items()},
        "name": Trust(0.95 if whole else 0.8, _WORDS_HARM),
        "items": Trust(0.97, _CLOSED) if whole else Trust(0.8, _OPEN),
        "total": Trust((0.85, 0.96, 0.99)[agree], _CLOSED if agree else _OPEN),
        "paid": settled,
        "change": settled,
        **dict.fromkeys(("subtotal", "discounts", "service", "rounding", "tip", "taxes"), parts),
    }


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    i = min(max(bisect_left(xs, x), 1), len(xs) - 1)
    share = min(1.0, max(0.0, (x - xs[i - 1]) / (xs[i] - xs[i - 1])))
    return ys[i - 1] + share * (ys[i] - ys[i - 1])
