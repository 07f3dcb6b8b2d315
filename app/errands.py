"""Work for the thread that owns the engine, done between two replies."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Errands:
    """What the worker is asked to do besides replies, first in first out.

    ``wake`` is called after each asking: a worker that waits for a prompt must look here, too.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        # Any: each errand has its own result.
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()

    def ask(self, work: Callable[[], T]) -> Future[T]:
        """Have ``work`` done before the next reply begins; from any thread."""
        future: Future[T] = Future()
        self._asked.put((work, future))
        self._wake()
        return future

    def do_all(self) -> None:
        """Do what has been asked for so far; for the worker alone."""
        while (asked := self._next()) is not None:
            work, future = asked
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001  it is raised where it is awaited
                future.set_exception(error)
            else:
                future.set_result(result)

    def refuse_all(self) -> None:
        """Cancel what has been asked for: the worker ends."""
        while (asked := self._next()) is not None:
            asked[1].cancel()

    def _next(self) -> tuple[Callable[[], Any], Future[Any]] | None:
        try:
            return self._asked.get_nowait()
        except Empty:
            return None
