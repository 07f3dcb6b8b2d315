"""What the viewer draws on a turn's pictures: lines that were read, things a model named."""

from collections.abc import Mapping
from typing import Any

from history import Turn

_CORNERS = 4


def found_in(turn: Turn) -> list[dict[str, Any]]:  # JSON
    """Return each text with its box, [x0, y0, x1, y1], and the index of its picture."""
    return [*map(dict, turn.lines), *named_in(turn)]


def named_in(turn: Turn) -> list[dict[str, Any]]:  # JSON
    """Return what the model said stands where, and nothing of what an import may have put there."""
    named = turn.fields.get("found")
    return [dict(each) for each in named if _is_place(each)] if isinstance(named, list) else []


def _is_place(each: object) -> bool:
    if not (isinstance(each, Mapping) and isinstance(each.get("text"), str)):
        return False
    box = each.get("bbox")
    return (
        isinstance(box, list)
        and len(box) == _CORNERS
        and all(type(side) is int for side in box)
        and type(each.get("image")) is int
    )
