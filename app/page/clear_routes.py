"""What the clear button and the gauge ask for themselves, past Gradio's queue."""

from typing import Any, cast

import gradio as gr
from fastapi import APIRouter, Request

from app import memory
from app.clear import Clearing
from app.page import clear_panel
from app.page.i18n import Words, words_for


def clear_routes(clearing: Clearing) -> APIRouter:
    """Return ``/clear/held``, what a clear would release now, and ``/clear/memory``."""
    router = APIRouter(include_in_schema=False)

    # Not async: sizes are read from the disk, and that may take a while.
    @router.get("/clear/held")
    def held(request: Request) -> dict[str, str]:
        return clear_panel.held(clearing.held(), _words(request))

    @router.get("/clear/memory")
    def gauge(request: Request) -> dict[str, Any]:
        measured = memory.gauges(clearing.condition().status)
        return clear_panel.gauges(measured, clearing.levels(), _words(request))

    return router


def _words(request: Request) -> Words:
    # Gradio's request passes cookies and headers on to this one.
    return words_for(cast("gr.Request", request))
