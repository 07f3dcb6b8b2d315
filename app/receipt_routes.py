"""A turn's receipts over HTTP: what the panel shows, what the user corrects, one as a file."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from app.assistant import Assistant
from app.errors import StillReplying
from app.look import SIZE, look
from app.naming import full_name, rename
from app.page.i18n import Words, words_for
from app.page.receipt_panel import Likeness, panel
from app.page.render import printable
from app.receipt_corrections import kept
from history import HistoryError, NotFound, Store, Turn
from history.duplicates import duplicates, keep_looks, unseen_pictures
from history.fields import value_of
from history.receipt_markdown import receipt_markdown
from history.receipts import table_of
from history.receipts_seen import Seen, seen_in
from history.tables import to_csv, to_xlsx
from vision.errors import VisionError
from vision.images import Decoder

_LOOKS_AT_ONCE = 20  # new pictures that are looked at before a panel is shown: after an import
_MOST_CHANGES = 200
_LONGEST_NAME = 80  # characters

Changes = Annotated[dict[str, Any], Body(max_length=_MOST_CHANGES)]  # whatever JSON holds


def receipt_routes(assistant: Assistant) -> APIRouter:
    """Return ``/receipt/{conversation}/{turn}``: read it, correct it, take it away as a file."""
    router = APIRouter(include_in_schema=False, prefix="/receipt")
    store = assistant.store

    # Not async: they read the disk, and that may take a while.
    @router.get("/{conversation}/{turn}")
    def shown(conversation: str, turn: int, request: Request) -> Response:
        found = _turn(store, conversation, turn)
        _look_at_new(store, assistant.decoder)
        return JSONResponse(_panel(store, conversation, found, _words(request)))

    @router.post("/{conversation}/{turn}")
    def corrected(conversation: str, turn: int, changes: Changes, request: Request) -> Response:
        words = _words(request)
        try:
            changed = _correct(assistant, conversation, turn, changes)
        except (HistoryError, VisionError) as error:
            return JSONResponse({"problem": words.error(error.record())}, status_code=409)
        return JSONResponse(_panel(store, conversation, changed, words))

    @router.get("/{conversation}/{turn}/{number}.{format}")
    def taken(
        conversation: str,
        turn: int,
        number: int,
        format: str,  # noqa: A002  the path's own name
        request: Request,
    ) -> Response:
        found = _turn(store, conversation, turn)
        seen = next((each for each in seen_in(found) if each.number == number), None)
        if seen is None or format not in _FILES:
            raise HTTPException(404)
        media_type, make = _FILES[format]
        content = make(conversation, found, seen, _words(request))
        ending = format.replace("items", "items.csv")
        name = quote(f"{_file_name(seen)}.{ending}", safe="")
        headers = {"content-disposition": f"attachment; filename*=utf-8''{name}"}
        return Response(content, media_type=media_type, headers=headers)

    return router


def _turn(store: Store, conversation: str, turn_id: int) -> Turn:
    try:
        return store.turn(conversation, turn_id)
    except HistoryError as error:
        raise HTTPException(404) from error


def _correct(assistant: Assistant, conversation: str, turn_id: int, changes: Changes) -> Turn:
    """Keep what the user changed. Raise ``HistoryError``, ``VisionError``."""
    run = assistant.run(conversation)
    if run and run.snapshot().turn.id == turn_id:
        raise StillReplying  # its end would write the turn without the correction
    before = ""

    def checked(turn: Turn) -> Mapping[str, Any]:
        nonlocal before
        before = full_name(turn)
        return kept(turn, changes)

    # Checked where no other correction can come between: the sums are of all that stands there.
    changed = assistant.store.correct(conversation, turn_id, checked)
    rename(assistant.store, conversation, changed, before)
    return changed


def _panel(store: Store, conversation: str, turn: Turn, words: Words) -> dict[str, Any]:
    return panel(turn, conversation, list(_likenesses(store, conversation, turn)), words)


def _likenesses(store: Store, conversation: str, turn: Turn) -> Iterator[Likeness]:
    """Yield what the receipts are like, each conversation once for a receipt."""
    told = set()
    for each in duplicates(store, conversation, turn):
        place = (each.number, each.conversation_id)
        if place not in told:
            told.add(place)
            with suppress(NotFound):  # deleted meanwhile
                yield Likeness(each, store.conversation(each.conversation_id).title)


def _look_at_new(store: Store, decoder: Decoder) -> None:
    """Have a look at pictures of receipts that are new, so that they are known again."""
    keep_looks(
        store,
        [
            (sha256, _look(store, decoder, sha256, format_))
            for sha256, format_ in unseen_pictures(store, _LOOKS_AT_ONCE)
        ],
    )


def _look(store: Store, decoder: Decoder, sha256: str, format_: str) -> str:
    for path in (store.thumbnail_path(sha256), store.image_path(sha256, format_)):
        with suppress(OSError, VisionError):
            return look(decoder.decode(path.read_bytes(), SIZE).rgb)
    return ""


def _file_name(seen: Seen) -> str:
    """Return what a receipt's file is called: whose it is, and of which day."""
    told = [value_of(seen.receipt.get(name)) for name in ("merchant", "date")]
    # What no file system refuses, and nothing that hides a file or its kind.
    words = re.sub(
        r'[\\/:*?"<>|\s\x00-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]+', " ", " ".join(told)
    )
    return printable(words)[:_LONGEST_NAME].strip(" .") or f"receipt {seen.number + 1}"


def _as_markdown(conversation: str, turn: Turn, seen: Seen, words: Words) -> bytes:  # noqa: ARG001
    return receipt_markdown(seen.receipt, lambda name: words(f"found_{name}")).encode()


def _as_json(conversation: str, turn: Turn, seen: Seen, words: Words) -> bytes:  # noqa: ARG001
    return json.dumps(seen.receipt, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def _as_csv(conversation: str, turn: Turn, seen: Seen, words: Words) -> bytes:  # noqa: ARG001
    return to_csv(table_of([(conversation, turn)], seen.number))


def _as_items(conversation: str, turn: Turn, seen: Seen, words: Words) -> bytes:  # noqa: ARG001
    return to_csv(table_of([(conversation, turn)], seen.number).sheets[0])


def _as_xlsx(conversation: str, turn: Turn, seen: Seen, words: Words) -> bytes:  # noqa: ARG001
    return to_xlsx(table_of([(conversation, turn)], seen.number))


_FILES: dict[str, tuple[str, Callable[[str, Turn, Seen, Words], bytes]]] = {
    "md": ("text/markdown; charset=utf-8", _as_markdown),
    "json": ("application/json", _as_json),
    "csv": ("text/csv; charset=utf-8", _as_csv),
    "items": ("text/csv; charset=utf-8", _as_items),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _as_xlsx),
}


def _words(request: Request) -> Words:
    # Gradio's request passes cookies and headers on to this one.
    return words_for(cast("Any", request))
