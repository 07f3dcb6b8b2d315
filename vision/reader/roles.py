"""What an amount on a receipt is called: total, tax, change. Pure: a label in, its role out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vision.reader.labels import Label, Span, Written, label, written
from vision.reader.script import letters

Role = Literal[
    "total", "subtotal", "tax", "service", "rounding", "discount", "tip", "paid", "change", "none"
]
_NEVER = 99  # letters; a label of fewer is not looked for worn
_BEFORE = 6  # letters; "RM", "EAT-IN", a number's name
_NEAR = 8  # characters; "TOTAL SALES TAX" is a tax, "TOTAL AMOUNT OF GOODS (TAX)" a total


@dataclass(frozen=True, slots=True)
class Called:
    """What a label calls its amount."""

    role: Role
    weight: float  # how much it says that this is the amount to pay
    share: float  # of the letters of the text, those of the label: an item may be called "CASH BOX"
    leads: bool  # the text begins with it


_TOTAL = label(
    "TOTAL*", "TOTL", "T?TAL", "TO?AL", "TOT?L", "TOTA?", "JUMLAH", "合计", "合計", "总计", "總計",
    "总额", "總額", "总价", "总金额", "消费金额", "总共", "共计", "SUMME", "GESAMT*", "TOTALE",
    "IMPORTE", "MONTANT",
)  # fmt: skip
_SUBTOTAL = label(
    "SUB TOTAL*", "SUBTOT*", "SUBTTL", "SUBTL", "小计", "小計", "ZWISCHENSUMME", "SOUS TOTAL",
    "GROSS AMT", "GROSS AMOUNT", "GROSS TOTAL", "TAXABLE*", "不含税金额",
)  # fmt: skip
_DUE = label(
    "GRAND TOTAL*", "NETT TOTAL*", "NET TOTAL*", "FINAL TOTAL", "BILL TOTAL", "ORDER TOTAL",
    "AMOUNT DUE", "BALANCE DUE", "TOTAL DUE", "AMT DUE", "AMOUNT PAYABLE", "TOTAL PAYABLE",
    "AMT PAYABLE", "TOTAL AMT PAYABLE", "TOTAL AMOUNT PAYABLE", "NET PAYABLE", "BALANCE TO PAY",
    "AMOUNT TO PAY", "TOTAL TO PAY", "ROUNDED TOTAL", "TOTAL ROUNDED", "TOTAL AMT ROUNDED",
    "TOTAL AFTER*", "ZU ZAHLEN", "ENDBETRAG", "A PAYER", "TOTAL A PAGAR", "价税合计", "應付",
    "应付", "应收", "实付", "實付", "合计金额", "小写",
)  # fmt: skip
_COUNT_TOTAL = label(
    "TOTAL QTY", "TOTAL QUANTITY", "TOTAL ITEM*", "TOTAL PCS", "TOTAL UNIT*", "TOTAL POINT*",
    "TOTAL NUMBER*", "TOTAL TRANS*", "TOTAL SAV*", "QTY TOTAL", "TOT QTY", "POINTS TOTAL",
    "数量合计", "合计数量",
)  # fmt: skip
_COUNT = label(
    "ITEM COUNT", "ITEMS SOLD", "NO OF ITEM*", "NUMBER OF ITEM*", "ITEM(S)", "ITEMS", "QTY(S)",
    "POINT*", "PREV BALANCE", "CARD BALANCE", "SAVING*", "SAVED", "YOU SAVE", "SUGGEST*",
    "CARD NO", "ACCT*",
    "ACCOUNT NO", "AUTH*", "APPROVAL*", "件数", "积分", "余额",
)  # fmt: skip
_EXCLUSIVE = label("EXC*", "BEFORE", "W/O", "WITHOUT", "不含税", "NETTO", "HT")
_INCLUSIVE = label("INC*", "W/", "WITH", "AFTER", "TTC", "含税", "BRUTTO", "PAYABLE", "DUE")
_AMOUNT = label(
    "NET AMOUNT", "NETT AMOUNT", "NET AMT", "NETT AMT", "NETT", "NET", "AMOUNT RM", "金额", "金額",
    "TTL", "TOT", "TL", "AMOUNT", "AMT", "BALANCE",
)  # fmt: skip
# The others, worn, look like "VALUE" and "DUST".
_GST = label("GST*", shortest=3)
_TAX = label(
    "GST*", "TAX*", "SST*", "VAT*", "HST*", "PST", "CGST", "SGST", "CUKAI", "MWST*", "UST", "TVA*",
    "IVA*", "BTW", "PPN", "税额", "稅額", "税金", "增值税", "消費税", "消费税", "税率", "税",
    shortest=_NEVER,
)  # fmt: skip
_NO_TAX = label(
    "INVOICE", "REG*", "ID", "NO", "CODE", "EXC*", "BEFORE", "TAXABLE", "TAXI", "价税", "税号",
    "识别号", "纳税人",
    shortest=5,
)  # fmt: skip
_DISCOUNT = label(
    "DISC*", "DIS", "COUPON*", "VOUCHER*", "PROMO*", "REBATE", "LESS", "DEDUCT*", "MARKDOWN",
    "RABATT", "REMISE", "优惠", "折扣", "减免", "折让",
)  # fmt: skip
_NO_DISCOUNT = label("BEFORE", "AFTER", "PRICE", "DISCOUNTABLE")
_ROUNDING = label(
    "ROUND*", "RND", "PELARASAN", "抹零", "舍入", "零头", "RUNDUNG", "ARRONDI", "ADJ*"
)
_ROUNDED = label("AFTER", "ROUNDED")
_SERVICE = label(
    "SERVICE*", "SERV CH*", "ERVICE CH*", "SVC*", "SRV CHG", "S CHARGE", "SER CHG",
    "SER CHARGE", "服务费", "服務費", "BEDIENUNG",
)  # fmt: skip
_TIP = label("TIP", "TIPS", "GRATUITY*", "小费", "TRINKGELD", "POURBOIRE", shortest=_NEVER)
_PAID = label(
    "CASH", "PAID*", "TENDER*", "RECEIVED", "TUNAI", "BAYARAN", "PAYMENT*", "PAY", "VISA",
    "MASTER*", "AMEX", "DEBIT*", "CREDIT*", "CARD", "MYDEBIT", "EFTPOS", "CHEQUE", "CHECK",
    "DISCOVER", "MAESTRO", "GIROCARD", "EC-KARTE", "CARTE", "BAR", "GEGEBEN", "ESPECES",
    "EFECTIVO", "ALIPAY", "WECHAT*", "GRABPAY*", "TOUCH N GO", "EWALLET", "现金", "实收", "收款",
    "付款", "微信", "支付宝", "刷卡", "银行卡", "お預り",
)  # fmt: skip
_NO_PAID = label(
    "CHANGE*", "CASHIER*", "CASH BILL", "CASH SALE*", "ROUND*", "TERMINAL*", "CHECK NO", "CHECK #"
)
_CHANGE = label(
    "CHANGE*", "CIIANGE", "CHG DUE", "BAKI", "BALANCE RETURN*", "RUCKGELD", "RÜCKGELD", "RENDU",
    "CAMBIO", "找零", "找赎", "找回", "お釣り",
)  # fmt: skip


# Patterns of what amounts are called, for text in any case, for who looks for one role alone.
PATTERNS: Mapping[str, str] = {
    "subtotal": _SUBTOTAL.exact.pattern,
    "tax": _TAX.exact.pattern,
    "service": _SERVICE.exact.pattern,
    "rounding": _ROUNDING.exact.pattern,
    "discount": _DISCOUNT.exact.pattern,
    "tip": _TIP.exact.pattern,
    "paid": _PAID.exact.pattern,
    "change": _CHANGE.exact.pattern,
}


def role_of(text: str) -> Called | None:
    """Return what ``text`` calls the amount beside it; None if nothing we know."""
    read = written(text)
    found = _special(read) or _sum(read) or _part(read)
    if not found:
        return None
    role, weight, span = found
    within = letters(read.plain[span.start : span.end])
    leads = letters(read.plain[: span.start]) <= _BEFORE
    return Called(role, weight, within / max(1, letters(read.plain)), leads)


def is_inclusive(text: Written) -> bool:
    """Tell whether a label says that something is included: so do those of sums."""
    return _INCLUSIVE.find(text) is not None


Found = tuple[Role, float, Span]


def _special(text: Written) -> Found | None:
    """Find what mentions a total, and is another amount."""
    if span := _CHANGE.find(text):
        return "change", 0, span
    if _DISCOUNT.find(text) is None:
        if span := _count(text):
            return "none", 0, span
        if (span := _TAX.find(text) or _GST.find(text)) and _is_tax(text, span):
            return "tax", 0, span
    if span := _ROUNDING.find(text):
        is_total = _DUE.find(text) or (_TOTAL.find(text) and _ROUNDED.find(text))
        return None if is_total else ("rounding", 0, span)
    return None


def _count(text: Written) -> Span | None:
    """Find a number of things, or points: after "total", or by itself."""
    is_sum = _TOTAL.find(text) or _SUBTOTAL.find(text)
    return _COUNT_TOTAL.find(text) or (None if is_sum else _COUNT.find(text))


def _is_tax(text: Written, tax: Span) -> bool:
    """Tell a tax, or the total of it, from what includes it and from its number."""
    total, subtotal = _TOTAL.find(text), _SUBTOTAL.find(text)
    if _NO_TAX.find(text) or _ROUNDING.find(text) or (subtotal and subtotal.start < tax.start):
        return False
    if total and total.start < tax.start:
        return not _INCLUSIVE.find(text) and tax.start - total.end <= _NEAR
    including, amount = _INCLUSIVE.find(text), _AMOUNT.find(text)
    return not (including and amount and amount.start < including.start < tax.start)


# What a total may be of, besides everything.
_OF_TOTALS: tuple[tuple[Role, float, Label], ...] = (
    ("discount", 0, _DISCOUNT),
    ("service", 0, _SERVICE),
    ("paid", 1, _PAID),
)


def _sum(text: Written) -> Found | None:
    """Find what is to be paid, or was before something was added."""
    if span := _SUBTOTAL.find(text):
        return "subtotal", 0.5, span
    total, due = _TOTAL.find(text), _DUE.find(text)
    including = _INCLUSIVE.find(text)
    if due and not (_EXCLUSIVE.find(text) and not including):
        return "total", 5, due
    if not total:
        return None
    if _EXCLUSIVE.find(text) and not including:
        return "subtotal", 0.5, total
    for role, weight, other in _OF_TOTALS:
        if other.find(text):
            return role, weight, total
    return "total", 4.5 if including else 4, total


def _part(text: Written) -> Found | None:
    """Find what a total is made of, and how it was paid."""
    for role, weight, label_of, unless in _PARTS:
        if (span := label_of.find(text)) and not (unless and unless.find(text)):
            return role, weight, span
    return None


_PARTS: tuple[tuple[Role, float, Label, Label | None], ...] = (
    ("service", 0, _SERVICE, None),
    ("discount", 0, _DISCOUNT, _NO_DISCOUNT),
    ("tip", 0, _TIP, None),
    ("paid", 0, _PAID, _NO_PAID),
    ("total", 2, _AMOUNT, None),
)
