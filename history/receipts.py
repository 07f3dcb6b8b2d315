"""The fields that jobs found, as a table: a row for each turn, a column for each field."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history.fields import flat
from history.selection import Selection, everything, parts
from history.store import Store
from history.turn import Turn

FIRST = ("merchant", "date", "time", "number", "subtotal", "tax", "tip", "total", "currency")
OURS = ("conversation", "turn", "timestamp", "pictures")

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
_LONGEST = 32_767  # characters of a cell. Source: Excel's specifications and limits


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def receipts(store: Store, selection: Selection | None = None) -> Table:
    """Return the fields of all turns of the versions shown that have any."""
    found = list(_turns(store, everything(store) if selection is None else selection))
    seen = dict.fromkeys(key for _, _, fields in found for key in fields)
    columns = [key for key in FIRST if key in seen] + [key for key in seen if key not in FIRST]
    rows = (
        (conversation, str(turn.id), turn.timestamp, _pictures(turn), *values)
        for conversation, turn, fields in found
        for values in [[fields.get(key, "") for key in columns]]
    )
    return Table((*OURS, *columns), tuple(rows))


def to_csv(table: Table) -> bytes:
    """Return a table as CSV that spreadsheets open as they should, Chinese included."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in _all(table))
    return text.getvalue().encode("utf-8-sig", "replace")


def to_xlsx(table: Table) -> bytes:
    """Return a table as an Excel workbook, in which amounts are numbers."""
    # Imported late: half a second that only this needs.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Second Look")
    sheet.freeze_panes = "A2"

    def cell(text: str, *, bold: bool) -> Any:  # openpyxl's cell
        made = WriteOnlyCell(sheet, _CONTROL.sub("\ufffd", text)[:_LONGEST])
        if _NUMBER.fullmatch(text) and not bold:
            made.value = float(text) if "." in text else int(text)
        else:
            made.data_type = "s"  # "=1+1" that stood on a receipt is no formula
        if bold:
            made.font = Font(bold=True)
        return made

    for number, row in enumerate(_all(table)):
        sheet.append([cell(text, bold=number == 0) for text in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def write_receipts(table: Table, path: Path) -> None:
    """Write a table to ``path``, as Excel where its name ends so, else as CSV."""
    xlsx = path.suffix.lower() == ".xlsx"
    path.write_bytes(to_xlsx(table) if xlsx else to_csv(table))


def _turns(store: Store, selection: Selection) -> Iterator[tuple[str, Turn, dict[str, str]]]:
    for part in parts(store, selection):
        for turn in part.shown:
            if turn.fields:
                yield part.conversation.id, turn, flat(turn.fields)


def _pictures(turn: Turn) -> str:
    return " ".join(image.name or f"{image.sha256[:12]}.{image.format}" for image in turn.images)


def _all(table: Table) -> Iterator[Sequence[str]]:
    yield table.columns
    yield from table.rows


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula. Source: OWASP, CSV injection."""
    risky = cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if risky else cell
