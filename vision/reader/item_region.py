"""Where on a receipt the items are: below the head, above the sums. Pure."""

from collections.abc import Sequence

from vision.reader.labels import label, written
from vision.reader.layout import Box
from vision.reader.page import Figure, Page, PageRow, is_bare
from vision.reader.roles import Called
from vision.reader.script import letters
from vision.reader.tax_rows import is_summary

QUANTITY = label("QTY*", "QUANTITY", "QUAN", "UNITS", "PCS", "数量", "MENGE", "OTY")
PRICE = label("U PRICE", "UPRICE", "U/P", "UNIT PRICE", "PRICE", "RSP", "RATE", "单价", "PREIS")
AMOUNT = label("AMOUNT", "AMT", "TOTAL", "EXT", "金额", "价税合计", "小计", "SUM")
TAX_AMOUNT = label("TAX AMT", "TAX AMOUNT", "VAT AMOUNT", "GST AMT", "GST AMOUNT", "税额")
_OTHERS = label(
    "DESC*", "DESCRIPT ION", "ITEM*", "DISC", "TAX", "CODE", "MENU", "PRODUCT", "UOM", "UNIT", "RM",
    "NO", "SST", "GST", "COUPON", "品名", "名称", "商品", "项目", "货物", "单位", "规格型号", "规格",
    "税率", "征收率", "税额", "ARTIKEL", "服务",
)  # fmt: skip
_HEADS = (QUANTITY, PRICE, AMOUNT, _OTHERS)
_MOSTLY = 0.65  # of the letters of a head of columns are names of columns
_ENDS = 0.5  # of a row's letters, those of its label; if it does not begin with it
_LEADS = 0.2  # the same if it does: "TOTAL SALES INCLUSIVE OF GST"
_RIGHT = 0.55  # of the width of the text: amounts stand further right


def region(page: Page) -> tuple[int, int]:
    """Return the first row of the items and the row after the last; both alike without any."""
    end = _end(page)
    first = 0
    for row in page.rows[:end]:
        if is_column_head(row) or (row.is_head and amount_in(page, row) is None):
            first = row.index + 1
    while end > first and _is_part(page.rows[end - 1].called):
        end -= 1
    return first, end


def amount_in(page: Page, row: PageRow) -> Figure | None:
    """Return the amount of a row that stands in the column of amounts."""
    left, right = page.sides
    figures = [f for f in row.figures if f.box.x1 > left + _RIGHT * (right - left)]
    if not figures or _is_each(figures[-1]):
        return None
    column = _amounts_before_taxes(page)
    return min(figures, key=lambda f: abs(f.box.x1 - column.x1)) if column else figures[-1]


def _amounts_before_taxes(page: Page) -> Box | None:
    """Return the head of the column of amounts, where another with the taxes is right of it."""
    for row in page.rows:
        if is_column_head(row):
            heads = [cell for cell in row.cells if AMOUNT.find(written(cell.text))]
            taxes = [cell for cell in row.cells if TAX_AMOUNT.find(written(cell.text))]
            if heads and taxes and heads[0].box.x0 < taxes[-1].box.x0:
                return heads[0].box
    return None


def _is_each(figure: Figure) -> bool:
    """Tell whether an amount is that of one piece: "@ 16.00"."""
    return figure.cell.text[: figure.amount.start].rstrip(" RM$").endswith("@")


def is_column_head(row: PageRow) -> bool:
    """Tell whether a row names the columns of the items."""
    text = row.written
    if row.figures or any(map(str.isdigit, row.text)) or _is_count(row.called):
        return False
    spans = [span for head in _HEADS for span in head.every(text)]
    within = sum(letters(text.plain[span.start : span.end]) for span in spans)
    return len(spans) > 1 and within >= _MOSTLY * letters(text.plain) and not is_summary(row)


def _end(page: Page) -> int:
    """Return the row at which the sums begin."""
    for ends in (_is_sum, _is_part):
        seen = False
        for row in page.rows:
            if ends(row.called) and (_has_amount(page, row) or (seen and _is_count(row.called))):
                return row.index
            if seen and ends is _is_sum and _is_tax(row.called) and row.figures:
                return row.index
            seen = seen or (row.called is None and amount_in(page, row) is not None)
    return len(page.rows)


def _is_sum(called: Called | None) -> bool:
    if called is None or not _is_clear(called):
        return False
    is_total = called.role == "total" and called.weight > 2  # noqa: PLR2004  surer than "amount"
    return is_total or called.role in ("subtotal", "none")


def _is_part(called: Called | None) -> bool:
    return called is not None and called.role != "discount" and _is_clear(called)


def _is_tax(called: Called | None) -> bool:
    return called is not None and called.role == "tax" and called.leads and _is_clear(called)


def _is_clear(called: Called) -> bool:
    return called.share >= (_LEADS if called.leads else _ENDS)


def _is_count(called: Called | None) -> bool:
    return called is not None and called.role == "none"


def _has_amount(page: Page, row: PageRow) -> bool:
    below: Sequence[PageRow] = page.rows[row.index + 1 : row.index + 2]
    return not is_column_head(row) and bool(row.figures or any(is_bare(one) for one in below))
