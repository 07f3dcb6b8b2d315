"""What of Gradio is open: the routes that the page asks for, and no other.

Gradio 6.31 has some ninety routes. Among them are ones that fetch an address (``proxy=``,
``file=http…``), write files (``deep_link``, ``vibe-edit``), or describe the API. A newer version
may bring more. So what is not named here is not there.
"""

import re
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READ, _SENT = {"GET", "HEAD"}, {"POST"}
_PAGE = (
    (_READ, re.compile(r"/(?:theme\.css|config)?")),
    (_READ, re.compile(r"/assets/[\w.-]+|/static/(?:js|css|fonts|img)/[\w./-]+")),
    (_READ, re.compile(r"/gradio_api/(?:heartbeat/\w+|queue/data)")),
    (_SENT, re.compile(r"/gradio_api/(?:run/predict|queue/join|cancel|reset)")),
)
_PROGRAMS = (  # what gradio_client asks for, too
    (_READ, re.compile(r"/gradio_api/(?:info|call/\w+/\w+)")),
    (_SENT, re.compile(r"/gradio_api/(?:upload|call/\w+)")),
)
_FILE = "/gradio_api/file="
# A program may have uploaded anything, a page with scripts too: opened here, it would be our page.
_TO_BE_SAVED = {
    "content-disposition": "attachment",
    "content-security-policy": "sandbox; default-src 'none'",
}


class Narrow:
    """ASGI middleware around Gradio: let through what is open."""

    def __init__(self, gradio: ASGIApp, files: Path | None = None) -> None:
        self._gradio = gradio
        self._open = _PAGE if files is None else (*_PAGE, *_PROGRAMS)
        self._files = files  # of which programs may ask; None: nobody may ask for any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say that there is no such thing."""
        if scope["type"] == "http" and self._is_open(scope["method"], scope["path"]):
            is_file = scope["path"].startswith(_FILE)
            await self._gradio(scope, receive, _to_be_saved(send) if is_file else send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("Not found.", status_code=404)(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        if ".." in path:
            return False
        if path.startswith(_FILE):
            return method in _READ and self._is_made_here(path.removeprefix(_FILE))
        return any(method in methods and shape.fullmatch(path) for methods, shape in self._open)

    def _is_made_here(self, name: str) -> bool:
        """Tell whether a name is that of a file which was uploaded or made here, not of a link."""
        if self._files is None or not name.startswith("/") or "\0" in name:
            return False
        path = Path(name)
        return path.is_file() and path.resolve().is_relative_to(self._files.resolve())


def _to_be_saved(send: Send) -> Send:
    """Return ``send`` for a file, which no browser is to show or to run."""

    async def send_as_file(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_TO_BE_SAVED)
        await send(message)

    return send_as_file
