"""A turn's page over HTTP: what the panel shows, what the user edits, the page as files."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any, cast

from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from app.assistant import Assistant
from app.errors import StillReplying
from app.jobs.webpage.check.checking import Checker
from app.jobs.webpage.check.render import Rgb, renderer
from app.jobs.webpage.check.sight import of_screenshot
from app.jobs.webpage.clean import cleaned
from app.jobs.webpage.crops import archive, inline, pieces
from app.jobs.webpage.record import Version, edit, edit_of, versions_of
from app.page.i18n import Words, words_for
from app.page.render import picture_url
from app.page.webpage_panel import panel
from history import HistoryError, ImageRef, Store, Turn
from vision.engine import Line
from vision.errors import VisionError
from vision.images import Decoder

_MOST = 2_000_000  # characters of a page that the user may save

Page = Annotated[str, Body(embed=True, max_length=_MOST, min_length=1)]


def webpage_routes(assistant: Assistant) -> APIRouter:
    """Return ``/webpage/{conversation}/{turn}``: look at a page, edit it, take it as a file."""
    router = APIRouter(include_in_schema=False, prefix="/webpage")
    store, decoder = assistant.store, assistant.decoder

    # Not async: they decode a picture and may draw a page.
    @router.get("/{conversation}/{turn}")
    def shown(conversation: str, turn: int, request: Request) -> Response:
        found = _turn(store, conversation, turn)
        return JSONResponse(_panel(store, decoder, found, words_for(cast("Any", request))))

    @router.post("/{conversation}/{turn}")
    def edited(conversation: str, turn: int, html: Page, request: Request) -> Response:
        words = words_for(cast("Any", request))
        try:
            changed = _edit(assistant, conversation, turn, html)
        except (HistoryError, VisionError) as error:
            return JSONResponse({"problem": words.error(error.record())}, status_code=409)
        return JSONResponse(_panel(store, decoder, changed, words))

    @router.get("/{conversation}/{turn}/page.{format}")
    def taken(conversation: str, turn: int, format: str, version: int = -1) -> Response:  # noqa: A002
        found = _turn(store, conversation, turn)
        versions, last = _versions(found)
        place = last if version < 0 else version
        if format not in _FILES or place >= len(versions):
            raise HTTPException(404)
        media_type, make = _FILES[format]
        rgb = _pixels(store, decoder, found)
        content = make(versions[place].html, rgb)
        name = f"page-{conversation}-{turn}.{format}"
        # Never shown as a page of this address: it may hold what the user wrote into it.
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media_type, headers=headers)

    return router


def _turn(store: Store, conversation: str, turn_id: int) -> Turn:
    try:
        turn = store.turn(conversation, turn_id)
        _versions(turn)
    except (HistoryError, ValueError) as error:
        raise HTTPException(404) from error
    return turn


def _versions(turn: Turn) -> tuple[Sequence[Version], int]:
    """Return a page's versions, the user's own among them, and the place of the one in use."""
    versions = versions_of(turn.fields)
    edit = edit_of(turn.corrections)
    if edit is None:
        return versions, int(turn.fields["shown"])
    same = [place for place, each in enumerate(versions) if each.html == edit.html]
    return (versions, same[0]) if same else ([*versions, edit], len(versions))


def _edit(assistant: Assistant, conversation: str, turn_id: int, html: str) -> Turn:
    """Keep the page as the user wants it. Raise ``HistoryError``, ``VisionError``."""
    run = assistant.run(conversation)
    if run and run.snapshot().turn.id == turn_id:
        raise StillReplying  # its end would write the turn without the edit
    turn = assistant.store.turn(conversation, turn_id)
    version = _checked(assistant, turn, html)
    return assistant.store.correct(conversation, turn_id, edit(version))


def _checked(assistant: Assistant, turn: Turn, html: str) -> Version:
    rgb = _pixels(assistant.store, assistant.decoder, turn)
    if rgb is None:
        return Version(html, "user")
    lines = [
        Line(str(each["text"]), tuple(each["bbox"]), float(each["score"])) for each in turn.lines
    ]
    with renderer() as browser:
        # Drawn as it would be by itself; kept as it was typed.
        drawn = Checker(rgb, of_screenshot(rgb, lines), browser).version(cleaned(html).html, "user")
    return replace(drawn, html=html)


def _panel(store: Store, decoder: Decoder, turn: Turn, words: Words) -> dict[str, Any]:
    versions, shown = _versions(turn)
    rgb = _pixels(store, decoder, turn)
    source = _source(turn.fields["picture"]) if rgb is not None else None
    drawn = panel(versions, shown, source, turn.fields.get("notes") or [], words)
    crops = {} if rgb is None else pieces([each.html for each in versions], rgb)
    return drawn | {"crops": crops}


def _source(picture: Mapping[str, Any]) -> dict[str, Any]:
    ref = ImageRef(**{key: picture[key] for key in ("sha256", "format", "width", "height")})
    return {"src": picture_url(ref), "width": ref.width, "height": ref.height}


def _pixels(store: Store, decoder: Decoder, turn: Turn) -> Rgb | None:
    """Return the screenshot of a page; None where it is gone."""
    picture = turn.fields.get("picture")
    if not picture:
        return None
    with suppress(HistoryError, VisionError, OSError):
        path = store.image_path(str(picture["sha256"]), str(picture["format"]))
        return decoder.decode(path.read_bytes()).rgb
    return None


def _html(html: str, rgb: Rgb | None) -> bytes:
    return (html if rgb is None else inline(html, rgb)).encode("utf-8", "replace")


def _zip(html: str, rgb: Rgb | None) -> bytes:
    return archive(html, rgb)


_FILES: Mapping[str, tuple[str, Callable[[str, Rgb | None], bytes]]] = {
    "html": ("text/html; charset=utf-8", _html),
    "zip": ("application/zip", _zip),
}
