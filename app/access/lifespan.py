"""Runs the start and the end of an application inside another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[None]:
    """Start ``app``, as a server does, and end it. Raise ``RuntimeError`` if it does not start."""
    asked: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Message] = asyncio.Queue()
    asked.put_nowait({"type": "lifespan.startup"})

    async def run() -> None:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, asked.get, told.put)

    task = asyncio.create_task(run())
    # An application that breaks tells nothing.
    task.add_done_callback(lambda _: told.put_nowait({"type": "ended"}))
    message = await told.get()
    if message["type"] != "lifespan.startup.complete":
        raise RuntimeError(f"not started: {message.get('message', '')}")
    try:
        yield
    finally:
        asked.put_nowait({"type": "lifespan.shutdown"})
        await task
