"""The jobs as tools for clients of the Model Context Protocol, at ``/mcp``.

Not Gradio's own MCP server: it would need pydantic below 2.13, and fetches pictures from addresses.
The package mcp is an extra, so that nothing but ``[server] mcp`` imports this module.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi.concurrency import run_in_threadpool
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field
from starlette.types import ASGIApp

from app.api.errors import PictureNotInline, Refused, refused
from app.api.follow import ended
from app.api.jobs_schema import HtmlReply, JobName, JobReply, ReceiptReply, TextReply, reply_of
from app.api.pictures import from_data_uri
from app.api.programs import Asked, Programs, Said
from app.intake import Upload
from app.typed_paths import uploads_named
from history import HistoryError, Turn
from vision.errors import VisionError

Call = Context[Any, Any]  # whatever a server's lifespan and transport are
PictureName = Annotated[
    str,
    Field(
        description="A picture: uploads/NAME of a file in the folder ./uploads where Second Look "
        "was started, or a data URI. No address is fetched."
    ),
]
_Reply = TypeVar("_Reply", bound=JobReply)


@dataclass(frozen=True, slots=True)
class ToolServer:
    """The tools as an ASGI application, which answers while it is running."""

    app: ASGIApp
    running: Callable[[], AbstractAsyncContextManager[None]]


def tools(programs: Programs, max_body_bytes: int) -> ToolServer:
    """Return the server of ``[server] mcp``."""
    # It logs what a tool was called with.
    logging.getLogger("mcp").setLevel(logging.WARNING)
    offered = Tools(programs)
    server = MCPServer(
        "second-look",
        title="Second Look",
        version="1",
        instructions="Reads pictures on this machine: receipts, screenshots, text.",
    )
    for tool in (offered.receipt, offered.html, offered.text, offered.ask):
        server.add_tool(tool)
    # No session: each request stands alone, and a stop of the server leaves nobody waiting.
    app = server.streamable_http_app(
        stateless_http=True,
        json_response=True,
        max_request_body_size=max_body_bytes,
        # The guard has looked at Host and Origin.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return ToolServer(app, server.session_manager.run)


class Tools:
    """What clients may call; nothing of it is saved."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    async def receipt(self, picture: PictureName, call: Call) -> ReceiptReply:
        """Read a receipt or invoice: merchant, date, items, taxes, total, each checked."""
        return await self._done("receipt", picture, call, ReceiptReply)

    async def html(self, picture: PictureName, call: Call) -> HtmlReply:
        """Turn a screenshot of a page into one file of HTML."""
        return await self._done("html", picture, call, HtmlReply)

    async def text(self, picture: PictureName, call: Call) -> TextReply:
        """Read all text in a picture."""
        return await self._done("text", picture, call, TextReply)

    async def ask(self, picture: PictureName, question: str, call: Call) -> str:
        """Ask a question about a picture."""
        return (await self._turn(await self._said(picture, question), None, call)).reply

    async def _done(self, job: JobName, picture: str, call: Call, kind: type[_Reply]) -> _Reply:
        said = await self._said(picture, "")
        turn = await self._turn(said, job, call)
        decoder = self._programs.assistant.decoder
        reply = await run_in_threadpool(reply_of, job, turn, said.pictures, decoder)
        assert isinstance(reply, kind), "each job has its reply"
        return reply

    async def _said(self, picture: str, text: str) -> Said:
        root, limits = self._programs.uploads_root, self._programs.assistant.decoder.limits
        with _told():
            found = await run_in_threadpool(_pictures, picture, root, limits.max_bytes)
            return Said("user", text, tuple(found))

    async def _turn(self, said: Said, job: JobName | None, call: Call) -> Turn:
        with _told():
            run = await run_in_threadpool(self._programs.take, Asked((said,), job))
            return await ended(run, call.request_context.request)


@contextmanager
def _told() -> Iterator[None]:
    """Turn an expected error into a message for the client. Others pass, and are bugs."""
    try:
        yield
    except Refused as error:
        raise ToolError(str(error)) from error
    except (VisionError, HistoryError) as error:
        raise ToolError(str(refused(error))) from error


def _pictures(named: str, root: Path, max_bytes: int) -> list[Upload]:
    if named[:5].lower() == "data:":
        return [Upload("picture", from_data_uri(named))]
    if found := uploads_named(named, root, max_bytes):
        return found
    raise PictureNotInline(address=named[:60])
