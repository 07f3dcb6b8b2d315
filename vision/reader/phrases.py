"""The reader's own sentences, in English and Chinese; what was read stands in them as it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from vision.reader.rows import FieldName
from vision.reader.script import has_cjk


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. Braces are filled in by ``answer``."""

    image: str  # heading of each of several pictures
    no_picture: str
    no_image: str  # the picture that a prompt names, where there are fewer
    no_text: str
    no_text_in: str  # of several pictures, those that hold none
    no_text_at_all: str  # all of several
    found: str  # a value, and where
    priced: str  # an amount for something, and where
    at: str  # the number of a line, and what it says
    between: str  # two of those
    not_found: str
    unknown: str  # words that are no field and in no line
    but_found: str
    but_labels: str
    comma: str  # between names
    space: str  # between sentences
    no_table: str
    no_line: str
    lines: str
    mentions: str
    no_mention: str
    no_receipt: str
    field: str  # heads the table of a receipt's fields
    value: str
    where: str
    text: str  # heads the text below another answer
    cannot: Mapping[str, str]  # by refusal
    instead: str  # how to get an engine that can
    or_text: str  # what several pictures can give instead
    names: Mapping[FieldName, str]


_QWEN = "python -m app --engine qwen"

ENGLISH = Phrases(
    image="Image {number}",
    no_picture="I only read text in pictures, and there is no picture here.",
    no_image="There is no image {number} here: I have {count}.",
    no_text="I find no text in this picture.",
    no_text_in="I find no text in {names}.",
    no_text_at_all="I find no text in these pictures.",
    found="The {name} is **{value}**: {places}.",
    priced="“{name}” is priced at **{value}**: {places}.",
    at="line {number} says {quote}",
    between="; ",
    not_found="I find no {name} in this picture.",
    unknown="No line here says “{words}”, and it is not something I can answer from the text.",
    but_found="What I do find: {names}.",
    but_labels="Labels I see in it: {labels}.",
    comma=", ",
    space=" ",
    no_table="I see no columns in this picture, so here is its text:",
    no_line="There is no line {number}: I read {count}.",
    lines="I read {count} lines of text in this picture.",
    mentions="I find “{words}” in {count} of the lines: {places}.",
    no_mention="None of the {count} lines I read mentions “{words}”.",
    no_receipt="I find none of a receipt's fields in this picture, so here is its text:",
    field="Field",
    value="Value",
    where="Line",
    text="The text I read:",
    cannot={
        "describe": "I only read text, so I cannot describe what a picture shows.",
        "translate": "I only read text, so I cannot translate it.",
        "reason": "I only read text, so I cannot explain, sum up or work out anything from it.",
        "html": "I only read text, so I cannot write HTML for a picture.",
        "compare": "I only read text, so I cannot compare what pictures show.",
        "chat": "I only read text in pictures, so I cannot answer this.",
    },
    instead=f"Qwen2.5-VL can: start it with `{_QWEN}` (it needs a GPU, or patience).",
    or_text="Ask for the text, and I give that of each picture.",
    names={
        "merchant": "merchant",
        "address": "address",
        "date": "date",
        "time": "time",
        "number": "receipt number",
        "phone": "phone number",
        "subtotal": "subtotal",
        "discount": "discount",
        "service": "service charge",
        "tax": "tax",
        "rounding": "rounding",
        "total": "total",
        "cash": "amount paid",
        "change": "change",
    },
)

CHINESE = Phrases(
    image="图 {number}",
    no_picture="我只会读图片里的文字，而这里没有图片。",
    no_image="这里没有图 {number}：一共有 {count} 张。",
    no_text="这张图片里没有找到文字。",
    no_text_in="{names}里没有找到文字。",
    no_text_at_all="这些图片里都没有找到文字。",
    found="{name}是 **{value}**：{places}。",
    priced="“{name}”的价格是 **{value}**：{places}。",
    at="第 {number} 行写着 {quote}",
    between="；",
    not_found="这张图片里没有找到{name}。",
    unknown="没有哪一行写着“{words}”，我也无法从文字里回答这个问题。",
    but_found="找到的有：{names}。",
    but_labels="图中的标签有：{labels}。",
    comma="、",
    space="",
    no_table="这张图片里看不出分栏，以下是其中的文字：",
    no_line="没有第 {number} 行：一共读到 {count} 行。",
    lines="这张图片里一共读到 {count} 行文字。",
    mentions="有 {count} 行提到“{words}”：{places}。",
    no_mention="读到的 {count} 行里都没有提到“{words}”。",
    no_receipt="这张图片里没有找到收据的任何一项，以下是其中的文字：",
    field="项目",
    value="内容",
    where="行",
    text="读到的文字：",
    cannot={
        "describe": "我只会读文字，不能描述图片里有什么。",
        "translate": "我只会读文字，不能翻译。",
        "reason": "我只会读文字，不能解释、总结或推算。",
        "html": "我只会读文字，不能根据图片写 HTML。",
        "compare": "我只会读文字，不能比较图片的内容。",
        "chat": "我只会读图片里的文字，回答不了这个问题。",
    },
    instead=f"Qwen2.5-VL 可以：用 `{_QWEN}` 启动（需要显卡，或者耐心）。",
    or_text="如果想要文字，说“读出文字”，我会给出每张图片的文字。",
    names={
        "merchant": "商家",
        "address": "地址",
        "date": "日期",
        "time": "时间",
        "number": "单号",
        "phone": "电话",
        "subtotal": "小计",
        "discount": "折扣",
        "service": "服务费",
        "tax": "税额",
        "rounding": "舍入",
        "total": "合计",
        "cash": "实付",
        "change": "找零",
    },
)


def phrases_for(prompt: str) -> Phrases:
    """Return the phrases in the language of ``prompt``; English where it says nothing."""
    return CHINESE if has_cjk(prompt) else ENGLISH
