"""Records: JSON objects that people can read and a checksum that says they are whole.

A record has one key a line, and one line for each element of a list of objects. It is ASCII
only, so that no editor, disk or terminal can change it by guessing an encoding, and lone
surrogates survive. ``checksum`` is the SHA-256 of the record without it, as canonical JSON (keys
sorted, no spaces): how the file is laid out does not matter, what it says does.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

# Any in this module is whatever JSON can hold.

SCHEMA = 1  # of what this version writes; it reads all up to this, and shows newer ones
CHECKSUM = "checksum"


class TooNewError(ValueError):
    """A record of a newer schema of which too little is understood to show it."""

    def __init__(self, schema: int) -> None:
        super().__init__(f"its schema is {schema}")
        self.schema = schema


def seal(record: Mapping[str, Any]) -> bytes:
    """Return the bytes of ``record``, in its own order of keys, with its checksum last.

    JSON has no NaN and no infinity: they become null, so that one odd number of an engine does
    not cost a reply.
    """
    # Through JSON and back: two halves of a surrogate pair come back as one character.
    content = json.loads(json.dumps(_plain(record)))
    content.pop(CHECKSUM, None)
    content[CHECKSUM] = _checksum(content)
    lines = (f"  {json.dumps(key)}: {_laid_out(value)}" for key, value in content.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("ascii")


def unseal(content: bytes) -> dict[str, Any]:
    """Return the record in ``content``, without its checksum. Raise ``ValueError`` with a reason.

    A record of a newer schema is returned unchecked: its checksum may be made in another way.
    """
    try:
        record = json.loads(content.decode("utf-8"), parse_constant=_refuse)
        if not isinstance(record, dict):
            raise ValueError("it is not a JSON object")  # noqa: TRY004  the world's doing
        schema = record.get("schema")
        if type(schema) is not int or schema < 1:
            raise ValueError("its schema is unknown")
        checksum = record.pop(CHECKSUM, None)
        if schema <= SCHEMA and checksum != _checksum(record):
            raise ValueError("its checksum is wrong")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError("it is cut off or not JSON") from error
    return record


def _checksum(record: Mapping[str, Any]) -> str:
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _laid_out(value: Any) -> str:
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"    {json.dumps(element)}" for element in value) + "\n  ]"


def _plain(value: Any) -> Any:
    """Return ``value`` in the types that JSON knows."""
    match value:
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case str() | bool() | int() | None:
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case Iterable() if not isinstance(value, bytes):
            return [_plain(inner) for inner in value]
        case _:
            raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}")
