"""Fields of a receipt that are words and numbers, no amounts: which, whose, how paid. Pure."""

import re

from vision.reader.head import PHONE, REGISTRATION, TAX_NUMBER, TITLE
from vision.reader.labels import Label, label, written
from vision.reader.page import Page, PageRow, Word
from vision.reader.script import has_cjk, letters
from vision.reader.values import CURRENCY, currency_of, phones

_NUMBERS = (
    label(
        "INVOICE NO*", "INV NO*", "INVOICE #", "INV #", "INVOICE NUM*", "RECEIPT NO*", "RECEIPT #",
        "RCPT*", "RECEIPT NUM*", "BILL NO*", "BILL #", "DOC* NO*", "CB #", "RECHNUNG* NR",
        "BELEG* NR", "BON NR", "FACTURE NO", "发票号码", "单号", "订单号", "票号", "流水号",
    ),
    label(
        "ORDER NO*", "ORDER #", "ORDER NUM*", "TRANS* NO*", "TRANS* #", "TRX*", "SLIP*", "CHECK #",
        "CHECK NO*", "TRANSACTION*", "TICKET", "INVOICE", "RECEIPT", "BILL", "ORDER", "CHECK",
        "CHK", "交易号", "订单",
    ),
)  # fmt: skip
_NO = label("NO", "NO.")
_NUMBER = re.compile(
    r"(?:[A-Z]{1,3}\s(?=\d))?(?=[\w\-/.]*\d)[\w\-/]+(?:\.-?\w[\w\-/]*)?(?:(?<=-)\s\d+|\s?-\s?\d+)?"
)
_AFTER = re.compile(r"[\s.:#\-\[(]*(?:(?:NO|NUM|NUMBER|ID)\b[\s.:#\-\[(]*)?")
_TAX_VALUE = re.compile(r"[A-Z]{0,3}[\- ]?\d[\dA-Z]*(?:[\-/ ](?=\d)[\dA-Z]+)*")
_TAX_AFTER = re.compile(
    r"[\s.:#,\-\[(]*(?:(?:REG|NO|NUM|NUMBER|NUMBFR|ID|GST|SST|REF)\w{0,9}[\s.:#,\-\[(]*)*"
)
_SHORT = 24  # letters of a row; a longer one is a sentence
_TOP = 14  # rows of the head
_LEAST_NUMBER = 4  # characters of a number that is called no more than that
_LEAST_TAX = 7  # characters of a tax number
_BARE_PHONE = re.compile(r"[\W]*(?:\+|0|\(\d).*-")
_FAX = re.compile(r"FAX|传真")
_KANA = re.compile(r"[\u3040-\u30ff]")
_SIGN = re.compile(
    rf"(?:{CURRENCY})(?=\s?-?\d|\)|\s*[:：]|\s|$)|(?<=\d)\s?{CURRENCY}", re.IGNORECASE
)
_OTHER_NUMBERS = (TAX_NUMBER, REGISTRATION)
_METHODS: tuple[tuple[str, Label], ...] = (
    ("Visa", label("VISA*")),
    ("Mastercard", label("MASTER CARD*", "MASTERCARD*", "MASTER")),
    ("American Express", label("AMEX", "AMERICAN EXPRESS")),
    ("MyDebit", label("MYDEBIT")),
    ("Alipay", label("ALIPAY*", "支付宝")),
    ("WeChat Pay", label("WECHAT*", "微信*")),
    ("UnionPay", label("UNIONPAY", "银联")),
    ("GrabPay", label("GRABPAY*")),
    ("Touch 'n Go", label("TOUCH N GO*", "TNG*")),
    ("Apple Pay", label("APPLE PAY*")),
    ("debit card", label("DEBIT*", "EFTPOS", "GIROCARD", "EC-KARTE", "借记卡")),
    ("credit card", label("CREDIT CARD*", "CREDIT", "信用卡")),
    ("card", label("CARD", "BANK CARD", "银行卡", "刷卡", "KARTE", "CARTE")),
    ("cheque", label("CHEQUE")),
    ("cash", label("CASH", "TUNAI", "现金", "BAR", "ESPECES", "EFECTIVO")),
)
_ELSEWHERE = label("RM", "SDN BHD", "JALAN", "HKD")  # where a $ is no American one
_NO_METHOD = label("CASH SALE*", "CASH BILL", "CASHIER*", "CASH RECEIPT", "CASH & CARRY", "NO CASH",
                   "CARD NO*", "MEMBER*", "CASH REFUND", "GIFT CARD")  # fmt: skip


def phone_in(page: Page) -> Word | None:
    """Return the first phone number that is called one, or stands alone in the head."""
    for row in page.rows:
        if span := PHONE.find(row.written):
            rest = row.raw[span.end :]
            is_fax = _FAX.match(row.text, span.start) is not None
            before_fax = _FAX.split(rest.upper())[0] if not is_fax else ""
            for text in (before_fax, rest if not is_fax else ""):
                if found := phones(text):
                    return _word(found[0], row)
    for row in page.rows[:_TOP]:
        found = phones(row.raw)
        if found and letters(row.text) == 0 and _BARE_PHONE.match(row.raw):
            return _word(found[0], row)
    return None


def number_in(page: Page) -> Word | None:
    """Return the number of the receipt, invoice or order; the surest label first."""
    rows = [row for row in page.rows if not any(o.find(row.written) for o in _OTHER_NUMBERS)]
    for each in _NUMBERS:
        if found := next((word for row in rows if (word := _value_after(each, row))), None):
            return found
    # "No." alone may be that of a house or a telephone, but not below the name of the paper.
    titled = (r.index for r in page.rows if TITLE.find(r.written) or TAX_NUMBER.find(r.written))
    start = next(titled, len(page.rows))
    below = [
        row for row in rows if start <= row.index < start + _TOP and not PHONE.find(row.written)
    ]
    numbers = [word for row in below if (word := _value_after(_NO, row))]
    return next((word for word in numbers if len(word.value) >= _LEAST_NUMBER), None)


def _value_after(name: Label, row: PageRow) -> Word | None:
    """Return the number behind a label."""
    for span in name.every(row.written):
        after = _AFTER.match(row.text, span.end)
        end = after.end() if after else span.end
        label_ = row.text[span.start : end]
        is_marked = any(mark in label_ for mark in (".", ":", "#", "NO")) or end == len(row.text)
        found = _NUMBER.match(row.raw, end)
        if found and is_marked and not _is_other(found.group()):
            return _word(found.group().rstrip(".-"), row)
    return None


def _is_other(text: str) -> bool:
    """Tell whether a number is a date or an amount."""
    return re.fullmatch(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}|\d+[.,]\d{2}", text) is not None


def tax_id_in(page: Page, near: int | None = None) -> Word | None:
    """Return the tax number of who sells: of several, the one nearest to row ``near``."""
    found: list[tuple[int, Word]] = []
    for row in page.rows:
        for span in TAX_NUMBER.every(row.written):
            after = _TAX_AFTER.match(row.text, span.end)
            value = _TAX_VALUE.match(row.text, after.end() if after else span.end)
            if value and len(value.group()) >= _LEAST_TAX:
                found.append((row.index, _word(row.raw[value.start() : value.end()], row)))
    if not found:
        return None
    return min(found, key=lambda one: abs(one[0] - near) if near is not None else 0)[1]


def currency_in(page: Page) -> Word | None:
    """Return the ISO 4217 code of the currency that most signs beside amounts are of."""
    signs: dict[str, list[PageRow]] = {}
    for row in page.rows:
        if row.is_head and not row.figures:
            continue
        for match in _SIGN.finditer(row.text):
            signs.setdefault(match.group().strip(" .").upper(), []).append(row)
    text = "".join(row.text for row in page.rows)
    for sign, rows in sorted(signs.items(), key=lambda item: -len(item[1])):
        if code := currency_of(sign) or _guess(sign, text, page):
            return Word(code, sign, rows[0])
    return None


def _guess(sign: str, text: str, page: Page) -> str:
    """Return which country's a shared sign is: ¥ of China or Japan, $ of America or another."""
    if sign in "¥￥":
        japanese = _KANA.search(text) or (page.style.whole and not has_cjk(text))
        return "JPY" if japanese else "CNY"
    if sign == "$" and not _ELSEWHERE.find(written(text)):
        for word, code in (("SINGAPORE", "SGD"), ("AUSTRALIA", "AUD"), ("CANADA", "CAD")):
            if word in text:
                return code
        return "USD"
    return ""


def method_in(page: Page, paid: PageRow | None) -> Word | None:
    """Return how it was paid: as the row of the payment says, else as any below the items does."""
    end = max((f.row for f in page.figures), default=0)
    rows = [row for row in page.rows[end // 2 :] if row.figures or letters(row.text) < _SHORT]
    for row in ([paid] if paid else []) + rows:
        text = row.written
        if _NO_METHOD.find(text):
            continue
        for name, method in _METHODS:
            if span := method.find(text):
                return _word(name, row, row.raw[span.start : span.end])
    return None


def _word(value: str, row: PageRow, raw: str = "") -> Word:
    return Word(value.strip(), (raw or value).strip(), row)
