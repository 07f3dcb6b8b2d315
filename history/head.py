"""A conversation's own file, ``conversation.json``: its name, pin, tags and the version shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from history import files, names
from history.record import SCHEMA, seal, unseal

# Any in this module is whatever JSON can hold.


@dataclass(frozen=True, slots=True)
class Choice:
    """The version that the user went back to. It holds until the next turn is appended."""

    tip: int  # the version's last turn
    of: int  # the conversation's newest turn at that time


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a conversation beside its turns."""

    title: str = ""  # as named; empty means to take it from the first prompt
    created_at: str = ""
    system_prompt: str = ""
    pinned: bool = False
    tags: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # of sampling, where chosen
    choice: Choice | None = None  # None: the version with the newest turn
    extra: Mapping[str, Any] = field(default_factory=dict)  # keys of others, kept
    schema: int = SCHEMA


def read_head(folder: Path) -> Head:
    """Return a conversation's own file. Raise ``ValueError`` or ``OSError`` if it is damaged."""
    return decode_head(files.read(folder / names.HEAD))


def decode_head(content: bytes) -> Head:
    """Return the head in ``content``. Raise ``ValueError`` with a reason."""
    record = unseal(content)
    schema = record.pop("schema")
    record.pop("id", None)
    values: dict[str, Any] = {}
    for key, (kind, read) in _KEYS.items():
        value = record.pop(key, None)
        if value is None:
            continue
        try:
            if type(value) is not kind:
                raise TypeError  # noqa: TRY301  as the readers below do
            values[key] = read(value)
        except TypeError as error:
            if schema <= SCHEMA:
                raise ValueError(f"its {key} is wrong") from error
            # Of a newer schema: it means something else by now.
    return Head(**values, extra=record, schema=schema)


def encode_head(conversation_id: str, head: Head) -> bytes:
    """Return the bytes of a conversation's own file. What nobody chose is not in it."""
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "id": conversation_id,
        "title": head.title,
        "created_at": head.created_at,
        "system_prompt": head.system_prompt,
    }
    if head.pinned:
        record["pinned"] = True
    if head.tags:
        record["tags"] = head.tags
    if head.settings:
        record["settings"] = head.settings
    if head.choice:
        record["choice"] = {"tip": head.choice.tip, "of": head.choice.of}
    return seal(record | {key: head.extra[key] for key in head.extra if key not in record})


def _tags(value: list[Any]) -> tuple[str, ...]:
    if not all(type(tag) is str for tag in value):
        raise TypeError
    return tuple(value)


def _choice(value: dict[str, Any]) -> Choice:
    tip, of = value.get("tip"), value.get("of")
    if type(tip) is not int or type(of) is not int:
        raise TypeError
    return Choice(tip, of)


_KEYS: Mapping[str, tuple[type, Any]] = {  # key: its type in JSON, and how it is read
    "title": (str, str),
    "created_at": (str, str),
    "system_prompt": (str, str),
    "pinned": (bool, bool),
    "tags": (list, _tags),
    "settings": (dict, dict),
    "choice": (dict, _choice),
}
