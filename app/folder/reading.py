"""A folder that is being read: what waits, what was done, and whether it may go on.

One thread feeds the assistant one file at a time, so that what the user asks meanwhile waits for
one receipt at most. Whoever looks at it gets a snapshot.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["read", "same", "stopped"]

_REMEMBERED = 20  # durations that the time left is told from


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class File:
    """A file that waits to be read."""

    name: str  # as the user has it; shown, never a path
    path: Path
    is_copy: bool  # ours, to be deleted
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not read, and why."""

    name: str
    error: dict[str, Any]  # a record, to be said in the user's language


@dataclass(frozen=True, slots=True)
class Progress:
    """How a folder stood at one moment."""

    state: Literal["reading", "paused", "done"]
    done: int  # files that are through, however they ended
    left: int  # that are not, the one under way included
    same: int  # that were read before, or are equal to another
    failures: tuple[Failure, ...]
    seconds_left: float | None  # None while that cannot be told
    problem: dict[str, Any] | None  # why it paused by itself: an error's record


class Reading:
    """The files of one folder, from being chosen to being read; safe to use from any thread."""

    def __init__(self, tag: str, hold: Callable[[Iterable[Path]], None]) -> None:
        self.tag = tag
        self._hold = hold  # keeps what waits from being cleared
        self._changed = threading.Condition()
        self._waiting: deque[File] = deque()
        self._current: File | None = None
        self._taken = False  # somebody calls ``next`` until there is none left
        self._stopped = False
        self._cancel: Callable[[], None] = _nothing
        self._paused = False
        self._problem: dict[str, Any] | None = None
        self._done = 0
        self._same = 0
        self._failures: list[Failure] = []
        self._took_s: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, files: Iterable[File]) -> bool:
        """Let files wait; tell whether somebody is needed to take them, until there are none."""
        with self._changing():
            self._waiting.extend(files)
            needed, self._taken = not self._taken, True
            return needed

    def next(self) -> File | None:
        """Wait while it is paused, and return the next file; None when there is none left."""
        with self._changing():
            self._changed.wait_for(lambda: not (self._paused and self._waiting))
            self._current = self._waiting.popleft() if self._waiting else None
            self._taken = self._current is not None
            self._stopped, self._cancel = False, _nothing
            return self._current

    def was(self, outcome: Outcome, seconds: float) -> None:
        """Note how the file under way ended: read, not read since an equal one was, given up."""
        with self._changing():
            self._current = None
            if outcome == "read":
                self._took_s.append(seconds)
            self._done += outcome != "stopped"
            self._same += outcome == "same"

    def was_refused(self, file: File, error: dict[str, Any]) -> None:
        """Note that it could not be read, and why."""
        with self._changing():
            self._current = None
            self._done += 1
            self._failures.append(Failure(file.name, error))

    def put_back(self, file: File, problem: dict[str, Any]) -> None:
        """Let the file under way be the next again, and pause: the others would fail alike."""
        with self._changing():
            self._current = None
            self._waiting.appendleft(file)
            self._paused, self._problem = True, problem

    def pause(self) -> None:
        """Begin no other file; the one under way ends."""
        with self._changing():
            self._paused = True

    def resume(self) -> None:
        """Go on."""
        with self._changing():
            self._paused, self._problem = False, None

    def stop(self) -> list[File]:
        """Give up the file under way, take away what waits, and return that."""
        with self._changing():
            left = list(self._waiting)
            self._waiting.clear()
            self._paused, self._problem = False, None
            self._stopped = True
            self._cancel()
            return left

    @property
    def stopped(self) -> bool:
        """Whether it was stopped since the file under way was taken."""
        with self._changed:
            return self._stopped

    def on_stop(self, cancel: Callable[[], None]) -> None:
        """Have ``cancel`` called when the file under way is to be given up, or was to be."""
        with self._changed:
            self._cancel = cancel
            if self._stopped:
                cancel()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Change inside, alone; then everybody looks again, and what waits is held."""
        with self._changed:
            yield
            files = [*self._waiting, *([self._current] if self._current else [])]
            self._hold(file.path for file in files if file.is_copy)
            self._changed.notify_all()

    def progress(self) -> Progress:
        """Return how it stands now."""
        with self._changed:
            left = len(self._waiting) + (self._current is not None)
            mean_s = sum(self._took_s) / len(self._took_s) if self._took_s else None
            return Progress(
                "done" if not left else "paused" if self._paused else "reading",
                self._done,
                left,
                self._same,
                tuple(self._failures),
                left * mean_s if mean_s is not None else None,
                self._problem,
            )
