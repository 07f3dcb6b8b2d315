"""What of a value stands among the lines that the reader found, and where.

A model may write what is likely instead of what is there. So each value that it gives is looked
for among the lines of the receipt: text by its letters and figures, amounts and dates by what they
mean, however they are printed.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import mean

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from app.jobs.receipt_places import (
    Part,
    letters_of,
    part_box,
    parts_of,
    row_numbers,
    squashed,
)
from app.jobs.receipt_schema import Box
from app.jobs.receipt_spelling import clock, meanings
from vision.engine import Line
from vision.reader.script import has_cjk
from vision.reader.values import dates, packed_dates, times

ALIKE = 0.85  # of 1; text that is less like any of the receipt's is not on it
SHORT = 4  # letters and figures; so short a text must stand there as it is, by itself
PART = 0.9  # of 1; how like the value's own a line must be that is a part of it
# No part of a date, a time or a phone number.
_NUMBER = re.compile(
    r"(?<![\d.,/:\-])[-−]?\d(?:[\d.,'’]|\s(?=\d{3}(?!\d))|(?<=[.,])\s(?=\d))*+(?![/:\-]\d)"
)
# Of money: with decimals or marks, or a sign before it, or as large as only money without is.
_MONEY = re.compile(r"\d[.,]\s?\d|\d{3}")
_SIGN = re.compile(r"[$€£¥￥₩₹]\s?$|\bRM\s?$", re.IGNORECASE)
_NEAR = 2  # rows between an item's name and its amounts, at most


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place among the lines."""

    raw: str  # as the lines have it
    lines: tuple[int, ...]  # indexes of the turn's lines
    box: Box
    image: int
    likeness: float  # 1 is the value itself, less is something like it
    score: float  # 0 to 1; how sure the reader was of these lines
    labelled: bool = True  # False where a number stands, but not behind the label asked for

    @property
    def exact(self) -> bool:
        """Tell whether the value stands there as it is."""
        return self.likeness == 1


class Lines:
    """The lines of one receipt; values are looked up in them."""

    def __init__(self, lines: Sequence[Line], of: Sequence[int]) -> None:
        self._lines = lines
        self._of = tuple(of)
        # Letters and figures of all lines, in reading order, and where each of them stands.
        self._letters, self._where = letters_of((i, lines[i].text) for i in of)
        self._rows = row_numbers(lines, self._of)

    def __bool__(self) -> bool:
        return bool(self._of)

    @property
    def all(self) -> tuple[int, ...]:
        """The indexes of the receipt's lines."""
        return self._of

    def text(self, value: str, among: Collection[int] | None = None) -> Evidence | None:
        """Return where ``value``, or text that is like it, stands; ``among`` limits the lines."""
        if among is not None:
            return Lines(self._lines, [i for i in self._of if i in among]).text(value)
        wanted = squashed(value)
        if not wanted or not self._letters:
            return None
        if len(wanted) < SHORT and not has_cjk(wanted):
            return self.pattern(rf"(?<!\w){re.escape(value.strip())}(?!\w)")
        return self._run_like(wanted) or self._lines_that_make(wanted)

    def amount(
        self,
        value: Decimal,
        label: str = "",
        beside: Sequence[int] = (),
        *,
        first: bool = False,
        money: bool = True,
    ) -> Evidence | None:
        """Return where a number stands: in a row that says ``label``, a pattern, if in several.

        ``beside`` some lines it is in their row or one near it. Of equal ones it is the last, as
        sums are, or the ``first``. One with one other figure, in a row with the label or beside
        the lines, is like it. The 3 of "3 PCS" is no ``money``.
        """
        near = {self._rows[i] for i in beside}
        found: list[tuple[float, bool, int, int, Part]] = []
        for at, part in enumerate(self._numbers(money=money)):
            away = min((abs(self._rows[part.line] - row) for row in near), default=0)
            likeness = self._likeness(value, part)
            said = bool(label) and self._says(label, part.line)
            if away <= _NEAR and (likeness == 1 or (likeness and (said or (near and not away)))):
                found.append((likeness, said, -away, -at if first else at, part))
        if not found:
            return None
        likeness, said, _, _, part = max(found, key=lambda each: each[:4])
        return self._evidence([part], likeness, labelled=said or not label)

    def date(self, value: date) -> Evidence | None:
        """Return where a date stands, in any order of day, month and year; else another date."""
        best: Evidence | None = None
        for i in self._of:
            text = self._lines[i].text
            for found in dates(text) or packed_dates(text):
                same = found.day == value or _has_figures_of(value, found.text)
                start = max(0, text.find(found.text))
                part = Part(i, start, start + len(found.text))
                if same:
                    return self._evidence([part], 1.0)
                best = best or self._evidence([part], ALIKE)
        return best

    def time(self, value: str) -> Evidence | None:
        """Return where a time of day ("18:12") stands."""
        for i in self._of:
            text = self._lines[i].text
            for found in times(text):
                if clock(found)[:5] == value[:5]:
                    start = text.find(found)
                    return self._evidence([Part(i, start, start + len(found))], 1.0)
        return None

    def pattern(self, pattern: str) -> Evidence | None:
        """Return where a pattern first fits."""
        for i in self._of:
            if match := re.search(pattern, self._lines[i].text, re.IGNORECASE):
                return self._evidence([Part(i, match.start(), match.end())], 1.0)
        return None

    def _run_like(self, wanted: str) -> Evidence | None:
        """Find ``wanted`` as one run of text, over the ends of lines where it goes on."""
        if len(wanted) > len(self._letters) / ALIKE:
            return None
        found = fuzz.partial_ratio_alignment(wanted, self._letters, score_cutoff=100 * ALIKE)
        if found is None or found.src_end - found.src_start < ALIKE * len(wanted):
            return None
        start, end = found.dest_start, found.dest_end
        if self._letters[start:end] != wanted:
            start, end = self._word_end(start), self._word_end(end)
        likeness = 1.0 if self._letters[start:end] == wanted else min(0.99, found.score / 100)
        return self._evidence(parts_of(self._where[start:end]), likeness)

    def _word_end(self, at: int) -> int:
        """Return the nearest place between two words, or ``at`` where none is near."""
        for away in (0, 1, -1, 2, -2):
            place = at + away
            if place in (0, len(self._where)):
                return place
            if 0 < place < len(self._where):
                before, after = self._where[place - 1], self._where[place]
                if before.line != after.line or before.end < after.start:
                    return place
        return at

    def _lines_that_make(self, wanted: str) -> Evidence | None:
        """Find ``wanted`` in lines between which others stand, as beside a column of labels."""
        parts: list[Part] = []
        covered = 0
        for i in self._of:
            own, where = letters_of([(i, self._lines[i].text)])
            if len(own) < SHORT or len(own) > len(wanted):
                continue
            if fuzz.partial_ratio(own, wanted) >= 100 * PART:
                parts += parts_of(where)
                covered += len(own)
        if covered < ALIKE * len(wanted) or covered > len(wanted) / ALIKE:
            return None
        return self._evidence(parts, min(0.99, covered / len(wanted)))

    def _numbers(self, *, money: bool) -> Iterator[Part]:
        for i in self._of:
            text = self._lines[i].text
            for match in _NUMBER.finditer(text):
                if not money or _MONEY.search(match[0]) or _SIGN.search(text[: match.start()]):
                    yield Part(i, match.start(), match.end())

    def _likeness(self, value: Decimal, part: Part) -> float:
        """Rate how like ``value`` the number at ``part`` is: 1 the same, 0 another."""
        printed = self._lines[part.line].text[part.start : part.end]
        if abs(value) in meanings(printed):
            return 1.0
        wanted, figures = (re.sub(r"\D", "", each) for each in (f"{abs(value):f}", printed))
        if min(len(wanted), len(figures)) < SHORT - 1:
            return 0.0
        wrong = Levenshtein.distance(wanted, figures, score_cutoff=1)
        return 0.95 if not wrong else ALIKE if wrong == 1 else 0.0

    def _says(self, label: str, line: int) -> bool:
        """Tell whether the row of a line says ``label``, or the one above where it says nothing."""
        text = self._row(self._rows[line])
        if not any(map(str.isalpha, text)):
            text = self._row(self._rows[line] - 1)
        return re.search(label, text, re.IGNORECASE) is not None

    def _row(self, number: int) -> str:
        return " ".join(self._lines[i].text for i in self._of if self._rows[i] == number)

    def _evidence(
        self, parts: Sequence[Part], likeness: float, *, labelled: bool = True
    ) -> Evidence:
        first = self._lines[parts[0].line].image
        kept = [part for part in parts if self._lines[part.line].image == first]
        x0, y0, x1, y1 = zip(*(part_box(self._lines[p.line], p) for p in kept), strict=True)
        return Evidence(
            raw=" ".join(self._lines[p.line].text[p.start : p.end].strip() for p in kept),
            lines=tuple(dict.fromkeys(part.line for part in kept)),
            box=(min(x0), min(y0), max(x1), max(y1)),
            image=first,
            likeness=likeness,
            score=mean(self._lines[part.line].score for part in kept),
            labelled=labelled,
        )


def _has_figures_of(day: date, text: str) -> bool:
    """Tell whether ``text`` has the day, the month and the year of a date, in any order."""
    numbers = sorted(map(int, re.findall(r"\d+", text)))
    return numbers in (
        sorted((day.day, day.month, day.year)),
        sorted((day.day, day.month, day.year % 100)),
    )
