"""The process in which one PDF is drawn: ``python -m vision.pdf_worker LIMITS``.

It takes the bytes of a PDF, says how many pages there are, then draws each that is asked for, until
its input ends. One document to a process: what a hostile one does to it, no other meets. Its hands
are tied as the decode worker's are (``worker_limits``), each page has CPU time of its own, and
what crosses back are PNGs.
"""

import json
import math
import os
import signal
import sys
from collections.abc import Callable
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
from vision.worker_limits import address_space, confine, cpu_limit, pipes

Answer = tuple[dict[str, int], bytes]  # facts, and a PNG where one was asked for

_POINTS = 72  # to an inch
_PIXELS = 3_870_000  # of a page, if its dots an inch stay within these: an A4 page at 200
_LEAST_DPI, _MOST_DPI = 100, 300
_MEMORY_BYTES = 768 << 20  # a scan of 50 megapixels takes a third of it
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
    send(replies, {"pillow": PIL.__version__, "missing": confine(_with_less_memory(limits))})
    try:
        _serve(requests, replies, limits)
    except (Closed, BrokenPipeError):
        return


def _with_less_memory(limits: Limits) -> Limits:
    """Let a document have what a scan of the largest picture takes, not all that a picture may."""
    held_bytes = address_space()  # the mapped font is most of it
    most = held_bytes + _MEMORY_BYTES if held_bytes else limits.memory_bytes
    return replace(limits, memory_bytes=min(limits.memory_bytes, most))


def _serve(requests: FileIO, replies: FileIO, limits: Limits) -> None:
    file = bytearray(int(receive(requests)["size"]))
    receive_into(requests, file)
    document = _Document(bytes(file), limits)
    _answer(replies, limits, document.open)
    while True:
        _answer(replies, limits, partial(document.page, int(receive(requests)["page"])))


def _answer(replies: FileIO, limits: Limits, work: Callable[[], Answer]) -> None:
    try:
        with cpu_limit(limits.cpu_s):
            facts, png = work()
    except ImageRefused as error:
        _refuse(replies, error)
    except MemoryError:
        _refuse(replies, ImageTakesTooMuchMemory(limit_mib=limits.memory_bytes / 2**20))
    except Exception:  # noqa: BLE001 - whatever the library raises, the file is the cause
        _refuse(replies, PdfBroken())
    else:
        send(replies, {**facts, "size": len(png)})
        send_payload(replies, png)


def _refuse(replies: FileIO, refusal: ImageRefused) -> None:
    send(replies, {"refused": refusal.code, "values": refusal.values})


class _Document:
    """The document of this process."""

    def __init__(self, file: bytes, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._pdf: Any = None  # pypdfium2 has no types

    def open(self) -> Answer:
        """Read it so far that its pages are known."""
        try:
            self._pdf = pypdfium2.PdfDocument(self._file)
        except pypdfium2.PdfiumError as error:
            locked = error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD
            raise (PdfLocked if locked else PdfBroken) from error
        count = len(self._pdf)
        if count > self._limits.max_pages:
            raise PdfTooManyPages(pages=count, limit=self._limits.max_pages)
        self._pdf.init_forms()  # what was filled in, and seals, are drawn as forms
        return {"pages": count}, b""

    def page(self, number: int) -> Answer:
        """Draw a page."""
        page = self._pdf[number]
        width, height = page.get_size()
        scale = _scale(width, height)
        guard((math.ceil(width * scale), math.ceil(height * scale)), self._limits)
        bitmap = page.render(scale=scale, rev_byteorder=True)
        file = BytesIO()
        bitmap.to_pil().save(file, "PNG", compress_level=_COMPRESSION)
        bitmap.close()
        page.close()
        return {}, file.getvalue()


def _scale(width: float, height: float) -> float:
    """Return pixels a point: small print needs the same pixels on a till roll as on A4."""
    dpi = math.sqrt(_PIXELS / (width * height)) * _POINTS
    return min(max(dpi, _LEAST_DPI), _MOST_DPI) / _POINTS


if __name__ == "__main__":
    main()
