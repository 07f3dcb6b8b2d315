"""The ways in which the amounts of a receipt add up: a base and what is added to it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import combinations, product

from vision.reader.labelled import Labelled, TaxLine
from vision.reader.page import Page
from vision.reader.roles import Role

NOTHING = Decimal()
MOST = 4  # amounts of one role that are tried one by one
_USED = 0.8  # what an amount adds to the rating of a total that it is a part of
# What a total loses for an amount of a role that there is and that is no part of it.
_UNUSED: Mapping[Role, float] = {"service": 0.6, "rounding": 0.6, "discount": 0.3, "tip": 0.3}

_Choice = tuple[Decimal, tuple[Labelled, ...]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which amounts add up to a total."""

    score: float  # the more it explains, the higher
    used: tuple[Labelled, ...] = ()
    taxed: bool = False  # the taxes were added


@dataclass(frozen=True)
class Reading:
    """All that a page says about amounts."""

    page: Page
    found: tuple[Labelled, ...]
    taxes: tuple[TaxLine, ...]
    bought: Decimal | None  # what the items come to

    def of(self, role: Role) -> list[Labelled]:
        """Return the amounts with a role, those of the receipt itself first."""
        return sorted((one for one in self.found if one.role == role), key=lambda one: one.late)

    @cached_property
    def tax(self) -> Decimal:
        """All taxes."""
        return sum((tax.value for tax in self.taxes), NOTHING)

    @cached_property
    def ways(self) -> Mapping[Decimal, Way]:
        """The way that explains most, by what the amounts come to."""
        best: dict[Decimal, Way] = {}
        for value, way in _ways(self):
            if value not in best or way.score > best[value].score:
                best[value] = way
        return best

    def settled(self, value: Decimal) -> float:
        """Return how much it says that what was paid, less the change, is ``value``; 0 if not."""
        changes = {abs(one.value) for one in self.of("change") if one.value}
        if any(sum((one.value for one in some), -value) in changes for some in self.payments):
            return 3.0
        return 1.5 if any(some[0].value == value for some in self.payments) else 0.0

    @cached_property
    def payments(self) -> list[tuple[Labelled, ...]]:
        """What may have been paid: each amount by itself, then two together."""
        paid = [one for one in self.of("paid")[:MOST] if one.value > 0]
        return [some for count in (1, 2) for some in combinations(paid, count)]


def _ways(reading: Reading) -> Iterator[tuple[Decimal, Way]]:
    """Yield what the amounts may come to, and how."""
    choices = {role: _choices(role, reading) for role in _UNUSED}
    taxes = {NOTHING, reading.tax}
    for base, worth, found in _bases(reading):
        for parts in product(*choices.values()):
            added = sum((part for part, _ in parts), base)
            used = (*found, *(one for _, some in parts for one in some))
            missed = sum(
                weight
                for (part, _), weight, role in zip(parts, _UNUSED.values(), choices, strict=True)
                if not part and len(choices[role]) > 1
            )
            for tax in taxes:
                explained = sum(bool(part) for part, _ in parts) + bool(tax)
                if explained or not found:
                    score = worth + _USED * explained - missed
                    yield added + tax, Way(score, used, bool(tax))
                elif found[0].role == "subtotal":  # which is the total, if nothing is added
                    yield added, Way(worth / 2 - missed, used)


def _bases(reading: Reading) -> Iterator[tuple[Decimal, float, tuple[Labelled, ...]]]:
    """Yield what a sum can begin with: a subtotal, the items, or a total before the last."""
    for one in reading.of("subtotal")[:MOST]:
        yield one.value, 1.0, (one,)
    for one in reading.of("total")[:MOST]:
        if not one.late:
            yield one.value, 0.8, (one,)
    if reading.bought:
        yield reading.bought, 1.0, ()


def _choices(role: Role, reading: Reading) -> list[_Choice]:
    """Return what a role may add to a sum: nothing, one of its amounts, of discounts all."""
    found = [one for one in reading.of(role) if one.value and not one.late]
    choices: list[_Choice] = [(NOTHING, ())]
    for one in found[:MOST]:
        size = one.value if role == "rounding" else abs(one.value)
        choices.append((-size if role == "discount" else size, (one,)))
    if role == "discount" and len(found) > 1:
        choices.append((-sum((abs(one.value) for one in found), NOTHING), tuple(found)))
    return choices
