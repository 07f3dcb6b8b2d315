"""The routes for programs as one application, and its place beside the page."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Security
from fastapi import HTTPException as TooLarge
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.chat import chat_routes
from app.api.errors import (
    ErrorReply,
    Refused,
    on_expected,
    on_http,
    on_invalid,
    on_refused,
)
from app.api.jobs import job_routes
from app.api.metrics import Metrics
from app.api.operations import operation_routes
from app.api.programs import Programs
from app.api.token import knows, token_for
from app.config import ConfigError, ServerConfig
from history import HistoryError
from vision.errors import VisionError

if TYPE_CHECKING:
    from app.api.tools import ToolServer

_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorReply},
    "5XX": {"model": ErrorReply},
}


def api(programs: Programs, token: str) -> FastAPI:
    """Return the routes of ``[server] api``."""
    app = FastAPI(
        title="Second Look",
        version="1",
        description="A local, private assistant for pictures.",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    closed = [Security(HTTPBearer(auto_error=False))] if token else []
    metrics = Metrics(programs.assistant)
    app.include_router(chat_routes(programs), dependencies=closed, responses=_ERRORS)
    app.include_router(job_routes(programs), dependencies=closed, responses=_ERRORS)
    app.include_router(operation_routes(programs.assistant, metrics))
    return app


_HANDLERS: Mapping[type[Exception], Any] = {
    Refused: on_refused,
    VisionError: on_expected,
    HistoryError: on_expected,
    RequestValidationError: on_invalid,
    HTTPException: on_http,
}


class Entrance:
    """ASGI application: sends a request to the page or to what programs ask, token first."""

    def __init__(
        self, page: ASGIApp, programs: Programs, server: ServerConfig, token: str | None = None
    ) -> None:
        self._page = page
        # "" where somebody else has looked who asks.
        self._token = token_for(server) if token is None else token
        most = 2 * server.max_upload_mib << 20  # a picture of the largest size in base64, and text
        self._api = BodyLimit(api(programs, self._token), most) if server.api else None
        self._tools = _tools(programs, most) if server.mcp else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            async with self._tools.running() if self._tools else nullcontext():
                await self._page(scope, receive, send)
            return
        target, is_open = self._target(scope)
        if not (is_open or knows(Headers(scope=scope), self._token)):
            said = "Send the token of this server: Authorization: Bearer …"
            await Refused(401, said, code="invalid_api_key").response()(scope, receive, send)
            return
        await target(scope, receive, send)

    def _target(self, scope: Scope) -> tuple[ASGIApp, bool]:
        """Return who answers a request, and whether it needs no token."""
        path = scope["path"] if scope["type"] == "http" else ""
        if self._api and (path in ("/healthz", "/metrics") or path.startswith("/v1/")):
            return self._api, path == "/healthz"
        if self._tools and path == "/mcp":
            return self._tools.app, False
        return self._page, not path.startswith("/gradio_api/upload")


def _tools(programs: Programs, most: int) -> "ToolServer":
    try:
        from app.api.tools import tools
    except ImportError as error:
        raise ConfigError(
            "[server]: mcp = true needs the package mcp: .venv/bin/pip install -e '.[mcp]'"
        ) from error
    return tools(programs, most)


class BodyLimit:
    """ASGI middleware: refuse a body of more than ``most`` bytes, without keeping it."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is received."""
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self._most:
            await Refused(413, self._said()).response()(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                # Of FastAPI: of what is raised while it reads a body, all else becomes a 400.
                raise TooLarge(413, self._said())
            return message

        await self._app(scope, counted, send)

    def _said(self) -> str:
        return f"The request is larger than {self._most:,} bytes. Send smaller pictures, or fewer."
