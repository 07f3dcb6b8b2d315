"""A run from the side of who asked for it: its reply as it grows, and its end.

Whoever stops following leaves the run: a program that went away has no use for the reply, and its
place in the queue is free.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from time import monotonic

from fastapi import Request

from app.api.errors import Refused, refused
from app.run import Run
from history import Turn

LOOK_S = 0.02  # between two looks at a run
BEAT_S = 10.0  # of silence, after which there is a sign of life


async def grown(run: Run, beat_s: float = BEAT_S) -> AsyncIterator[str]:
    """Yield the pieces of a reply as they come, and "" where none has come for ``beat_s``."""
    shown, seen = 0, monotonic()
    with _cancelled_unless_ended(run):
        while True:
            ended = run.ended.is_set()
            reply = run.reply
            if len(reply) > shown or monotonic() - seen > beat_s:
                yield reply[shown:]
                shown, seen = max(shown, len(reply)), monotonic()
            if ended:
                return
            await asyncio.sleep(LOOK_S)


async def begun(run: Run, request: Request, within_s: float) -> None:
    """Return once a run has text or has ended, or after a while."""
    until = monotonic() + within_s
    with _cancelled_unless_ended(run, kept=True):
        while not (run.reply or run.ended.is_set()) and monotonic() < until:
            await _look(request)


async def ended(run: Run, request: Request | None = None) -> Turn:
    """Return a run's turn when it has ended well. Raise ``Refused``, also if the client left."""
    with _cancelled_unless_ended(run):
        while not run.ended.is_set():
            await _look(request)
    return result(run)


def result(run: Run) -> Turn:
    """Return the turn of a run that has ended. Raise ``Refused`` where it did not end well."""
    turn = run.snapshot().turn
    if run.failure:
        raise refused(run.failure)
    if turn.finish_reason == "cancelled":
        raise Refused(503, "The reply was stopped before its end.", code="cancelled")
    return turn


async def _look(request: Request | None) -> None:
    if request and await request.is_disconnected():
        raise Refused(499, "Nobody waits for the reply any more.")
    await asyncio.sleep(LOOK_S)


@contextmanager
def _cancelled_unless_ended(run: Run, *, kept: bool = False) -> Iterator[None]:
    """Leave a run that is not followed to its end; with ``kept``, only if following fails."""
    try:
        yield
    except BaseException:
        _leave(run)
        raise
    else:
        if not kept and not run.ended.is_set():
            _leave(run)


def _leave(run: Run) -> None:
    # Its turn may be written, which the loop of all requests does not wait for.
    threading.Thread(target=run.leave, name="leave", daemon=True).start()
