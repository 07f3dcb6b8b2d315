"""Asking again: after a fault, while no text has come, and without what a server does not take."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vision.server.client import Client
from vision.server.errors import RefusedThere
from vision.server.faults import KNOWN, PAUSES_S, Fault, fault_of
from vision.server.replies import Piece
from vision.server.wire import Body, without

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seen:
    """How far a try came; passes the pieces on."""

    take: Callable[[Piece], None]
    begun: bool = False
    said: bool = False

    def __call__(self, piece: Piece) -> None:
        self.begun = True
        self.said = self.said or bool(piece.text)
        self.take(piece)


@dataclass(slots=True)
class Asking:
    """Asks a server for replies, and remembers what it does not take."""

    client: Client
    unknown: frozenset[str] = field(default=frozenset())  # optional fields that it refused

    async def reply(self, body: Body, take: Callable[[Piece], None]) -> None:
        """Hand each piece of a reply to ``take``. Raise ``VisionError``."""
        wanted = {name: value for name, value in body.items() if name not in self.unknown}
        body, pauses = wanted, iter(PAUSES_S)
        while (fault := await self._try(body, take)) is not None:
            fewer = without(body, str(fault.error))
            if isinstance(fault.error, RefusedThere) and fewer.keys() != body.keys():
                body = fewer
                continue
            pause = next(pauses, None)
            if not fault.again or pause is None:
                raise fault.error
            log.warning("asking again in_s=%.1f: %s", max(pause, fault.wait_s), fault.error)
            await asyncio.sleep(max(pause, fault.wait_s))
        self.unknown |= wanted.keys() - body.keys()

    async def _try(self, body: Body, take: Callable[[Piece], None]) -> Fault | None:
        """Return what went wrong, if anything. Raise ``ServerSilent``."""
        seen = _Seen(take)
        try:
            await self.client.reply(body, seen)
        except KNOWN as error:
            # Not raised from it: the library's error holds the request, key and pictures in it.
            fault = fault_of(error, self.client.asked(body["model"]), begun=seen.begun)
            return replace(fault, again=fault.again and not seen.said)
        return None
