"""Tables as files that spreadsheets open: CSV, and Excel workbooks in which amounts are numbers."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

# What may look like a number and is none: a receipt's "00123", a telephone's "0612".
TEXTS = frozenset({"merchant", "buyer", "address", "number", "phone", "tax_id", "name", "tax_mark"})

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")
_DATE = re.compile(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
_LONGEST = 32_767  # characters of a cell. Source: Excel's specifications and limits
_WIDEST = 48  # characters of a column, as it is shown at first


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: str = "Second Look"  # of its sheet
    sheets: tuple["Table", ...] = ()  # that a workbook has after it


def to_csv(table: Table) -> bytes:
    """Return a table as CSV that spreadsheets open as they should, Chinese included."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in _all(table))
    return text.getvalue().encode("utf-8-sig", "replace")


def to_xlsx(table: Table) -> bytes:
    """Return a table, and those that go with it, as an Excel workbook."""
    # Imported late: half a second that only this needs.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for each in (table, *table.sheets):
        _add_sheet(book, each)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def write_table(table: Table, path: Path) -> None:
    """Write a table to ``path``, as Excel where its name ends so, else as CSV."""
    xlsx = path.suffix.lower() == ".xlsx"
    path.write_bytes(to_xlsx(table) if xlsx else to_csv(table))


def _add_sheet(book: Any, table: Table) -> None:  # openpyxl's workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(table.name)
    sheet.freeze_panes = "A2"
    for number, width in enumerate(_widths(table), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    heads = [WriteOnlyCell(sheet, _fitting(name)) for name in table.columns]
    for head in heads:
        head.font = Font(bold=True)
        head.data_type = "s"
    sheet.append(heads)
    for row in table.rows:
        named = zip(table.columns, row, strict=True)
        sheet.append([_filled(WriteOnlyCell(sheet), name, text) for name, text in named])


def _filled(cell: Any, column: str, text: str) -> Any:  # openpyxl's cell
    """Put a text into a cell as what it is: a number, a day or a text."""
    match = None if column in TEXTS else _NUMBER.fullmatch(text)
    if match:
        cell.value = float(text) if match[2] else int(text)
        if match[2]:
            cell.number_format = "0." + "0" * (len(match[2]) - 1)  # 12.50 is not shown as 12.5
    elif column not in TEXTS and _DATE.fullmatch(text) and (day := _day(text)):
        cell.value = day
        cell.number_format = "yyyy-mm-dd"
    else:
        cell.value = _fitting(text)
        cell.data_type = "s"  # "=1+1" that stood on a receipt is no formula
    return cell


def _fitting(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)[:_LONGEST]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _widths(table: Table) -> Iterator[int]:
    for place, name in enumerate(table.columns):
        longest = max((len(row[place]) for row in table.rows), default=0)
        yield min(max(longest, len(name)) + 2, _WIDEST)


def _all(table: Table) -> Iterator[Sequence[str]]:
    yield table.columns
    yield from table.rows


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula. Source: OWASP, CSV injection."""
    risky = cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if risky else cell
