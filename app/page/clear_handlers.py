"""What happens on the clear button: stop, release, a new conversation, the receipt."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import gradio as gr

from app.clear import Clearing, Receipt
from app.page import clear_panel
from app.page.composer import draft_of
from app.page.drawing import Drawing
from app.page.i18n import Words, words_for
from app.page.tabs import tab_of
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

    def __init__(self, drawing: Drawing, clearing: Clearing, uploads: Uploads) -> None:
        self._drawing = drawing
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
    ) -> View:
        """Begin to clear, and a new conversation with it."""
        asked: dict[str, Any] = event._data  # noqa: SLF001  Gradio's own way

        def begin() -> Future[Receipt]:
            return self._clearing.start(
                asked.get("level", "light"),
                conversation_id,
                confirmed=asked.get("confirmed") is True,
                keep_as=str(asked.get("keep") or ""),
                tab=tab_of(request),
            )

        if problem := await self._begin(begin, request):
            return View(clear=problem)
        view = self._drawing.shown(None, words_for(request))
        return view.with_(clear=await self._shown(request))

    async def toggle_model(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> View:
        """Begin to unload the model, or to load it again."""
        load = event._data.get("action") == "load"  # noqa: SLF001  Gradio's own way

        def begin() -> Future[Any]:  # a receipt, or None
            if load:
                return self._clearing.load_again()
            return self._clearing.start("unload", conversation_id)

        if problem := await self._begin(begin, request):
            return View(clear=problem)
        shown = await self._shown(request)
        return self._drawing.condition(conversation_id, words_for(request)).with_(clear=shown)

    async def receipt(self, request: gr.Request) -> Any:  # the button, or no change
        """Wait for what was begun, and show its receipt."""
        words, future = words_for(request), self._begun.pop(tab_of(request), None)
        if future is None:
            return gr.skip()
        try:
            # Shielded: a closed tab ends this handler, not the clear.
            done = await asyncio.shield(asyncio.wrap_future(future))
        except (VisionError, HistoryError) as error:
            return self._refused(error, words)
        card = clear_panel.receipt(done, words) if done else clear_panel.NO_RECEIPT
        return self.button(words) | {"receipt": card}

    def condition(self, conversation_id: str | None, request: gr.Request) -> View:
        """Show whether there is a model now. Apart, since the tab may have moved on meanwhile."""
        return self._drawing.condition(conversation_id, words_for(request))

    def hold(self, event: gr.EventData, request: gr.Request) -> None:
        """Note what a tab has attached, so that another tab's deep clear leaves it."""
        draft = draft_of(event._data)  # noqa: SLF001  Gradio's own way
        places = [self._uploads.files(upload_id) for upload_id, _ in draft.files]
        self._clearing.tmp.hold(tab_of(request), [file for place in places for file in place])

    def leave(self, request: gr.Request) -> None:
        """Forget a tab that was closed."""
        self._clearing.tmp.hold(tab_of(request), [])
        self._begun.pop(tab_of(request), None)

    async def _begin(
        self, begin: Callable[[], Future[Any]], request: gr.Request
    ) -> dict[str, Any] | None:
        """Begin, or return the button with why not."""
        try:
            self._begun[tab_of(request)] = await asyncio.to_thread(begin)
        except (VisionError, HistoryError) as error:
            return self._refused(error, words_for(request))
        return None

    def _refused(self, error: VisionError | HistoryError, words: Words) -> dict[str, Any]:
        log.warning("shown to user: %s", error)
        card = clear_panel.refused(*words.error(error.record()))
        return self.button(words) | {"receipt": card}

    async def _shown(self, request: gr.Request) -> dict[str, Any]:
        """Return the button, waiting if what was begun is not done soon."""
        words, future = words_for(request), self._begun[tab_of(request)]
        await asyncio.wait({asyncio.wrap_future(future)}, timeout=SOON_S)
        card = None if future.done() else clear_panel.waiting(words)
        return self.button(words) | {"receipt": card}
