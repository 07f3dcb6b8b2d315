"""Where the shop is: the rows of an address below its name. Pure."""

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from vision.reader.head import LEGAL
from vision.reader.labels import label, written
from vision.reader.page import Cell, Page, PageRow
from vision.reader.script import letters
from vision.reader.spelling import spelt
from vision.reader.values import phones

_TOP = 22  # rows; an address stands among the first
_MOST = 7  # rows of an address
_LEAST = 3  # letters of a row of one
_BELOW = 6  # rows below a name, in which what has a comma is its place, if nothing else is
_PITCH = 1.9  # rows' usual distance; a gap wider than this ends an address
_WORDS = label(
    "JALAN", "JLN", "LORONG", "TAMAN", "TMN", "BANDAR", "KAMPUNG", "KG", "PERSIARAN", "LEBUH",
    "SEKSYEN", "SECTION", "KAWASAN", "ROAD", "RD", "STREET", "AVENUE", "AVE", "LANE", "DRIVE",
    "BLVD", "BOULEVARD", "HIGHWAY", "HWY", "PARKWAY", "PKWY", "SUITE", "FLOOR", "FLR", "LEVEL",
    "BLOCK", "BLK", "LOT", "SELANGOR", "JOHOR", "PENANG", "PULAU PINANG", "KUALA LUMPUR", "PERAK",
    "PAHANG", "MELAKA", "KEDAH", "SABAH", "SARAWAK", "NEGERI SEMBILAN", "MALAYSIA", "SINGAPORE",
    "STRASSE", "STR.", "PLATZ", "RUE", "CALLE",
)  # fmt: skip
# Words of addresses and of names; with a comma or a number beside them, of an address.
_PERHAPS = label(
    "ST", "DR", "LN", "STE", "UNIT", "PLAZA", "MALL", "TOWER", "COMPLEX", "KOMPLEKS", "PARK",
    "BATU", "CENTRE", "CENTER", "SHOPPING", "PUSAT", "SQUARE", "BANGUNAN", "WISMA", "MENARA",
)  # fmt: skip
_CODES = re.compile(
    r"(?<![\d\-/#:])\d{5}(?![\d\-])|\b[A-Z]{2}[.,]?\s+\d{5}(?:-\d{4})?\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|[A-Z],\s*[A-Z]{2}\b(?:\s*[\d(]|$)"
)
_NUMBERED = re.compile(
    r"^\W*(?:(?:NO|LOT|UNIT|BLOCK|BLK|SHOP)\b[\s.:#]*)?(?=[^,]*\d)[\w\-/&.# ]{1,14},"
    r"|^\W*(?:NO|LOT|UNIT|BLOCK|BLK)[\s.:#]+\w{0,2}[\-/.]?\w{0,2}[\-/.]?\d"
)
_CHINESE = re.compile(
    r"[省市区區县縣镇鎮乡鄉村路街道巷弄].*\d*\s*[号號楼樓层層室]|[省市].{1,12}[区區县縣路街]"
)
_LABEL = re.compile(
    r"^\W*(?:ADD(?:RESS)?|ALAMAT|地\s?址)\s*[、,]?\s*(?:电话|電話)?\s*[:：.]\s*", re.IGNORECASE
)
_LAST_PHONE = re.compile(r"\s\(?\d{3}\)?[ -]\d{3}-\d{4}\s*$")
_ASIDE = re.compile(r"\W*\([^()]*\)\W*|[*\-=_.~]*")
_OTHERS = label("WELCOME*", "THANK*", "HOURS", "OPEN", "OWNED BY", "OPERATED BY", "ORIGINAL")
_REGISTERED = re.compile(r"^\W*\(?[A-Z]{0,3}\d{4,}\s*-?\s*[A-Z]?\)?\W*$")


@dataclass(frozen=True, slots=True)
class Address:
    """An address, and its rows."""

    rows: tuple[PageRow, ...]

    @property
    def value(self) -> str:
        """The address in one line, without its label."""
        said = " ".join(_LABEL.sub("", row.raw) for row in self.rows)
        said = " ".join(_LAST_PHONE.sub("", said).split())
        return spelt(said, has_accents=self.rows[0].has_accents)

    @property
    def raw(self) -> str:
        """What its rows say."""
        return " ".join(row.raw for row in self.rows)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells of its rows."""
        return tuple(cell for row in self.rows for cell in row.cells)


def address_of(page: Page, below: int) -> Address | None:
    """Return the shop's address: labelled, or beginning below row ``below``."""
    rows = _address_rows(page, below)
    return Address(rows) if rows else None


def _address_rows(page: Page, below: int) -> tuple[PageRow, ...]:
    """Return the rows of the shop's address: labelled, or beginning below row ``below``."""
    if labelled := [row for row in page.rows if _LABEL.match(row.raw)]:
        return tuple(labelled[:1])
    pitch = _pitch(page)
    for start in (below + 1, 0):
        found: list[PageRow] = []
        for row in page.rows[start : start + _TOP]:
            if row.figures:
                break
            if not found:
                found = [row] if _begins(row) else []
            elif len(found) < _MOST and _goes_on(row, found[-1], pitch):
                found.append(row)
            else:
                break
        if found:
            return tuple(found)
    rows = page.rows[below + 1 : below + _BELOW] if below >= 0 else ()
    return tuple(row for row in rows if "," in row.text and not _is_other(row))[:1]


def is_address(text: str) -> bool:
    """Tell whether a text, in capitals, reads like a part of an address."""
    perhaps = _PERHAPS.find(written(text)) and re.search(r"[,\d]", text)
    return bool(
        perhaps
        or _WORDS.find(written(text))
        or any(each.search(text) for each in (_CODES, _NUMBERED, _CHINESE))
    )


def _begins(row: PageRow) -> bool:
    return letters(row.text) >= _LEAST and is_address(row.text) and not _is_other(row)


def _goes_on(row: PageRow, before: PageRow, pitch: float) -> bool:
    """Tell whether an address goes on in ``row``: close below, and nothing else."""
    gap = row.box.middle - before.box.middle
    return gap <= _PITCH * pitch and letters(row.text) >= _LEAST and not _is_other(row)


def _is_other(row: PageRow) -> bool:
    """Tell whether a row of the head says something else."""
    bare_phone = bool(phones(row.text)) and letters(row.text) < _LEAST
    return bool(
        row.is_head
        or bare_phone
        or _REGISTERED.match(row.text)
        or _ASIDE.fullmatch(row.text)
        or _OTHERS.find(row.written)
        or LEGAL.find(row.written)
        or row.figures
    )


def _pitch(page: Page) -> float:
    """Return how far apart the middles of rows usually are."""
    middles = [row.box.middle for row in page.rows[:_TOP]]
    return median([b - a for a, b in pairwise(middles)] or [0])
