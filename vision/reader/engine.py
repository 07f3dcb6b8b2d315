"""The embedded engine: it reads the text in pictures, on any CPU, with nothing to download.

It is OCR and rules, not a model that understands: it gives the text, a table, or the value that a
prompt asks for where it stands among the lines (``intents``, ``answer``), and says so when it
cannot. The networks are opened by ``load``; importing this module costs nothing.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

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
    group_of,
)
from vision.errors import ImageRefused
from vision.images import Decoder
from vision.reader.answer import Reply
from vision.reader.cache import LineCache
from vision.reader.cancel import Cancelled, check
from vision.reader.fields import find_all
from vision.reader.intents import Intent, intent_of
from vision.reader.layout import rows
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

    capabilities = Capabilities(sees=False, chats=False)

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

    def read_pixels(self, rgb: NDArray[np.uint8], cancel: Event | None = None) -> tuple[Line, ...]:
        """Return the lines of pixels, (H, W, 3), such as an enlarged crop; nothing is kept.

        Loads the networks if need be. Raise ``Cancelled`` once ``cancel`` is set.
        """
        self.load(lambda _: None)
        assert self._ocr
        return self._ocr.read(rgb, cancel or Event())

    def stream(
        self,
        prompt: Prompt,
        params: SamplingParams,  # noqa: ARG002 - a reader has nothing to sample
        cancel: Event,
    ) -> Generator[Chunk, None, None]:
        """Yield the reply a row at a time, on each picture as it is read.

        Once ``cancel`` is set, the last chunk has the lines of the pictures read until then.
        """
        started = perf_counter()
        first: float | None = None
        found: list[Line] = []
        reason: FinishReason = "stop"
        try:
            for chunk in unsaid(self._chunks(prompt, found, cancel), said_before(prompt)):
                check(cancel)
                if chunk.text:
                    first = first or perf_counter()
                yield chunk
        except Cancelled:
            reason = "cancelled"
        usage = usage_of(started, first or perf_counter())
        fields = receipt_fields(found)
        yield Chunk(finish_reason=reason, usage=usage, lines=tuple(found), fields=fields)

    def _chunks(self, prompt: Prompt, found: list[Line], cancel: Event) -> Iterator[Chunk]:
        """Yield the whole reply and its progress; ``found`` is extended by each picture's lines."""
        images = images_of(prompt.messages)
        reply = reply_to(prompt, len(images))
        if not reply.pictures:
            yield Chunk(reply.alone())
        without: list[int] = []
        for number in reply.pictures:
            self._check_here(images[number - 1], prompt.conversation)
        for number in reply.pictures:
            yield Chunk(progress=Progress("images", number, len(images), "images"))
            check(cancel)
            lines = self.read(images[number - 1], prompt.conversation, cancel)
            found += [replace(line, image=number - 1) for line in lines]
            yield from map(Chunk, reply.on(number, lines))
            if not lines:
                without.append(number)
        yield from map(Chunk, reply.without_text(without))

    def _check_here(self, image: Image, conversation: str) -> None:
        """Raise ``PictureGone`` before any text, not between that of two pictures."""
        if self._cache.get(image.sha256, conversation) is None:
            bytes_of(image)

    def release(self, level: Level, conversation: str | None = None) -> Released:
        """Drop kept lines: those only ``conversation`` asked for, or only its group."""
        started = perf_counter()
        before = {"lines": self._cache.size_bytes}
        if level == "light" and conversation is not None:
            self._cache.forget(conversation)
        else:
            self._cache.forget_group(group_of(conversation))
        after = {"lines": self._cache.size_bytes}
        return Released(level, before, after, perf_counter() - started)

    def _tell(self, report: Callable[[Progress], None], done: int) -> None:
        self._progress = Progress("weights", done, 2)
        report(self._progress)


def receipt_fields(lines: Sequence[Line]) -> dict[str, str]:
    """Return what one picture says if it reads like a receipt: a total, and who or when."""
    if len({line.image for line in lines}) != 1:
        return {}
    found: dict[str, str] = {each.name: each.value for each in find_all(rows(lines))}
    return found if "total" in found and found.keys() & {"merchant", "date"} else {}


def images_of(messages: Sequence[Message]) -> tuple[Image, ...]:
    """Return the pictures that the prompt is about: the last that the user sent with a message."""
    return next((m.images for m in reversed(messages) if m.role == "user" and m.images), ())


def reply_to(prompt: Prompt, count: int) -> Reply:
    """Return the reply to a prompt about ``count`` pictures; without any, all prompts are alike."""
    text = next((m.text for m in reversed(prompt.messages) if m.role == "user"), "")
    intent = intent_of(text, prompt.job) if count else Intent("text")
    return Reply(intent, count, phrases_for(text))


def said_before(prompt: Prompt) -> str:
    """Return what a reply that was cut off did say."""
    return prompt.messages[-1].text if prompt.resume and prompt.messages else ""


def unsaid(chunks: Iterable[Chunk], said: str) -> Iterator[Chunk]:
    """Yield ``chunks`` without the text that they begin with and that was ``said``."""
    for chunk in chunks:
        piece = chunk.text
        known = min(len(said), len(piece)) if piece[: len(said)] == said[: len(piece)] else 0
        if piece:
            said = said[known:] if known else ""
        if piece[known:] or not piece:
            yield replace(chunk, text=piece[known:])


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
