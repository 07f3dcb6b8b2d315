"""Boxes that a model names: read from its reply, and carried to the original picture.

Qwen2.5-VL gives boxes in pixels of the picture *as it saw it*, scaled to a grid of patches, so a
box means nothing without that size. Coordinates are edges between pixels, 0 to the width or
height, and are carried in whole numbers: toward the finer of the two pictures and back is exact,
toward the coarser at most half a pixel of the coarser is lost.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vision.engine import Image, Prompt

Box = tuple[int, int, int, int]  # x0, y0, x1, y1
Size = tuple[int, int]  # width, height

_BOX_KEY = '"bbox_2d"'
_BRACES = 8  # tried before a key: labels may hold braces too
_LABELS = ("label", "text_content", "text")  # what the model calls it, by what was asked
_WITH_FIELDS = ("receipt", "html", "compare")  # jobs that find something of their own


@dataclass(frozen=True, slots=True)
class Found:
    """A thing or a text that the model found."""

    label: str  # may be empty
    box: Box


def found_fields(
    reply: str, prompt: Prompt, seen: Callable[[Image], Size]
) -> dict[str, Any]:  # JSON
    """Return what a reply says stands where, as ``Chunk.fields`` has it; empty if it says nothing.

    ``seen`` tells how large the model saw a picture. Of several pictures in the last message no
    box says which it is in, so none is taken.
    """
    images = next((m.images for m in reversed(prompt.messages) if m.role == "user"), ())
    if len(images) != 1 or prompt.job in _WITH_FIELDS:
        return {}
    [image] = images
    original = image.width, image.height
    things = [
        {"text": found.label or _places(box), "bbox": list(box), "image": 0}
        for found in parse(reply)
        if _has_room(box := carried(found.box, seen(image), original))
    ]
    return {"found": things} if things else {}


def parse(reply: str) -> tuple[Found, ...]:
    """Read a reply's boxes as the model gave them: ``[{"bbox_2d": [...], "label": "..."}]``.

    The JSON may be fenced, have text around it or be cut off; what is whole is read.
    """
    return tuple(
        Found(_label(thing), box)
        for thing in _objects(reply)
        if (box := _box(thing.get("bbox_2d"))) is not None
    )


def carried(box: Box, source: Size, target: Size) -> Box:
    """Carry a box from a picture of one size to the same picture of another, corners in order."""
    x0, x1 = sorted(_scaled(x, source[0], target[0]) for x in (box[0], box[2]))
    y0, y1 = sorted(_scaled(y, source[1], target[1]) for y in (box[1], box[3]))
    return x0, y0, x1, y1


def _scaled(place: int, source: int, target: int) -> int:
    """Scale one coordinate, clamped to the picture; halves are rounded up."""
    inside = min(max(place, 0), source)
    return (2 * inside * target + source) // (2 * source)


def _objects(reply: str) -> Iterator[dict[str, object]]:
    """Yield the whole JSON objects in ``reply`` that have a box, in their order."""
    end = 0
    while (key := reply.find(_BOX_KEY, end)) >= 0:
        thing, end = _object_around(reply, key, end)
        if thing is not None:
            yield thing


def _object_around(reply: str, key: int, first: int) -> tuple[dict[str, object] | None, int]:
    """Return the object that the key at ``key`` belongs to, and where to read on."""
    start = key
    for _ in range(_BRACES):
        start = reply.rfind("{", first, start)
        if start < 0:
            break
        try:
            thing, end = json.JSONDecoder().raw_decode(reply, start)
        except (ValueError, RecursionError):  # cut off, no JSON, or a brace in a label
            continue
        if end > key:
            return thing, end
    return None, key + len(_BOX_KEY)


def _label(thing: dict[str, object]) -> str:
    return next((text for key in _LABELS if isinstance(text := thing.get(key), str)), "")


def _box(numbers: object) -> Box | None:
    """Return four finite numbers as whole ones, or None if they are not that."""
    if not isinstance(numbers, list) or len(numbers) != 4:  # noqa: PLR2004, x0, y0, x1, y1
        return None
    if not all(type(n) in (int, float) and math.isfinite(n) for n in numbers):
        return None
    x0, y0, x1, y1 = (math.floor(n + 0.5) for n in numbers)
    return x0, y0, x1, y1


def _has_room(box: Box) -> bool:
    return box[0] < box[2] and box[1] < box[3]


def _places(box: Box) -> str:
    return "({}, {}) ({}, {})".format(*box)
