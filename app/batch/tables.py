"""A batch's receipts as a table: a row for each receipt, and a sheet with a row for each item.

The columns are those of the receipts in history. A file that was not read has a row that says why,
one that is equal to another a row that names it: nothing is added up twice.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.batch.journal import Record
from app.config import ConfigError
from history.receipts import ITEM, OURS, RECEIPT, table_of
from history.tables import Table, write_table
from history.turn import Turn

_PEOPLES = ("corrected", "confirmed")  # what only somebody who looked can say
_PLACE = ("image", "same_as", "error")
_COLUMNS = ("image", *(name for name in RECEIPT if name not in _PEOPLES))
_LAST = ("same_as", "error")
_ITEM_COLUMNS = ("image", *(name for name in ITEM if name not in OURS))


def write_receipts(records: Iterable[Record], out: Path) -> None:
    """Write the lines of a batch as CSV or Excel, whole or not at all. Raise ``ConfigError``."""
    fresh = out.with_name(f".{out.stem}.tmp{out.suffix}")
    try:
        write_table(table(records), fresh)
        os.replace(fresh, out)  # noqa: PTH105  atomic, and says so
    except OSError as error:
        raise ConfigError(
            f"batch: {out} cannot be written: {error.strerror}. Nothing is lost: the same command "
            f"makes it from what was read."
        ) from error


def table(records: Iterable[Record]) -> Table:
    """Return the lines of a batch as a table, by the files' names."""
    read: list[Record] = []
    rest: list[Record] = []
    # A turn's conversation is its place in ``read``: how a row knows its file again.
    found = table_of((str(place), turn) for place, turn in enumerate(_turns(records, read, rest)))
    items = found.sheets[0] if found.sheets else Table(ITEM, ())
    own = [name for name in found.columns if name not in (*OURS, *RECEIPT)]
    columns = (*_COLUMNS, *own, *_LAST)
    return Table(
        columns,
        _texts([*_rows(found, read), *rest], columns),
        "Receipts",
        (Table(_ITEM_COLUMNS, _texts(_rows(items, read), _ITEM_COLUMNS), "Items"),),
    )


def _turns(records: Iterable[Record], read: list[Record], rest: list[Record]) -> Iterator[Turn]:
    """Yield the lines that have receipts as turns; note what is known of each file."""
    for record in records:
        place = {key: str(record[key]) for key in _PLACE if key in record}
        receipts = record.get("receipts")
        if receipts and "same_as" not in record:
            read.append(place)
            own = record.get("custom", {})
            yield Turn(1, "", "", fields={"receipts": receipts, "custom": own})
        else:
            rest.append(place)


def _rows(found: Table, read: list[Record]) -> list[Record]:
    rows = (dict(zip(found.columns, row, strict=True)) for row in found.rows)
    return [row | read[int(row["conversation"])] for row in rows]


def _texts(rows: Iterable[Record], columns: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    ordered = sorted(rows, key=lambda row: row["image"])
    return tuple(tuple(row.get(name, "") for name in columns) for row in ordered)
