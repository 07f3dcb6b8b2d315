"""The rooms: for each user an application of their own, made when it is first needed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from app.access.lifespan import running


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Room:
    """What one user reaches, and nobody else."""

    app: ASGIApp
    stop: Callable[[], None] = _nothing  # ends what goes on in it


class Rooms:
    """The rooms by user; that of "" is for who has the server's own token."""

    def __init__(self, make: Callable[[str], Room], names: Iterable[str]) -> None:
        self._make = make
        self._rooms = {name: make(name) for name in names}
        self._lives: dict[str, AsyncExitStack] = {}  # what ends each room
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the rooms there are; in the end, end them and those that were made since."""
        try:
            for name, room in self._rooms.items():
                await self._start(name, room)
            yield
        finally:
            for life in list(self._lives.values()):
                await life.aclose()

    async def of(self, name: str) -> ASGIApp:
        """Return the room of somebody who is a user, made and started if it is the first time.

        Raise ``VisionError``, ``HistoryError``, ``OSError`` or ``RuntimeError`` where there can be
        none now.
        """
        if room := self._rooms.get(name):
            return room.app
        async with self._making:
            room = self._rooms.get(name) or await self._add(name)
            return room.app

    async def stop(self, names: Iterable[str]) -> None:
        """End the rooms of users who are no more, and what goes on in them."""
        for name in names:
            if room := self._rooms.pop(name, None):
                if life := self._lives.pop(name, None):
                    await life.aclose()
                await run_in_threadpool(room.stop)

    async def _add(self, name: str) -> Room:
        # In this thread, in which a loop runs, as Gradio wants: about 0.3 s, once.
        room = self._make(name)
        await self._start(name, room)
        self._rooms[name] = room
        return room

    async def _start(self, name: str, room: Room) -> None:
        life = AsyncExitStack()
        await life.enter_async_context(running(room.app))
        self._lives[name] = life
