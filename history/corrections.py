"""What the user says a job should have found: kept beside it by path, never in its place. Pure.

A path leads through ``Turn.fields``: ``receipts.0.total``, ``receipts.0.items.2.name``. Under it
stands the right value, or "" for what is not there at all; one number past a list's end adds to
it. ``receipts.0.confirmed`` says that the user looked and found that receipt right as it is then.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any

from history.fields import value_of
from history.turn import Turn

# Any in this module is whatever JSON can hold.

Changes = Mapping[str, Any]  # by path; None takes a correction back
Correcting = Callable[[Turn], Changes]  # what depends on the turn as it is then

CONFIRMED = "confirmed"
REMOVED = ""
_LONGEST_TOLD = 200  # characters of a value in an export to read
_MOST_ADDED = 1_000  # to a list: a path that someone wrote by hand must not fill the memory


def corrected(turn: Turn) -> dict[str, Any]:
    """Return what a job found as the user left it: corrections win, what was removed is gone."""
    return {key: without_holes(value) for key, value in in_place(turn).items()}


def in_place(turn: Turn) -> dict[str, Any]:
    """Return the same with None where something was removed from a list, so that paths lead on."""
    fields = deepcopy(dict(turn.fields))
    # What was added comes before its own corrections, and what was removed goes last.
    for path in sorted(turn.corrections, key=lambda each: _order(each, turn.corrections[each])):
        if not path.endswith(f".{CONFIRMED}"):
            _put(fields, path, turn.corrections[path])
    return fields


def without_holes(value: Any) -> Any:
    """Return ``value`` with its lists closed up."""
    match value:
        case Mapping():
            return {key: without_holes(inner) for key, inner in value.items()}
        case list():
            return [without_holes(inner) for inner in value if inner is not None]
        case _:
            return value


def changed_by(turn: Turn, changes: Changes) -> Turn:
    """Return a turn with changes to its corrections."""
    merged = {**turn.corrections, **changes}
    return replace(turn, corrections={path: v for path, v in merged.items() if v is not None})


def is_confirmed(turn: Turn, receipt: int) -> bool:
    """Tell whether the user said that a receipt is right."""
    return turn.corrections.get(f"receipts.{receipt}.{CONFIRMED}") is True


def changes(turn: Turn) -> list[str]:
    """Return each correction as a line of text, with what was found before it."""
    return [
        f"{path}: {_short(value) or '–'}" + (f" (was {was})" if was else "")
        for path, value in sorted(turn.corrections.items())
        if not path.endswith(".checks")
        for was in [_short(at(turn.fields, path))]
    ]


def _short(value: Any) -> str:
    text = value_of(value)
    return text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"


def at(fields: Mapping[str, Any], path: str) -> Any:
    """Return what stands at a path, or None."""
    found: Any = fields
    for key in _keys(path):
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def _order(path: str, value: Any) -> tuple[bool, list[tuple[int, str]]]:
    return value == REMOVED, [(len(key), key) for key in path.split(".")]


def _keys(path: str) -> list[str]:
    # The names of a user's own schema may have dots.
    root, _, rest = path.partition(".")
    return [root, rest] if root == "custom" else path.split(".")


def _put(fields: dict[str, Any], path: str, value: Any) -> None:
    """Put a correction where its path leads; one that leads nowhere changes nothing."""
    keys = _keys(path)
    place: Any = fields
    for key, following in pairwise(keys):
        inner = _get(place, key)
        if inner is None:
            inner = [] if following.isdecimal() else {}
            if not _set(place, key, inner):
                return
        place = inner
    _set(place, keys[-1], _instead_of(_get(place, keys[-1]), value))


def _get(place: Any, key: str) -> Any:
    if isinstance(place, dict):
        return place.get(key)
    known = isinstance(place, list) and key.isdecimal() and int(key) < len(place)
    return place[int(key)] if known else None


def _set(place: Any, key: str, value: Any) -> bool:
    if isinstance(place, dict):
        place[key] = value
        return True
    if not (isinstance(place, list) and key.isdecimal()):
        return False
    missing = int(key) + 1 - len(place)
    if missing > _MOST_ADDED:
        return False
    place += [None] * missing
    place[int(key)] = value
    return True


def _instead_of(found: Any, value: Any) -> Any:
    """Return a correction in the form of what it replaces, which may say where it was found."""
    if value == REMOVED and not isinstance(found, str):
        return None
    if not isinstance(value, str) or isinstance(found, str):
        return value
    before = found if isinstance(found, Mapping) else {"raw": ""}
    return {**before, "value": value, "confidence": 1.0, "source": "user", "note": "", "other": ""}
