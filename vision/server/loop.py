"""An event loop in a thread of its own, so that what waits for a server can be cancelled.

A thread that waits in ``recv`` for a first token cannot be told to stop; a task can. Cancelling one
closes its connection, and that is how a server learns that nobody wants the reply any more.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

Result = TypeVar("Result")

_CLOSE_S = 5.0


class Loop:
    """Runs coroutines for any thread, from its making until ``close``, with ``held`` open."""

    def __init__(self, held: AbstractAsyncContextManager[Any]) -> None:
        self._held = held
        self._begun: set[asyncio.Task[Any]] = set()  # theirs to cancel are the tasks they made
        self._closed = asyncio.Event()
        self._ended = False
        self._lock = threading.Lock()  # guards _ended: what was begun before the end has a task
        opened: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="server", daemon=True
        )
        self._thread.start()
        self._loop = opened.result()

    def begin(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin ``work``; cancelling the future ends it at once, as ``close`` did or does."""
        with self._lock:
            if not self._ended:
                return asyncio.run_coroutine_threadsafe(self._noted(work), self._loop)
        work.close()
        cancelled: Future[Result] = Future()
        cancelled.cancel()
        return cancelled

    def close(self) -> None:
        """Cancel all that is under way, and end the thread."""
        with self._lock:
            if not self._ended:
                self._loop.call_soon_threadsafe(self._closed.set)
            self._ended = True
        self._thread.join(_CLOSE_S)

    def _run(self, opened: Future[asyncio.AbstractEventLoop]) -> None:
        async def until_closed() -> None:
            async with self._held:
                opened.set_result(asyncio.get_running_loop())
                await self._closed.wait()
                for task in self._begun:
                    task.cancel()
                await asyncio.gather(*self._begun, return_exceptions=True)

        asyncio.run(until_closed())

    async def _noted(self, work: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.current_task()
        assert task
        self._begun.add(task)
        try:
            return await work
        finally:
            self._begun.discard(task)
