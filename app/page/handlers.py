"""What happens on the page's events: translate, delegate, yield. No model, no files, no state.

A handler belongs to no tab: each event says what its tab shows. All that changes on the page is
returned as one ``View``, so that no two handlers disagree about an output. Here: which conversation
is shown, and which engine there is.
"""

import gradio as gr

from app.assistant import Assistant
from app.condition import Condition
from app.page.composer import writable
from app.page.drawing import Drawing
from app.page.i18n import words_for
from app.page.panels import welcome
from app.page.view import View
from history import HistoryError
from vision.errors import VisionError


class Handlers:
    """The events that lead a tab to a conversation, and those of the engine."""

    def __init__(self, drawing: Drawing, assistant: Assistant) -> None:
        self._drawing = drawing
        self._assistant = assistant

    def condition(self) -> Condition:
        """Return how the assistant is, for the page's first drawing."""
        return self._assistant.condition()

    def load(self, request: gr.Request) -> View:
        """Show the conversation that the address names, or the welcome."""
        wanted, words = request.query_params.get("c"), words_for(request)
        try:
            return self._drawing.shown(wanted, words)
        except HistoryError:
            return self._drawing.shown(None, words)

    def open(self, event: gr.EventData, request: gr.Request) -> View:
        """Show the conversation that was clicked in the list."""
        words = words_for(request)
        try:
            return self._drawing.shown(str(event._data.get("id")), words)  # noqa: SLF001  Gradio's own way
        except HistoryError as error:
            shown = self._drawing.shown(None, words)
            return shown.with_(tray=self._drawing.problem(error, words).tray)

    def new(self, request: gr.Request) -> View:
        """Show the welcome, with its own draft in the composer."""
        return self._drawing.shown(None, words_for(request))

    def tick(self, conversation_id: str | None, request: gr.Request) -> View:
        """While the engine loads, show how far it is; when it is done, open the composer."""
        words, condition = words_for(request), self._assistant.condition()
        view = View(
            header=self._drawing.header(conversation_id, words),
            welcome=gr.update(value=welcome(condition, words)),
        )
        if condition.status.state == "loading":
            return view
        return view.with_(
            composer=writable(words, condition.status.state), timer=gr.Timer(active=False)
        )

    def switch(self, conversation_id: str | None, event: gr.EventData, request: gr.Request) -> View:
        """Take another engine; the page shows how far it is."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        try:
            self._assistant.switch(asked["kind"], str(asked.get("model") or "").strip())
        except VisionError as error:
            return self._drawing.problem(error, words)
        return self._drawing.condition(conversation_id, words)
