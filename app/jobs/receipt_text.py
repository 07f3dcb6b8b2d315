"""The reply of the receipt job: short Markdown, in the prompt's language."""

from app.jobs.receipt_schema import Receipt
from vision.reader.script import has_cjk
from vision.reader.tables import markdown_row


def summary(receipt: Receipt, prompt: str, number: int | None = None) -> str:
    """Return what a receipt says; ``number`` is its picture's, 0-based, among several."""
    chinese = has_cjk(prompt)
    rows = [["项目", "内容"] if chinese else ["Field", "Value"], ["---", "---"]]
    for name in ("merchant", "date", "total", "address"):
        found = getattr(receipt, name)
        if found:
            rows.append([name, str(found.value)])
    head = f"**{'图' if chinese else 'Image'} {number + 1}**\n\n" if number is not None else ""
    return (
        head
        + "\n".join(markdown_row(row) if row[0] != "---" else "| --- | --- |" for row in rows)
        + "\n"
    )
