"""Fields of a JSON schema of the user's own: asked of a model, or found by their labels.

Of JSON schema is used what says which fields there are and what they are called: ``type``,
``properties``, ``enum``, ``format`` "date", ``title`` and ``description``. A field within another
is named with a point between: "seller.name".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from app.config import ConfigError
from app.jobs.receipt_checking import found_text
from app.jobs.receipt_evidence import Evidence, Lines
from app.jobs.receipt_json import Thing
from app.jobs.receipt_prompt import CUSTOM
from app.jobs.receipt_schema import Receipt, Text
from app.jobs.receipt_spelling import day_of, decimal_of, spelt
from app.jobs.receipt_sureness import Sureness
from vision.engine import Line
from vision.reader.layout import rows
from vision.reader.lookup import Found, beside, squashed
from vision.reader.rows import Rows
from vision.reader.script import has_cjk
from vision.reader.vocabulary import FIELDS

_MOST_BYTES = 64_000  # of a schema; it goes into every prompt
_MOST_FIELDS = 100
_SHORT = 3  # letters; a name so short is found in other labels
_LABEL_WORDS = 4  # a description of more words is no label
_FROM_A_LABEL = 0.8  # how often what stands beside a label is its value
_RECEIPT_FIELDS: Mapping[str, str] = {"cash": "paid"}  # the reader's name, the receipt's

Kind = Literal["string", "number", "integer", "boolean", "null", "array", "object"]


class FieldSchema(BaseModel):
    """One field of a user's schema."""

    type: Kind | list[Kind] = "string"
    title: str = ""
    description: str = ""
    format: str = ""
    enum: list[Any] | None = None
    properties: dict[str, "FieldSchema"] = {}

    @property
    def is_number(self) -> bool:
        """Tell whether a value must be a number."""
        kinds = {self.type} if isinstance(self.type, str) else set(self.type)
        return bool(kinds & {"number", "integer"}) and "string" not in kinds


class _Root(FieldSchema):
    type: Literal["object"] = "object"
    properties: Annotated[dict[str, FieldSchema], Field(min_length=1, max_length=_MOST_FIELDS)]


def load_schema(path: Path) -> str:
    """Return a user's schema as the text that prompts carry. Raise ``ConfigError``: why not."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ConfigError(f"schema {path}: cannot be read: {reason}.") from error
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"schema {path}: {len(text):,} characters; the limit is {_MOST_BYTES:,}.")
    try:
        _parsed(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"schema {path}: is not JSON: {error.msg} in line {error.lineno}."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        # Of a union pydantic also names the member, such as list[…].
        names = [part for part in map(str, first["loc"]) if "[" not in part]
        place = ".".join(names) or "the whole"
        raise ConfigError(
            f"schema {path}: {place}: {first['msg']}. "
            'It must be like {"type": "object", "properties": {"table": {"type": "string"}}}.'
        ) from error
    return json.dumps(json.loads(text), ensure_ascii=False)


def names_of(schema: str) -> tuple[str, ...]:
    """Return the names of a schema's fields, those within others left out."""
    return tuple(_parsed(schema).properties)


def checked_custom(
    schema: str, reply: Thing, lines: Lines, sureness: Sureness, image: int = 0
) -> dict[str, Text]:
    """Return what a reply gives for the schema's fields, each value checked against the lines.

    What cannot be a value of its field's type is left out.
    """
    if not schema:
        return {}
    inner = reply.get(CUSTOM)
    said = inner if isinstance(inner, dict) else reply
    found: dict[str, Text] = {}
    for name, field in _leaves(_parsed(schema)):
        value = _at(said, name)
        if text := _typed(field, _written(value)):
            place = _place(field, text, lines)
            found[name] = found_text(text, spelt(value) or text, place, sureness, image)
    return found


def by_labels(
    schema: str, lines: Sequence[Line], of: Sequence[int], receipt: Receipt | None = None
) -> dict[str, Text]:
    """Return what stands beside the labels that the schema's fields are called by.

    A field that a receipt has anyway, such as its total, is the one of ``receipt``.
    """
    if not schema:
        return {}
    own = [lines[i] for i in of]
    index = {id(line): i for line, i in zip(own, of, strict=True)}
    found: dict[str, Text] = {}
    for name, field in _leaves(_parsed(schema)):
        labels = list(_labels(name, field))
        text = _of_receipt(labels, receipt) or _beside(labels, field, own, index)
        if text:
            found[name] = text
    return found


def _parsed(schema: str) -> _Root:
    return _Root.model_validate(json.loads(schema))


def _leaves(field: FieldSchema, name: str = "") -> Iterator[tuple[str, FieldSchema]]:
    for key, inner in field.properties.items():
        path = f"{name}.{key}" if name else key
        if inner.properties:
            yield from _leaves(inner, path)
        else:
            yield path, inner


def _at(said: Any, name: str) -> Any:
    """Return the value that a dotted name leads to."""
    for key in name.split("."):
        said = said.get(key) if isinstance(said, dict) else None
    return said


def _written(said: Any) -> str:
    """Return a value of JSON as text; a list of objects as JSON."""
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, list) and any(isinstance(each, dict) for each in said):
        return json.dumps(said, ensure_ascii=False)
    return spelt(said)


def _typed(field: FieldSchema, text: str) -> str:
    """Return ``text`` as a value of the field; "" where it cannot be one."""
    if not text:
        return ""
    if field.enum is not None:
        return next((str(e) for e in field.enum if str(e).casefold() == text.casefold()), "")
    if field.format == "date":
        day = day_of(text)
        return day.isoformat() if day else ""
    if field.is_number:
        number = decimal_of(text)
        return "" if number is None else f"{number:f}"
    return text


def _place(field: FieldSchema, text: str, lines: Lines) -> Evidence | None:
    if field.format == "date" and (day := day_of(text)):
        return lines.date(day)
    if field.is_number and (number := decimal_of(text)) is not None:
        return lines.amount(number)
    return lines.text(text)


def _labels(name: str, field: FieldSchema) -> Iterator[str]:
    """Yield the words that a field may be called by on a receipt."""
    yield from re.findall(r"[\"'“「](.{2,40}?)[\"'”」]", field.description)
    for words in (field.title, field.description.strip(" .。")):
        if words and len(words.split()) <= _LABEL_WORDS:
            yield words
    own = name.rpartition(".")[2]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-]+", " ", own).strip()
    if len(words) > _SHORT or has_cjk(words):
        yield words


def _of_receipt(labels: Sequence[str], receipt: Receipt | None) -> Text | None:
    for name, pattern in FIELDS:
        if receipt and any(pattern.fullmatch(label) for label in labels):
            found = getattr(receipt, _RECEIPT_FIELDS.get(name, name), None)
            if found is not None:
                return Text.model_validate(found.model_dump() | {"value": str(found.value)})
    return None


def _is_its(label: str, found: Found, said: Rows) -> bool:
    """Tell whether a value is a label's: one that stands below it, only of a label by itself."""
    first, last = found.lines[0], found.lines[-1]
    level = any(first in row and last in row for row in said)
    return level or squashed(first.text) == squashed(label)


def _beside(
    labels: Sequence[str], field: FieldSchema, own: Sequence[Line], index: Mapping[int, int]
) -> Text | None:
    said = rows(own)
    for label in labels:
        found = beside(label, said)
        value = (
            _typed(field, found.value.strip("()[] "))
            if found and _is_its(label, found, said)
            else ""
        )
        if found and value:
            x0, y0, x1, y1 = zip(*(line.box for line in found.lines), strict=True)
            return Text(
                value=value,
                raw=found.value,
                confidence=_FROM_A_LABEL * min(line.score for line in found.lines),
                source="reader",
                box=(min(x0), min(y0), max(x1), max(y1)),
                image=found.lines[0].image,
                lines=tuple(index[id(line)] for line in found.lines),
            )
    return None
