"""The head of a receipt, above what is sold: who sells, where, when, under which number. Pure."""

import re

from vision.reader.labels import Written, label
from vision.reader.script import letters
from vision.reader.values import dates, times

PHONE = label(
    "TEL*", "PHONE*", "MOBILE*", "H/P", "HP", "CONTACT*", "HOTLINE", "CALL", "FAX*", "电话",
    "電話",
    "手机", "传真",
)  # fmt: skip
TAX_NUMBER = label(
    "GST REG*", "GST ID*", "GST NO*", "GST #", "GST REF*", "NO ID GST", "SST REG*", "SST ID*",
    "SST NO*", "VAT REG*", "VAT NO*", "VAT ID*", "ABN", "TAX ID*", "TAX NO*", "TAX REG*", "TIN",
    "UST ID*", "SIRET", "纳税人识别号", "统一社会信用代码", "税号", "登録番号",
)  # fmt: skip
REGISTRATION = label(
    "CO NO*", "CO REG*", "COMPANY NO*", "COMPANY REG*", "REG NO*", "ROC NO*", "BRN*", "UEN",
    "BUSINESS REG*", "REGISTRATION*",
)  # fmt: skip
LEGAL = label(
    "SDN BHD", "BERHAD", "BHD", "PTE LTD", "PTY LTD", "LTD", "LIMITED", "INC", "LLC", "LLP",
    "CORP",
    "GMBH", "S.A.", "SARL", "PLC", "PLT", "公司", "商行", "酒店", "株式会社",
)  # fmt: skip
TITLE = label(
    "TAX INVOICE*", "INVOICE", "RECEIPT", "CASH SALE*", "CASH BILL", "SIMPLIFIED TAX*", "BILL",
    "DELIVERY ORDER", "CUSTOMER COPY", "GUEST CHECK", "小票", "收据", "發票", "发票", "结账单",
    "消费清单", "购物清单", "RECHNUNG", "QUITTUNG", "TICKET", "ORIGINAL", "DUPLICATE", "REPRINT",
)  # fmt: skip
_SAID_OF = label(
    "CASHIER*", "SERVER*", "SERVED BY*", "OPERATOR*", "SALESPERSON*", "SALESMAN*", "TABLE*", "TBL",
    "PAX*", "GUEST*", "COVER*", "TERMINAL*", "COUNTER*", "STAFF*", "MEMBER*", "CUSTOMER*", "POS",
    "HOST*", "STATION*", "REGISTER*", "STORE*", "TRANS*", "CHECK*", "CHK", "ORDER*", "SITE",
    "SHIFT*", "TIME", "DATE", "TERM", "INV*", "RECEIPT*", "RCPT*", "BILL*", "DOC*", "SLIP*",
    "收银*", "桌号", "台号", "服务员", "会员", "操作员", "机号", "店号", "日期", "时间", "单号",
    "号码",
)  # fmt: skip
_BEFORE = 2  # letters; a shop may be called "STARBUCKS STORE #10208"
_THEN = re.compile(r"[\w)]{0,3}\W{0,2}(?:NO|ID|NAME|NUM\w*)?\s*(?:[.:#]|\d)")
_WEB = re.compile(r"[\w.]@[A-Z][\w\-]*\.[A-Z]|WWW\.|\.COM\b|HTTP|E-?MAIL")


def is_of_head(text: Written, *, has_amount: bool) -> bool:
    """Tell whether a row that says ``text`` belongs above the items: dates, numbers, who serves."""
    return bool(
        dates(text.plain)
        or times(text.plain)
        or _WEB.search(text.plain)
        or text.plain.count("#") > 1
        or any(each.find(text) for each in (PHONE, TAX_NUMBER, REGISTRATION))
        or (not has_amount and TITLE.find(text))
        or _is_said_of_it(text)
    )


def _is_said_of_it(text: Written) -> bool:
    """Tell whether a text says who or which: "Table 5", "Cashier: Ann", and no "table cloth"."""
    return any(
        _THEN.match(text.plain, span.end)
        and (letters(text.plain[: span.start]) <= _BEFORE or ":" in text.plain[span.end :][:3])
        for span in _SAID_OF.every(text)
    )
