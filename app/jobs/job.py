"""What every job is given, and how a prompt finds its job.

A job is a generator of chunks, as ``Engine.stream`` is, so that a turn, a batch and a program's
request run it alike. What it found is in ``fields`` of its last chunk, as JSON can hold it.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from threading import Event
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from vision.engine import Chunk, Engine, Image, Line, Progress, Prompt, SamplingParams
from vision.images import Decoder

_READ = "Write down all the text of the picture, line by line, as it stands, and nothing else."


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
    if load:
        return load()(prompt, tools_for(engine, decoder), params, cancel)
    if prompt.job is None and not prompt.resume and _says_nothing(prompt) and _only_reads(engine):
        return _looked_at(prompt, tools_for(engine, decoder), params, cancel)
    if prompt.job == "text" and _says_nothing(prompt) and not _only_reads(engine):
        prompt = _asked_to_read(prompt)
    return engine.stream(prompt, params, cancel)


def _asked_to_read(prompt: Prompt) -> Prompt:
    # A batch and a program say no more than the job; a model would describe what it sees.
    last = replace(prompt.messages[-1], text=_READ)
    return replace(prompt, messages=(*prompt.messages[:-1], last))


def _says_nothing(prompt: Prompt) -> bool:
    return bool(prompt.messages[-1].images) and not prompt.messages[-1].text.strip()


def _only_reads(engine: Engine) -> bool:
    return not (engine.capabilities.sees or engine.capabilities.chats)


def _looked_at(
    prompt: Prompt, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Read pictures that came without a word: as receipts, if that is what they are."""
    # Imported late: what reads like a receipt, no other turn asks.
    from vision.reader.cancel import Cancelled
    from vision.reader.engine import receipt_fields

    images = prompt.messages[-1].images
    are_receipts = True
    for number, image in enumerate(images, 1):
        yield Chunk(progress=Progress("images", number, len(images), "images"))
        try:
            lines = tools.reader.read(image, prompt.conversation, cancel)
        except Cancelled:
            break  # the engine sees it, too, and ends the reply as it should be
        are_receipts = are_receipts and bool(receipt_fields(lines))
    if are_receipts and not cancel.is_set():
        yield from _receipt()(replace(prompt, job="receipt"), tools, params, cancel)
    else:
        yield from tools.engine.stream(prompt, params, cancel)


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
