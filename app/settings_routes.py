"""A conversation's settings over HTTP: read, and written whole."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from app.assistant import Assistant
from app.conversation_settings import LONGEST, NAMES, checked
from app.plain_json import PlainJson
from history import HistoryError
from vision.errors import VisionError


class Asked(BaseModel, frozen=True, extra="forbid"):
    """Settings as the page sends them; what is not named is at its default."""

    system_prompt: Annotated[str, Field(max_length=LONGEST)] = ""
    sampling: dict[str, float | int] = {}


def settings_routes(assistant: Assistant) -> APIRouter:
    """Return ``/settings``; without a conversation, what a new one begins with."""
    router = APIRouter(include_in_schema=False)

    @router.get("/settings")
    def read(c: str = "") -> Response:
        return _answer(assistant, c)

    @router.put("/settings/{c}")
    def write(c: str, asked: Asked) -> Response:
        try:
            assistant.store.set_settings(c, asked.system_prompt, checked(asked.sampling))
        except (VisionError, HistoryError) as error:
            return JSONResponse({"error": error.record()})
        return _answer(assistant, c)

    return router


def _answer(assistant: Assistant, conversation_id: str) -> Response:
    defaults = {name: getattr(assistant.sampling, name, 0) for name in NAMES}
    try:
        kept = assistant.store.conversation(conversation_id) if conversation_id else None
    except HistoryError as error:
        return JSONResponse({"error": error.record()})
    return PlainJson(
        {
            "defaults": defaults,
            "sampling": dict(kept.settings) if kept else {},
            "system_prompt": kept.system_prompt if kept else "",
        }
    )
