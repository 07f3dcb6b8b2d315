"""A folder at once over HTTP: files in, how far it is, what is to be checked, a table out."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, cast, get_args
from urllib.parse import quote, unquote

from fastapi import APIRouter, Body, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from app.assistant import Assistant
from app.folder.folders import Act, Folders
from app.page import folder_panel
from app.page.i18n import Words, words_for
from app.tmp_folder import TmpFolder
from history import HistoryError
from history.receipts import table_of
from history.tables import to_csv, to_xlsx
from vision.errors import VisionError

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLES: dict[str, tuple[str, Callable[..., bytes]]] = {
    "csv": ("text/csv; charset=utf-8", to_csv),
    "xlsx": (_SHEET, to_xlsx),
}

Text = Annotated[str, Body(embed=True, max_length=1_000)]


def folder_routes(
    assistant: Assistant, tmp: TmpFolder, max_bytes: int, uploads_root: Path | None = None
) -> APIRouter:
    """Return ``/folder``; a file of more than ``max_bytes`` is not received to its end."""
    folders = Folders(assistant, tmp, (uploads_root or Path.cwd()) / "uploads", max_bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        folders.close()

    router = APIRouter(include_in_schema=False, prefix="/folder", lifespan=lifespan)
    _add_looks(router, folders)
    _add_acts(router, folders, max_bytes)
    return router


def _add_looks(router: APIRouter, folders: Folders) -> None:
    # Not async: they read the disk, and that may take a while.

    @router.get("")
    def overview(request: Request) -> dict[str, Any]:
        words = _words(request)
        shown = folder_panel.overview(folders.all(), folders.places(), words)
        return shown | {"words": folder_panel.words_of(words), "now": _now(folders, words)}

    @router.get("/now")
    def now(request: Request) -> dict[str, Any]:
        return {"now": _now(folders, _words(request))}

    @router.get("/queue")
    def queue(tag: str, request: Request) -> dict[str, Any]:
        words = _words(request)
        # How far it is comes first: what is read meanwhile is among the rows, or looked for again.
        return {"now": _now(folders, words), "rows": folder_panel.queue(folders.turns(tag), words)}

    @router.get("/table.{format}")
    def table(format: str, tag: str) -> Response:  # noqa: A002  the path's own name
        if format not in _TABLES:
            raise HTTPException(404)
        media_type, make = _TABLES[format]
        read = table_of((conversation.id, turn) for conversation, turn in folders.turns(tag))
        name = quote(f"{tag.removesuffix('/')}.{format}", safe="")
        headers = {"content-disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(make(read), media_type=media_type, headers=headers)


def _add_acts(router: APIRouter, folders: Folders, max_bytes: int) -> None:
    @router.post("/open")
    def opened(name: Text, request: Request) -> Response:
        return _done(lambda: folders.open(name), request)

    @router.post("/place")
    def place(name: Text, request: Request) -> Response:
        return _done(lambda: folders.add_place(name), request)

    @router.post("/files")
    async def file(tag: str, request: Request) -> Response:
        opened = await run_in_threadpool(_done, lambda: folders.open(tag), request)
        if opened.status_code != HTTPStatus.OK:
            return opened
        path = await run_in_threadpool(folders.place)
        try:
            await _receive(request, path, max_bytes)
        except ClientDisconnect:
            path.unlink()
            raise
        name = unquote(request.headers.get("x-name", ""))
        return await run_in_threadpool(_done, lambda: folders.add_copy(tag, name, path), request)

    @router.post("/{act}")
    def act(act: str, tag: Text, request: Request) -> Response:
        if act not in get_args(Act):
            raise HTTPException(404)
        return _done(lambda: folders.act(tag, cast("Act", act)), request)


def _now(folders: Folders, words: Words) -> dict[str, Any] | None:
    now = folders.now()
    return folder_panel.progress(*now, words) if now else None


def _done(work: Callable[[], str | None], request: Request) -> Response:
    """Do what was asked; return the folder's tag, or why not."""
    try:
        return JSONResponse({"tag": work()})
    except (VisionError, HistoryError) as error:
        problem = _words(request).error(error.record())
        return JSONResponse({"problem": problem}, status_code=409)


async def _receive(request: Request, path: Path, max_bytes: int) -> None:
    """Write the body, or as much of it as shows that there is too much: the reading says so."""
    received = 0
    with path.open("xb") as file:
        async for piece in request.stream():
            file.write(piece)
            received += len(piece)
            if received > max_bytes:
                return


def _words(request: Request) -> Words:
    # Gradio's request passes cookies and headers on to this one.
    return words_for(cast("Any", request))
