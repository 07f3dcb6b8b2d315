"""Puts our script into the head of the page, before Gradio's own.

Gradio's ``head=`` is inserted by its code when that runs: too late for the theme, which would
flash, and for the widgets, which build on it.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class EarlyHead:
    """ASGI middleware: insert ``tags`` after ``<head>`` of the page at ``/``."""

    def __init__(self, app: ASGIApp, tags: str) -> None:
        self._app = app
        self._tags = tags.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; change the page on its way back."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await self._send(start, bytes(body), send)

        await self._app(scope, receive, collect)

    async def _send(self, start: Message, body: bytes, send: Send) -> None:
        body = body.replace(b"<head>", b"<head>" + self._tags, 1)
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})
