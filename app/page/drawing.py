"""What a tab is shown of a conversation, of the list and of the engine. Nothing changes by it."""

import logging
import time
from typing import Any

import gradio as gr

from app.assistant import Assistant
from app.budget import Detail
from app.memory import room_bytes
from app.page import render
from app.page.composer import Draft, composer, writable
from app.page.i18n import Words
from app.page.panels import LISTED, header, sidebar, switch, tray, welcome, where
from app.page.view import View
from app.pulse import Pulse
from app.run import Run
from app.uploads import Uploads
from history import HistoryError, NotFound, Turn
from vision.errors import VisionError

log = logging.getLogger(__name__)


class Drawing:
    """Draws for any tab, of an assistant and its history."""

    def __init__(self, assistant: Assistant, uploads: Uploads, pulse: Pulse) -> None:
        self._assistant = assistant
        self._uploads = uploads
        self._pulse = pulse

    def shown(self, conversation_id: str | None, words: Words) -> View:
        """Show a conversation as it is saved, and follow its reply if one is under way."""
        assistant, condition = self._assistant, self._assistant.condition()
        turns = assistant.store.turns(conversation_id) if conversation_id else []
        run = assistant.run(conversation_id) if conversation_id else None
        ended = [t for t in turns if run is None or t.id != run.snapshot().turn.id]
        state = condition.status.state
        return View(
            conversation_id=conversation_id,
            awaits=run,
            header=self.header(conversation_id, words),
            sidebar=self.sidebar(words),
            welcome=gr.update(value=welcome(condition, words), visible=not conversation_id),
            hist=gr.update(
                value=self._messages(conversation_id, ended, words) if conversation_id else [],
                visible=bool(ended),
            ),
            live=gr.update(value=self.live(run, words), visible=run is not None),
            composer=composer(words, state, conversation_id, busy=run is not None),
            timer=gr.Timer(active=state == "loading"),
            hint=where("hint", condition, words),
            tray=self.tray(Draft(place=None if run else conversation_id), "auto", words),
        )

    def sending(self, run: Run, words: Words) -> View:
        """Show that a reply is under way."""
        condition = self._assistant.condition()
        return View(
            conversation_id=run.conversation_id,
            awaits=run,
            header=self.header(run.conversation_id, words),
            sidebar=self.sidebar(words),
            welcome=gr.update(visible=False),
            live=gr.update(value=self.live(run, words), visible=True),
            hist=self._messages(run.conversation_id, self._before(run), words),
            composer=composer(words, condition.status.state, run.conversation_id, busy=True),
            tray=tray("auto", words),
        )

    def ended(self, run: Run, detail: Detail, words: Words) -> View:
        """Show a conversation again when a reply has ended."""
        # As the run ended, not as it was saved: a full disk must not take the reply away.
        ended, place = run.snapshot().turn, run.conversation_id
        turns = self._assistant.store.turns(place)
        turns = [ended if turn.id == ended.id else turn for turn in turns]
        condition = self._assistant.condition()
        return View(
            ended=None,
            header=self.header(place, words),
            sidebar=self.sidebar(words),
            hist=gr.update(value=self._messages(place, turns, words), visible=True),
            live=gr.update(value=[], visible=False),
            composer=composer(words, condition.status.state, place, busy=False),
            tray=self.tray(Draft(place=place), detail, words),
        )

    def condition(self, conversation_id: str | None, words: Words) -> View:
        """Show how the engine is now, and whether one can write."""
        state = self._assistant.condition().status.state
        return View(
            header=self.header(conversation_id, words),
            composer=writable(words, state),
            timer=gr.Timer(active=state == "loading"),
        )

    def titles(self, conversation_id: str | None, words: Words) -> View:
        """Show names as they are now, in the list and in the header."""
        return View(header=self.header(conversation_id, words), sidebar=self.sidebar(words))

    def problem(self, error: VisionError | HistoryError, words: Words) -> View:
        """Say what went wrong, and the way out."""
        log.warning("shown to user: %s", error)
        view = View(tray=tray("auto", words, problem=words.error(error.record())))
        # What led there was deleted in another tab: the list that still has it is too old.
        return view.with_(sidebar=self.sidebar(words)) if isinstance(error, NotFound) else view

    def live(self, run: Run | None, words: Words) -> list[render.Message]:
        """Return the reply under way, as far as it has come."""
        if run is None:
            return []
        waiting = self._assistant.waiting_before(run)
        waiting_s = self._assistant.waiting_s(run)
        return render.live(run.snapshot(), words, self._has_image, waiting, waiting_s)

    def tray(self, draft: Draft, detail: Detail, words: Words) -> dict[str, Any]:
        """Return the line above the composer: go on, an edit under way, what a draft would cost."""
        assistant, text, place = self._assistant, draft.text, draft.place
        files = [self._uploads.file(upload_id) for upload_id, _ in draft.files]
        editing = draft.editing is not None
        if place and assistant.run(place):
            return tray(detail, words, editing=editing)
        turns = assistant.store.turns(place) if place else []
        count = assistant.count(place, text, files, detail) if text or files else None
        return tray(
            detail,
            words,
            count=count if count and count.max_context else None,
            room_bytes=room_bytes(assistant.condition().status) if count else None,
            can_resume=bool(turns) and not (text or files) and assistant.can_resume(turns[-1]),
            editing=editing,
        )

    def sidebar(self, words: Words, listed: int | None = LISTED) -> dict[str, Any]:
        """Return the list of conversations, and when it was read: an older one may come later."""
        at = time.monotonic()
        return sidebar(self._assistant.store.conversations(), words, listed) | {"at": at}

    def header(self, conversation_id: str | None, words: Words) -> dict[str, Any]:
        """Return the line above a conversation, and the stamps of what it shows."""
        store = self._assistant.store
        # Before what is shown is read: what changes meanwhile is seen at the next beat.
        beat = self._pulse.beat(conversation_id or "")
        shown = store.conversation(conversation_id) if conversation_id else None
        condition = self._assistant.condition()
        return header(condition, shown, words) | {
            "switch": switch(condition, words) if self._assistant.can_switch else None,
            "pulse": {"open": conversation_id or "", **beat},
        }

    def _before(self, run: Run) -> list[Turn]:
        asked = run.snapshot().turn.id
        turns = self._assistant.store.turns(run.conversation_id, to=asked)
        return [turn for turn in turns if turn.id != asked]

    def _messages(self, conversation_id: str, turns: list[Turn], words: Words) -> Any:  # messages
        versions = self._assistant.store.versions(conversation_id)
        return render.messages(turns, words, self._has_image, conversation_id, versions)

    def _has_image(self, ref: Any) -> bool:  # an ImageRef
        return self._assistant.store.has_image(ref)
