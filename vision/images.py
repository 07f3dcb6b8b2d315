"""Untrusted bytes in, upright RGB within limits out, with the SHA-256 of the bytes.

The bytes are decoded in a process of their own under limits of memory, CPU time and files
(``decode_worker``), kept warm because starting one costs more than most pictures. The first bytes
tell the kind of a file; its name is never asked. Whatever the bytes are, the caller gets a picture
or an ``ImageRefused`` with a sentence for the user (``image_errors``), and the next call works.

What runs where: ``image_kinds`` and the digest here, ``decode_pixels`` there, ``decode_process``
and ``decode_protocol`` between.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vision.decode_process import DecodeProcess, Reply
from vision.decode_protocol import Limits, Request
from vision.image_errors import DecoderUnavailable, ImageTooManyBytes
from vision.image_kinds import Kind, kind_of
from vision.pdf import pages

__all__ = ["Decoded", "Decoder", "Kind", "Limits", "Note", "Picture"]

log = logging.getLogger(__name__)

# What a user should know about an accepted picture, by code, over the note's values.
_NOTES: Mapping[str, str] = {
    "first_frame": "Only the first of its {frames:,} frames or pages is read.",
    "stretched": "Its brightness, {low:g} to {high:g}, was stretched to black and white.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell about an accepted picture; like an error, a template and its values."""

    code: str
    values: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return _NOTES[self.code].format(**self.values)


@dataclass(frozen=True, slots=True)
class Picture:
    """Facts of a picture that was decoded once, so that it will decode again."""

    sha256: str  # of the file's bytes
    format: Kind  # also the extension to store it under, without the dot
    width: int  # upright pixels of the original
    height: int
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture and its pixels."""

    picture: Picture
    rgb: NDArray[np.uint8]  # (H, W, 3), upright, what was transparent on white; the caller's own


class Decoder:
    """Decodes pictures in one worker process, one after another, for any number of threads.

    Nothing is started before the first call or ``warm``. A worker that a picture killed is
    started again at the next call.
    """

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self.limits = limits
        self._lock = Lock()  # held while the worker is started or asked
        self._process: DecodeProcess | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Start the worker now, which takes about 0.15 s. Raise ``DecoderUnavailable``."""
        with self._lock:
            self._running()

    def check(self, data: bytes) -> Picture:
        """Return the facts of a picture, decoded once to prove that it decodes."""
        picture, _ = self._decode(data)
        return picture

    def intake(self, data: bytes, side: int) -> tuple[Picture, bytes]:
        """Do ``check`` and ``preview`` while decoding once."""
        assert side > 0, "a preview has pixels"
        picture, reply = self._decode(data, side=side)
        return picture, reply.preview

    def preview(self, data: bytes, side: int) -> bytes:
        """Return a WebP of at most ``side`` x ``side`` pixels, without any metadata.

        For thumbnails, and for kinds that browsers do not show.
        """
        return self.intake(data, side)[1]

    def decode(self, data: bytes, size: tuple[int, int] | None = None) -> Decoded:
        """Return the upright pixels, resized with BICUBIC to exactly ``size``, width first.

        A JPEG at least three times ``size`` on both sides is decoded smaller first: twice as fast,
        at a mean error below 1 level of 255 (``decode_pixels``). Without ``size``, every pixel.
        """
        width, height = size or (0, 0)
        assert size is None or (width > 0 and height > 0), "a size has pixels"
        assert width * height <= self.limits.max_pixels, "a size within the limits"
        picture, reply = self._decode(data, rgb=True, width=width, height=height)
        assert reply.rgb is not None
        return Decoded(picture, reply.rgb)

    def pages(self, data: bytes) -> Iterator[bytes]:
        """Yield each page of a PDF (``vision.pdf.is_pdf``) as the bytes of a PNG.

        In a process for this document alone, which ends with the generator. Raise an
        ``ImageRefused`` before the first page, or at the one that cannot be drawn.
        """
        return pages(data, self.limits)

    def rest(self) -> None:
        """End an idle worker, to give its memory back; the next picture starts another."""
        if self._lock.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._lock.release()

    def close(self) -> None:
        """End the worker at once; a call under way in another thread ends refused."""
        self._closed = True
        if process := self._process:
            process.stop()
        with self._lock:
            self._drop()

    def _decode(
        self, data: bytes, *, rgb: bool = False, width: int = 0, height: int = 0, side: int = 0
    ) -> tuple[Picture, Reply]:
        if len(data) > self.limits.max_bytes:
            raise ImageTooManyBytes(size=len(data), limit=self.limits.max_bytes)
        kind = kind_of(data)
        request = Request(kind, len(data), rgb, width, height, side)
        with self._lock:
            reply = self._running().ask(request, data)
        notes = tuple(Note(code, values) for code, values in reply.notes if code in _NOTES)
        digest = sha256(data).hexdigest()
        return Picture(digest, kind, reply.width, reply.height, notes), reply

    def _running(self) -> DecodeProcess:
        """Return a live worker, a new one if need be. The lock is held."""
        if self._closed:
            raise DecoderUnavailable(reason="it was closed")
        if self._process and not self._process.alive:
            self._drop()
        if not self._process:
            self._process = DecodeProcess(self.limits)
        return self._process

    def _drop(self) -> None:
        if self._process:
            self._process.close()
        self._process = None
