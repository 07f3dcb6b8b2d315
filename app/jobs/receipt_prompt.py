"""What a model is asked about a receipt: the words, and the JSON schema of its reply."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vision.engine import Image, Line, Message, Prompt, SamplingParams
from vision.reader.engine import images_of
from vision.reader.layout import page_text
from vision.reader.script import has_cjk

TEXTS = (
    "merchant", "buyer", "address", "tax_id", "phone", "date", "time", "number", "currency",
    "payment_method",
)  # fmt: skip
AMOUNTS = ("subtotal", "service", "rounding", "tip", "total", "paid", "change")
ITEM = ("name", "quantity", "unit_price", "amount", "tax_mark")
TAX = ("name", "rate", "base", "amount")
WANTED = (*TEXTS, "items", *AMOUNTS, "discounts", "taxes")
CUSTOM = "custom"  # under which the fields of a schema of the user's own are asked for

EVIDENCE = 6_000  # characters of the reader's lines that go into the prompt
NEW_TOKENS = 3_072  # room for a receipt of some sixty items; a chat's limit is lower

_FORM = """\
{"merchant": "", "buyer": "", "address": "", "tax_id": "", "phone": "", "date": "YYYY-MM-DD", \
"time": "HH:MM", "number": "", "currency": "ISO 4217", "payment_method": "", \
"items": [{"name": "", "quantity": "", "unit_price": "", "amount": "", "tax_mark": ""}], \
"subtotal": "", "discounts": [], "service": "", "rounding": "", "tip": "", \
"taxes": [{"name": "", "rate": "", "base": "", "amount": ""}], \
"total": "", "paid": "", "change": ""}"""


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said to the model."""

    form: str
    evidence: str
    several: str
    custom: str


_ENGLISH = _Words(
    form="Read the receipt or invoice in this picture. Reply with one JSON object and nothing "
    "else, in this form:\n{form}\n"
    "Every value is a string, copied exactly as it is printed, amounts with all their digits and "
    'marks; only date, time and currency are written in the form above. "merchant" is who sells, '
    '"address" is theirs, "number" is that of the receipt, "total" is what was to be paid, '
    'taxes and rounding included. One entry of "items" for each thing bought, in their order. '
    "null for what is not printed: never guess and never calculate.",
    evidence="\nA program read these lines in the picture, row by row; single characters may be "
    "wrong:\n",
    several="\nThe picture has several receipts: read only the one that these lines belong to.",
    custom='\nUnder "custom" give one more object, by this JSON schema: ',
)
_CHINESE = _Words(
    form="请读取图片中的小票或发票，只回复一个 JSON 对象，不要其他内容，格式如下：\n{form}\n"
    "每个值都是字符串，照原样抄写，金额保留全部数字和符号；"
    "只有 date、time、currency 按上面的格式书写。"
    "merchant 是销售方，address 是其地址，buyer 是购买方，number 是发票或小票号码，"
    "total 是应付的总额（价税合计）。items 中每件商品一项，按顺序排列。"
    "没有印出的内容写 null：不要猜测，也不要计算。",
    evidence="\n程序从图片中逐行读出了以下文字，个别字符可能有误：\n",
    several="\n图片中有几张小票：只读取以上文字所属的那一张。",
    custom='\n另外在 "custom" 下给出一个对象，符合这个 JSON schema：',
)


def asking(prompt: Prompt, lines: Sequence[Line], of: Sequence[int], image: int) -> Prompt:
    """Return the prompt that asks for the receipt whose lines are ``of``, else in ``image``.

    The pictures come first and the user's words before ours, so that what was run for them is
    reused by the conversation's next prompt.
    """
    text = prompt_text(prompt)
    said = "\n\n".join(part for part in (text, _instructions(prompt, text, lines, of)) if part)
    system = tuple(m for m in prompt.messages if m.role == "system")
    message = Message("user", said, _pictures(prompt, lines, of, image))
    schema = json.dumps(schema_of(prompt.json_schema), ensure_ascii=False)
    return replace(prompt, messages=(*system, message), job=None, json_schema=schema)


def prompt_text(prompt: Prompt) -> str:
    """Return what the user asked last."""
    return next((m.text for m in reversed(prompt.messages) if m.role == "user"), "").strip()


def sampling(params: SamplingParams) -> SamplingParams:
    """Return how a receipt is read: the likeliest tokens, and how likely they were."""
    return replace(
        params,
        max_new_tokens=max(params.max_new_tokens, NEW_TOKENS),
        temperature=0.0,
        top_p=1.0,
        top_k=0,
        repetition_penalty=1.0,
        logprobs=True,
    )


def _pictures(
    prompt: Prompt, lines: Sequence[Line], of: Sequence[int], image: int
) -> tuple[Image, ...]:
    wanted = {lines[i].image for i in of} or {image}
    images = images_of(prompt.messages)
    return tuple(each for number, each in enumerate(images) if number in wanted)


def _instructions(prompt: Prompt, text: str, lines: Sequence[Line], of: Sequence[int]) -> str:
    words = _CHINESE if has_cjk(text) else _ENGLISH
    said = words.form.replace("{form}", _FORM)
    if prompt.json_schema:
        said += words.custom + prompt.json_schema
    if of:
        said += words.evidence + page_text([lines[i] for i in of])[:EVIDENCE]
        pictures = {lines[i].image for i in of}
        others = {i for i, line in enumerate(lines) if line.image in pictures} - set(of)
        said += words.several if others else ""
    return said


def schema_of(custom: str = "") -> Mapping[str, Any]:
    """Return the JSON schema of the reply, with ``custom``, a schema of the user's own."""
    properties: dict[str, Any] = {
        **dict.fromkeys((*TEXTS, *AMOUNTS), _TEXT),
        "items": _list_of(ITEM),
        "discounts": {"type": "array", "items": {"type": "string"}},
        "taxes": _list_of(TAX),
    }
    if custom:
        properties[CUSTOM] = json.loads(custom)
    ordered = {name: properties[name] for name in (*WANTED, CUSTOM) if name in properties}
    return _object(ordered)


_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}


def _list_of(names: Sequence[str]) -> Mapping[str, Any]:
    return {"type": "array", "items": _object(dict.fromkeys(names, _TEXT))}


def _object(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
