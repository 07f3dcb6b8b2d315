"""What a model or a line wrote, as values: text of any JSON, numbers, days, times of day. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from vision.reader.values import dates, packed_dates

_NOTHING = {"", "null", "none", "nil", "n/a", "na", "-", "--", "unknown", "无", "未知"}
_THOUSAND = 3  # figures behind a mark of thousands
_HOURS, _MINUTES = 24, 60


def spelt(value: Any) -> str:
    """Return a value of JSON as text; "" for nothing, and for what is no single value."""
    if isinstance(value, dict):
        return next(
            (spelt(value[k]) for k in ("value", "amount", "text", "name") if k in value), ""
        )
    if isinstance(value, list):
        return ", ".join(text for text in map(spelt, value) if text)
    if value is None or isinstance(value, bool):
        return ""
    text = " ".join(str(value).split())
    return "" if text.casefold() in _NOTHING else text


def listed(value: Any) -> Sequence[Any]:
    """Return a value of JSON as a list: a single one was meant as the only one."""
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def entry_of(one: Any, only: str) -> Mapping[str, str]:
    """Return an entry of a list as text by name; one that is a single value is its ``only``."""
    return {k: spelt(v) for k, v in one.items()} if isinstance(one, dict) else {only: spelt(one)}


def day_of(said: str) -> date | None:
    """Return the day that a model's date means."""
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        return found[0].day if (found := dates(said) or packed_dates(said)) else None


def decimal_of(said: str, *, small: bool = False) -> Decimal | None:
    """Return the number that a model wrote, None for none; ``small``: 1.234 is less than two."""
    match = re.search(r"\d[\d.,'’ ]{0,30}", said)
    found = meanings(match[0]) if match else set()
    if not found:
        return None
    value = min(found) if small else max(found)
    minus = re.match(r"\W*?[-−(]", said) or said.endswith("-")
    return -value if minus else value


def meanings(printed: str) -> set[Decimal]:
    """Return what a printed number may mean: in 1.234 the point is of thousands or of decimals."""
    number = re.sub(r"[\s'’]", "", printed).rstrip(".,")
    figures = re.sub(r"\D", "", number)
    cut = max(number.rfind("."), number.rfind(","))
    decimals = len(number) - cut - 1 if cut >= 0 else 0
    found: set[Decimal] = set()
    if figures and decimals in (0, _THOUSAND):
        found.add(Decimal(figures))
    if figures and decimals and (decimals != _THOUSAND or number.count(number[cut]) == 1):
        found.add(Decimal(figures).scaleb(-decimals))
    return found


def clock(text: str) -> str:
    """Return a time of day as "18:12" or "18:12:30"; "" for what is none."""
    match = re.search(r"(\d{1,2})\s?[:：]\s?(\d{2})(?:\s?[:：]\s?(\d{2}))?\s?([AP]?)", text.upper())
    if not match or int(match[1]) >= _HOURS or int(match[2]) >= _MINUTES:
        return ""
    hour = int(match[1]) % 12 + 12 * (match[4] == "P") if match[4] else int(match[1])
    return f"{hour:02}:{match[2]}" + (f":{match[3]}" if match[3] else "")
