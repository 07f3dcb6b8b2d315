"""What every job is given, and how a prompt finds its job.

A job is a generator of chunks, as ``Engine.stream`` is, so that a turn, a batch and a program's
request run it alike. What it found is in ``fields`` of its last chunk, as JSON can hold it.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from vision.engine import Chunk, Engine, Image, Line, Prompt, SamplingParams
from vision.images import Decoder


class Reader(Protocol):
    """Reads lines of text: the embedded engine, whichever engine replies."""

    def read(
        self, image: Image, conversation: str = "", cancel: Event | None = None
    ) -> tuple[Line, ...]:
        """Return the lines of a picture in reading order. Raise ``ImageRefused``."""
        ...

    def read_pixels(self, rgb: NDArray[np.uint8], cancel: Event | None = None) -> tuple[Line, ...]:
        """Return the lines of pixels, (H, W, 3), such as an enlarged crop; nothing is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a job works with."""

    engine: Engine  # loaded
    reader: Reader  # the engine itself, or the reader beside it
    decoder: Decoder


Job = Callable[[Prompt, Tools, SamplingParams, Event], Generator[Chunk, None, None]]


def tools_for(engine: Engine, decoder: Decoder) -> Tools:
    """Return the tools for jobs with ``engine``: the reader, or an engine ``WithReader``."""
    assert hasattr(engine, "read_pixels"), "app.engines puts the reader beside every other engine"
    return Tools(engine, cast("Reader", engine), decoder)


def stream(
    prompt: Prompt, engine: Engine, decoder: Decoder, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield the reply of the prompt's job, or the engine's where none of ours does it."""
    load = None if prompt.resume else _JOBS.get(prompt.job or "")
    if load is None:
        return engine.stream(prompt, params, cancel)
    return load()(prompt, tools_for(engine, decoder), params, cancel)


def _receipt() -> Job:
    from app.jobs.receipt import receipt

    return receipt


def _compare() -> Job:
    from app.jobs.compare import compare

    return compare


def _webpage() -> Job:
    from app.jobs.webpage.job import webpage

    return webpage


# Imported late: what one job needs, no other turn should wait for.
_JOBS: Mapping[str, Callable[[], Job]] = {
    "receipt": _receipt,
    "html": _webpage,
    "compare": _compare,
}
