"""What stands beside a label, or in a row that mentions something. Pure: rows in, places out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from vision.engine import Line
from vision.reader.layout import Box
from vision.reader.rows import Row, Rows, said
from vision.reader.script import has_cjk
from vision.reader.values import amounts

ALIKE = 0.84  # of 1; a label or a mention read with a wrong letter or two
SHORTEST = 3  # letters of a Latin word that is looked for inside of longer text
_NEXT_LABEL = re.compile(r"\s+[A-Za-z][A-Za-z .#]{1,18}[:：]")
_SEPARATORS = " \t:：#.=-–—"


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the lines it stands in."""

    value: str
    lines: tuple[Line, ...]


def squashed(text: str) -> str:
    """Return ``text`` as it is compared: no case, spaces or marks; numbers called one thing."""
    plain = re.sub(r"\bnumbers?\b|\bnum\b|号码|编号|號碼", "no", text.lower().replace("#", " no "))
    return re.sub(r"[\W_]+", "", plain)


def mentions(words: str, rows: Rows) -> list[int]:
    """Return the rows that have ``words`` in them; failing that, those that have nearly."""
    wanted = squashed(words)
    if not wanted:
        return []
    exact = [i for i, row in enumerate(rows) if contains(said(row), words)]
    return exact or [i for i, row in enumerate(rows) if nearly(wanted, squashed(said(row)))]


def contains(text: str, words: str) -> bool:
    """Tell whether ``text`` has ``words``: whole ones, but for spaces and marks."""
    wanted, inside = squashed(words), squashed(text)
    if has_cjk(words) or len(wanted) > SHORTEST:
        return wanted in inside
    return re.search(rf"(?<!\w){re.escape(words.strip())}(?!\w)", text, re.IGNORECASE) is not None


def nearly(wanted: str, text: str) -> bool:
    """Tell whether a part of ``text`` is as good as ``wanted``."""
    if len(wanted) <= SHORTEST or len(text) < len(wanted):
        return len(wanted) > SHORTEST and SequenceMatcher(None, wanted, text).ratio() >= ALIKE
    windows = (text[i : i + len(wanted)] for i in range(len(text) - len(wanted) + 1))
    return any(SequenceMatcher(None, wanted, part).ratio() >= ALIKE for part in windows)


def beside(label: str, rows: Rows) -> Found | None:
    """Return what stands behind ``label``, right of it, or below it."""
    for same in (is_label, is_nearly_label):
        for i, row in enumerate(rows):
            for k, line in enumerate(row):
                rest = same(label, line.text)
                if rest is None:
                    continue
                if value := until_next_label(rest):
                    return Found(value, (line,))
                if k + 1 < len(row):
                    return Found(row[k + 1].text.strip(_SEPARATORS), (line, row[k + 1]))
                if below := under(line, rows[i + 1] if i + 1 < len(rows) else ()):
                    return Found(below.text, (line, below))
    return None


def is_label(label: str, text: str) -> str | None:
    """Return what follows ``label`` in ``text``, or None where it does not begin a part of it."""
    wanted = squashed(label)
    for start in (m.start() for m in re.finditer(r"(?<![^\W_])[^\W_]", text)):
        for end in range(start + 1, len(text) + 1):
            head = squashed(text[start:end])
            if head == wanted and (end == len(text) or not joined(text[end - 1], text[end])):
                return text[end:]
            if len(head) > len(wanted) + len("number"):
                break
    return None


def joined(left: str, right: str) -> bool:
    """Tell whether two characters are within one word."""
    return left.isalpha() and right.isalpha() and not has_cjk(left + right)


def is_nearly_label(label: str, text: str) -> str | None:
    """Return what follows a misread ``label`` in ``text``, up to its colon; else None."""
    head, colon, rest = text.replace("：", ":").partition(":")
    alike = SequenceMatcher(None, squashed(label), squashed(head)).ratio() >= ALIKE
    return rest if alike and (colon or not rest) else None


def until_next_label(rest: str) -> str:
    """Return a value without the label that follows it on the same line."""
    value = re.sub(r"^\s*\([^()]*\)(?=\s*[:：])", "", rest).strip(_SEPARATORS)
    following = _NEXT_LABEL.search(value)
    return value[: following.start()].strip() if following else value


def under(line: Line, row: Row) -> Line | None:
    """Return the line of ``row`` that lies below ``line`` or nearly so."""
    above = Box(*map(float, line.box))
    close = [k for k in row if min(k.box[2], above.x1) > max(k.box[0], above.x0)]
    return close[0] if close and close[0].box[1] - above.y1 < above.height else None


def price(words: str, rows: Rows) -> Found | None:
    """Return the last amount in the row that mentions ``words``, or in the row below it."""
    for i in mentions(words, rows):
        for row in rows[i : i + 2]:
            if found := amounts(said(row)):
                lines = row if row is rows[i] else (*rows[i], *row)
                return Found(found[-1].text, tuple(lines))
    return None


def labels(rows: Rows, most: int) -> list[str]:
    """Return up to ``most`` labels that the rows have: short words before a colon."""
    found: dict[str, None] = {}
    for row in rows:
        for line in row:
            head = re.match(r"[\s(\[]*([^\d:：]{2,24}?)[\s#]*[:：]", line.text)
            if head and any(map(str.isalpha, head[1])):
                found.setdefault(head[1].strip())
    return list(found)[:most]


def numbers(rows: Rows, lines: Sequence[Line]) -> list[int]:
    """Return the 1-based numbers of the rows that ``lines`` stand in."""
    wanted = {id(line) for line in lines}
    return [i for i, row in enumerate(rows, 1) if any(id(line) in wanted for line in row)]
