"""What happens on the clear button: stop, release, a new conversation, the receipt."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import fields
from typing import Any

import gradio as gr

from app.clear import Clearing, Receipt
from app.page import clear_panel
from app.page.composer import draft_of
from app.page.handlers import Handlers
from app.page.i18n import Words, words_for
from app.page.view import View
from app.uploads import Uploads
from history import HistoryError
from vision.errors import VisionError

log = logging.getLogger(__name__)

SOON_S = 0.1  # a clear that takes longer is shown as waiting


class ClearHandlers:
    """The events of the clear button, and which tab has which pictures attached.

    A clear may wait for another conversation's reply. So it is begun by one event, which shows
    the new conversation at once, and the next one waits for its receipt.
    """

    def __init__(self, handlers: Handlers, clearing: Clearing, uploads: Uploads) -> None:
        self._handlers = handlers
        self._uploads = uploads
        self._clearing = clearing
        self._begun: dict[str, Future[Receipt | None]] = {}  # by tab; None: the model was loaded

    def button(self, words: Words) -> dict[str, Any]:
        """Return the button as it is now, without a receipt."""
        return clear_panel.button(self._clearing.condition(), self._clearing, words)

    def draw(self, request: gr.Request) -> dict[str, Any]:
        """Redraw the button: the engine may be ready by now."""
        return self.button(words_for(request))

    async def clear(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> list[Any]:
        """Begin to clear, and a new conversation with it."""
        asked: dict[str, Any] = event._data  # noqa: SLF001  Gradio's own way

        def begin() -> Future[Receipt]:
            return self._clearing.start(
                asked.get("level", "light"),
                conversation_id,
                confirmed=asked.get("confirmed") is True,
                keep_as=str(asked.get("keep") or ""),
                tab=_tab(request),
            )

        if problem := await self._begin(begin, request):
            return _outputs(View(), problem)
        return _outputs(self._handlers.new(request), await self._shown(request))

    async def toggle_model(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> list[Any]:
        """Begin to unload the model, or to load it again."""
        load = event._data.get("action") == "load"  # noqa: SLF001  Gradio's own way

        def begin() -> Future[Any]:  # a receipt, or None
            if load:
                return self._clearing.load_again()
            return self._clearing.start("unload", conversation_id)

        if problem := await self._begin(begin, request):
            return _outputs(View(), problem)
        shown = await self._shown(request)
        return _outputs(self._handlers.condition_view(conversation_id, request), shown)

    async def receipt(self, request: gr.Request) -> Any:  # the button, or no change
        """Wait for what was begun, and show its receipt."""
        words, future = words_for(request), self._begun.pop(_tab(request), None)
        if future is None:
            return gr.skip()
        try:
            # Shielded: a closed tab ends this handler, not the clear.
            done = await asyncio.shield(asyncio.wrap_future(future))
        except (VisionError, HistoryError) as error:
            return self._refused(error, words)
        card = clear_panel.receipt(done, words) if done else clear_panel.NO_RECEIPT
        return self.button(words) | {"receipt": card}

    def condition(self, conversation_id: str | None, request: gr.Request) -> list[Any]:
        """Show whether there is a model now. Apart, since the tab may have moved on meanwhile."""
        return self._handlers.condition_view(conversation_id, request).outputs()

    def hold(self, event: gr.EventData, request: gr.Request) -> None:
        """Note what a tab has attached, so that another tab's deep clear leaves it."""
        draft = draft_of(event._data)  # noqa: SLF001  Gradio's own way
        places = [self._uploads.files(upload_id) for upload_id, _ in draft.files]
        self._clearing.tmp.hold(_tab(request), [file for place in places for file in place])

    def leave(self, request: gr.Request) -> None:
        """Forget a tab that was closed."""
        self._clearing.tmp.hold(_tab(request), [])
        self._begun.pop(_tab(request), None)

    async def _begin(
        self, begin: Callable[[], Future[Any]], request: gr.Request
    ) -> dict[str, Any] | None:
        """Begin, or return the button with why not."""
        try:
            self._begun[_tab(request)] = await asyncio.to_thread(begin)
        except (VisionError, HistoryError) as error:
            return self._refused(error, words_for(request))
        return None

    def _refused(self, error: VisionError | HistoryError, words: Words) -> dict[str, Any]:
        log.warning("shown to user: %s", error)
        card = clear_panel.refused(*words.error(error.record()))
        return self.button(words) | {"receipt": card}

    async def _shown(self, request: gr.Request) -> dict[str, Any]:
        """Return the button, waiting if what was begun is not done soon."""
        words, future = words_for(request), self._begun[_tab(request)]
        await asyncio.wait({asyncio.wrap_future(future)}, timeout=SOON_S)
        card = None if future.done() else clear_panel.waiting(words)
        return self.button(words) | {"receipt": card}


def wire_clear(
    page: gr.Blocks, handlers: ClearHandlers, parts: dict[str, Any], shown: Sequence[Any]
) -> list[Any]:
    """Bind the clear button's events; return those that show another conversation.

    After each of ``shown`` the engine may have become ready, so the button is drawn again.
    """
    widget, conversation_id, composer = (
        parts[name] for name in ("clear", "conversation_id", "composer")
    )
    quiet: dict[str, Any] = {
        "show_progress": "hidden",
        "api_visibility": "private",
        "queue": False,  # see layout
    }
    outputs = [*(parts[field.name] for field in fields(View)), widget]
    cleared = widget.select(handlers.clear, conversation_id, outputs, **quiet)
    toggled = widget.click(handlers.toggle_model, conversation_id, outputs, **quiet)
    for event in (cleared, toggled):
        event.then(handlers.receipt, None, widget, **quiet).then(
            handlers.condition, conversation_id, outputs[:-1], **quiet
        )
    for event in shown:
        event.then(handlers.draw, None, widget, **quiet)
    composer.input(handlers.hold, None, None, trigger_mode="always_last", **quiet)
    page.unload(handlers.leave)
    return [widget.select]


def _tab(request: gr.Request) -> str:
    # Chosen by the browser, so no identity: it says only whose attached pictures are whose.
    return request.session_hash or ""


def _outputs(view: View, button: Any) -> list[Any]:  # values or updates
    return [*view.outputs(), button]
