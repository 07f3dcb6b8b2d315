"""Receipts that go on on the next picture: pages of a PDF, halves of a long till roll. Pure.

A picture goes on where the one before it left off if both have the same receipt number, or if the
one before says no total and this one, which does, does not begin anew: it names no other merchant
for sure. Where there are several receipts in one picture, each stands for itself.
"""

from collections.abc import Sequence

from app.jobs.receipt_schema import Receipt, Text
from app.jobs.receipt_sums import checks

_SURE = 0.8  # confidence of a name that begins a new receipt

_TEXTS = ("merchant", "buyer", "address", "tax_id", "phone", "date", "time", "number", "currency",
          "payment_method")  # fmt: skip
_AMOUNTS = ("subtotal", "service", "rounding", "tip", "total", "paid", "change")


def joined(pictures: Sequence[Sequence[Receipt]]) -> list[Receipt]:
    """Return the receipts of pictures in order, those that go on put together."""
    found: list[Receipt] = []
    open_ = False  # the last one may go on
    for receipts in pictures:
        alone = len(receipts) == 1
        if alone and open_ and _goes_on(found[-1], receipts[0]):
            found[-1] = _together(found[-1], receipts[0])
        else:
            found += receipts
        open_ = alone
    return found


def _goes_on(before: Receipt, after: Receipt) -> bool:
    if before.number and after.number:
        return _plain(before.number) == _plain(after.number)
    if before.total is not None or after.total is None:
        return False
    sure = after.merchant and after.merchant.confidence >= _SURE
    return not sure or _plain(after.merchant) == _plain(before.merchant)


def _together(before: Receipt, after: Receipt) -> Receipt:
    """Return one receipt: who and when as it begins, amounts as it ends."""
    both = before.model_copy(
        update={name: getattr(before, name) or getattr(after, name) for name in _TEXTS}
        | {name: getattr(after, name) or getattr(before, name) for name in (*_AMOUNTS, "taxes")}
        | {name: getattr(before, name) + getattr(after, name) for name in ("items", "discounts")}
    )
    return both.model_copy(update={"checks": checks(both)})


def _plain(text: Text | None) -> str:
    return "".join(each for each in text.value.casefold() if each.isalnum()) if text else ""
