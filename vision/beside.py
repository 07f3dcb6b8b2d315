"""An engine with the reader beside it: what a model says can be checked against what stands there.

To whoever holds it this is one engine. The reader opens its networks when it is first asked to
read, and gives back what it keeps when the engine is told to.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from threading import Event, Lock
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from vision.engine import (
    Capabilities,
    Chunk,
    Engine,
    Image,
    Level,
    Line,
    Progress,
    Prompt,
    Released,
    SamplingParams,
    Status,
    TokenCount,
)
from vision.images import Decoder
from vision.reader.engine import ReaderEngine


class WithReader:
    """Replies as ``engine`` does, and reads lines as the reader does."""

    def __init__(self, engine: Engine, decoder: Decoder) -> None:
        self.engine = engine
        self._reader = ReaderEngine(decoder)
        self._alone = Lock()  # held while it reads: an engine on a server is asked by several

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do."""
        return self.engine.capabilities

    def status(self) -> Status:
        """How the engine is; its memory and the reader's."""
        status = self.engine.status()
        return replace(status, memory=_sum(status.memory, self._reader.status().memory))

    def load(self, report: Callable[[Progress], None]) -> None:
        """Load the engine; the reader loads when it is first asked. Raise ``EngineUnavailable``."""
        self.engine.load(report)

    def unload(self) -> None:
        """Give back what both took."""
        self.engine.unload()
        self._reader.unload()

    def count_tokens(self, prompt: Prompt) -> TokenCount:
        """Say what ``prompt`` would cost the engine."""
        return self.engine.count_tokens(prompt)

    def stream(
        self, prompt: Prompt, params: SamplingParams, cancel: Event
    ) -> Generator[Chunk, None, None]:
        """Yield the engine's reply."""
        return self.engine.stream(prompt, params, cancel)

    def release(self, level: Level, conversation: str | None = None) -> Released:
        """Give back what a level names, of both."""
        started = perf_counter()
        of_engine = self.engine.release(level, conversation)
        of_reader = self._reader.release(level, conversation)
        return Released(
            level,
            _sum(of_engine.before, of_reader.before),
            _sum(of_engine.after, of_reader.after),
            perf_counter() - started,
        )

    def read(
        self, image: Image, conversation: str = "", cancel: Event | None = None
    ) -> tuple[Line, ...]:
        """Return the lines of a picture, as the reader finds them. Raise ``ImageRefused``."""
        with self._alone:
            return self._reader.read(image, conversation, cancel)

    def read_pixels(self, rgb: NDArray[np.uint8], cancel: Event | None = None) -> tuple[Line, ...]:
        """Return the lines of pixels, (H, W, 3), as the reader finds them."""
        with self._alone:
            return self._reader.read_pixels(rgb, cancel)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}
