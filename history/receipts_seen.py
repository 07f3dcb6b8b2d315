"""A turn's receipts as the user left them. Pure: the JSON's shape is known here and in ``fields``.

Whatever is not as expected counts as not there: files are old, new, or written by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from history.corrections import CONFIRMED, in_place, is_confirmed, without_holes
from history.fields import parts_of
from history.turn import Turn

# Any in this module is whatever JSON can hold.

DOUBT_BELOW = 0.8  # confidence: of values below it, more than one in five is wrong

_MATTER = ("merchant", "date", "total")
_DOUBTED = ("unsupported", "disagrees")  # notes


@dataclass(frozen=True, slots=True)
class Seen:
    """A receipt of a turn, as the user left it."""

    number: int  # among those of its turn, from 0: in paths of corrections
    receipt: Mapping[str, Any]
    confirmed: bool  # the user said that it is right
    corrected: tuple[str, ...]  # names of fields that the user changed

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The names of fields that want a look; none where the user had one."""
        if self.confirmed:
            return ()
        return tuple(key for key, value in self.receipt.items() if is_doubtful(value))

    @property
    def wants_a_look(self) -> bool:
        """Whether what matters is missing or unsure, or anything is contested."""
        if self.confirmed:
            return False
        kept = [self.receipt.get(name) for name in _MATTER]
        unsure = any(each is None or is_doubtful(each) for each in kept)
        return unsure or _is_contested(self.receipt)

    @property
    def adds_up(self) -> bool | None:
        """Whether all sums close; None where there was nothing to add."""
        checks = parts_of(self.receipt, "checks")
        return all(check.get("ok") is True for check in checks) if checks else None


def seen_in(turn: Turn) -> list[Seen]:
    """Return the receipts of a turn; none of one whose fields are no receipts'."""
    found = in_place(turn).get("receipts")
    return [
        Seen(number, without_holes(each), is_confirmed(turn, number), _corrected(turn, number))
        for number, each in enumerate(found if isinstance(found, list) else [])
        if isinstance(each, Mapping)
    ]


def is_doubtful(value: Any) -> bool:
    """Tell whether a field, or any in a list or an item, is unsure or not borne out."""
    match value:
        case {"value": _}:
            confidence = value.get("confidence", 1.0)
            unsure = isinstance(confidence, int | float) and confidence < DOUBT_BELOW
            return unsure or value.get("note") in _DOUBTED
        case Mapping():
            return any(is_doubtful(inner) for inner in value.values())
        case list():
            return any(is_doubtful(inner) for inner in value)
        case _:
            return False


def _is_contested(value: Any) -> bool:
    match value:
        case {"value": _}:
            return value.get("note") in _DOUBTED
        case Mapping():
            return any(map(_is_contested, value.values()))
        case list():
            return any(map(_is_contested, value))
        case _:
            return False


def pictures_of(receipt: Mapping[str, Any], count: int) -> list[int]:
    """Return the places, among ``count`` pictures of its turn, of those a receipt is on."""
    named = sorted(place for place in _images(receipt) if 0 <= place < count)
    return named or list(range(count))


def _corrected(turn: Turn, number: int) -> tuple[str, ...]:
    start = f"receipts.{number}."
    paths = sorted(path for path in turn.corrections if path.startswith(start))
    names = dict.fromkeys(path.removeprefix(start).partition(".")[0] for path in paths)
    return tuple(name for name in names if name not in (CONFIRMED, "checks"))


def _images(value: Any) -> set[int]:
    match value:
        case {"value": _, "image": int(image), "box": list()}:
            return {image}
        case {"value": _}:
            return set()  # what the user added is on no picture
        case Mapping():
            return set[int]().union(*map(_images, value.values()))
        case list():
            return set[int]().union(*map(_images, value))
        case _:
            return set()
