"""History over HTTP: exports as downloads, an import as an upload.

Routes of our own, because a file that is made on the click of Gradio's DownloadButton is never
downloaded (ui-facts.md). What is made lies under ./tmp until it is sent.
"""

import mimetypes
import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, get_args
from urllib.parse import unquote
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from app.errors import TmpUnusable
from history import HistoryError, ImportRefused, Store
from history.export import Format, export
from history.importing import import_file
from history.limits import MAX_ARCHIVE_BYTES
from history.pages import pages
from history.plot import latencies, write_plot
from history.receipts import receipts
from history.selection import Selection
from history.tables import write_table

_TRIES = 3
_PIECE = 1 << 18  # bytes


def routes(store: Store, folder: Path) -> APIRouter:
    """Return ``/export/{what}.{format}`` and ``/import``; ``folder`` holds files in the making."""
    router = APIRouter(include_in_schema=False)

    # Not async: an export reads the disk, and may take a while.
    @router.get("/export/{what}.{format}")
    def exported(
        what: str,
        format: str,  # noqa: A002  the path's own name
        turn: int | None = None,
        ids: str = "",
        metadata: bool = False,
    ) -> Response:
        make = maker(store, what, format, turn, ids, metadata=metadata)
        if make is None:
            raise HTTPException(404)
        name = f"{what}.{format}" if turn is None else f"{what}-{turn}.{format}"
        return _made(folder, name, make)

    @router.post("/import")
    async def imported(request: Request) -> Response:
        name = Path(unquote(request.headers.get("x-name", "import.zip"))).name
        try:
            path = await run_in_threadpool(_place, folder, name)
            try:
                await _receive(request, path)
                done = await run_in_threadpool(_import, store, path, name)
            finally:
                path.unlink(missing_ok=True)
        except HistoryError as error:
            return JSONResponse({"error": error.record()})
        except OSError as error:
            said = TmpUnusable(folder=folder, reason=error.strerror)
            return JSONResponse({"error": said.record()})
        return JSONResponse(done)

    return router


def maker(
    store: Store,
    what: str,
    format: str,  # noqa: A002  the path's own name
    turn: int | None = None,
    ids: str = "",
    *,
    metadata: bool = False,
) -> Callable[[Path], object] | None:
    """Return what writes an export to a path, or None for what there is not.

    It raises ``HistoryError``. ``metadata`` leaves in photos where they were taken.
    """
    if table := _TABLES.get(f"{what}.{format}"):
        return lambda path: table(store, path)
    if format not in get_args(Format):
        return None
    kind: Format = format  # type: ignore[assignment]  # it was looked up
    selected = _selection(what, turn, ids)
    return lambda path: export(store, path, kind, selected, metadata=metadata)


def _selection(what: str, turn: int | None, ids: str) -> Selection | None:
    if what == "everything":
        return None
    if what == "selection":
        return dict.fromkeys(filter(None, ids.split(",")))
    return {what: None if turn is None else [turn]}


def _receipts(store: Store, path: Path) -> None:
    write_table(receipts(store), path)


def _pages(store: Store, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in pages(store):
            archive.writestr(page.name, page.html)


def _plot(store: Store, path: Path) -> None:
    # It draws two files, of which one is asked for.
    for drawn in write_plot(latencies(store), path):
        if drawn.suffix != path.suffix:
            drawn.unlink()


_TABLES: dict[str, Callable[[Store, Path], None]] = {
    "receipts.csv": _receipts,
    "receipts.xlsx": _receipts,
    "pages.zip": _pages,
    "latencies.png": _plot,
    "latencies.svg": _plot,
}


def _made(folder: Path, name: str, make: Callable[[Path], object]) -> Response:
    try:
        file = _opened(folder, name, make)
    except HistoryError as error:
        # The link is followed by a browser, which shows this as it is.
        raise HTTPException(404, f"{error} {error.hint}".strip()) from error
    except OSError as error:
        raise _no_room(folder, error) from error
    headers = {
        "content-length": str(os.fstat(file.fileno()).st_size),
        "content-disposition": f'attachment; filename="{name}"',
    }
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    pieces = iter(partial(file.read, _PIECE), b"")
    ended = BackgroundTask(file.close)
    return StreamingResponse(pieces, media_type=kind, headers=headers, background=ended)


def _opened(folder: Path, name: str, make: Callable[[Path], object]) -> IO[bytes]:
    """Make an export, and return it open and without a name: no clear can delete it any more."""
    for attempt in range(_TRIES):
        path = _place(folder, name)
        try:
            make(path)
            return path.open("rb")
        except FileNotFoundError:
            # A deep clear came while nobody had it open.
            if attempt == _TRIES - 1:
                raise
        finally:
            path.unlink(missing_ok=True)
    raise AssertionError("it returns or raises")


def _no_room(folder: Path, error: OSError) -> HTTPException:
    said = TmpUnusable(folder=folder, reason=error.strerror)
    return HTTPException(507, f"{said} {said.hint}")


def _place(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{uuid4().hex}{Path(name).suffix.lower()[:8]}"


async def _receive(request: Request, path: Path) -> None:
    """Write the body, or as much of it as shows that there is too much: the import says so.

    All of it is taken: a browser that is cut off hears no reason.
    """
    with path.open("xb") as file:
        async for piece in request.stream():
            if file.tell() <= MAX_ARCHIVE_BYTES:
                file.write(piece)


def _import(store: Store, path: Path, name: str) -> dict[str, Any]:
    try:
        done = import_file(store, path)
    except ImportRefused as error:
        # Under the name the user knows: here the file had one of ours.
        raise type(error)(**(error.values | {"file": name})) from error
    return {"turns": done.turns, "skipped": len(done.skipped)}
