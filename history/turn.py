"""What a conversation is made of, and a turn's file.

The names in Python are the project's words; the keys on disk are the documented ones
(``user_input`` is the prompt, ``model_output`` the reply, ``boxes`` the lines found). Keys that
this version does not know are kept in ``extra`` and written back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from history.errors import HistoryError
from history.names import check_image_name
from history.record import SCHEMA, TooNewError, seal, unseal

# Any in this module is whatever JSON can hold.

FinishReason = Literal["stop", "length", "loop", "cancelled", "error"]


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture that a turn refers to. Its bytes are in the store, once, under their hash."""

    sha256: str  # of the stored bytes
    format: str  # file extension without the dot: "jpg"
    width: int  # upright pixels, EXIF orientation applied
    height: int
    name: str = ""  # of the file as the user had it; shown, never a path

    def __post_init__(self) -> None:
        check_image_name(self.sha256, self.format)


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt from the user and the reply to it.

    A turn is written whole, twice: when the prompt arrives (``finish_reason`` is None), and when
    the reply ends, for whatever reason. Sequences inside mappings come back from disk as lists.
    """

    id: int  # 1-based place in the conversation, and the file name: 1 is 0001.json
    timestamp: str  # UTC, ISO 8601: "2026-02-14T09:30:12.345Z"; empty where the file is damaged
    prompt: str
    images: tuple[ImageRef, ...] = ()
    reply: str = ""
    finish_reason: FinishReason | None = None  # None while the reply is still open
    latency_ms: float | None = None  # from the worker's start on the turn to its end
    engine: str = ""
    model: str = ""
    revision: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)  # sampling, seed included
    usage: Mapping[str, float | int] = field(default_factory=dict)  # tokens, ms, bytes
    token_ids: tuple[int, ...] = ()  # of the reply, as the model made them
    job: str | None = None  # what the user chose on a card
    fields: Mapping[str, Any] = field(default_factory=dict)  # what a job found
    # What the user says it should have found, by path ("receipts.0.total"): ``corrections.py``.
    corrections: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Mapping[str, Any], ...] = ()  # text, bbox [x0, y0, x1, y1], score, image
    error: Mapping[str, Any] = field(default_factory=dict)  # code, values, text, hint; or empty
    notices: tuple[str, ...] = ()
    # The turn it comes after, 0 for none; None, as nearly always: the one numbered before it.
    follows: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # keys of others, kept
    schema: int = SCHEMA  # of the file; a higher one than ours is shown, never written
    damaged: bool = False  # stands in for a file that cannot be read; never written


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as a list shows it."""

    id: str  # the folder: "20260214-093012-k3f9"
    title: str  # as named, else from the first prompt; empty where there is neither
    created_at: str  # UTC, ISO 8601
    updated_at: str  # timestamp of the newest turn
    turns: int  # those of all versions
    cover: ImageRef | None = None  # the first picture of its opening turns
    system_prompt: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)  # of sampling, where chosen
    pinned: bool = False
    tags: tuple[str, ...] = ()


def encode(turn: Turn) -> bytes:
    """Return the bytes of a turn's file."""
    assert not turn.damaged, "a placeholder must not replace the file it stands for"
    record: dict[str, Any] = {"schema": SCHEMA, "id": turn.id, "timestamp": turn.timestamp}
    record["image_hash"] = turn.images[0].sha256 if turn.images else None
    for key, (attribute, _) in _KEYS.items():
        record[key] = getattr(turn, attribute)
    if turn.follows is None:
        del record["follows"]
    if not turn.corrections:
        del record["corrections"]
    record["images"] = [_image_record(image) for image in turn.images]
    return seal(record | {key: turn.extra[key] for key in turn.extra if key not in record})


def decode(content: bytes) -> Turn:
    """Return the turn in ``content``. Raise ``ValueError`` with a reason.

    Of a newer schema, what this version does not understand is left at its default.
    """
    record = unseal(content)
    schema = record.pop("schema")
    record.pop("image_hash", None)
    values: dict[str, Any] = {}
    for key, (attribute, read) in _KEYS.items():
        if key in record:
            value = record.pop(key)
            try:
                values[attribute] = read(value)
            except (TypeError, HistoryError) as error:
                if schema <= SCHEMA:
                    raise ValueError(f"its {key} is wrong") from error
    if missing := {"id", "timestamp", "prompt"} - values.keys():
        if schema > SCHEMA:
            raise TooNewError(schema)
        raise ValueError(f"it has no {', '.join(sorted(missing))}")
    return Turn(**values, extra=record, schema=schema)


def placeholder(turn_id: int, reason: HistoryError) -> Turn:
    """Return what is shown in place of a turn whose file cannot be read."""
    return Turn(turn_id, "", "", finish_reason="error", error=reason.record(), damaged=True)


def _image_record(image: ImageRef) -> dict[str, Any]:
    return {key: getattr(image, key) for key in _IMAGE_KEYS}


_IMAGE_KEYS: Final = {"sha256": str, "format": str, "width": int, "height": int, "name": str}


def _images(value: Any) -> tuple[ImageRef, ...]:
    return tuple(
        ImageRef(**{key: _of(kind)(image.get(key)) for key, kind in _IMAGE_KEYS.items()})
        for image in _list_of(dict)(value)
    )


def _of(*kinds: type) -> Callable[[Any], Any]:
    """Return a check for exactly these types: a bool is no number."""

    def read(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError
        return value

    return read


def _list_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    def read(value: Any) -> tuple[Any, ...]:
        return tuple(map(_of(kind), _of(list)(value)))

    return read


def _finish_reason(value: Any) -> Any:
    if value is not None and value not in get_args(FinishReason):
        raise TypeError
    return value


# Key on disk: attribute of Turn, and how its value is read. The order is that of the file.
_KEYS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "id": ("id", _of(int)),
    "timestamp": ("timestamp", _of(str)),
    "images": ("images", _images),
    "user_input": ("prompt", _of(str)),
    "model_output": ("reply", _of(str)),
    "latency_ms": ("latency_ms", _of(float, int, type(None))),
    "finish_reason": ("finish_reason", _finish_reason),
    "engine": ("engine", _of(str)),
    "model": ("model", _of(str)),
    "revision": ("revision", _of(str)),
    "params": ("params", _of(dict)),
    "usage": ("usage", _of(dict)),
    "token_ids": ("token_ids", _list_of(int)),
    "job": ("job", _of(str, type(None))),
    "fields": ("fields", _of(dict)),
    "corrections": ("corrections", _of(dict)),
    "boxes": ("lines", _list_of(dict)),
    "error": ("error", _of(dict)),
    "notices": ("notices", _list_of(str)),
    "follows": ("follows", _of(int)),
}
