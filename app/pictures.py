"""Pictures and the page's own files over HTTP: only what we stored, only as what it is."""

import re
from contextlib import suppress
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from app.intake import THUMBNAIL_SIDE
from history import HistoryError, Store
from history.metadata import without_metadata
from vision.errors import VisionError
from vision.images import Decoder

# What browsers draw themselves; the rest is sent as a WebP made from it.
_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "avif": "image/avif",
}
_NAME = re.compile(r"[0-9a-f]{64}")
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}  # the name is the content
_PREVIEW_SIDE = 2_048  # pixels


def routes(store: Store, decoder: Decoder, static: Path, examples: Path) -> APIRouter:
    """Return the routes ``/pictures``, ``/thumbnails``, ``/page`` and ``/examples``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/pictures/{sha256}.{format}")
    async def picture(sha256: str, format: str) -> Response:  # noqa: A002  the path's own name
        path = _existing(store.image_path(_checked(sha256), format) if format.isalnum() else None)
        content, media_type = await run_in_threadpool(_leaving, path, format, decoder)
        return Response(content, media_type=media_type, headers=_FOREVER)

    @router.get("/thumbnails/{sha256}.webp")
    async def thumbnail(sha256: str) -> Response:
        path = store.thumbnail_path(_checked(sha256))
        if not path.is_file():  # imported, or lost: made again from the picture
            await run_in_threadpool(_make_thumbnail, store, decoder, sha256)
        path = _existing(path)
        return FileResponse(path, media_type="image/webp", headers=_FOREVER)

    @router.get("/page/{name}")
    async def static_file(name: str) -> Response:
        return FileResponse(_listed(static, name), headers={"cache-control": "no-cache"})

    @router.get("/examples/{name}")
    async def example(name: str) -> Response:
        return FileResponse(_listed(examples, name))

    return router


def _leaving(path: Path, format_: str, decoder: Decoder) -> tuple[bytes, str]:
    """Return what a browser shows, and saves: without what tells where a photo was taken."""
    content = path.read_bytes()
    if media_type := _TYPES.get(format_):
        with suppress(ValueError):
            return without_metadata(content, format_), media_type
    return decoder.preview(content, _PREVIEW_SIDE), "image/webp"


def _make_thumbnail(store: Store, decoder: Decoder, sha256: str) -> None:
    thumbnail = store.thumbnail_path(sha256)
    for picture in thumbnail.parent.glob(f"{sha256}.*"):
        with suppress(VisionError, HistoryError):
            data = decoder.preview(picture.read_bytes(), THUMBNAIL_SIDE)
            store.put_thumbnail(sha256, data)


def _checked(sha256: str) -> str:
    if not _NAME.fullmatch(sha256):
        raise HTTPException(404)
    return sha256


def _existing(path: Path | None) -> Path:
    if path is None or not path.is_file():
        raise HTTPException(404)
    return path


def _listed(folder: Path, name: str) -> Path:
    # Compared with what is there, never joined: no name leads anywhere else.
    for path in folder.iterdir():
        if path.name == name and path.is_file():
            return path
    raise HTTPException(404)
