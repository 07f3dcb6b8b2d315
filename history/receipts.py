"""What jobs found, as tables: a row for each receipt, and a sheet with a row for each item.

A turn whose fields are no receipts', as plain questions leave them, is one row with a column for
each field. What the user corrected is in the tables as corrected.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from history.corrections import corrected
from history.fields import flat, parts_of, receipts_in, total_of, value_of
from history.receipts_seen import Seen, pictures_of, seen_in
from history.selection import Selection, parts, parts_there
from history.store import Store
from history.tables import Table
from history.turn import Turn

OURS = ("conversation", "turn", "timestamp", "pictures")
RECEIPT = (
    "receipt", "merchant", "date", "time", "number", "currency", "subtotal", "discounts",
    "service", "tax", "rounding", "tip", "total", "paid", "change", "payment_method", "adds_up",
    "doubtful", "corrected", "confirmed", "item_count", "address", "tax_id", "phone", "buyer",
)  # fmt: skip
ITEM = ("conversation", "turn", "receipt", "merchant", "date", "currency",
        "name", "quantity", "unit_price", "discount", "amount", "tax_mark")  # fmt: skip
_FRAME = ("receipts", "schema_version")  # what is around the fields
_SUMMED = {"discounts": "discounts", "tax": "taxes"}  # column: the list it is the sum of


def receipts(store: Store, selection: Selection | None = None) -> Table:
    """Return the fields of all turns of the versions shown that have any."""
    chosen = parts_there(store) if selection is None else parts(store, selection)
    return table_of(
        (part.conversation.id, turn) for part in chosen for turn in part.shown if turn.fields
    )


def table_of(turns: Iterable[tuple[str, Turn]], number: int | None = None) -> Table:
    """Return turns, each with its conversation, as a table; ``number`` chooses of each one receipt.

    With receipts among them a second sheet has their items.
    """
    found: list[dict[str, str]] = []
    items: list[tuple[str, ...]] = []
    for conversation, turn in turns:
        for row, seen in _rows(conversation, turn, number):
            found.append(row)
            items += _items(seen, row) if seen else ()
    names = dict.fromkeys(key for row in found for key in row if key not in OURS)
    columns = (*OURS, *(key for key in RECEIPT if key in names),
               *(key for key in names if key not in RECEIPT))  # fmt: skip
    rows = tuple(tuple(row.get(key, "") for key in columns) for row in found)
    has_receipts = any("receipt" in row for row in found)
    sheets = (Table(ITEM, tuple(items), "Items"),) if has_receipts else ()
    return Table(columns, rows, "Receipts" if has_receipts else "Second Look", sheets)


def _rows(
    conversation: str, turn: Turn, number: int | None
) -> Iterator[tuple[dict[str, str], Seen | None]]:
    """Yield a turn's rows; what a schema of the user's own asked for is on each."""
    place = {"conversation": conversation, "turn": str(turn.id), "timestamp": turn.timestamp}
    fields = corrected(turn)
    own = fields.pop("custom", None)
    asked = flat(own) if isinstance(own, Mapping) else {}
    for seen in seen_in(turn):
        if number in (None, seen.number):
            pictures = pictures_of(seen.receipt, len(turn.images))
            yield place | {"pictures": _pictures(turn, pictures)} | _row(seen) | asked, seen
    if not receipts_in(fields):
        plain = {key: value for key, value in fields.items() if key not in _FRAME}
        pictures = list(range(len(turn.images)))
        yield place | {"pictures": _pictures(turn, pictures)} | flat(plain) | asked, None


def _row(seen: Seen) -> dict[str, str]:
    values = {name: value_of(seen.receipt.get(name)) for name in RECEIPT}
    values |= {name: total_of(parts_of(seen.receipt, key)) for name, key in _SUMMED.items()}
    return values | {
        "receipt": str(seen.number + 1),
        "adds_up": {True: "yes", False: "no", None: ""}[seen.adds_up],
        "doubtful": ", ".join(seen.doubtful),
        "corrected": ", ".join(seen.corrected),
        "confirmed": "yes" if seen.confirmed else "",
        "item_count": str(len(parts_of(seen.receipt, "items"))),
    }


def _items(seen: Seen, row: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for item in parts_of(seen.receipt, "items"):
        values = {name: value_of(item.get(name)) for name in ITEM[6:]}
        yield tuple(values.get(name, row.get(name, "")) for name in ITEM)


def _pictures(turn: Turn, places: Collection[int]) -> str:
    return " ".join(
        image.name or f"{image.sha256[:12]}.{image.format}"
        for place, image in enumerate(turn.images)
        if place in places
    )
