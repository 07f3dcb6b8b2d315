"""A draft's pictures over HTTP: in, as a thumbnail, and away again."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, Response

from app.uploads import Uploads
from vision.errors import VisionError


def upload_routes(uploads: Uploads, max_bytes: int) -> APIRouter:
    """Return ``/uploads``; a picture of more than ``max_bytes`` is not received to its end."""
    router = APIRouter(include_in_schema=False)

    @router.post("/uploads")
    async def upload(request: Request) -> Response:
        name = Path(unquote(request.headers.get("x-name", ""))).name
        try:
            data = await _received(request, max_bytes)
            attached = await run_in_threadpool(uploads.add_all, name, data)
        except VisionError as error:
            return JSONResponse({"error": error.record()})
        return JSONResponse({"files": [each.record() for each in attached]})

    @router.get("/uploads/{upload_id}.webp")
    async def thumbnail(upload_id: str) -> Response:
        return FileResponse(_existing(uploads, upload_id), media_type="image/webp")

    @router.delete("/uploads/{upload_id}")
    async def remove(upload_id: str) -> dict[str, Any]:
        _existing(uploads, upload_id)
        await run_in_threadpool(uploads.remove, upload_id)
        return {}

    return router


async def _received(request: Request, max_bytes: int) -> bytes:
    """Return the body, or as much of it as shows that there is too much: the decoder says so."""
    pieces, received = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        received += len(piece)
        if received > max_bytes:
            break
    return b"".join(pieces)


def _existing(uploads: Uploads, upload_id: str) -> Path:
    try:
        path = uploads.thumbnail(upload_id)
    except VisionError as error:
        raise HTTPException(404) from error
    if not path.is_file():
        raise HTTPException(404)
    return path
