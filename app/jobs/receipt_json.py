"""JSON out of what a model says: in a fence, with prose around it, broken, or cut off.

What is valid is decoded as it stands, numbers as the text they were written in: 12.50 stays so.
What is not is mended by json-repair. Of JSON that was cut off only what is whole is kept: the "1"
of a "12.50" that never came is no amount, and half an item is none.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

Thing = dict[str, Any]  # what JSON can hold

_FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_BEGINS = re.compile(r"""[\[{]\s*(?:["'“‘{\[}\]]|\w+\s*:)""")  # not the {merchant} of a sentence
_OPEN_TO_CLOSE = {"{": "}", "[": "]"}
_DEEPEST = 40  # brackets within brackets; more is a model gone wrong
_LONGEST = 100_000  # characters that are looked at
_TRIES = 100  # places in a reply at which JSON may begin


def best_object(reply: str, wanted: Collection[str]) -> Thing | None:
    """Return the object in ``reply`` that says most of ``wanted``, the later of equals, or None."""
    found = [thing for thing in _objects(reply[:_LONGEST], wanted) if _says(thing, wanted)]
    return max(reversed(found), key=lambda thing: _says(thing, wanted), default=None)


def _objects(reply: str, wanted: Collection[str]) -> Iterator[Thing]:
    """Yield all objects in ``reply``, those within others too; mended ones if no valid one fits."""
    whole = [thing for value in _valid(reply) for thing in _within(value)]
    if not any(_says(thing, wanted) for thing in whole):
        for text in (*(match[1] for match in _FENCE.finditer(reply)), reply):
            whole += _within(_mended(text))
    yield from whole


def _says(thing: Thing, wanted: Collection[str]) -> int:
    """Count the wanted names for which ``thing`` has something."""
    return sum(thing.get(name) not in (None, "", [], {}) for name in wanted)


def _valid(text: str) -> Iterator[Any]:
    """Yield every value of valid JSON in ``text`` that begins with a bracket."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, strict=False)
    at = 0
    for _ in range(_TRIES):
        match = _BEGINS.search(text, at)
        if match is None:
            return
        try:
            value, at = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            at = match.start() + 1
            continue
        yield value


def _within(value: Any) -> list[Thing]:
    """Return the objects in ``value``, itself included, outer ones first."""
    if isinstance(value, dict):
        return [value, *(thing for each in value.values() for thing in _within(each))]
    return [thing for each in value for thing in _within(each)] if isinstance(value, list) else []


def _mended(text: str) -> Any:
    """Return what json-repair makes of ``text`` from its first bracket on, or None."""
    from json_repair import repair_json  # only where a reply is broken

    begins = _BEGINS.search(text)
    if begins is None:
        return None
    part, depth = whole_part(text[begins.start() :])
    if depth > _DEEPEST:
        return None
    return _spelt(repair_json(part, return_objects=True, skip_json_loads=True))


def _spelt(value: Any) -> Any:
    """Return ``value`` with its numbers as text, as valid JSON is read."""
    if isinstance(value, dict):
        return {str(key): _spelt(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_spelt(each) for each in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def whole_part(text: str) -> tuple[str, int]:
    """Return the JSON that ``text`` begins with, and how deep its brackets go.

    What was cut off is left out and the brackets around it are closed: a value that has no end, and
    an object of a list within an object (an item) that has none.
    """
    open_: list[tuple[str, int]] = []  # bracket, where it is
    deepest, safe, in_string, escaped, last = 0, 0, False, False, ""
    for at, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
            if not in_string and last in (":", "["):  # a value, not a name
                safe = at + 1
        elif character == '"':
            in_string = True
        elif character in _OPEN_TO_CLOSE:
            open_.append((character, at))
            deepest, safe = max(deepest, len(open_)), at + 1
        elif character in "}]" and open_:
            open_.pop()
            safe = at + 1
            if not open_:
                return text[:safe], deepest
        elif character == ",":
            safe = at
        if not in_string and not character.isspace() and character != '"':
            last = character
    return _closed(text, open_, safe), deepest


def _closed(text: str, open_: list[tuple[str, int]], safe: int) -> str:
    brackets = "".join(bracket for bracket, _ in open_)
    half = brackets.find("{[{")
    if half >= 0:  # an item that has no end
        safe = open_[half + 2][1]
        open_ = open_[: half + 2]
    kept = text[:safe].rstrip().removesuffix(",")
    return kept + "".join(_OPEN_TO_CLOSE[bracket] for bracket, _ in reversed(open_))
