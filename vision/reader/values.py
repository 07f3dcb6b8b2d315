"""Amounts of money, dates, times and phone numbers in a line of text. Pure: text in, values out.

Values keep the text they were read from. Money is ``Decimal``: 0.1 + 0.2 must be 0.3.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vision.reader.script import has_cjk

# What stands beside an amount, and its ISO 4217 code; "" where several countries write it so.
CURRENCIES = {
    "RM": "MYR", "MYR": "MYR", "US$": "USD", "USD": "USD", "S$": "SGD", "SGD": "SGD", "5$": "SGD",
    "HK$": "HKD", "HKD": "HKD", "NT$": "TWD", "A$": "AUD", "AUD": "AUD", "C$": "CAD", "CAD": "CAD",
    "EUR": "EUR", "GBP": "GBP", "CNY": "CNY", "RMB": "CNY", "JPY": "JPY", "KRW": "KRW",
    "IDR": "IDR", "RP": "IDR", "THB": "THB", "INR": "INR", "CHF": "CHF", "PHP": "PHP",
    "VND": "VND", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "฿": "THB", "₫": "VND",
    "₱": "PHP", "$": "", "¥": "", "￥": "", "元": "CNY", "圆": "CNY", "円": "JPY",
}  # fmt: skip
_SYMBOLS = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
CURRENCY = rf"(?:(?<![A-Z])(?:{_SYMBOLS})\.?(?![A-Z]))"
# Thousands with marks between and cents or none; cents alone; a whole number.
_AMOUNT = re.compile(
    rf"""(?<![\d,/\-])(?<!\d[.:])(?P<minus>(?:(?<![A-Z\d])[-–−]|\()\s?)?(?P<before>{CURRENCY}\s{{0,2}})?
    (?P<minus2>[-–−])?\s?
    (?P<number>[1-9]\d{{0,2}}(?:[.,'’]\d{{3}})+(?:[.,]\s?\d{{2}})?|\d{{1,3}}(?:\ \d{{3}})+,\d{{2}}
    |\d+[.,]\s?\d{{2}}|\d+\.\d(?!\d)|[.,]\d{{2}}|\d+)
    (?!\d|[/:.,]\d|\s?%)(?P<after>\s?{CURRENCY})?(?P<minus3>[-–−](?!\d))?""",
    re.VERBOSE | re.IGNORECASE,
)
# An amount whose last letter, or the point in it, was misread.
_WORN_AMOUNT = re.compile(r"^(\d{1,5})[., ]\s?(\d)([\dCODUQ])$", re.IGNORECASE)
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
_YEARS = range(1950, 2050)  # of a receipt; other numbers look like dates, but of other years
_FEW = 3  # amounts with cents; a receipt whose money has them has more
_PHONE_DIGITS = 7  # at least
_TIME = re.compile(
    r"(?<!\d)([01]?\d|2[0-3])\s?[:：]\s?([0-5]\d)(?:\s?[:：]\s?[0-5]\d)?(\s?[AP]\.?M\b)?",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\d.,])(?:\+?\d{1,3}(?:\s?-\s?|\s)?)?\(?0?\d{1,4}\)?(?:\s?-\s?|\s)?\d{3,4}[- ]?\d{3,5}"
    r"(?![\d.,]\d)"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money."""

    value: Decimal
    text: str  # as it stands in the line, currency included
    start: int  # where in the line


@dataclass(frozen=True, slots=True)
class Style:
    """How one receipt writes money."""

    whole: bool = False  # any number may be money: without decimals, or without their zeros
    point: str = ""  # what stands before the decimals; "" where that is not known


COMMON = Style()


@dataclass(frozen=True, slots=True)
class Dated:
    """A date."""

    text: str  # as it stands in the line
    day: date


def amounts(text: str, style: Style = COMMON) -> list[Amount]:
    """Return the amounts in ``text``: numbers with two decimals, or with a currency beside them."""
    found = []
    for match in _AMOUNT.finditer(text):
        number = match["number"].replace(" ", "")
        has_cents = re.search(r"[.,]\d{2}$", number) is not None
        is_money = has_cents or match["before"] or match["after"] or style.whole
        if not is_money or not _is_written(number, style.point) or _is_cut(match):
            continue
        minus = any(match[group] for group in ("minus", "minus2", "minus3"))
        value = parsed(number)
        text_of = match.group()
        start = match.start() + len(text_of) - len(text_of.lstrip(" ("))
        found.append(Amount(-value if minus else value, text_of.strip(" ()"), start))
    return found


def _is_written(number: str, point: str) -> bool:
    """Tell whether money is written so where decimals come after ``point``; 2.590 is not."""
    return not (point and re.fullmatch(rf"\d{{1,3}}{re.escape(point)}\d{{3}}", number))


def _is_cut(match: re.Match[str]) -> bool:
    """Tell whether ".50" is the end of a word and no amount below one."""
    before = match.string[: match.start("number")][-1:]
    return not match["number"][0].isdigit() and before.isalnum()


def style_of(texts: Sequence[str]) -> Style:
    """Return how the receipt that has ``texts`` writes money."""
    text = "\n".join(texts)
    points = Counter(re.findall(r"(?<![\d.,])\d+([.,])\d{2}(?![\d.,/:])", text))
    point = max(points, key=lambda mark: points[mark]) if points else ""
    whole = len(re.findall(rf"{CURRENCY}\s?\d|\d\s?{CURRENCY}", text)) + has_cjk(text)
    return Style(points.total() < _FEW and whole > points.total(), point)


def worn_amount(text: str) -> Decimal | None:
    """Return the amount that ``text``, all of it, would be but for a misread letter."""
    match = _WORN_AMOUNT.match(text.strip())
    cents = match[3].upper() if match else ""
    return Decimal(f"{match[1]}.{match[2]}{cents if cents.isdigit() else 0}") if match else None


def currency_of(symbol: str) -> str:
    """Return the ISO 4217 code of what stands beside an amount; "" where several share it."""
    return CURRENCIES.get(symbol.strip(" .").upper(), "")


def parsed(number: str) -> Decimal:
    """Return what digits with marks between them mean: 1,234.56 and 1.234,56 and 1234.56."""
    cents = re.search(r"[.,](\d{2})$|\.(\d)$", number)
    whole = number[: cents.start()] if cents else number
    digits = re.sub(r"\D", "", whole) or "0"
    return Decimal(f"{digits}.{cents[1] or cents[2]}" if cents else digits)


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
    if number not in _YEARS:
        return None
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
    # A time may touch the year before it: "14/05/201812:14".
    apart = re.sub(r"(?<=[/.-](?:19|20)\d\d)(?=\d{1,2}:\d\d)", " ", text)
    return [match.group().strip() for match in _TIME.finditer(apart)]


def clock(text: str) -> str:
    """Return a time of day, as ``times`` finds it, as ISO 8601 has it: "22:58:51", "09:30"."""
    hour, *rest = re.findall(r"\d+", text)
    half = re.search(r"([AP])\.?M", text, re.IGNORECASE)
    hours = int(hour) % 12 + 12 * (half[1] in "Pp") if half and int(hour) <= 12 else int(hour)  # noqa: PLR2004
    return ":".join([f"{hours:02}", *rest])


def phones(text: str) -> list[str]:
    """Return what could be phone numbers in ``text``."""
    return [
        m.group().strip()
        for m in _PHONE.finditer(text)
        if sum(map(str.isdigit, m.group())) >= _PHONE_DIGITS
    ]
