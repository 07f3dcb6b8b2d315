"""Amounts of money, dates, times and phone numbers in a line of text. Pure: text in, values out.

Values keep the text they were read from. Money is ``Decimal``: 0.1 + 0.2 must be 0.3.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

CURRENCY = r"RM|MYR|US\$|USD|S\$|SGD|HK\$|HKD|EUR|GBP|CNY|RMB|JPY|\$|€|£|¥|￥"
_AMOUNT = re.compile(
    rf"""(?<![\d.,/:\-])(?P<minus>[-(]\s?)?(?P<before>(?:{CURRENCY})\s{{0,2}})?(?P<minus2>-)?
    (?P<number>\d{{1,3}}(?:[,.'’]\d{{3}})+(?:[.,]\s?\d{{2}})?|\d+[.,]\s?\d{{2}}|\d+)
    (?![\d/:]|[.,]\d|\s?%)(?P<after>\s?(?:元|円|{CURRENCY}))?(?P<minus3>-(?!\d))?""",
    re.VERBOSE | re.IGNORECASE,
)
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_NAMES = "(" + "|".join(_MONTHS) + ")[A-Z]*"
_DATES = (
    # year, month, day; then day, month, year in figures and in words; then month first.
    (
        re.compile(r"(?<!\d)(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?日?(?!\d{3})"),
        "ymd",
    ),
    (
        re.compile(
            r"(?<!\d)(\d{1,2})\s?(?P<mark>[-/.])\s?(\d{1,2})\s?(?P=mark)\s?(\d{4}|\d{2})(?!\d{3})"
        ),
        "d?my",
    ),
    (
        re.compile(
            rf"(?<!\d)(\d{{1,2}})[\s\-./]{{0,2}}{_NAMES}[\s\-./,']{{0,3}}(\d{{4}}|\d{{2}})",
            re.IGNORECASE,
        ),
        "dmy",
    ),
    (
        re.compile(
            rf"(?<![A-Z]){_NAMES}[\s\-./]{{0,2}}(\d{{1,2}})[\s,\-./']{{1,3}}(\d{{4}}|\d{{2}})",
            re.IGNORECASE,
        ),
        "mdy",
    ),
)
_PACKED = re.compile(r"(?<!\d)(\d{2})(\d{2})((?:19|20)\d{2})(?!\d)")
_PHONE_DIGITS = 7  # at least
_TIME = re.compile(
    r"(?<!\d)([01]?\d|2[0-3])\s?[:：]\s?([0-5]\d)(?:\s?[:：]\s?[0-5]\d)?(\s?[AP]\.?M\b)?",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\d.,])(?:\+?\d{1,3}[- ]?)?\(?0?\d{1,4}\)?[- ]?\d{3,4}[- ]?\d{3,5}(?![\d.,]\d)"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money."""

    value: Decimal
    text: str  # as it stands in the line, currency included
    start: int  # where in the line


@dataclass(frozen=True, slots=True)
class Dated:
    """A date."""

    text: str  # as it stands in the line
    day: date


def amounts(text: str) -> list[Amount]:
    """Return the amounts in ``text``: numbers with two decimals, or with a currency beside them."""
    found = []
    for match in _AMOUNT.finditer(text):
        number = match["number"].replace(" ", "")
        has_cents = re.search(r"[.,]\d{2}$", number) is not None
        if has_cents or match["before"] or match["after"]:
            minus = any(match[group] for group in ("minus", "minus2", "minus3"))
            value = parsed(number)
            found.append(
                Amount(-value if minus else value, match.group().strip(" ()"), match.start())
            )
    return found


def parsed(number: str) -> Decimal:
    """Return what digits with marks between them mean: 1,234.56 and 1.234,56 and 1234.56."""
    cents = re.search(r"[.,](\d{2})$", number)
    whole = number[: cents.start()] if cents else number
    return Decimal(re.sub(r"\D", "", whole) + "." + (cents[1] if cents else "0"))


def dates(text: str) -> list[Dated]:
    """Return the dates in ``text`` that the calendar has, day before month where both could be."""
    found: list[Dated] = []
    for pattern, order in _DATES:
        for match in pattern.finditer(text):
            parts = dict(zip(order, match.groups(), strict=True))  # "?": the mark between
            if day := calendar_day(parts["y"], parts["m"], parts["d"]):
                found.append(Dated(match.group().strip(), day))
    return found


def packed_dates(text: str) -> list[Dated]:
    """Return dates written without marks, such as 25032018; other numbers may look like it."""
    days = ((m.group(), calendar_day(m[3], m[2], m[1])) for m in _PACKED.finditer(text))
    return [Dated(text, day) for text, day in days if day]


def calendar_day(year: str, month: str, day: str) -> date | None:
    """Return the day, or None where there is none; month and day may be exchanged for that."""
    number = int(year) if len(year) == len("2026") else 2000 + int(year)
    named = month[:3].upper()
    months = [_MONTHS.index(named) + 1, 0] if named in _MONTHS else [int(month), int(day)]
    for m, d in ((months[0], int(day)), (months[1], months[0])):
        try:
            return date(number, m, d)
        except ValueError:
            continue
    return None


def times(text: str) -> list[str]:
    """Return the times of day in ``text``."""
    return [match.group().strip() for match in _TIME.finditer(text)]


def phones(text: str) -> list[str]:
    """Return what could be phone numbers in ``text``."""
    return [
        m.group().strip()
        for m in _PHONE.finditer(text)
        if sum(map(str.isdigit, m.group())) >= _PHONE_DIGITS
    ]
