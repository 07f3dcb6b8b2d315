"""What a job found, as text and numbers: for search and for tables. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

# Any in this module is whatever JSON can hold.

_NUMBER = re.compile(r"-?[0-9][0-9.,' \u00a0]*")
_CENTS = re.compile(r"[.,]([0-9]{1,2})$")


def flat(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return each field's value as one text; a field that says where it was found gives what."""
    return {str(key): _text(value) for key, value in fields.items()}


def amount(value: Any) -> float | None:
    """Return the number in a price as people write it: 1,234.50, 1.234,50 or ¥58."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _NUMBER.search(value) if isinstance(value, str) else None
    if match is None:
        return None
    written = match[0].strip(" .,'\u00a0")
    cents = _CENTS.search(written)
    whole = re.sub(r"[^0-9-]", "", written[: cents.start()] if cents else written)
    return float(f"{whole}.{cents[1] if cents else 0}")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case {"value": inner}:
            return _text(inner)
        case _:
            return json.dumps(value, ensure_ascii=False)
