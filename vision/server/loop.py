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
        self._closed = asyncio.Event()
        opened: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="server", daemon=True
        )
        self._thread.start()
        self._loop = opened.result()

    def begin(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin ``work``; cancelling the future ends it at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Cancel all that is under way, and end the thread."""
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join(_CLOSE_S)

    def _run(self, opened: Future[asyncio.AbstractEventLoop]) -> None:
        async def until_closed() -> None:
            async with self._held:
                opened.set_result(asyncio.get_running_loop())
                await self._closed.wait()
                others = asyncio.all_tasks() - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)

        asyncio.run(until_closed())
