"""Which job a typed prompt asks for, where none was chosen. Pure.

Only words that name the thing decide: "read this receipt" is the receipt job, "what is the total?"
is a question, which any engine answers by itself.
"""

import re
from collections.abc import Mapping

from app.jobs.webpage.change.wishes import is_followup
from vision.engine import Job

_ASKS: Mapping[Job, re.Pattern[str]] = {
    "html": re.compile(
        r"\b(?:html|css|web ?page)\b.{0,40}\b(?:screenshot|picture|image|mock-?up|it|this)\b"
        r"|\b(?:screenshot|picture|image|mock-?up|it|this)\b.{0,40}\b(?:html|css|web ?page)\b"
        r"|\b(?:write|make|build|create|generate|code|give|rebuild)\b.{0,40}\b(?:html|web ?page)\b"
        r"|(?:转|变|做|写|生成|还原|重建|复刻|实现).{0,12}(?:html|网页|前端)"
        r"|(?:html|网页).{0,8}(?:代码|还原|实现)",
        re.IGNORECASE,
    ),
    "receipt": re.compile(
        r"\b(?:read|scan|extract|process|digiti[sz]e|itemi[sz]e|check|analy[sz]e|parse|enter|book)\b"
        r".{0,40}\b(?:receipts?|invoices?|bills?)\b"
        r"|\b(?:receipt|invoice|bill)\b.{0,30}\b(?:fields|json|data|add up|adds up)\b"
        r"|(?:读|识别|提取|扫描|整理|录入|解析|核对|检查|分析).{0,12}(?:小票|发票|收据|票据|账单)"
        r"|(?:小票|发票|收据|票据|账单).{0,8}(?:字段|信息|内容|明细)",
        re.IGNORECASE,
    ),
    "compare": re.compile(
        r"\b(?:compare|differ|differs|differences?)\b|\bspot the\b|对比|比较|找不同"
        r"|有(?:什么|何)不同|(?:什么|有何|哪些)区别",
        re.IGNORECASE,
    ),
}
_HEAD = 400  # characters: a long prompt is pasted context behind or before its question


def job_asked(text: str, pictures: int, last_job: str | None = None) -> Job | None:
    """Return the job that ``text``, sent with so many pictures, asks for by name.

    Without a picture it may go on with what ``last_job`` made: "make it pastel".
    """
    if not pictures:
        return "html" if is_followup(text, last_job) else None
    asked = " ".join(text[:_HEAD].split())
    found = next((job for job, pattern in _ASKS.items() if pattern.search(asked)), None)
    return None if found == "compare" and pictures == 1 else found
