"""What came of a page: its versions, and what is said about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.jobs.webpage.fences import fenced
from app.jobs.webpage.record import Note, Version, fields_of
from app.jobs.webpage.words import Words
from vision.engine import Chunk, FinishReason, Image, Line, Usage


@dataclass(frozen=True, slots=True)
class Outcome:
    """A page that is done."""

    said: str  # before the page
    versions: tuple[Version, ...]
    shown: int  # the place of the version that is the page now
    picture: Image | None
    lines: tuple[Line, ...] = ()
    notes: tuple[Note, ...] = ()
    usage: Usage | None = None
    finish_reason: FinishReason = "stop"

    def chunks(self, words: Words) -> Iterator[Chunk]:
        """Yield the reply: what is to be said, the page, and what is kept of it."""
        told = [self.said, *(words(note.code, n=note.n) for note in self.notes)]
        yield Chunk(" ".join(told) + "\n\n")
        yield Chunk(fenced(self.versions[self.shown].html))
        yield Chunk(
            finish_reason=self.finish_reason,
            usage=self.usage,
            lines=self.lines,
            fields=fields_of(self.picture, self.versions, self.shown, self.notes),
        )
