"""The runs that have not ended, in the order they came, at most one for a conversation.

A conversation is known by its slot (``run.slot_of``): all users wait in one queue.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Busy, StillReplying
from app.run import Run

MAX_WAITING = 64  # prompts; beyond it a sender is asked to wait


class Runs:
    """A queue's members, to be looked up and stopped; safe to use from any thread."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}  # by slot, oldest first
        self._arriving: set[str] = set()  # slots whose next prompt is being saved
        self._lock = threading.Lock()

    @contextmanager
    def arriving(self, slot: str | None) -> Iterator[None]:
        """Hold a conversation's place while its prompt is saved.

        Raise ``StillReplying`` where another prompt of it has not been answered, ``Busy`` where
        too many wait.
        """
        with self._lock:
            if slot in self._runs or slot in self._arriving:
                raise StillReplying
            if len(self._runs) >= MAX_WAITING:
                raise Busy(waiting=len(self._runs), limit=MAX_WAITING)
            if slot:
                self._arriving.add(slot)
        try:
            yield
        finally:
            with self._lock:
                self._arriving.discard(slot or "")

    def add(self, run: Run) -> None:
        """Take in a run, as the last."""
        with self._lock:
            self._runs[run.slot] = run

    def remove(self, run: Run) -> None:
        """Forget a run that has ended."""
        with self._lock:
            if self._runs.get(run.slot) is run:
                del self._runs[run.slot]

    def get(self, slot: str) -> Run | None:
        """Return the run of a conversation, if it has one."""
        with self._lock:
            return self._runs.get(slot)

    def all(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self._lock:
            return list(self._runs.values())

    def before(self, run: Run) -> int:
        """Count the runs that the engine will take before ``run``."""
        runs = self.all()
        return runs.index(run) if run in runs else 0
