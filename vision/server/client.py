"""One request to a server at a time of asking: the list of models, or one try at a reply."""

import asyncio
import logging
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any, Self

import openai
from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient, Omit, Timeout

from vision.server.access import Address
from vision.server.errors import ModelUnknown, ServerSilent, ServerUnreachable
from vision.server.faults import Asked, fault_of
from vision.server.models import Served, served
from vision.server.replies import Malformed, Piece, piece_of
from vision.server.wire import Body
from vision.settings import EngineSettings

_SEND_S = 60.0  # without a byte of the request going out: pictures over a slow line


class Client:
    """The client library, told to do nothing by itself: no retries, no redirects, no environment.

    All is to be done in one event loop, in which it is an open context.
    """

    def __init__(self, address: Address, key: str, settings: EngineSettings) -> None:
        # They would log the address at each turn, and on request more.
        for name in ("openai", "httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._settings = settings
        self._address = address
        self._key = key
        self._headers = {} if key else _omitted("Authorization")
        self._library = AsyncOpenAI(
            base_url=address.base_url,
            api_key=key or "none",  # else it would take one from the environment
            default_headers=_omitted("OpenAI-Organization", "OpenAI-Project"),  # these, too
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                timeout=Timeout(None, connect=settings.connect_timeout_s, write=_SEND_S),
                follow_redirects=False,  # to where no picture was meant to go
                # Nor through a proxy of the environment, where the server is on this machine.
                trust_env=not address.loopback,
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._library.close()

    def asked(self, model: str = "") -> Asked:
        """Return who is asked for what, for the sentences about it."""
        return Asked(self._address.shown, model, self._key, self._settings.connect_timeout_s)

    async def models(self) -> list[Served]:
        """List the models; none where the server has no list. Raise ``VisionError``."""
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                # Its own list of models trips over an answer that is none.
                options: Any = {"headers": self._headers}
                return served(await self._library.get("/models", cast_to=object, options=options))
        except TimeoutError as error:
            raise self._silent("connect_timeout_s") from error
        except (Malformed, JSONDecodeError, UnicodeDecodeError) as error:
            reason = "what answers there has no list of models"
            raise ServerUnreachable(server=self._address.shown, reason=reason) from error
        except openai.APIError as error:
            fault = fault_of(error, self.asked(), begun=False).error
            if isinstance(fault, ModelUnknown):
                return []
            raise fault from error

    async def reply(self, body: Body, take: Callable[[Piece], None]) -> None:
        """Try once to have a reply, and hand each piece of it to ``take``.

        Raise ``ServerSilent``, and what ``faults.KNOWN`` has.
        """
        settings, loop = self._settings, asyncio.get_running_loop()
        patience = "first_token_timeout_s"
        finished = False
        try:
            async with (
                asyncio.timeout(settings.first_token_timeout_s) as limit,
                await self._events(body) as events,
            ):
                take(Piece())  # it has answered
                async for event in events:
                    piece = piece_of(event)
                    take(piece)
                    finished = finished or piece.finish is not None
                    if piece.text:
                        patience = "token_timeout_s"
                    if patience == "token_timeout_s":
                        limit.reschedule(loop.time() + settings.token_timeout_s)
        except TimeoutError as error:
            raise self._silent(patience) from error
        if not finished:
            raise Malformed("it ended without a reason")

    async def _events(self, body: Body) -> AsyncStream[object]:
        # Not ``create``, which walks through all messages first, 20 ms in a long conversation, and
        # builds a model of each event without checking it.
        return await self._library.post(
            "/chat/completions",
            body=body,
            options={"headers": self._headers},
            cast_to=object,
            stream=True,
            stream_cls=AsyncStream[object],
        )

    def _silent(self, key: str) -> ServerSilent:
        seconds = getattr(self._settings, key)
        return ServerSilent(server=self._address.shown, seconds=seconds, key=key)


def _omitted(*names: str) -> dict[str, Any]:  # the library's own mark; its types allow it in part
    return {name: Omit() for name in names}
