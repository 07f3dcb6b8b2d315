r"""The words by which people ask, in English and Chinese. Patterns only; ``intents`` uses them.

CJK characters count as word characters for ``\b``, so Chinese words stand without it.
"""

import re
from typing import Literal

from vision.reader.rows import FieldName

Refusal = Literal["describe", "translate", "reason", "html", "compare", "chat"]


def any_of(*patterns: str) -> re.Pattern[str]:
    """Return a pattern that fits where one of ``patterns`` does, in any case."""
    return re.compile("|".join(patterns), re.IGNORECASE)


MANNERS = (
    any_of(r"[?？!！.。\s]+$"),
    any_of(
        r"^(?:(?:please|hey|hi|and|what about|how about|can you|could you)[\s,]+)+",
        r"^(?:请问?|帮我|麻烦你?)[，\s]*",
    ),
    any_of(r"[\s,]+(?:please|thanks|thank you)$", r"[，\s]*谢谢$"),
    any_of(r"^(?:这张|这个)?(?:图片?|照片|收据|小票|发票)(?:里|上|中)?面?的"),
    any_of(
        r"\s+(?:on|in|of|from|at|for) (?:this|the|that) "
        r"(?:receipt|invoice|picture|image|photo|page|form|bill|document|screenshot)$",
        r"\s+(?:here|on it|in it)$",
    ),
)
ALL_TEXT = any_of(
    r"\b(?:all|full|whole|entire|every)\b.*\b(?:text|words?|lines)\b",
    r"(?:全部|所有|完整).*(?:文字|内容|文本)",
)
TEXT = any_of(
    r"\bread\b",
    r"\bocr\b",
    r"\btranscri",
    r"\b(?:text|words)\b",
    r"\bextract\b",
    r"what does (?:it|this|the \w+) say",
    r"\bwr(?:ite|itten) (?:down|here)",
    r"识别|读|提取|文字|文本|内容|写了什么|写的(?:是)?什么|写着什么",
)
TABLE = any_of(
    r"\b(?:as|into|to|in|make|create|give me|extract|return|convert)\b.*\btables?\b",
    r"^\W*tables?\W*$",
    r"\b(?:markdown|spreadsheet|csv)\b",
    r"表格|列成表|做成表",
)
REFUSALS: tuple[tuple[Refusal, re.Pattern[str]], ...] = (
    ("translate", any_of(r"\btranslat", r"翻译|[译譯]成")),
    (
        "html",
        any_of(
            r"\b(?:html|css)\b",
            r"\bweb ?page\b",
            r"\bcode\b.*\b(?:this|screenshot)\b",
            r"网页|代码",
        ),
    ),
    ("compare", any_of(r"\bcompar", r"\bdiffer", r"对比|比较|区别|有(?:什么|何)不同")),
    (
        "reason",
        any_of(
            r"\b(?:summar|explain)",
            r"\bwhy\b|\badd up\b|\bhow come\b",
            r"总结|概括|摘要|解释|为什么|推断|分析",
        ),
    ),
    (
        "describe",
        any_of(
            r"\bdescri",
            r"what(?:'s| is)?\s+(?:in|on)?\s*(?:this|the) (?:picture|photo|image)\??$",
            r"what(?:'s| is) (?:this|it|in it|here)\??$|^what(?:'s| is)(?: [io]n)?$",
            r"what do you see|\bcolou?rs?\b",
            r"描述|图里有什么|看到(?:了)?什么|这是什么|颜色",
        ),
    ),
)
_A_PICTURE = r"(?:receipt|invoice|picture|image|photo|page|form|bill|document|screenshot)"
_NTH = r"(first|second|third|fourth|fifth|sixth|last|\d{1,2}(?:st|nd|rd|th))"
_OF = r"(?:\b(?:on|in|of|from|at|for|about)\s+)?(?:\bthe\s+)?"
_AND = r"\s*(?:,|&|-|and|or|to)\s*(?:the\s+)?"
_DIGIT = "[一二三四五六七八九十]"
PICTURE = (
    any_of(rf"{_OF}\b{_NTH}\s+(?:{_A_PICTURE}|one)\b(?:'s)?"),
    any_of(rf"{_OF}\bthe {_NTH}$"),
    any_of(rf"{_OF}\b{_A_PICTURE}\s*#?\s*(\d{{1,2}})\b(?:'s)?"),
    any_of(
        rf"(?:第\s*(\d{{1,2}}|{_DIGIT})\s*|(最后)一)[张張幅页頁份]"
        r"(?:图片?|照片|收据|小票|发票)?[里上中]?面?的?"
    ),
    any_of(rf"图片?\s*(\d{{1,2}}(?!\d)|{_DIGIT}(?=[的里中上]|$))[里上中]?的?"),
)
PICTURES = any_of(
    rf"{_NTH}{_AND}{_NTH}",
    rf"{_A_PICTURE}s?\s*#?\s*\d{{1,2}}{_AND}\d",
    rf"(?:\d|{_DIGIT})\s*[和与跟、到]\s*第?\s*(?:\d|{_DIGIT})",
)
LINE = (
    any_of(r"\b(?:line|row)\s*(?:number|no\.?|#)?\s*(\d{1,4})\b"),
    any_of(r"\b(\d{1,4})(?:st|nd|rd|th) (?:line|row)\b"),
    any_of(r"\b(first|second|third|last) (?:line|row)\b"),
    any_of(r"第\s*(\d{1,4}|[一二三四五六七八九十])\s*行"),
    any_of(r"(最后)一行"),
)
ORDINALS = {"last": -1, "最后": -1} | {
    word: number
    for words in (("first", "second", "third", "fourth", "fifth", "sixth"), "一二三四五六七八九十")
    for number, word in enumerate(words, 1)
}
COUNT = any_of(r"how many (?:text )?(?:lines|rows)", r"number of (?:lines|rows)", r"(?:多少|几)行")
_IT = r"(?:it|this|the (?:picture|receipt|invoice|page|text|document|image|photo))"
FIND = (
    any_of(
        r"\b(?:which|what) (?:line|row)s? "
        r"(?:has|have|is|are|contains?|mentions?|says?|shows?|with)\s+(.+)"
    ),
    any_of(r"\bwhere (?:does it say|is|are)\s+(.+)"),
    any_of(rf"\bdoes {_IT}\s+(?:mention|contain|say|have|include|show)\s+(.+)"),
    any_of(r"\bis there (?:an?|any)\s+(.+)"),
    any_of(r"\b(?:find|search(?: for)?|look for)\s+(.+)"),
    any_of(r"(?:哪一?行|第几行)(?:有|是|写着|包含|提到)(.+)"),
    any_of(r"(?:有没有|是否|有无|查找|找一?下|包含|提到)(?:有|包含|提到)?(.+)"),
    any_of(r"(.+?)在(?:哪一?|第几)行"),
)
PRICE = (
    any_of(r"\b(?:price|cost|amount)\s+(?:of|for)\s+(.+)"),
    any_of(r"\bhow much (?:is|are|was|were|does|did|for)\s+(.+?)(?:\s+costs?)?$"),
    any_of(r"(.+?)(?:的价格|的单价|的价钱|多少钱|卖多少)"),
)
LABEL = (
    any_of(
        r"\b(?:what|which|who)(?:'s| is| are| was| were)?\s+"
        r"(?:the|his|her|its|their|my|your)?\s*(.+)"
    ),
    any_of(r"\b(?:tell me|give me|show me|extract|get|read)\s+(?:the\s+)?(.+)"),
    any_of(r"(.+?)(?:是(?:什么|多少|几|谁|哪)|有多少|多少)"),
)
# In order: what a longer phrase names is taken out before a shorter one is looked for.
FIELDS: tuple[tuple[FieldName, re.Pattern[str]], ...] = (
    ("subtotal", any_of(r"sub[\s-]?total", "小计")),
    ("discount", any_of(r"\bdiscount", "折扣|优惠")),
    ("service", any_of(r"service (?:charge|fee)", "服务费")),
    ("rounding", any_of(r"\brounding", "舍入|抹零")),
    (
        "tax",
        any_of(
            r"(?:total |amount of )?(?:sales )?\b(?:tax(?:es)?|gst|sst|vat)\b"
            r"(?: amounts?| totals?)?"
            r"(?! (?:id|no|number|reg|registration|invoice|incl|code))",
            "税额|税金|税是",
        ),
    ),
    ("change", any_of(r"\bchanges?\b", "找零|找了")),
    (
        "cash",
        any_of(r"\bcash\b", r"(?:amounts? )?\b(?:paid|tendered)\b", "实付|实收|付了多少|现金"),
    ),
    (
        "total",
        any_of(
            r"(?:grand |nett? |final )?\btotals?\b(?: (?:amounts?|prices?|due|payable|costs?))?",
            r"(?:amount|balance)s? (?:due|payable)|(?:the|final) amounts?$",
            r"how much (?:is it|did (?:i|we) (?:pay|spend)|to pay)",
            "价税合计|合计|总计|总额|总价|总金额|总共|应付|一共(?:多少|花)|^多少钱$",
        ),
    ),
    ("phone", any_of(r"\b(?:tele)?phones?\b(?: (?:number|no)s?\b)?", r"\btel\b", "电话|手机")),
    (
        "number",
        any_of(
            r"(?:receipt|invoice|bill|order|document|doc|transaction) ?"
            r"(?:(?:no|num|number|id)s?|#)(?!\w)",
            "订单号|单号|发票号码?|票号",
        ),
    ),
    ("address", any_of(r"\baddress(?:es)?\b", r"\blocated\b", "地址")),
    ("date", any_of(r"\bdate[ds]?\b", r"\bwhen\b|what day", "日期|哪天|哪一天|什么时候|几号")),
    ("time", any_of(r"\btimes?\b", "时间|几点")),
    (
        "merchant",
        any_of(
            r"\b(?:(?:merchant|store|shop|restaurant|vendor|seller|supplier)s?|compan(?:y|ies))\b"
            r"(?: names?)?",
            r"who (?:issued|sold)",
            "商家|商户|公司|店名|哪家|收款方|销售方|店铺",
        ),
    ),
)
