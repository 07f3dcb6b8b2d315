"""Amounts on a receipt: the total and what it is made of. Pure: rows in, fields out.

Several rows may hold the total. They are scored together: by what the label says, by how often
the amount appears, by whether cash less change comes to it, and by whether the other amounts add
up to it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vision.engine import Line
from vision.reader.rows import Field, FieldName, Rows, said
from vision.reader.script import letters
from vision.reader.values import Amount, amounts

_TOTAL = r"[T1I7][O0U][T1I7][A4]?[L1I/|]"  # as it is read off a bad print
_TAX = r"\b(?:GST|TAX|SST|VAT|CUKAI)\b|[税稅]"
LABELS: dict[FieldName, str] = {
    "subtotal": rf"SUB[\s\-]?{_TOTAL}|小[计計]|{_TOTAL}\s*\(?EX|BEFORE|不含税",
    "discount": r"DISC(?:OUNT)?\b|SAVING|优惠|折扣|减免",
    "tax": _TAX,
    "rounding": r"ROUND(?:ING|ED)?\b|RND\b|PELARASAN|抹零|舍入",
    "cash": r"\bCASH\b|\bPAID\b|\bTENDER(?:ED)?\b|RECEIVED|\bTUNAI\b|现金|实收|收款金额",
    "service": r"\bSERV(?:ICE)?\b.*CH|SVC|服务费",
    "change": r"\bCHANGE\b|\bBAKI\b|\bBALANCE RETURN|找零|找赎",
}
# How much a label says that its amount is the one to pay; the first that matches counts.
_TOTAL_LABELS: tuple[tuple[str, float], ...] = (
    (rf"SUB[\s\-]?{_TOTAL}|小[计計]", 0.5),
    (
        rf"{_TOTAL}\s*(?:QTY|QUANTITY|ITEM|PCS|UNIT|POINT|SAV|DISC|PAID|PAYMENT|TENDER|CHANGE|CASH)",
        0,
    ),
    (rf"(?:QTY|QUANTITY|ITEM|DISC\w*|SAV\w*|POINTS?)\s*{_TOTAL}", 0),
    (rf"{_TOTAL}.*(?:EXC|BEFORE|W/O|WITHOUT)|不含税", 0.5),
    (rf"(?:GRAND|NETT?|FINAL)\s*{_TOTAL}|价税合计|應付|应付|实付|實付|合计金额", 5),
    (r"(?:AMOUNT|BALANCE|TOTAL)\s*(?:DUE|PAYABLE)|AMT\s*(?:DUE|PAYABLE)|TO\s*PAY\b", 5),
    (rf"{_TOTAL}.*ROUND|ROUND(?:ED|ING)?\s*{_TOTAL}|{_TOTAL}\s*AFTER", 5),
    (rf"{_TOTAL}.*(?:INC|WITH)", 4.5),
    (rf"{_TOTAL}[^A-Z]*(?:GST|TAX|SST|VAT)|(?:GST|TAX|SST|VAT)\s*(?:AMOUNT|AMT)?\s*{_TOTAL}", 0),
    (rf"{_TOTAL}\s*(?:AMOUNT|AMT|SALES?|BILL|RM|\(RM|MYR|USD)", 4),
    (rf"{_TOTAL}|JUMLAH|合[计計]|[总總][计計额額价]|^[\W\d]*共", 4),
    (r"NETT?\s*(?:AMOUNT|AMT)?|AMOUNT\s*\(?RM|金额|金額", 2),
)
_SUMMARY = re.compile(
    r"(?:GST|TAX|SST|VAT)\s*(?:SUMMARY|ANALYSIS|CODE|RATE|TYPE)|TAX\s?\(?RM", re.IGNORECASE
)


_MARK = 3  # letters; a row of so few beside an amount is a currency or a tax mark


@dataclass(frozen=True, slots=True)
class _Candidate:
    amount: Amount
    lines: tuple[Line, ...]
    score: float


def total(rows: Rows) -> Field | None:
    """Return the amount to pay."""
    texts = [said(row) for row in rows]
    all_values = [a.value for text in texts for a in amounts(text)]
    paid = _paid(rows)
    in_summary = False
    candidates = []
    for i, text in enumerate(texts):
        in_summary = in_summary or _SUMMARY.search(text) is not None
        weight = next((w for p, w in _TOTAL_LABELS if re.search(p, text, re.IGNORECASE)), 0.0)
        if not weight:
            continue
        found, lines = _amounts_at(rows, i)
        for amount in found[-1:]:
            score = weight + min(1.0, 0.4 * (all_values.count(amount.value) - 1))
            score += 3 * (amount.value == paid) - 1.5 * (len(found) > 1) - 2 * in_summary
            score -= 3 * (amount.value <= 0)
            candidates.append(_Candidate(amount, lines, score))
    candidates += _closing(rows, candidates)
    if not candidates:
        return None
    best = max(candidates, key=lambda c: (c.score, c.amount.value))
    return Field("total", best.amount.text, best.lines) if best.score > 0 else None


def _closing(rows: Rows, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the amounts that a sum on the receipt comes to, whatever their label says."""
    parts = {name: _value_of(name, rows) for name in ("subtotal", "service", "tax", "rounding")}
    sums: dict[Decimal, float] = {}
    if parts["rounding"]:
        sums.update({c.amount.value + parts["rounding"]: c.score + 1.5 for c in candidates})
    if parts["subtotal"] and parts["tax"]:
        net = parts["subtotal"] + parts["tax"]
        sums.update({net: 4.5, net + parts["service"]: 4.5})
    return [
        _Candidate(amount, tuple(row), sums[amount.value])
        for row in rows
        for amount in amounts(said(row))[-1:]
        if amount.value in sums
    ]


def _value_of(name: FieldName, rows: Rows) -> Decimal:
    """Return the amount of a field; 0 where it is not there."""
    field = amount_of(name, rows)
    return amounts(field.value)[-1].value if field else Decimal()


def _paid(rows: Rows) -> Decimal | None:
    """Return what was paid less what was given back, where both are there."""
    if not amount_of("cash", rows) or not amount_of("change", rows):
        return None
    return _value_of("cash", rows) - abs(_value_of("change", rows))


def _amounts_at(rows: Rows, i: int) -> tuple[list[Amount], tuple[Line, ...]]:
    """Return the amounts of row ``i``, or those of the next where that is a bare amount."""
    if found := amounts(said(rows[i])):
        return found, tuple(rows[i])
    following = rows[i + 1] if i + 1 < len(rows) else ()
    found = amounts(said(following))
    if found and letters(said(following)) <= _MARK:
        return found, (*rows[i], *following)
    return [], ()


def amount_of(name: FieldName, rows: Rows) -> Field | None:
    """Return the amount of the last row with the label of ``name``; of cash, the first.

    A row that has the amount itself goes before one that has it on the next.
    """
    own: list[Field] = []
    below: list[Field] = []
    for i, row in enumerate(rows):
        text = said(row)
        label = re.search(LABELS[name], text, re.IGNORECASE)
        if not label or _is_other(name, text):
            continue
        found, lines = _amounts_at(rows, i)
        after = [a for a in found if a.start >= label.end() or len(lines) > len(row)]
        if after:
            fields = own if len(lines) == len(row) else below
            fields.append(Field(name, after[-1].text, lines))
    best = own or below
    return best[0 if name == "cash" else -1] if best else None


def _is_other(name: FieldName, text: str) -> bool:
    """Tell whether a row with the label of ``name`` is about something else."""
    if name == "tax":
        return (
            re.search(r"INVOICE|\bREG|\bID\b|\bNO\b|INC|EXC|BEFORE|CODE|价税", text, re.IGNORECASE)
            is not None
        )
    if name == "discount":
        return re.search(r"BEFORE|AFTER|PRICE", text, re.IGNORECASE) is not None
    if name == "cash":
        return re.search(r"CHANGE|CASH\s*(?:BILL|SALE)|ROUND", text, re.IGNORECASE) is not None
    return False
