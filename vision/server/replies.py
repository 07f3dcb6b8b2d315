"""From a server's events to pieces of a reply, and from those to the last chunk.

Servers differ: usage may come with the last event or in one of its own, a finish reason may be one
that nobody else has, log-probabilities may be missing. What is not there is left at zero; what is
there and cannot be read is ``Malformed``.
"""

from dataclasses import dataclass, field
from threading import Event
from time import perf_counter
from typing import Any

from vision.engine import Chunk, FinishReason, Usage


class Malformed(Exception):
    """An event that is no part of a reply as the protocol has it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the server says that the reply cost."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    new_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event brought."""

    text: str = ""
    finish: FinishReason | None = None
    logprobs: tuple[float, ...] = ()
    counts: Counts | None = None


def piece_of(event: Any) -> Piece:  # JSON from elsewhere
    """Read an event. Raise ``Malformed``."""
    try:
        counts = _counts(event["usage"]) if event.get("usage") else None
        if not event["choices"]:
            return Piece(counts=counts)
        choice = event["choices"][0]
        text = (choice.get("delta") or {}).get("content")
        if not isinstance(text, str | None):
            raise Malformed("content is no text")
        found = (choice.get("logprobs") or {}).get("content") or ()
        logprobs = tuple(float(token["logprob"]) for token in found)
        return Piece(text or "", _finish(choice.get("finish_reason")), logprobs, counts)
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        raise Malformed(str(error)) from error


def _finish(reason: object) -> FinishReason | None:
    if not reason:
        return None
    return "length" if reason == "length" else "stop"


def _counts(usage: Any) -> Counts:  # see piece_of
    details = usage.get("prompt_tokens_details") or {}
    return Counts(
        int(usage.get("prompt_tokens") or 0),
        int(details.get("cached_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
    )


@dataclass(slots=True)
class Reply:
    """A reply as far as it has come."""

    cancel: Event
    max_seconds: float
    started: float = field(default_factory=perf_counter)
    finish: FinishReason | None = None
    texts: list[str] = field(default_factory=list)  # as they came
    _first: float | None = None
    _counts: Counts | None = None
    _logprobs: list[float] = field(default_factory=list)

    def cut_short(self) -> FinishReason | None:
        """Say why the reply must end now, or None."""
        if self.cancel.is_set():
            return "cancelled"
        return "length" if perf_counter() - self.started > self.max_seconds else None

    def add(self, piece: Piece) -> None:
        """Take a piece in."""
        if piece.text:
            self._first = self._first or perf_counter()
            self.texts.append(piece.text)
        self.finish = piece.finish or self.finish
        self._counts = piece.counts or self._counts
        self._logprobs += piece.logprobs

    def last(self, finish: FinishReason) -> Chunk:
        """Return the last chunk: what the reply cost, and what is known of its tokens."""
        now = perf_counter()
        first = self._first or now
        # Most servers send a piece for each token; of a cancelled reply none sends the usage.
        counts = self._counts or Counts(new_tokens=len(self.texts))
        usage = Usage(
            prompt_tokens=counts.prompt_tokens,
            cached_tokens=counts.cached_tokens,
            new_tokens=counts.new_tokens,
            first_token_ms=(first - self.started) * 1e3,
            decode_ms=(now - first) * 1e3,
        )
        return Chunk(finish_reason=finish, usage=usage, logprobs=tuple(self._logprobs))
