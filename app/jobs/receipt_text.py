"""The reply of the receipt job: short Markdown, in the prompt's language.

What does not add up comes first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.jobs.receipt_schema import Check, Found, Receipt
from vision.engine import Line
from vision.reader.layout import page_text
from vision.reader.script import has_cjk
from vision.reader.tables import escaped, markdown_row


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Braces are filled in."""

    image: str  # heading of each of several pictures
    wrong: str  # heads what does not add up
    check: Mapping[str, str]  # by code: what the parts give, and what stands there
    corrected: str
    unsupported: str
    disagrees: str
    field: str
    value: str
    columns: tuple[str, str, str, str]  # of the items
    no_receipt: str
    names: Mapping[str, str]  # of the fields, in the order in which they are shown
    comma: str


ENGLISH = Words(
    image="Image {number}",
    wrong="Does not add up",
    check={
        "items": "the items and what is added come to {expected}, the total says {found}",
        "subtotal": "the items come to {expected}, the subtotal says {found}",
        "total": "the subtotal and what is added come to {expected}, the total says {found}",
        "change": "what was paid, less the change, is {expected}, the total says {found}",
        "tax": "the tax should be {expected}, the receipt says {found}",
        "item": "{name}: quantity times price is {expected}, the amount says {found}",
    },
    corrected="{name}: read as {other} at first; a closer look at it makes the sums close.",
    unsupported="{name}: no line in the picture says so.",
    disagrees="{name}: another reading says {other}.",
    field="Field",
    value="Value",
    columns=("Item", "Quantity", "Price", "Amount"),
    no_receipt="I find nothing to pay in this picture, so here is its text:",
    names={
        "merchant": "Merchant",
        "date": "Date",
        "time": "Time",
        "total": "Total",
        "currency": "Currency",
        "subtotal": "Subtotal",
        "discounts": "Discount",
        "service": "Service charge",
        "taxes": "Tax",
        "rounding": "Rounding",
        "tip": "Tip",
        "paid": "Paid",
        "change": "Change",
        "payment_method": "Paid by",
        "number": "Number",
        "tax_id": "Tax number",
        "phone": "Phone",
        "address": "Address",
        "buyer": "Buyer",
    },
    comma="; ",
)

CHINESE = Words(
    image="图 {number}",
    wrong="金额对不上",
    check={
        "items": "商品与附加项合计 {expected}，总额写的是 {found}",
        "subtotal": "商品合计 {expected}，小计写的是 {found}",
        "total": "小计与附加项合计 {expected}，总额写的是 {found}",
        "change": "实付减找零是 {expected}，总额写的是 {found}",
        "tax": "税额应为 {expected}，票上写的是 {found}",
        "item": "{name}：数量乘单价是 {expected}，金额写的是 {found}",
    },
    corrected="{name}：起初读作 {other}；放大重读之后，金额对得上了。",
    unsupported="{name}：图片里没有哪一行这样写。",
    disagrees="{name}：另一次读取的结果是 {other}。",
    field="项目",
    value="内容",
    columns=("商品", "数量", "单价", "金额"),
    no_receipt="这张图片里没有找到要付的金额，以下是其中的文字：",
    names={
        "merchant": "商家",
        "date": "日期",
        "time": "时间",
        "total": "总额",
        "currency": "货币",
        "subtotal": "小计",
        "discounts": "折扣",
        "service": "服务费",
        "taxes": "税额",
        "rounding": "舍入",
        "tip": "小费",
        "paid": "实付",
        "change": "找零",
        "payment_method": "付款方式",
        "number": "单号",
        "tax_id": "税号",
        "phone": "电话",
        "address": "地址",
        "buyer": "购买方",
    },
    comma="；",
)


def words_for(prompt: str) -> Words:
    """Return the words in the language of ``prompt``; English where it says nothing."""
    return CHINESE if has_cjk(prompt) else ENGLISH


def summary(receipt: Receipt, words: Words) -> str:
    """Return what a receipt says."""
    blocks = (_wrong(receipt, words), _notes(receipt, words), _fields(receipt, words))
    return "\n\n".join(
        "\n".join(block) for b in (*blocks, _items(receipt, words)) if (block := [*b])
    )


def plain_text(lines: Sequence[Line], of: Sequence[int], words: Words) -> str:
    """Return the text of what is no receipt."""
    return f"{words.no_receipt}\n\n~~~~\n{page_text([lines[i] for i in of])}\n~~~~"


def _wrong(receipt: Receipt, words: Words) -> Iterator[str]:
    said = [_check(check, receipt, words) for check in receipt.checks if not check.ok]
    if said:
        yield f"**{words.wrong}**"
        yield ""
        yield from (f"- {one}" for one in said)


def _check(check: Check, receipt: Receipt, words: Words) -> str:
    name = receipt.items[check.item].name.value if check.item is not None else ""
    expected = check.expected.quantize(check.found) if check.found % 1 else check.expected
    return words.check[check.code].format(
        expected=f"**{expected}**", found=f"**{check.found}**", name=escaped(name)
    )


def _notes(receipt: Receipt, words: Words) -> Iterator[str]:
    sentences = {
        "corrected": words.corrected,
        "unsupported": words.unsupported,
        "disagrees": words.disagrees,
    }
    for name, found in _named(receipt, words):
        if found.note:
            yield "- " + sentences[found.note].format(name=name, other=escaped(found.other) or "?")


def _named(receipt: Receipt, words: Words) -> Iterator[tuple[str, Found[Any]]]:
    """Yield every value with what it is called."""
    for field, name in words.names.items():
        found = getattr(receipt, field)
        if isinstance(found, Found):
            yield name, found
        elif field == "taxes":
            yield from ((name, tax.amount) for tax in receipt.taxes)
        elif field == "discounts":
            yield from ((name, discount) for discount in receipt.discounts)
    for item in receipt.items:
        for value in (item.name, item.quantity, item.unit_price, item.amount):
            if value:
                yield escaped(item.name.value), value


def _fields(receipt: Receipt, words: Words) -> Iterator[str]:
    yield markdown_row([words.field, words.value])
    yield "| --- | --- |"
    for field, name in words.names.items():
        found = getattr(receipt, field)
        parts = found if isinstance(found, tuple) else (found,)
        said = [_said(part) for part in parts if part]
        if said:
            yield markdown_row([name, words.comma.join(said)])


def _said(part: Any) -> str:  # a value, or a tax, which has a name
    amount = getattr(part, "amount", part)
    return f"{part.name} {amount.value}" if amount is not part else str(part.value)


def _items(receipt: Receipt, words: Words) -> Iterator[str]:
    if not receipt.items:
        return
    yield markdown_row(words.columns)
    yield "| --- | ---: | ---: | ---: |"
    for item in receipt.items:
        numbers = (item.quantity, item.unit_price, item.amount)
        yield markdown_row([item.name.value, *(str(n.value) if n else "" for n in numbers)])
