"""The runs that have not ended, in the order of their turns, at most one for a conversation.

A conversation is known by its slot (``run.slot_of``): all users wait in one queue. They take turns,
so that whoever sends many waits for those longer, and nobody else does. Of one user's prompts the
first in is the first out; where there are no users, that is all there is to it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest

from app.errors import Busy, StillReplying
from app.run import Run

MAX_WAITING = 64  # prompts of one user; beyond it that user is asked to wait


class Runs:
    """A queue's members, to be looked up and stopped; safe to use from any thread."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}  # by slot, oldest first
        self._under_way: Run | None = None
        self._line: list[str] = []  # users whose prompts wait, but for whose is under way
        self._arriving: set[str] = set()  # slots whose next prompt is being saved
        self._lock = threading.Lock()

    @contextmanager
    def arriving(self, owner: str, slot: str | None) -> Iterator[None]:
        """Hold a conversation's place while its prompt is saved.

        Raise ``StillReplying`` where another prompt of it has not been answered, ``Busy`` where
        too many of its owner wait.
        """
        with self._lock:
            if slot in self._runs or slot in self._arriving:
                raise StillReplying
            if (waiting := self._count(owner)) >= MAX_WAITING:
                raise Busy(waiting=waiting, limit=MAX_WAITING)
            if slot:
                self._arriving.add(slot)
        try:
            yield
        finally:
            with self._lock:
                self._arriving.discard(slot or "")

    def add(self, run: Run) -> None:
        """Take in a run, as its owner's last."""
        with self._lock:
            self._runs[run.slot] = run
            self._line_up(run.owner)

    def next(self) -> Run | None:
        """Return the run whose turn it is, now under way; None where none waits."""
        with self._lock:
            self._under_way = next(iter(self._waiting()), None)
            if self._under_way:
                self._line.remove(self._under_way.owner)
            return self._under_way

    def remove(self, run: Run) -> None:
        """Forget a run that has ended; its owner's next one waits for the others' turns."""
        with self._lock:
            if self._runs.get(run.slot) is not run:
                return
            del self._runs[run.slot]
            if run is self._under_way:
                self._under_way = None
            self._line_up(run.owner)

    def get(self, slot: str) -> Run | None:
        """Return the run of a conversation, if it has one."""
        with self._lock:
            return self._runs.get(slot)

    def all(self) -> list[Run]:
        """Return all runs: the one under way, then the others in the order of their turns."""
        with self._lock:
            return [*([self._under_way] if self._under_way else []), *self._waiting()]

    def count(self, owner: str) -> int:
        """Count one owner's runs."""
        with self._lock:
            return self._count(owner)

    def before(self, run: Run) -> int:
        """Count the runs that the engine will take before ``run``."""
        runs = self.all()
        return runs.index(run) if run in runs else 0

    # What follows is called with the lock held.

    def _waiting(self) -> list[Run]:
        """Return the runs that wait: the first of each user in line, then the second."""
        by_owner: dict[str, list[Run]] = {owner: [] for owner in self._line}
        for run in self._runs.values():
            if run is not self._under_way:
                # Whose reply is under way will line up behind the others.
                by_owner.setdefault(run.owner, []).append(run)
        return [run for turns in zip_longest(*by_owner.values()) for run in turns if run]

    def _line_up(self, owner: str) -> None:
        """Have a user in line exactly if a prompt waits and none of that user is under way."""
        has = self._under_way and self._under_way.owner == owner
        waits = not has and self._count(owner)
        if waits and owner not in self._line:
            self._line.append(owner)
        elif not waits and owner in self._line:
            self._line.remove(owner)

    def _count(self, owner: str) -> int:
        return sum(run.owner == owner for run in self._runs.values())
