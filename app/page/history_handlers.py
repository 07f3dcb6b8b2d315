"""What happens to what was kept: delete, undo, versions, edit, search, name, pin, tag."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from app.assistant import Assistant
from app.budget import Detail
from app.errors import StillReplying
from app.intake import Upload
from app.page.composer import Draft, holding
from app.page.drawing import Drawing
from app.page.i18n import Words, words_for
from app.page.panels import found, tray
from app.page.prompt_handlers import PromptHandlers
from app.page.render import printable
from app.page.view import UNCHANGED, View
from app.run import Run
from app.uploads import Attached, Uploads
from history import Filters, HistoryError, ImageRef, NotFound, TrashNotFound
from history.trash import Trashed
from vision.errors import VisionError

Asked = Mapping[str, Any]  # what the page's script says of an event


class HistoryHandlers:
    """The events of the list and of the turns in it."""

    def __init__(
        self, drawing: Drawing, prompts: PromptHandlers, assistant: Assistant, uploads: Uploads
    ) -> None:
        self._drawing = drawing
        self._prompts = prompts
        self._assistant = assistant
        self._store = assistant.store
        self._uploads = uploads

    async def act(
        self, conversation_id: str | None, detail: Detail, event: gr.EventData, request: gr.Request
    ) -> View:
        """Do what was clicked at a turn: delete, edit, again, version, or a picture's use."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        if conversation_id is None:
            return View()
        actions: dict[str, Callable[[], View]] = {
            "delete": lambda: self._delete_turn(conversation_id, int(asked["turn"]), words),
            "version": lambda: self._choose(conversation_id, int(asked["turn"]), words),
            "edit": lambda: self._edit(conversation_id, int(asked["turn"]), detail, words),
            "use": lambda: self._use(conversation_id, str(asked["sha256"])),
            "renamed": lambda: self._drawing.titles(conversation_id, words),
        }
        if asked["act"] == "again":
            return await self._again(conversation_id, int(asked["turn"]), detail, words)
        return await self._done(actions[asked["act"]], words)

    async def refresh(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> View:
        """Show what another tab made of the conversation, or that it is ``gone``."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        if conversation_id is None:
            return View()

        def shown() -> View:
            try:
                return self._refresh(conversation_id, words)
            except NotFound:
                if asked["gone"]:
                    raise
                return View()  # this tab deletes it, and offers to undo that

        return await self._done(shown, words)

    async def manage(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> View:
        """Do what was asked of a conversation in the list: rename, pin, tag, delete."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        return await self._done(lambda: self._managed(conversation_id, asked, words), words)

    def search(self, event: gr.EventData, request: gr.Request) -> View:
        """Show what holds the words typed into the search box; all, when it is empty."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        query, filters = str(asked.get("query") or ""), _filters(asked.get("filters") or {})
        value = self._drawing.sidebar(words)
        if query.strip() or filters != Filters():
            value["found"] = found(self._store.search(query, filters), words)
        return View(sidebar=value)

    def imported(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> View:
        """Show what an import brought, or why there was none."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        view = self._drawing.titles(conversation_id, words)
        if "error" in asked:
            return view.with_(tray=tray("auto", words, problem=words.error(asked["error"])))
        said = words("imported", turns=int(asked["turns"]), skipped=int(asked["skipped"]))
        return view.with_(tray=tray("auto", words, said=said))

    async def undo(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> View:
        """Undo a deletion."""
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        return await self._done(
            lambda: self._undo(conversation_id, str(asked["trash"]), words), words
        )

    async def _done(self, work: Callable[[], View], words: Words) -> View:
        try:
            return await asyncio.to_thread(work)
        except (VisionError, HistoryError) as error:
            return self._drawing.problem(error, words)

    # Turns

    def _refresh(self, conversation_id: str, words: Words) -> View:
        # The tab is led nowhere: a prompt that is being taken is not late. And what stands above
        # the composer is about what stands in it: nothing happened to that.
        shown = self._drawing.shown(conversation_id, words)
        return shown.with_(conversation_id=UNCHANGED, tray=UNCHANGED)

    def _delete_turn(self, conversation_id: str, turn_id: int, words: Words) -> View:
        self._at_rest(conversation_id)
        shown = [turn.id for turn in self._store.turns(conversation_id)]
        if shown == [turn_id] and not self._store.versions(conversation_id):
            # Nothing would be left but an empty page.
            return self._delete(conversation_id, conversation_id, words)
        trashed = self._store.trash.delete_turn(conversation_id, turn_id)
        view = self._drawing.shown(conversation_id, words)
        return view.with_(tray=self._undoable(trashed, "deleted_turn", words))

    def _choose(self, conversation_id: str, turn_id: int, words: Words) -> View:
        self._at_rest(conversation_id)
        self._store.choose(conversation_id, turn_id)
        return self._drawing.shown(conversation_id, words)

    def _edit(self, conversation_id: str, turn_id: int, detail: Detail, words: Words) -> View:
        self._at_rest(conversation_id)
        turn = self._store.turn(conversation_id, turn_id)
        files = [self._copy(ref) for ref in turn.images]
        text, job = printable(turn.prompt), turn.job or ""
        return View(
            composer=holding(files, text=text, job=job, editing=turn_id),
            tray=self._drawing.tray(Draft(conversation_id, editing=turn_id), detail, words),
        )

    async def _again(
        self, conversation_id: str, turn_id: int, detail: Detail, words: Words
    ) -> View:
        def take() -> Run:
            turn = self._store.turn(conversation_id, turn_id)
            uploads = [Upload(ref.name, self._bytes(ref)) for ref in turn.images]
            return self._assistant.send(
                conversation_id,
                turn.prompt,
                uploads,
                turn.job,  # type: ignore[arg-type]  # stored as it was chosen
                detail,
                instead_of=turn_id,
            )

        return await self._prompts.sent(take, words)

    def _use(self, conversation_id: str, sha256: str) -> View:
        turns = self._store.turns(conversation_id)
        refs = [ref for turn in turns for ref in turn.images if ref.sha256 == sha256]
        return View(composer=holding([self._copy(refs[0])])) if refs else View()

    # Conversations

    def _managed(self, open_id: str | None, asked: Asked, words: Words) -> View:
        conversation_id = str(asked.get("id") or "")
        match asked["action"]:
            case "rename":
                self._store.rename(conversation_id, str(asked["title"]))
            case "pin":
                self._store.pin(conversation_id, bool(asked["pinned"]))
            case "tag":
                self._store.tag(conversation_id, str(asked["tags"]).replace("，", ",").split(","))
            case "delete":
                return self._delete(open_id, conversation_id, words)
            case "all":
                return View(sidebar=self._drawing.sidebar(words, listed=None))
            case "restore":
                return self._restore_last(open_id, words)
            case "purge":
                self._store.purge(older_than_days=0)
                return View(tray=tray("auto", words, said=words("trash_emptied")))
        return self._drawing.titles(open_id, words)

    def _delete(self, open_id: str | None, conversation_id: str, words: Words) -> View:
        self._at_rest(conversation_id)
        trashed = self._store.trash.delete_conversation(conversation_id)
        # Its KV cache, in memory and on disk, holds its words.
        slot = self._assistant.slot(conversation_id)
        self._assistant.with_engine(lambda engine: engine.release("light", slot))
        still_open = open_id if open_id != conversation_id else None
        view = self._drawing.shown(still_open, words)
        return view.with_(tray=self._undoable(trashed, "deleted_conversation", words))

    def _undo(self, open_id: str | None, trash_id: str | None, words: Words) -> View:
        restored = self._store.trash.undo(trash_id)
        return self._drawing.shown(restored.conversation_id or open_id, words)

    def _restore_last(self, open_id: str | None, words: Words) -> View:
        try:
            return self._undo(open_id, None, words)
        except TrashNotFound:
            return View(tray=tray("auto", words, said=words("restore_none")))

    # Helpers

    def _at_rest(self, conversation_id: str) -> None:
        if self._assistant.run(conversation_id):
            raise StillReplying

    def _undoable(self, trashed: Trashed, said: str, words: Words) -> dict[str, Any]:
        return tray("auto", words, said=words(said), undo=trashed.id)

    def _bytes(self, ref: ImageRef) -> bytes:
        return self._store.image_path(ref.sha256, ref.format).read_bytes()

    def _copy(self, ref: ImageRef) -> Attached:
        """Put a past picture among the drafts': a clear there deletes none of ours."""
        return self._uploads.add(
            printable(ref.name) or f"{ref.sha256[:12]}.{ref.format}",
            self._bytes(ref),
        )


def _filters(asked: Asked) -> Filters:
    return Filters(
        since=str(asked.get("since") or ""),
        until=str(asked.get("until") or ""),
        engine=str(asked.get("engine") or ""),
        job=str(asked.get("job") or ""),
        has_picture=True if asked.get("has_picture") else None,
        total_from=_number(asked.get("total_from")),
        total_to=_number(asked.get("total_to")),
    )


def _number(text: Any) -> float | None:  # whatever was typed
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
