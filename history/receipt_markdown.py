"""A receipt as Markdown: its fields in one table, its items in another. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from history.export_markdown import one_line
from history.fields import parts_of, value_of

# Any in this module is whatever JSON can hold.

Row = tuple[str, ...]
Label = Callable[[str], str]  # a field's name to what the reader calls it

BEFORE = ("merchant", "address", "tax_id", "phone", "buyer", "number", "date", "time", "currency")
ITEM = ("name", "quantity", "unit_price", "amount", "tax_mark")
_ITEM_RULE = ("---", "---:", "---:", "---:", "---")
AFTER = ("subtotal", "discounts", "service", "taxes", "rounding", "tip", "total", "paid", "change",
         "payment_method")  # fmt: skip


def receipt_markdown(receipt: Mapping[str, Any], label: Label) -> str:
    """Return what a receipt says; fields that it does not have are left out."""
    before = [(label(name), value_of(receipt.get(name))) for name in BEFORE]
    after = [pair for name in AFTER for pair in _sums(receipt, name, label)]
    fields = [pair for pair in [*before, *after] if pair[1]]
    table = _table((label("field"), label("value")), ("---", "---"), fields)
    items = [
        tuple(value_of(item.get(name)) for name in ITEM) for item in parts_of(receipt, "items")
    ]
    return table + ("\n" + _table(tuple(map(label, ITEM)), _ITEM_RULE, items) if items else "")


def _sums(receipt: Mapping[str, Any], name: str, label: Label) -> Iterator[tuple[str, str]]:
    """Yield a field, or each of several: a tax under its own name, if it has one."""
    found = receipt.get(name)
    if not isinstance(found, list):
        yield label(name), value_of(found)
    for each in parts_of(receipt, name):
        yield value_of(each.get("name")) or label(name), value_of(each.get("amount", each))


def _table(head: Row, rule: Row, rows: Iterable[Row]) -> str:
    lines = (f"| {' | '.join(map(one_line, row))} |" for row in rows)
    return "\n".join([f"| {' | '.join(head)} |", f"| {' | '.join(rule)} |", *lines]) + "\n"
