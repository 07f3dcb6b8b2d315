"""What a prompt about a page asks for, as far as rules can tell. Pure, in English and Chinese.

A prompt is cut into clauses, and each is one wish or none: what is not understood is said so, never
guessed at.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "palette", "space", "size", "font", "radius", "align", "width", "row", "weight", "shadow",
    "border", "remove", "text",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """One change."""

    kind: Kind
    value: str = ""
    target: str = ""  # what of the page it is for, a key of ``TARGETS``; "" for all of it
    other: str = ""  # of a text, what is to stand in its place


SHORT = 2  # words; a clause that short goes on about what the one before was for

# What of a page a word names: its tags, and pieces of class names that say the same.
TARGETS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "button": (("button",), ("button", "btn", "cta")),
    "heading": (("h1", "h2", "h3", "h4", "h5", "h6"), ("heading", "title", "headline")),
    "link": (("a",), ("link",)),
    "header": (("header", "nav"), ("header", "nav", "navbar", "topbar", "menu")),
    "footer": (("footer",), ("footer",)),
    "card": (("article",), ("card", "tile", "panel", "plan")),
    "picture": (("img", "figure", "svg"), ("picture", "image", "photo", "icon")),
    "table": (("table",), ("table",)),
    "form": (("form", "input", "select", "textarea"), ("form", "field", "input")),
    "text": (("p", "li", "td", "blockquote"), ("text", "copy")),
    "background": (("body",), ()),
}
_NAMES = {
    "button": r"buttons?|按钮|按键",
    "heading": r"head(?:ing|line)s?|titles?|标题",
    "link": r"links?|链接",
    "header": r"headers?|nav(?:igation|bar)?s?|menus?|top bar|导航栏?|页眉|菜单",
    "footer": r"footers?|页脚|底部",
    "card": r"cards?|tiles?|panels?|卡片",
    "picture": r"pictures?|images?|photos?|icons?|图片|图像|图标",
    "table": r"tables?|表格",
    "form": r"forms?|inputs?|fields?|表单|输入框",
    "text": r"paragraphs?|body text|正文|段落",
    "background": r"background|背景",
}
_COLOURS = {
    "red": r"red|红色?", "orange": r"orange|橙色?", "yellow": r"yellow|黄色?",
    "green": r"green|绿色?", "teal": r"teal|turquoise|青绿色?", "cyan": r"cyan|青色?",
    "blue": r"blue|蓝色?", "indigo": r"indigo|navy|靛蓝?色?", "purple": r"purple|violet|紫色?",
    "pink": r"pink|粉红?色?", "brown": r"brown|棕色?|褐色?",
}  # fmt: skip
_LESS = r"less|fewer|smaller|reduce\w*|decrease\w*|shrink|tight\w*|narrow\w*|少|小|减|缩|紧凑?|窄"
_NO = (
    r"no|without|remove|drop|delete|hide|get rid of|take (?:away|out)|去掉|删除|移除|隐藏|不要|取消"
)
_SPACE = (
    r"white ?space|spac(?:e|ing)s?|padding|margins?|gaps?|air(?:y|ier)?|roomy|breath\w*|room"
    r"|compact|dense|cramped|crowded|留白|间距|空白|空间|边距|宽松|紧凑"
)
_SIZE = r"(?:fonts?|text|type|letters?)(?: size)?|字体|字号|文字|字"
_BIG = r"bigger|larger|big|large|increase\w*|enlarge\w*|大|增大|放大"
_QUOTED = r"[\"“”「『‘']([^\"“”「」『』’']{1,200})[\"“”」』’']"

# The first that matches is the wish. A group named after a value gives it.
_RULES: tuple[tuple[Kind, str], ...] = (
    ("text", rf"(?:replace|change|rename|把|将).*?{_QUOTED}.*?(?:with|to|by|into|改成|改为|换成|替换为).*?{_QUOTED}"),
    ("row", r"flex|in (?:a|one) (?:row|line)|side by side|line up|layout of|并排|排成一行|一行|对齐按钮|布局"),
    ("palette", r"(?P<pastel>pastel|soft(?:er)? colou?rs?|柔和|粉彩|马卡龙)"),
    ("palette", r"(?P<contrast>contrast|对比度?)"),
    ("palette", r"(?P<dark>dark(?:er)?\b|night|深色|暗色|夜间|黑暗)"),
    ("palette", r"(?P<monochrome>mono\w*|gr[ae]y\w*|black and white|colou?rless|单色|灰色|灰度|黑白)"),
    ("palette", r"(?P<warm>warm\w*|暖)"),
    ("palette", r"(?P<cool>cool\w*|冷)"),
    ("palette", "|".join(rf"(?P<{name}>(?<![a-z])(?:{words})(?![a-z]))" for name, words in _COLOURS.items())),
    ("shadow", r"shadows?|阴影"),
    ("border", r"borders?|outlines?|边框|描边"),
    ("radius", r"round\w*|corners?|radius|square\w*|sharp\w*|圆角|直角|方角|圆润"),
    ("font", r"(?P<sans>sans|无衬线|黑体)|(?P<mono>mono ?space\w*|typewriter|等宽)|(?P<serif>serif|衬线|宋体)"),
    ("align", r"(?P<center>cent(?:er|re)\w*|middle|居中)|(?P<left>left|左对齐|靠左)|(?P<right>right|右对齐|靠右)"),
    ("weight", r"(?P<bold>bold\w*|heav\w*|加粗|粗)|(?P<normal>thin\w*|light(?:er)? (?:font|text|weight)|regular|变细|细)"),
    ("palette", r"(?P<light>light(?:er)?\b|bright\w*|浅色|亮色|明亮|白天)"),
    ("space", _SPACE),
    ("width", r"wid(?:e|er|th)|full.?width|narrow\w*|宽"),
    ("remove", _NO),
    ("size", rf"{_SIZE}|{_BIG}|smaller|tiny|小|缩小"),
)  # fmt: skip
_CLAUSE = re.compile(
    r"[,;.!\n，。；！、]+(?=\s|[^\d])|\s+(?:and|also|then|plus|but)\s+|并且?|然后|同时|以及|再"
)
_FILLER = re.compile(
    r"[\s,.;!?，。！？]*(?:please|thanks?(?: you)?|ok(?:ay)?|请|谢谢|好的?)?[\s,.;!?，。！？]*",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:make|change|fix|use|set|add|remove|move|align|cent(?:er|re)|increase|reduce|turn|give|put|"
    r"replace|rename|switch|convert|improve|redesign|restyle|resize|adjust|more|less|bigger|smaller|"
    r"darker|lighter|wider|narrower|rounder|rounded)\b|改|换|变|加|减|删|去掉|调|移|放|设|用|缩|更|修|让|把|将",
    re.IGNORECASE,
)  # fmt: skip
_LOOKS = re.compile(
    r"\b(?:colou?rs?|palette|theme|style\w*|css|html|layout|flex|grid|responsive|mobile|fonts?|section|"
    r"column|sidebar|design|page|site)\b|颜色|配色|主题|样式|布局|网页|页面|字体|风格|设计|栏",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\s*(?:what|which|who|whose|where|when|why|how (?:much|many|old|long)|is|are|was|does|did|explain|"
    r"describe|translate|summari[sz]e|read|list)\b|.*(?:什么|多少|哪|谁|为什么|几|吗)",
    re.IGNORECASE,
)  # fmt: skip


def is_followup(text: str, last_job: str | None) -> bool:
    """Tell whether a prompt without pictures, after a turn of ``last_job``, is about its page."""
    if last_job != "html" or not text.strip() or _ASKS.match(text):
        return False
    known = any(wish is not None for _, wish in clauses(text))
    return known or bool(_ABOUT.search(text) or _LOOKS.search(text))


def clauses(text: str) -> Iterator[tuple[str, Wish | None]]:
    """Yield what a prompt asks for, a clause and its wish each; None where rules cannot tell."""
    if wish := _wish(text, only=("text",)):
        yield text.strip(), wish
        return
    target = ""
    for clause in _CLAUSE.split(text):
        if _FILLER.fullmatch(clause):
            continue
        wish = _wish(clause)
        if wish and not wish.target and len(clause.split()) <= SHORT:
            wish = replace(wish, target=target)  # "the heading blue and bigger"
        target = wish.target if wish else ""
        yield clause.strip(), wish


def _wish(clause: str, only: tuple[Kind, ...] = ()) -> Wish | None:
    for kind, pattern in _RULES:
        found = re.search(pattern, clause, re.IGNORECASE)
        if found is None or (only and kind not in only):
            continue
        if kind == "text":
            return Wish("text", found[1], other=found[2])
        named = next((name for name, value in found.groupdict().items() if value), "")
        return Wish(kind, named or _amount(kind, clause), _target(clause))
    return None


def _amount(kind: Kind, clause: str) -> str:
    """Return what a wish without a name asks for: a number of pixels, "more", "less" or "no"."""
    if pixels := re.search(r"(\d{1,4}) ?(?:px|pixels?|像素)", clause):
        return pixels[1]
    if re.search(rf"\b(?:{_NO})\b|{_NO}", clause, re.IGNORECASE) and kind in (
        "shadow",
        "border",
        "radius",
    ):
        return "no"
    if kind == "radius" and re.search(r"square|sharp|直角|方角", clause, re.IGNORECASE):
        return "no"
    if kind == "width" and re.search(r"full|整|全", clause, re.IGNORECASE):
        return "full"
    less = rf"{_LESS}|compact|dense" if kind == "space" else _LESS
    return "less" if re.search(less, clause, re.IGNORECASE) else "more"


def _target(clause: str) -> str:
    return next(
        (
            name
            for name, words in _NAMES.items()
            if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", clause, re.IGNORECASE)
        ),
        "",
    )
