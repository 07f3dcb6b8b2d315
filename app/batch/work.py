"""One file through a job: its pictures, the prompt, what came of it, and what went wrong."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from app.batch.journal import Journal, Record
from app.batch.results import Outcome, Result, result_of
from app.batch.sources import Source
from app.errors import UnexpectedFailure
from app.jobs.job import stream
from vision.engine import Engine, Image, Job, Line, Message, Prompt, SamplingParams
from vision.errors import VisionError
from vision.image_errors import ImageTooManyBytes
from vision.images import Decoder
from vision.pdf import is_pdf

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What a batch does with each file; safe to use from any thread, if the engine is."""

    job: Job
    engine: Engine
    decoder: Decoder
    sampling: SamplingParams
    max_bytes: int
    pages: Callable[[], Path]  # a folder for the pages of PDFs
    cancel: Event
    json_schema: str = ""  # the user's own, for receipts; "" for none

    def begin(self, source: Source, journal: Journal) -> Callable[[], Result]:
        """Read a file, and return what is left to do, from any thread."""
        known: Record = {"image": source.name, "bytes": source.size_bytes}
        try:
            if source.size_bytes > self.max_bytes:  # not read: it may be larger than the memory
                raise ImageTooManyBytes(size=source.size_bytes, limit=self.max_bytes)
            data = source.path.read_bytes()
        except (VisionError, OSError) as error:
            refused = Result(known | {"error": str(error)})
            return lambda: refused
        known |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        if same := journal.same_as(known["sha256"], source.name):
            pointed = Result(known | {"same_as": same, "seconds": 0.0})
            return lambda: pointed
        return lambda: self._done(known, source.path, data)

    def _done(self, known: Record, path: Path, data: bytes) -> Result:
        started = perf_counter()
        try:
            result = self._result(path, data)
        except (VisionError, OSError) as error:
            result = Result({"error": str(error)})
        except Exception as error:
            # A bug that one picture meets must not keep the other 499 from being read.
            log.exception("picture failed unexpectedly")
            result = Result({"error": str(UnexpectedFailure(cause=type(error).__name__))})
        seconds = {"seconds": round(perf_counter() - started, 3)}
        return Result(known | result.record | seconds, result.page)

    def _result(self, path: Path, data: bytes) -> Result:
        with self._pictures(path, data) as images:
            prompt = Prompt(
                (Message("user", "", images),), job=self.job, json_schema=self.json_schema
            )
            outcome, finish = self._outcome(prompt, lambda: self.decoder.decode(data).rgb)
            result = result_of(self.job, outcome)
        several = {"pages": len(images)} if is_pdf(data) else {}
        cut = {"finish_reason": finish} if finish not in (None, "stop") else {}
        return Result(several | result.record | cut, result.page)

    def _outcome(
        self, prompt: Prompt, pixels: Callable[[], NDArray[np.uint8]]
    ) -> tuple[Outcome, str | None]:
        reply, finish = "", None
        lines: tuple[Line, ...] = ()
        fields: dict[str, object] = {}
        for chunk in stream(prompt, self.engine, self.decoder, self.sampling, self.cancel):
            reply += chunk.text
            reply = reply if chunk.keep is None else reply[: chunk.keep]
            lines, fields, finish = chunk.lines, dict(chunk.fields), chunk.finish_reason
        return Outcome(reply, lines, fields, len(prompt.messages[0].images), pixels), finish

    @contextmanager
    def _pictures(self, path: Path, data: bytes) -> Iterator[tuple[Image, ...]]:
        """Yield the pictures of a file: itself, or the pages of a PDF, while they are needed."""
        if not is_pdf(data):
            yield (self._image(path, data),)
            return
        with tempfile.TemporaryDirectory(dir=self.pages()) as folder:
            yield tuple(self._pages(Path(folder), data))

    def _pages(self, folder: Path, data: bytes) -> Iterator[Image]:
        for number, page in enumerate(self.decoder.pages(data), start=1):
            path = folder / f"{number}.png"
            path.write_bytes(page)
            yield self._image(path, page)

    def _image(self, path: Path, data: bytes) -> Image:
        picture = self.decoder.check(data)
        return Image(picture.sha256, path, picture.width, picture.height)
