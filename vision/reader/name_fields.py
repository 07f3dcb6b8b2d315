"""Who sells, and who buys: names told by their form, their print and their place. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from statistics import median

from vision.engine import Line
from vision.reader.address_fields import is_address
from vision.reader.head import LEGAL
from vision.reader.item_region import is_column_head
from vision.reader.labels import label, written
from vision.reader.page import Cell, Page, PageRow
from vision.reader.script import letters
from vision.reader.spelling import spelt

_LEAST = 4  # letters of a name; fewer are a stain or a mark
_ROWS = 14  # a name stands among the first
_BUSINESS = label(
    "ENTERPRISE*", "TRADING", "RESTAURANT*", "RESTORAN", "CAFE", "PHARMACY", "FARMASI", "HARDWARE",
    "STATIONERY", "MARKET", "SUPERMARKET", "MINIMARKET", "MART", "STORE*", "SHOP", "HOTEL",
    "COMPANY", "CO", "HOLDING*", "KEDAI", "PERNIAGAAN", "CENTRE", "CENTER", "SUPPL*", "BISTRO",
    "BAKERY", "BOOKSTORE*", "BOOKS", "SERVICE*", "MARKETING", "ELECTRICAL", "MOTOR*", "CLINIC",
    "KLINIK", "FOOD*", "SEAFOOD", "KITCHEN", "GRILL", "PIZZA*", "COFFEE", "BAR", "PUB", "DELI",
    "GROCER*", "FASHION", "BOUTIQUE", "SALON", "GALLERY", "STUDIO", "NIAGA", "PASAR", "SYARIKAT",
    "INDUSTR*", "PACKAGING", "HANDICRAFT", "CASH & CARRY", "超市", "商店", "餐厅", "餐廳", "饭店",
    "药店", "药房", "便利", "商场", "百货", "店",
)  # fmt: skip
_PAPER = label("INVOICE", "RECEIPT", "CASH BILL")
_NO_NAME = label(
    "WELCOME*", "THANK*", "TEL", "DATE", "TABLE", "COPY", "RECEIPT", "INVOICE", "HOURS", "OWNED BY",
    "SAVE MONEY*", "FEEDBACK", "SURVEY", "TAKE AWAY", "DINE IN", "欢迎", "谢谢",
    "小票", "收据", "发票",
)  # fmt: skip
_BUYER = re.compile(
    r"\W*(?:(?:BILL(?:ED)?|SOLD|SHIP)\s*TO|M/S|CUSTOMER(?:\s*NAME)?\s*[:：]|BUYER|CLIENT\s*[:：]|ATTN|"
    r"购\s?[买货]?方(?:名称|信息)?|客户(?:名称)?|付款单位|抬头)\W*(?:名\s?称\W*)?",
    re.IGNORECASE,
)
_SELLER = re.compile(
    r"\W*(?:SELLER|SUPPLIER|SOLD\s+BY|VENDOR)\s*[:：]|"
    r"\W*(?:销售?方(?:名称|信息)?|收款(?:单位|方)|商户名称?|门店(?:名称)?|店名)\s*[:：]?\s*(?:名\s?称\s*[:：])?",
    re.IGNORECASE,
)
_OWNER = label("OWNED BY*", "OPERATED BY*", "MANAGED BY*", "OWNED AND OPERATED BY*")
_REGISTERED = re.compile(
    r"\W*\(?\s*(?:CO\w*\W*)?(?:(?:REG|ROC|BRN|BUSINESS)\w*\W*)*(?:NO\W*)?[A-Z]{0,3}\s?\d{4,}\s*-?\s*[A-Z]?\W*"
)
_REGISTRATION = re.compile(
    r"\s*(?:[(\[]\s*(?:CO\W*(?:REG\W*)?NO\W*)?[A-Z]{0,2}\s?\d{4,}\s*-?\s*[A-Z]?\s*[)\]]?"
    r"|CO\W*(?:REG\W*)?NO\W*[A-Z]{0,2}\d{4,}\s*-?\s*[A-Z]?|\d{5,}\s?-\s?[A-Z])\s*$",
    re.IGNORECASE,
)
_BELOW = 3  # rows that a name is compared with
_OFF_MIDDLE, _OFF_LEFT = 0.12, 0.08  # of the width of the head; what is further off is not in line
_ALIKE = 1.25  # times as wide; print of one size


@dataclass(frozen=True, slots=True)
class Name:
    """A name and the cells that say it."""

    value: str
    cells: tuple[Cell, ...]
    row: int  # index of its last row
    score: float = 0.0  # how much more like a name of a business it is than the next

    @property
    def raw(self) -> str:
        """What the cells say."""
        return " ".join(cell.line.text for cell in self.cells)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that say it."""
        return tuple(cell.line for cell in self.cells)


def merchant_in(page: Page) -> Name | None:
    """Return the name of who sells; None where nothing reads like one."""
    if seller := _party(page, _SELLER) or _owner(page):
        return seller
    head = _head(page)
    rated = sorted(((_rating(row, head, page), -row.index) for row in head), reverse=True)
    if not rated or rated[0][0] <= 0:
        return None
    best = page.rows[-rated[0][1]]
    margin = rated[0][0] - max([score for score, _ in rated[1:]], default=0.0)
    name = _whole(best, page, margin)
    # Any first row could be a name; only where something is sold is it taken for the seller's.
    is_business = any(each.find(written(name.value)) for each in (LEGAL, _BUSINESS))
    return name if is_business or any(page.figures) else None


def buyer_in(page: Page, seller: Name | None) -> Name | None:
    """Return the name of who buys: labelled, or a company that is named below the seller's head."""
    if found := _party(page, _BUYER):
        return found
    if not seller:
        return None
    after_title = False
    for row in page.rows[seller.row + 1 :]:
        if row.figures or is_column_head(row):
            return None
        after_title = after_title or _is_title(row)
        if after_title and LEGAL.find(row.written) and not row.is_head:
            return _name([row], 0.0)
    return None


def _party(page: Page, label: re.Pattern[str]) -> Name | None:
    """Return the name behind a label of a seller or a buyer, or in the row below it."""
    for row, below in zip_longest(page.rows, page.rows[1:]):
        for cell in row.cells:
            if match := label.match(cell.line.text):
                rest = cell.line.text[match.end() :].strip(" :：-")
                if letters(rest) >= _LEAST:
                    value = spelt(rest, has_accents=row.has_accents)
                    return Name(value, (cell,), row.index, 1.0)
                if not rest and below and letters(below.text) >= _LEAST and not below.is_head:
                    return _name([below], 0.5)
    return None


def _head(page: Page) -> list[PageRow]:
    """Return the rows above the items."""
    head: list[PageRow] = []
    for row in page.rows:
        called = row.called
        is_sum = called is not None and called.share > 0.5 and row.figures  # noqa: PLR2004  most
        if len(head) >= _ROWS or is_column_head(row) or (is_sum and head):
            break
        if letters(row.text) >= _LEAST and not row.figures:
            head.append(row)
    return head


def _rating(row: PageRow, head: Sequence[PageRow], page: Page) -> float:
    """Rate how like the name of a business a row is; 0 or less is no name."""
    cells = _named(row)
    text = written(" ".join(cell.text for cell in cells))
    legal, business = LEGAL.find(text), _BUSINESS.find(text)
    if not legal and (row.is_head or _NO_NAME.find(text)):
        return 0.0
    above = [one for one in head if one.index < row.index]
    score = 2.0 + 2.5 * bool(legal) + 1.0 * bool(business)
    score += 1.2 * _is_registered(row, page) + _size(row, head) - 1.5 * _is_aside(row, head)
    score -= 0.3 * len([one for one in above if not one.is_head])
    score -= 2.5 * (is_address(text.plain) and not legal)
    return score - 2.0 * any(_is_title(one) for one in above if one is not above[0])


def _is_title(row: PageRow) -> bool:
    """Tell whether a row names the paper or dates it: below it stand the buyer and the goods."""
    return row.is_head and (_PAPER.find(row.written) is not None)


def _named(row: PageRow) -> tuple[Cell, ...]:
    """Return the cells of a row up to where a company's legal form ends."""
    for i in range(len(row.cells)):
        if LEGAL.find(written(" ".join(cell.text for cell in row.cells[: i + 1]))):
            return row.cells[: i + 1]
    return row.cells


def _is_registered(row: PageRow, page: Page) -> bool:
    """Tell whether a registration number stands in a row or below it."""
    below = page.rows[row.index + 1].text if row.index + 1 < len(page.rows) else ""
    return bool(_REGISTRATION.search(row.text) or _REGISTERED.fullmatch(below))


def _size(row: PageRow, head: Sequence[PageRow]) -> float:
    """Rate how much larger a row is printed than the rest of the head."""
    usual = median(one.size for one in head)
    return min(1.0, max(0.0, 2 * (row.size / max(1e-9, usual) - 1.15)))


def _is_aside(row: PageRow, head: Sequence[PageRow]) -> bool:
    """Tell whether a row is in line with none of those below it: a stamp, a note by hand."""
    width = max(one.box.x1 for one in head) - min(one.box.x0 for one in head)
    below = [one.box for one in head if one.index > row.index][:_BELOW]
    return bool(below) and all(
        abs((row.box.x0 + row.box.x1) - (box.x0 + box.x1)) / 2 > _OFF_MIDDLE * width
        and abs(row.box.x0 - box.x0) > _OFF_LEFT * width
        for box in below
    )


def _whole(best: PageRow, page: Page, margin: float) -> Name:
    """Return the name in a row with the rows that it goes on in, above and below."""
    first = last = best.index
    while first > 0 and _goes_on(page.rows[first - 1], page.rows[first]):
        first -= 1
    while last + 1 < len(page.rows) and _goes_on(page.rows[last], page.rows[last + 1]):
        last += 1
    return _name([page.rows[i] for i in range(first, last + 1)], margin)


def _goes_on(above: PageRow, row: PageRow) -> bool:
    """Tell whether ``row`` is the second half of a name that began in the row above it."""
    if LEGAL.find(above.written) or letters(above.text) < _LEAST or above.is_head:
        return False
    if not 1 / _ALIKE < row.size / above.size < _ALIKE or is_address(above.text):
        return False
    opened = above.text.count("(") > above.text.count(")")
    begins = [span for each in (LEGAL, _BUSINESS) if (span := each.find(row.written))]
    leads = any(letters(row.text[: span.start]) == 0 for span in begins)
    ends = LEGAL.find(row.written) is not None and opened
    return (opened or leads or ends) and not re.search(r"\d{3}|:", row.text)


def _owner(page: Page) -> Name | None:
    """Return the company that says it owns the shop, where the head names none."""
    if any(LEGAL.find(row.written) for row in _head(page)):
        return None
    for row, below in zip(page.rows, page.rows[1:], strict=False):
        if _OWNER.find(row.written):
            for one in (row, below):
                if LEGAL.find(one.written):
                    return _name([one], 1.0)
    return None


def _name(rows: Sequence[PageRow], score: float) -> Name:
    cells = tuple(cell for row in rows for cell in _named(row))
    text = " ".join(cell.line.text for cell in cells)
    text = _REGISTRATION.sub("", text) or text
    value = spelt(" ".join(text.split()), has_accents=rows[0].has_accents)
    return Name(value.strip(" -:,*"), cells, rows[-1].index, score)
