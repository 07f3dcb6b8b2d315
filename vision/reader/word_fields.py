"""Fields of a receipt that are words: who, where, when, which. Pure: rows in, fields out."""

import re

from vision.engine import Line
from vision.reader.rows import Field, Row, Rows, said
from vision.reader.script import letters
from vision.reader.values import amounts, dates, packed_dates, phones, times

_BUSINESS = re.compile(
    r"\b(?:SDN|BHD|LTD|LIMITED|INC|LLC|CORP|GMBH|ENTERPRISE|TRADING|RESTAURANT|RESTORAN|CAFE|"
    r"PHARMACY|HARDWARE|STATIONERY|MARKET|MART|STORES?|SHOP|HOTEL|COMPANY|CO|HOLDINGS?|KEDAI|"
    r"PERNIAGAAN|CENTRE|SUPPLIES|BISTRO|BAKERY|BOOKSTORES?|SERVICES?)\b|公司|商店|超市|酒店|餐[厅廳馆館]|药[店房]",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\bS[D0I]N\.?\s*\.?\s*BH[D0I]?\b|\bLTD\b|\bLIMITED\b|\bINC\b|\bLLC\b|\bGMBH\b|公司",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(
    r"CASHIER|INVOICE|RECEIPT|CASH\s*(?:BILL|SALE)|\bTEL\b|PHONE|\bFAX\b|\bDATE\b|WELCOME|THANK|"
    r"\bREG\b|\bGST\b|@|WWW|\.COM|发票|小票|收据|电话|日期|欢迎",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(?:NO|LOT|JALAN|JLN|LORONG|TAMAN|TMN|BANDAR|KAMPUNG|ROAD|RD|STREET|AVENUE|AVE|LANE|FLOOR|"
    r"FLR|LEVEL|BLOCK|BLK|SELANGOR|JOHOR|PENANG|KUALA|SHOPPING|MALL|PLAZA|TOWER|SEKSYEN)\b[.:]?|"
    r"\b\d{5}\b|[路街道巷]\s*\d+\s*[号號]|[省市县縣].{1,8}[区區路街]",
    re.IGNORECASE,
)
_WORD = 4  # letters; less is a stain or a mark
_TOP_ROWS = 10  # a name stands among the first rows
_REGISTRATION = re.compile(
    r"\s*[(\[]?\s*(?:CO\.?\s*(?:REG)?\.?\s*NO\.?\s*:?)?\s*\d{5,}\s*-?\s*[A-Z]?\s*[)\]]?\s*$",
    re.IGNORECASE,
)
_PHONE_LABEL = re.compile(
    r"(?:TEL(?:EPHONE)?|PHONE|MOBILE|\bH/?P\b|CONTACT|HOTLINE|电话|電話|手机)"
    r"(?:[\s.]*(?:NO[\s.]*)?[/&]\s*(?:FAX|传真))?",
    re.IGNORECASE,
)
_NUMBER_LABEL = re.compile(
    r"(?:(?:TAX\s*)?INV(?:OICE)?|RECEIPT|RCPT|BILL|DOC(?:UMENT)?|ORDER|TRANS(?:ACTION)?|SLIP|TRX|CHECK)"
    r"\s*(?:NO|NUM(?:BER)?|ID|#)?\s*[.:#：]+\s*(?:NO)?[.:#：\s]*|发票号码?[:：\s]*|[单單订訂]+[号號][:：\s]*",
    re.IGNORECASE,
)


def merchant(rows: Rows) -> Field | None:
    """Return the name of who sells: near the top, and like a name of a business."""
    top = [named_part(row) for row in rows[:_TOP_ROWS] if letters(said(row)) >= _WORD]
    scores = [_name_score(said(row)) - 0.35 * i for i, row in enumerate(top)]
    if not scores or max(scores) <= 0:
        return None
    first = last = scores.index(max(scores))
    while first > 0 and _is_second_half(said(top[first])) and scores[first - 1] > 0:
        first -= 1
    while last + 1 < len(top) and not _LEGAL.search(said(top[last])):
        if not _is_second_half(said(top[last + 1])):
            break
        last += 1
    lines = tuple(line for row in top[first : last + 1] for line in row)
    name = said(lines)
    # Any first row could be a name; only where something is sold is it taken for the seller's.
    if not _BUSINESS.search(name) and not any(amounts(said(row)) for row in rows):
        return None
    return Field("merchant", _REGISTRATION.sub("", name) or name, lines)


def named_part(row: Row) -> Row:
    """Return ``row`` up to where a company's legal form ends: beside it may stand an address."""
    ends = [i for i in range(len(row)) if _LEGAL.search(said(row[: i + 1]))]
    return row[: ends[0] + 1] if ends else row


def _name_score(text: str) -> float:
    """Rate how like the name of a business a row is; 0 or less is no name."""
    legal = _LEGAL.search(text) is not None
    if _NOT_A_NAME.search(text) and not legal:
        return 0.0
    own = letters(_BUSINESS.sub("", text)) >= _WORD
    is_place = _ADDRESS.search(text) is not None and not legal
    return 2.0 + 1.5 * (own and _BUSINESS.search(text) is not None) + 1.5 * legal - 2.0 * is_place


def _is_second_half(text: str) -> bool:
    """Tell whether a row is the end of a name that began on the row above."""
    words = re.sub(r"\(?[^()]*\)", " ", text).split()
    begins = bool(words) and (_BUSINESS.match(words[0]) or _LEGAL.match(" ".join(words)))
    return bool(begins) and not re.search(r"\d{3}|:", text)


def address(rows: Rows) -> Field | None:
    """Return the address, usually below the name."""
    lines: list[Line] = []
    for row in rows[: _TOP_ROWS + 4]:
        text = said(row)
        fits = _ADDRESS.search(text) and not _LEGAL.search(text) and not _NOT_A_NAME.search(text)
        if fits and letters(text) >= _WORD:
            lines += row
        elif lines and (_NOT_A_NAME.search(text) or letters(text) < _WORD):
            break
    return Field("address", " ".join(line.text for line in lines), tuple(lines)) if lines else None


def date(rows: Rows) -> Field | None:
    """Return the date: one with a label or beside a time before the others, early before late."""
    best: tuple[float, Field] | None = None
    for i, row in enumerate(rows):
        text = said(row)
        labelled = re.search(r"DATE|TARIKH|日期|时间", text, re.IGNORECASE) is not None
        near = labelled or bool(times(text))
        for found in dates(text) or (packed_dates(text) if near else []):
            score = 2 * labelled + bool(times(text)) - 0.01 * i - 3 * ("EXP" in text.upper())
            if best is None or score > best[0]:
                best = (score, Field("date", found.text, tuple(row)))
    if best:
        return best[1]
    packed = ((row, found) for row in rows for found in packed_dates(said(row)))
    return next((Field("date", found.text, tuple(row)) for row, found in packed), None)


def time(rows: Rows) -> Field | None:
    """Return the time of day, of the date if it has one."""
    dated = date(rows)
    near = [dated.lines] if dated else []
    for row in (*near, *rows):
        if found := times(said(row)):
            return Field("time", found[0], tuple(row))
    return None


def phone(rows: Rows) -> Field | None:
    """Return the first phone number that is called one."""
    for row in rows:
        text = said(row)
        if label := _PHONE_LABEL.search(text):
            rest = re.split(r"FAX|传真", text[label.end() :], flags=re.IGNORECASE)[0]
            if found := phones(rest):
                return Field("phone", found[0], tuple(row))
    return None


def number(rows: Rows) -> Field | None:
    """Return the number of the receipt, invoice or order."""
    for row in rows:
        text = said(row)
        label = _NUMBER_LABEL.search(text)
        value = (
            re.match(r"[\w\-/]*\d[\w\-/]*(?:\s?-\s?\d+)?", text[label.end() :]) if label else None
        )
        if value:
            return Field("number", value.group(), tuple(row))
    return None
