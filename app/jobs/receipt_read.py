"""From the reader's lines to a ``Receipt``: each value with its place and how sure it is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.jobs.receipt_confidence import Trust, figure_right, trust, words_right
from app.jobs.receipt_schema import Amount, Box, Item, Receipt, Tax, Text
from vision.engine import Line
from vision.reader.fields import Facts, facts_of
from vision.reader.items import Bought
from vision.reader.labelled import Labelled, TaxLine
from vision.reader.layout import rows
from vision.reader.page import Cell, Figure, Said, part_of

_HALF = 0.5  # of its confidence is left to what the receipt contradicts
_WORN = 0.6  # stands for the score of an amount in which a letter was taken for a digit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where values are taken from: lines, as the turn counts them, of one of its pictures."""

    index: dict[int, int]  # by the identity of a line
    image: int
    agreed: Mapping[int, bool]  # of lines looked at again, whether they were read the same

    def text(self, value: str, raw: str, cells: Sequence[Cell], trust: Trust) -> Text:
        """Return a value in words that stands in ``cells``."""
        lines = self._lines(cells)
        scores = [cell.line.score for cell in cells]
        agreed = [self.agreed.get(i) for i in lines]
        read = [words_right(score, same) for score, same in zip(scores, agreed, strict=True)]
        return Text(
            value=value,
            raw=raw,
            confidence=trust.of(read),
            source="reader",
            box=_around([_box_in(cell, raw) for cell in cells]),
            image=self.image,
            lines=lines,
        )

    def amount(self, figure: Figure, trust: Trust, value: Decimal | None = None) -> Amount:
        """Return an amount; ``value`` where it is meant otherwise than it stands: without sign."""
        score = min(figure.cell.line.score, _WORN if figure.is_worn else 1.0)
        return Amount(
            value=figure.amount.value if value is None else value,
            raw=figure.raw.strip(),
            confidence=trust.of([figure_right(score)]),
            source="reader",
            box=box_of(figure),
            image=self.image,
            lines=self._lines([figure.cell]),
        )

    def _lines(self, cells: Sequence[Cell]) -> tuple[int, ...]:
        return tuple(self.index[id(cell.line)] for cell in cells)


def receipt_of(
    lines: Sequence[Line], of: Sequence[int], image: int, agreed: Mapping[int, bool]
) -> Receipt:
    """Return what some of a turn's lines say, ``of`` in reading order; its sums not yet checked.

    ``agreed`` tells of lines that were looked at again whether they were read the same.
    """
    own = [lines[i] for i in of]
    index = {id(line): i for line, i in zip(own, of, strict=True)}
    return receipt_from(facts_of(rows(own)), Origin(index, image, agreed))


def receipt_from(facts: Facts, origin: Origin) -> Receipt:
    """Return the receipt that ``facts`` are of."""
    trusted = trust(facts)

    def text(name: str, found: Said | None) -> Text | None:
        return origin.text(found.value, found.raw, found.cells, trusted[name]) if found else None

    def amount(name: str, found: Labelled | None) -> Amount | None:
        return origin.amount(found.figure, trusted[name]) if found else None

    sums = facts.sums
    total = amount("total", sums.total)
    return Receipt(
        merchant=text("merchant", facts.merchant),
        buyer=text("buyer", facts.buyer),
        address=text("address", facts.address),
        tax_id=text("tax_id", facts.tax_id),
        phone=text("phone", facts.phone),
        date=text("date", facts.date),
        time=text("time", facts.time),
        number=text("number", facts.number),
        currency=text("currency", facts.currency),
        payment_method=text("payment_method", facts.method),
        items=tuple(_item(one, origin, trusted) for one in facts.basket.items),
        subtotal=amount("subtotal", sums.subtotal),
        discounts=tuple(
            origin.amount(one.figure, trusted["discounts"], abs(one.value))
            for one in sums.discounts
        ),
        service=amount("service", sums.service),
        rounding=amount("rounding", sums.rounding),
        tip=amount("tip", sums.tip),
        taxes=tuple(_tax(one, origin, trusted["taxes"]) for one in sums.taxes),
        total=_contested(total, sums.rival.figure) if total and sums.rival else total,
        paid=_paid([origin.amount(one.figure, trusted["paid"]) for one in sums.paid]),
        change=amount("change", sums.change),
    )


def _item(one: Bought, origin: Origin, trusted: Mapping[str, Trust]) -> Item:
    numbers = one.numbers

    def number(figure: Figure | None, value: Decimal | None = None) -> Amount | None:
        return origin.amount(figure, trusted["items"], value) if figure else None

    off = numbers.discount
    return Item(
        name=origin.text(one.name, one.name, one.name_cells, trusted["name"]),
        quantity=number(numbers.quantity, _count(numbers.quantity)),
        unit_price=number(numbers.unit_price),
        amount=number(one.amount),
        discount=number(off, abs(off.amount.value) if off else None),
        tax_mark=one.mark,
    )


def _count(quantity: Figure | None) -> Decimal | None:
    """Return a quantity without the decimals of a whole number: 2.00 is 2."""
    value = quantity.amount.value if quantity else None
    return Decimal(int(value)) if value is not None and value % 1 == 0 else value


def _contested(found: Amount, other: Figure) -> Amount:
    """Return an amount with what the receipt says of it elsewhere."""
    changes = {
        "note": "disagrees",
        "other": other.raw.strip(),
        "confidence": found.confidence * _HALF,
    }
    return found.model_copy(update=changes)


def _paid(parts: Sequence[Amount]) -> Amount | None:
    """Return what was paid in all."""
    if len(parts) < 2:  # noqa: PLR2004  nothing to add up
        return parts[0] if parts else None
    return parts[0].model_copy(
        update={
            "value": sum((part.value for part in parts), Decimal()),
            "raw": " + ".join(part.raw for part in parts),
            "confidence": min(part.confidence for part in parts),
            "box": _around([part.box for part in parts if part.box]),
            "lines": tuple(line for part in parts for line in part.lines),
        }
    )


def _tax(one: TaxLine, origin: Origin, trust: Trust) -> Tax:
    amount = origin.amount(one.figure, trust)
    return Tax(
        name=one.name,
        amount=_contested(amount, one.rival) if one.rival else amount,
        rate=one.rate,
        base=origin.amount(one.base, trust) if one.base else None,
        included=one.included,
    )


def box_of(figure: Figure) -> Box:
    """Return the pixels of an amount; those of its whole line where that is not level."""
    return _part(figure.cell, figure.amount.start, len(figure.amount.text))


def _box_in(cell: Cell, raw: str) -> Box:
    """Return the pixels of ``raw`` where the cell has all of it; else those of the cell."""
    start = cell.line.text.find(raw)
    return _part(cell, start, len(raw)) if start >= 0 else cell.line.box


def _part(cell: Cell, start: int, count: int) -> Box:
    left, top, right, bottom = cell.line.box
    if tuple(cell.box) != (float(left), float(top), float(right), float(bottom)):
        return cell.line.box
    part = part_of(cell.box, cell.text, start, count)
    return round(part.x0), top, round(part.x1), bottom


def _around(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)
