"""PDFs: their pages as pictures, drawn in a process of its own for each document.

Hostile bytes meet C code there only (``pdf_worker``); what comes back are PNGs, which are decoded
as any other picture is before anybody believes them.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from vision.decode_protocol import Limits, receive, receive_into, send, send_payload
from vision.image_errors import ImageTooManyBytes
from vision.pdf_errors import refusals
from vision.worker_process import WorkerProcess

__all__ = ["is_pdf", "pages"]

_HEAD = 1_024  # bytes; where readers look for the mark. Source: Adobe's implementation notes
_BLANK = b"\xef\xbb\xbf \t\r\n\0"


def is_pdf(file: bytes) -> bool:
    """Tell whether ``file`` begins like a PDF."""
    return file[:_HEAD].lstrip(_BLANK).startswith(b"%PDF-")


def pages(file: bytes, limits: Limits = Limits()) -> Iterator[bytes]:  # noqa: B008 - frozen
    """Yield each page as the bytes of a PNG, drawn when it is asked for.

    Raise an ``ImageRefused`` before the first page, or at the one that cannot be drawn.
    """
    if len(file) > limits.max_bytes:
        raise ImageTooManyBytes(size=len(file), limit=limits.max_bytes)
    with closing(_PdfProcess(limits)) as process:
        for number in range(process.open(file)):
            yield process.page(number)


class _PdfProcess(WorkerProcess):
    """A running ``pdf_worker``, which has one document."""

    def __init__(self, limits: Limits) -> None:
        super().__init__("vision.pdf_worker", limits)

    def open(self, file: bytes) -> int:
        """Hand the document over; return how many pages it has."""
        with self.exchange():
            send(self._requests, {"size": len(file)})
            send_payload(self._requests, file)
            count = int(self._header()["pages"])
            if not 0 < count <= self._limits.max_pages:
                raise ValueError(f"{count} pages")
            return count

    def page(self, number: int) -> bytes:
        """Return a page as the bytes of a PNG."""
        with self.exchange():
            send(self._requests, {"page": number})
            size = int(self._header()["size"])
            if not 0 < size <= self._limits.max_bytes:
                raise ValueError(f"a page of {size} bytes")
            png = bytearray(size)
            receive_into(self._replies, png)
            return bytes(png)

    def _header(self) -> dict[str, Any]:  # JSON
        header = receive(self._replies)
        if "refused" in header:
            raise refusals()[header["refused"]](**header["values"])
        return dict(header)
