"""When it was: the date and the time of a receipt, told from other dates on it. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from vision.reader.labels import label, written
from vision.reader.page import Cell, Page, PageRow, Word
from vision.reader.values import Dated, clock, dates, packed_dates, times

_DATE = label(
    "DATE*", "TARIKH", "DATED", "DATUM", "FECHA", "DATA", "开票日期", "日期", "时间", "年月日"
)
_OTHER = label(
    "EXP*", "VALID*", "BEST BEFORE", "DUE DATE", "DELIVERY DATE", "PRINT*", "RETURN*", "UNTIL",
    "CLOSED", "BIRTH*", "DOB", "有效期", "到期",
)  # fmt: skip
_TIME = label("TIME*", "MASA", "时间")
_YEARS = range(1995, 2040)
_AMERICAN = re.compile(r"\b[A-Z]{2}[.,]?\s+\d{5}(?:-\d{4})?\b|(?<![A-Z])US\$|(?<![A-Z])USD")
_DOLLAR = re.compile(r"(?<![A-Z])\$\s?\d")
_ELSEWHERE = label("GST*", "ABN", "RM", "MYR", "SGD", "PTE LTD", "SDN BHD")
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class When:
    """A date on the page, and how much says that it is the receipt's."""

    found: Dated
    row: PageRow
    score: float

    @property
    def value(self) -> str:
        """The date as ISO 8601 has it."""
        return self.found.day.isoformat()

    @property
    def raw(self) -> str:
        """The date as it stands there."""
        return self.found.text

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that say it."""
        return Word(self.value, self.raw, self.row).cells


def date_in(page: Page) -> When | None:
    """Return the date of a receipt: labelled or beside a time, and repeated, before others."""
    month_first = is_month_first(page)
    found = list(_dates(page, month_first=month_first))
    count = Counter(when.found.day for when in found)
    rated = [replace(when, score=when.score + 0.5 * (count[when.found.day] - 1)) for when in found]
    return max(rated, key=lambda when: when.score, default=None)


def time_in(page: Page, dated: When | None) -> Word | None:
    """Return the time of day as it stands there: that beside the date before others."""
    rows = sorted(page.rows, key=lambda row: _TIME.find(row.written) is None)
    for row in ([dated.row] if dated else []) + rows:
        if found := times(row.raw):
            return Word(clock(found[0]), found[0], row)
    return None


def is_month_first(page: Page) -> bool:
    """Tell whether dates are written as in America: by a day past 12, else by the place."""
    ambiguous = True
    for row in page.rows:
        for found in dates(row.text):
            parts = [int(number) for number in re.findall(r"\d+", found.text)]
            if len(parts) < 3 or parts[0] > 31:  # noqa: PLR2004  a month in words, a year first
                continue
            if parts[0] > _MONTHS:
                return False
            ambiguous = ambiguous and parts[1] <= _MONTHS
    if not ambiguous:
        return True
    text = "\n".join(row.text for row in page.rows)
    if _ELSEWHERE.find(written(text)):
        return False
    return _AMERICAN.search(text) is not None or _DOLLAR.search(text) is not None


def _dates(page: Page, *, month_first: bool) -> Iterator[When]:
    for row in page.rows:
        text = row.written
        named, timed = _DATE.find(text) is not None, bool(times(row.text))
        other = _OTHER.find(text) is not None
        for found in dates(row.raw) or packed_dates(row.raw):
            packed = found not in dates(row.raw)
            one = _turned(found) if month_first else found
            likely = one.day.year in _YEARS
            score = 2.0 * named + timed - 0.01 * row.index - 3 * other - 3 * (not likely)
            yield When(one, row, score - packed * (0 if named or timed else 1.5))


def _turned(found: Dated) -> Dated:
    """Return a date written in numbers with its month first, where the calendar has it so."""
    if not re.fullmatch(r"\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2,4}", found.text):
        return found
    day = found.day
    if day.day > _MONTHS:
        return found
    return replace(found, day=date(day.year, day.day, day.month))
