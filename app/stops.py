"""Ends a reply before a text that was not to be in it, whichever engine makes the reply."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from threading import Event

from vision.engine import Chunk


def until(
    stop: Sequence[str], chunks: Generator[Chunk, None, None], cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield ``chunks`` up to the first of the texts in ``stop``, which is left out.

    Text that may be the beginning of one is held back until it is known. The engine is then told
    to end by ``cancel``, so that its last chunk still says what the reply cost.
    """
    if not stop:
        yield from chunks
        return
    held = ""
    with closing(chunks):
        for chunk in chunks:
            held += chunk.text
            if (at := _first(stop, held)) is not None:
                yield replace(chunk, text=held[:at], finish_reason=None)
                break
            kept = 0 if chunk.finish_reason else _beginning(stop, held)
            text, held = held[: len(held) - kept], held[len(held) - kept :]
            yield replace(chunk, text=text)
        else:
            return
        cancel.set()
        for last in (chunk, *chunks):
            if last.finish_reason:
                # The ids are those of a longer reply.
                yield replace(last, text="", finish_reason="stop", token_ids=(), keep=None)


def _first(stop: Sequence[str], text: str) -> int | None:
    found = [at for each in stop if (at := text.find(each)) >= 0]
    return min(found, default=None)


def _beginning(stop: Sequence[str], text: str) -> int:
    """Count the characters at the end of ``text`` that a text to stop at may begin with."""
    longest = min(max(map(len, stop)) - 1, len(text))
    return next(
        (
            size
            for size in range(longest, 0, -1)
            if any(each.startswith(text[-size:]) for each in stop)
        ),
        0,
    )
