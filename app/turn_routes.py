"""A turn's pictures and where their text stands, for the viewer; a reply's table as a file."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.assistant import Assistant
from app.found import found_in
from app.inside import inside
from app.page.i18n import words_for
from app.page.render import picture_url, printable
from app.plain_json import PlainJson
from history import HistoryError
from history.tables import Table, to_csv, to_xlsx

_KINDS = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
    "csv": ("text/csv; charset=utf-8", to_csv),
}
Row = Annotated[list[Annotated[str, Field(max_length=32_767)]], Field(max_length=500)]


class Asked(BaseModel, frozen=True, extra="forbid"):
    """A table as the page shows it."""

    columns: Row
    rows: Annotated[list[Row], Field(max_length=10_000)]


def turn_routes(assistant: Assistant) -> APIRouter:
    """Return ``/turn/{conversation}/{turn}``, ``/inside/…`` of it, and ``/table.{format}``."""
    router = APIRouter(include_in_schema=False)

    # Not async: it reads the disk.
    @router.get("/turn/{conversation}/{turn}")
    def pictures(conversation: str, turn: int) -> Response:
        try:
            found = assistant.store.turn(conversation, turn)
        except HistoryError as error:
            raise HTTPException(404) from error
        pictures = [
            {
                "src": picture_url(ref),
                "width": ref.width,
                "height": ref.height,
                "name": printable(ref.name),
            }
            for ref in found.images
        ]
        pairs = found.fields.get("pairs", []) if found.job == "compare" else []
        return PlainJson({"images": pictures, "lines": found_in(found), "pairs": pairs})

    @router.get("/inside/{conversation}/{turn}")
    def behind_the_scenes(conversation: str, turn: int, request: Request) -> Response:
        try:
            found = inside(assistant, conversation, turn)
        except HistoryError as error:
            raise HTTPException(404) from error
        bucket = words_for(cast("Any", request)).bucket
        memory = {bucket(name): size for name, size in found["memory"].items()}
        return PlainJson(found | {"memory": memory})

    @router.post("/table.{format}")
    def table(format: str, asked: Asked) -> Response:  # noqa: A002  the path's own name
        if format not in _KINDS:
            raise HTTPException(404)
        kind, make = _KINDS[format]
        width = len(asked.columns)
        rows = tuple(tuple([*row, *[""] * width][:width]) for row in asked.rows)
        headers = {"content-disposition": f'attachment; filename="table.{format}"'}
        return Response(make(Table(tuple(asked.columns), rows)), media_type=kind, headers=headers)

    return router
