"""The process in which pictures are decoded: ``python -m vision.decode_worker LIMITS``.

It reads requests from its standard input and answers on its standard output
(``decode_protocol``), one at a time, until its input ends: when the application closes it, or dies.

It takes hostile bytes, so it ties its own hands before the first (``worker_limits``).
"""

import codecs
import json
import logging
import os
import signal
import sys
import warnings
from io import FileIO

import PIL
from PIL import AvifImagePlugin, Image, PngImagePlugin

# Pillow imports these when a picture first needs them, which is too late here.
from PIL import ImageCms, ImageColor, ImagePalette  # noqa: F401  # isort: skip
from pillow_heif import options as heif_options

from vision.decode_pixels import Upright, preview, read
from vision.decode_protocol import (
    Closed,
    Limits,
    Request,
    receive,
    receive_into,
    send,
    send_payload,
)
from vision.errors import ImageRefused
from vision.image_errors import ImageBroken, ImageTakesTooMuchMemory
from vision.worker_limits import Allowance, address_space, confine, pipes

_STRIP = 65_536  # bytes; why: see decode_protocol
_THREADS = 2  # of a decoder: each takes address space, and one picture should not take all cores


def main() -> None:
    """Answer requests until the input ends. The first message sent tells that we are ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent
    requests, replies = pipes()
    limits = Limits(**json.loads(sys.argv[1]))
    _prepare(limits)
    # Where it is not known how much that is, one picture may have as much as the largest.
    idle_bytes = address_space() or limits.memory_bytes
    send(replies, {"pillow": PIL.__version__, "missing": confine(limits)})
    try:
        while True:
            request = Request(**receive(requests))
            file = _file(requests, request.size)
            with Allowance(limits, idle_bytes, request.size) as allowance:
                _answer(replies, file, request, limits, allowance)
    except (Closed, BrokenPipeError):
        return


def _file(requests: FileIO, size: int) -> bytes:
    file = bytearray(size)
    receive_into(requests, file)
    return bytes(file)  # which BytesIO shares, where it would copy a bytearray


def _prepare(limits: Limits) -> None:
    """Load and set what can only be loaded and set while files may still be opened."""
    Image.preinit()  # or ``Image.save`` would import plugins
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    warnings.simplefilter("ignore")  # of damaged metadata
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    logging.disable()
    # Diagrams carry their source in the PNG; its length is no reason to refuse the picture.
    PngImagePlugin.MAX_TEXT_CHUNK = limits.max_bytes
    PngImagePlugin.MAX_TEXT_MEMORY = limits.max_bytes
    AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS
    heif_options.DECODE_THREADS = _THREADS
    heif_options.THUMBNAILS = heif_options.DEPTH_IMAGES = heif_options.AUX_IMAGES = False
    os.dup2(1, 2)  # so far a traceback could be seen; from now on libraries would speak, at will
    for codec in ("ascii", "latin-1", "utf-16"):  # imported when first asked for
        codecs.lookup(codec)


def _answer(
    replies: FileIO, file: bytes, request: Request, limits: Limits, allowance: Allowance
) -> None:
    try:
        upright = read(file, request, limits, allowance.grant)
        image = _wanted(upright, request)
        small = preview(upright, request.side) if request.side else b""
    except ImageRefused as error:
        _refuse(replies, error)
    except MemoryError:
        _refuse(replies, ImageTakesTooMuchMemory(limit_mib=allowance.memory_bytes / 2**20))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the file is the cause
        _refuse(replies, ImageBroken(kind=request.kind.upper()), f"{type(error).__name__}: {error}")
    else:
        facts = {"width": upright.width, "height": upright.height, "notes": upright.notes}
        send(replies, {**facts, "preview": len(small)})
        send_payload(replies, small)
        if image:
            _send_rows(replies, image)


def _refuse(replies: FileIO, refusal: ImageRefused, reason: str = "") -> None:
    send(replies, {"refused": refusal.code, "values": refusal.values, "reason": reason[:200]})


def _wanted(upright: Upright, request: Request) -> Image.Image | None:
    if not request.rgb:
        return None
    size = (request.width, request.height) if request.width else upright.image.size
    if size == upright.image.size:
        return upright.image
    return upright.image.resize(size, Image.Resampling.BICUBIC)


def _send_rows(replies: FileIO, image: Image.Image) -> None:
    rows = max(1, _STRIP // (3 * image.width))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        send_payload(replies, strip.tobytes())


if __name__ == "__main__":
    main()
