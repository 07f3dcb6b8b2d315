"""The process in which one PDF is drawn: ``python -m vision.pdf_worker LIMITS``.

It takes the bytes of a PDF, says how many pages there are, then draws each that is asked for, until
its input ends. One document to a process: what a hostile one does to it, no other meets. Its hands
are tied as the decode worker's are (``worker_limits``), each page has CPU time of its own, and
what crosses back are PNGs.

PDFium makes an object of all that a page draws before it draws the first: two kilobytes of forms
within forms filled any memory. So a document has little memory to be read in, and a page, once it
is known, what its own pixels and those of the largest picture on it are worth.
"""

import json
import math
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import BytesIO, FileIO
from typing import Any

import PIL
import pypdfium2
import pypdfium2.raw
from PIL import Image

from vision.decode_pixels import guard
from vision.decode_protocol import Closed, Limits, receive, receive_into, send, send_payload
from vision.errors import ImageRefused
from vision.image_errors import ImageTakesTooMuchMemory
from vision.pdf_errors import PdfBroken, PdfLocked, PdfTooManyPages
from vision.pdf_fonts import Fonts, installed
from vision.worker_limits import address_space, confine, cpu_limit, memory_limit, pipes

Answer = tuple[dict[str, int], bytes]  # facts, and a PNG where one was asked for

_POINTS = 72  # to an inch
_PIXELS = 3_870_000  # of a page, if its dots an inch stay within these: an A4 page at 200
_LEAST_DPI, _MOST_DPI = 100, 300
# Of memory, beyond what an idle worker has. 100,000 lines drawn one by one take 32 MiB, a page of
# text 7 bytes a pixel, a JPEG 2000 with alpha 26, and PDFium copies what it reads of the file.
_READ_BYTES = 128 << 20
_COPIES_OF_THE_FILE = 4
_BYTES_A_PIXEL = 24
_MOST_BYTES = 768 << 20
_COMPRESSION = 3  # of PNG: half the time of 6, and 5 % more bytes


def main() -> None:
    """Draw pages until the input ends. The first message sent tells that we are ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent
    requests, replies = pipes()
    limits = Limits(**json.loads(sys.argv[1]))
    Image.preinit()  # or ``Image.save`` would import plugins
    font = installed()
    _fonts = Fonts(font) if font else None  # PDFium holds no reference
    os.dup2(1, 2)  # from now on libraries would speak, at will
    # Where it is not known how much that is, a page may have as much as the largest picture.
    idle_bytes = address_space() or limits.memory_bytes  # the mapped font is most of it
    most_bytes = min(limits.memory_bytes, idle_bytes + _MOST_BYTES)
    limits = replace(limits, memory_bytes=most_bytes)
    send(replies, {"pillow": PIL.__version__, "missing": confine(limits)})
    try:
        _serve(requests, replies, limits, idle_bytes)
    except (Closed, BrokenPipeError):
        return


def _serve(requests: FileIO, replies: FileIO, limits: Limits, idle_bytes: int) -> None:
    document = _Document(_file(requests), limits, idle_bytes)
    _answer(replies, document, document.open)
    while True:
        _answer(replies, document, partial(document.page, int(receive(requests)["page"])))


def _file(requests: FileIO) -> bytes:
    file = bytearray(int(receive(requests)["size"]))
    receive_into(requests, file)
    return bytes(file)


def _answer(replies: FileIO, document: "_Document", work: Callable[[], Answer]) -> None:
    try:
        with cpu_limit(document.limits.cpu_s):
            facts, png = work()
    except ImageRefused as error:
        _refuse(replies, error)
    except MemoryError:
        _refuse(replies, ImageTakesTooMuchMemory(limit_mib=document.memory_bytes / 2**20))
    except Exception:  # noqa: BLE001 - whatever the library raises, the file is the cause
        _refuse(replies, PdfBroken())
    else:
        send(replies, {**facts, "size": len(png)})
        send_payload(replies, png)


def _refuse(replies: FileIO, refusal: ImageRefused) -> None:
    send(replies, {"refused": refusal.code, "values": refusal.values})


class _Document:
    """The document of this process."""

    def __init__(self, file: bytes, limits: Limits, idle_bytes: int) -> None:
        self.limits = limits
        self.memory_bytes = 0  # address space that the process may have now
        self._file = file
        self._read_bytes = idle_bytes + _READ_BYTES + _COPIES_OF_THE_FILE * len(file)
        self._pdf: Any = None  # pypdfium2 has no types

    def open(self) -> Answer:
        """Read it so far that its pages are known."""
        self._grant(0)
        try:
            self._pdf = pypdfium2.PdfDocument(self._file)
        except pypdfium2.PdfiumError as error:
            locked = error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD
            raise (PdfLocked if locked else PdfBroken) from error
        count = len(self._pdf)
        if count > self.limits.max_pages:
            raise PdfTooManyPages(pages=count, limit=self.limits.max_pages)
        self._pdf.init_forms()  # what was filled in, and seals, are drawn as forms
        return {"pages": count}, b""

    def page(self, number: int) -> Answer:
        """Draw a page."""
        self._grant(0)
        page = self._pdf[number]
        width, height = page.get_size()
        scale = _scale(width, height)
        size = math.ceil(width * scale), math.ceil(height * scale)
        guard(size, self.limits)
        self._grant(math.prod(size) + _largest_picture(page))
        # Else PDFium keeps every picture of the page decoded until the page is closed.
        bitmap = page.render(scale=scale, rev_byteorder=True, limit_image_cache=True)
        file = BytesIO()
        bitmap.to_pil().save(file, "PNG", compress_level=_COMPRESSION)
        bitmap.close()
        page.close()
        return {}, file.getvalue()

    def _grant(self, pixels: int) -> None:
        """Let the process have what so many pixels are worth, beside the document's own."""
        memory_bytes = self._read_bytes + _BYTES_A_PIXEL * pixels
        self.memory_bytes = min(memory_bytes, self.limits.memory_bytes)
        memory_limit(self.memory_bytes)


def _largest_picture(page: Any) -> int:
    """Return the pixels that the largest picture on a page says it has; 0 where there is none."""
    pixels = 0
    for picture in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]):
        with suppress(pypdfium2.PdfiumError):  # of no size, so it is not drawn either
            pixels = max(pixels, math.prod(picture.get_px_size()))
    return pixels


def _scale(width: float, height: float) -> float:
    """Return pixels a point: small print needs the same pixels on a till roll as on A4."""
    dpi = math.sqrt(_PIXELS / (width * height)) * _POINTS
    return min(max(dpi, _LEAST_DPI), _MOST_DPI) / _POINTS


if __name__ == "__main__":
    main()
