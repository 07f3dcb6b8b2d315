"""The embedded engine: it reads the text in pictures, on any CPU, with nothing to download.

It is OCR and rules, not a model that understands: it gives the text, a table, or the value that a
prompt asks for where it stands among the lines (``intents``, ``answer``), and says so when it
cannot. The networks are opened by ``load``; importing this module costs nothing.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

from vision.engine import (
    Capabilities,
    Chunk,
    FinishReason,
    Image,
    Level,
    Line,
    Message,
    Progress,
    Prompt,
    Released,
    SamplingParams,
    Status,
    TokenCount,
    Usage,
)
from vision.errors import ImageRefused
from vision.images import Decoder
from vision.reader.answer import reply
from vision.reader.cache import LineCache
from vision.reader.cancel import Cancelled, check
from vision.reader.intents import intent_of
from vision.reader.phrases import phrases_for

if TYPE_CHECKING:
    from vision.reader.ocr import Ocr

log = logging.getLogger(__name__)

MODEL = "PP-OCRv6 small"


class PictureGone(ImageRefused):
    """A picture of the conversation is no longer on disk."""

    text = "The picture {name} cannot be opened any more: {reason}."
    way_out = "Add the picture again."


class ReaderEngine:
    """Reads text in pictures; keeps the lines of the last ones. For one thread at a time."""

    capabilities = Capabilities(sees=False, grounds=True, chats=False)

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._ocr: Ocr | None = None
        self._progress: Progress | None = None
        self._cache = LineCache()

    def status(self) -> Status:
        """Say whether the networks are open, and what the kept lines take."""
        loading = self._progress is not None
        return Status(
            engine="reader",
            state="loading" if loading else "ready" if self._ocr else "unloaded",
            model=MODEL,
            revision=f"rapidocr {metadata.version('rapidocr')}",
            device="cpu",
            progress=self._progress,
            memory={"lines": self._cache.size_bytes},
        )

    def load(self, report: Callable[[Progress], None]) -> None:
        """Open the networks: about a second. Raise ``EngineUnavailable`` if they are not here."""
        if self._ocr:
            return
        try:
            self._tell(report, 0)
            # Slow: opencv, onnxruntime and rapidocr.
            from vision.reader.ocr import Ocr

            self._tell(report, 1)
            self._ocr = Ocr()
            self._tell(report, 2)
        finally:
            self._progress = None

    def unload(self) -> None:
        """Close the networks and drop the kept lines."""
        self._ocr = None
        self._cache.clear()

    def count_tokens(self, prompt: Prompt) -> TokenCount:
        """Count nothing: the reader has no tokens."""
        return TokenCount(0, tuple(0 for m in prompt.messages for _ in m.images), 0)

    def read(
        self, image: Image, conversation: str = "", cancel: Event | None = None
    ) -> tuple[Line, ...]:
        """Return the lines of a picture in reading order, their boxes in its upright pixels.

        Loads the networks if need be. Raise ``ImageRefused``, or ``Cancelled`` once ``cancel`` is
        set.
        """
        if (kept := self._cache.get(image.sha256, conversation)) is not None:
            return kept
        self.load(lambda _: None)
        assert self._ocr
        started = perf_counter()
        lines = self._ocr.read(self._decoder.decode(bytes_of(image)).rgb, cancel or Event())
        seconds = perf_counter() - started
        log.debug("read lines=%d pixels=%d s=%.2f", len(lines), image.width * image.height, seconds)
        self._cache.put(image.sha256, conversation, lines)
        return lines

    def stream(
        self,
        prompt: Prompt,
        params: SamplingParams,  # noqa: ARG002 - a reader has nothing to sample
        cancel: Event,
    ) -> Generator[Chunk, None, None]:
        """Read the pictures, then yield the reply a row at a time."""
        started = perf_counter()
        first: float | None = None
        pages: list[tuple[Line, ...]] = []
        reason: FinishReason = "stop"
        images = images_of(prompt.messages)
        try:
            for done, image in enumerate(images):
                yield Chunk(progress=Progress("images", done, len(images), "images"))
                check(cancel)
                lines = self.read(image, prompt.conversation, cancel)
                pages.append(tuple(replace(line, image=done) for line in lines))
            if images:
                yield Chunk(progress=Progress("images", len(images), len(images), "images"))
            for piece in pieces(prompt, pages):
                check(cancel)
                first = first or perf_counter()
                yield Chunk(piece)
        except Cancelled:
            reason = "cancelled"
        usage = usage_of(started, first or perf_counter())
        found = tuple(line for page in pages for line in page)
        yield Chunk(finish_reason=reason, usage=usage, lines=found)

    def release(self, level: Level, conversation: str | None = None) -> Released:
        """Drop kept lines: those only ``conversation`` asked for, or all."""
        started = perf_counter()
        before = {"lines": self._cache.size_bytes}
        if level == "light" and conversation is not None:
            self._cache.forget(conversation)
        else:
            self._cache.clear()
        after = {"lines": self._cache.size_bytes}
        return Released(level, before, after, perf_counter() - started)

    def _tell(self, report: Callable[[Progress], None], done: int) -> None:
        self._progress = Progress("weights", done, 2)
        report(self._progress)


def images_of(messages: Sequence[Message]) -> tuple[Image, ...]:
    """Return the pictures that the prompt is about: the last that the user sent with a message."""
    return next((m.images for m in reversed(messages) if m.role == "user" and m.images), ())


def pieces(prompt: Prompt, pages: Sequence[Sequence[Line]]) -> Iterator[str]:
    """Yield the reply in pieces; of one that was cut off, what it did not say yet."""
    text = next((m.text for m in reversed(prompt.messages) if m.role == "user"), "")
    intent, phrases = intent_of(text, prompt.job), phrases_for(text)
    said = prompt.messages[-1].text if prompt.resume and prompt.messages else ""
    for piece in reply(intent, pages, phrases):
        known = min(len(said), len(piece)) if piece[: len(said)] == said[: len(piece)] else 0
        said = said[known:] if known else ""
        if piece[known:]:
            yield piece[known:]


def usage_of(started: float, first: float) -> Usage:
    """Return what a reply cost, given when it was started and when its first piece came."""
    now = perf_counter()
    return Usage(first_token_ms=1000 * (first - started), decode_ms=1000 * (now - first))


def bytes_of(image: Image) -> bytes:
    """Return the stored bytes of a picture. Raise ``PictureGone``."""
    try:
        return image.path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PictureGone(name=image.path.name, reason=reason) from error
