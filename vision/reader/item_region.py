"""Where on a receipt the items are: below the head, above the sums. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from vision.reader.labels import label, written
from vision.reader.layout import Box
from vision.reader.page import Figure, Page, PageRow, is_bare
from vision.reader.roles import Called
from vision.reader.script import letters
from vision.reader.tax_rows import is_summary

_AMOUNT = label("AMOUNT", "AMT", "TOTAL", "EXT", "PRICE", "金额", "小计", "SUM")
_TAX = label("TAX AMT", "TAX AMOUNT", "VAT AMOUNT", "GST AMT", "GST AMOUNT", "税额")
_HEADS = (
    label("QTY*", "QUANTITY", "QUAN", "UNITS", "PCS", "数量", "MENGE", "OTY"),
    label("U PRICE", "UPRICE", "U/P", "UNIT PRICE", "PRICE", "RSP", "RATE", "单价", "PREIS"),
    label("AMOUNT", "AMT", "TOTAL", "EXT", "金额", "价税合计", "小计", "SUM"),
    label(
        "DESC*", "DESCRIPT ION", "ITEM*", "DISC", "TAX", "CODE", "MENU", "PRODUCT", "UOM", "UNIT",
        "RM", "NO", "SST", "GST", "COUPON", "品名", "菜名", "名称", "商品", "项目", "货物", "单位",
        "规格型号", "规格", "税率", "征收率", "税额", "ARTIKEL", "服务",
    ),
)  # fmt: skip
_MOSTLY = 0.65  # of the letters of a head of columns are names of columns
_ENDS = 0.5  # of a row's letters, those of its label; if it does not begin with it
_LEADS = 0.2  # the same if it does: "TOTAL SALES INCLUSIVE OF GST"
_SURER = 2.0  # the weight of "amount", which a column of prices may have above it
_RIGHT = 0.55  # of the width of the text: amounts stand further right


@dataclass(frozen=True, slots=True)
class Region:
    """The rows of the items, and the column of what each comes to."""

    rows: tuple[PageRow, ...]
    left: float  # nothing left of it is in the column
    head: Box | None  # above the column, where another column of amounts is right of it

    def amount_in(self, row: PageRow) -> Figure | None:
        """Return the amount of a row that stands in the column."""
        figures = [figure for figure in row.figures if figure.box.x1 > self.left]
        if not figures or _is_each(figures[-1]):
            return None
        if self.head is None:
            return figures[-1]
        end = self.head.x1
        return min(figures, key=lambda figure: abs(figure.box.x1 - end))


def region_of(page: Page) -> Region:
    """Return where the items of a page are; without any, no rows."""
    start, end = page.sides
    left = start + _RIGHT * (end - start)
    whole = Region(page.rows, left, None)
    last = _end(whole)
    first = 0
    heads: list[PageRow] = []
    for row in page.rows[:last]:
        is_column = is_column_head(row)
        if is_column or (row.is_head and whole.amount_in(row) is None):
            first = row.index + 1
            heads += [row] if is_column else []
    while last > first and _is_part(page.rows[last - 1].called):
        last -= 1
    inside = tuple(row for row in page.rows[first:last] if not is_column_head(row))
    return Region(inside, left, _before_taxes(heads))


def is_column_head(row: PageRow) -> bool:
    """Tell whether a row names the columns of the items."""
    text = row.written
    if row.figures or any(map(str.isdigit, row.text)) or _is_count(row.called):
        return False
    spans = [span for head in _HEADS for span in head.every(text)]
    within = sum(letters(text.plain[span.start : span.end]) for span in spans)
    return len(spans) > 1 and within >= _MOSTLY * letters(text.plain) and not is_summary(row)


def _before_taxes(heads: Sequence[PageRow]) -> Box | None:
    """Return the head of the column of amounts, where one of taxes is right of it."""
    for row in heads:
        amounts = [cell.box for cell in row.cells if _AMOUNT.find(written(cell.text))]
        taxes = [cell.box for cell in row.cells if _TAX.find(written(cell.text))]
        before = [box for box in amounts if taxes and box.x0 < taxes[-1].x0]
        if before:
            return before[-1]
    return None


def _is_each(figure: Figure) -> bool:
    """Tell whether an amount is that of one piece: "@ 16.00"."""
    return figure.cell.text[: figure.amount.start].rstrip(" RM$").endswith("@")


def _end(whole: Region) -> int:
    """Return the row at which the sums begin."""
    for ends in (_is_sum, _is_part):
        seen = False
        for row in whole.rows:
            has_amount = _has_amount(whole.rows, row)
            if ends(row.called) and (has_amount or (seen and _is_count(row.called))):
                return row.index
            if seen and ends is _is_sum and _is_tax(row.called) and row.figures:
                return row.index
            seen = seen or (row.called is None and whole.amount_in(row) is not None)
    return len(whole.rows)


def _has_amount(rows: Sequence[PageRow], row: PageRow) -> bool:
    below = rows[row.index + 1 : row.index + 2]
    return not is_column_head(row) and bool(row.figures or any(is_bare(one) for one in below))


def _is_sum(called: Called | None) -> bool:
    if called is None or not _is_clear(called):
        return False
    is_total = called.role == "total" and called.weight > _SURER
    return is_total or called.role in ("subtotal", "none")


def _is_part(called: Called | None) -> bool:
    return called is not None and called.role != "discount" and _is_clear(called)


def _is_tax(called: Called | None) -> bool:
    return called is not None and called.role == "tax" and called.leads and _is_clear(called)


def _is_clear(called: Called) -> bool:
    return called.share >= (_LEADS if called.leads else _ENDS)


def _is_count(called: Called | None) -> bool:
    return called is not None and called.role == "none"
