"""What happens on the page's events: translate, delegate, yield. No model, no files, no state.

A handler belongs to no tab: which conversation a tab shows is its ``gr.State``. All that changes
on the page is returned as one ``View``, so that no two handlers disagree about an output.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import gradio as gr

from app.assistant import Assistant
from app.budget import Detail
from app.conversation_settings import checked
from app.errors import NothingToSend
from app.intake import Upload
from app.jobs.choose import job_asked
from app.memory import room_bytes
from app.page import render
from app.page.composer import Draft, composer, composer_with, draft_of, writable
from app.page.i18n import Words, words_for
from app.page.panels import EXAMPLES, LISTED, header, sidebar, switch, tray, welcome, where
from app.page.view import View
from app.pulse import Pulse
from app.run import Run
from app.typed_paths import uploads_named
from app.uploads import Uploads
from app.worker import Condition
from history import HistoryError, Turn
from vision.engine import Job
from vision.errors import VisionError

log = logging.getLogger(__name__)

FOLLOW_S = 0.05  # between two looks at a growing reply: 20 a second
LONG = 6_000  # characters; a longer reply costs more to draw, and is drawn less often


class Handlers:
    """The page's events, for an assistant."""

    def __init__(
        self,
        assistant: Assistant,
        uploads: Uploads,
        pulse: Pulse,
        examples: Path,
        uploads_root: Path,
    ) -> None:
        self._assistant = assistant
        self._uploads = uploads
        self._pulse = pulse
        self._examples = examples
        self._uploads_root = uploads_root  # the working directory: ./uploads is below it

    def condition(self) -> Condition:
        """Return how the assistant is, for the page's first drawing."""
        return self._assistant.condition()

    def load(self, request: gr.Request) -> View:
        """Show the conversation that the address names, or the welcome."""
        wanted = request.query_params.get("c")
        try:
            return self.shown(wanted, words_for(request))
        except HistoryError:
            return self.shown(None, words_for(request))

    def open(self, event: gr.EventData, request: gr.Request) -> View:
        """Show the conversation that was clicked in the list."""
        words = words_for(request)
        try:
            return self.shown(str(event._data.get("id")), words)  # noqa: SLF001  Gradio's own way
        except HistoryError as error:
            shown = self.shown(None, words)
            return shown.with_(tray=tray("auto", words, problem=_problem(error, words)))

    def new(self, request: gr.Request) -> View:
        """Show the welcome, with an empty composer."""
        return self.shown(None, words_for(request))

    def tick(self, conversation_id: str | None, request: gr.Request) -> View:
        """While the engine loads, show how far it is; when it is done, open the composer."""
        words, condition = words_for(request), self._assistant.condition()
        view = View(
            header=self._header(conversation_id, words),
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
            return View(tray=tray("auto", words, problem=_problem(error, words)))
        return self.condition_view(conversation_id, request)

    def condition_view(self, conversation_id: str | None, request: gr.Request) -> View:
        """Show how the engine is now, and whether one can write."""
        words, condition = words_for(request), self._assistant.condition()
        state = condition.status.state
        return View(
            header=self._header(conversation_id, words),
            composer=writable(words, state),
            timer=gr.Timer(active=state == "loading"),
        )

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
            header=self._header(conversation_id, words),
            sidebar=self.sidebar(conversation_id, words),
            welcome=gr.update(value=welcome(condition, words), visible=not conversation_id),
            hist=gr.update(
                value=self._messages(conversation_id, ended, words) if conversation_id else [],
                visible=bool(ended),
            ),
            live=gr.update(value=self._live(run, words), visible=run is not None),
            composer=composer(words, state, busy=run is not None),
            timer=gr.Timer(active=state == "loading"),
            hint=where("hint", condition, words),
            editing=None,
            tray=self._tray(Draft(), None if run else conversation_id, "auto", words),
        )

    async def send(
        self,
        conversation_id: str | None,
        detail: Detail,
        editing: int | None,
        event: gr.EventData,
        request: gr.Request,
    ) -> View:
        """Take a draft as the conversation's next prompt, or as another for ``editing``."""
        words, draft = words_for(request), draft_of(event._data)  # noqa: SLF001  Gradio's own way

        def take() -> Run:
            uploads = [self._uploads.get(*file) for file in draft.files]
            uploads += uploads_named(draft.text, self._uploads_root)
            run = self._assistant.send(
                conversation_id,
                draft.text,
                uploads,
                draft.job or job_asked(draft.text, len(uploads), self._last_job(conversation_id)),
                detail=detail,
                say=words.note,
                instead_of=editing,
                system_prompt=draft.system_prompt,
                settings=checked(draft.settings),
            )
            # The draft's copies have no use now. After a refusal they are still in the composer.
            for upload_id, _ in draft.files:
                self._uploads.remove(upload_id)
            return run

        return await self.sent(take, words)

    def _last_job(self, conversation_id: str | None) -> str | None:
        turns = self._assistant.store.turns(conversation_id) if conversation_id else []
        return turns[-1].job if turns else None

    async def send_example(self, event: gr.EventData, request: gr.Request) -> View:
        """Send a card's example, as a new conversation."""
        words = words_for(request)
        job: Job = event._data["job"]  # noqa: SLF001  Gradio's own way

        def take() -> Run:
            uploads = [Upload(name, (self._examples / name).read_bytes()) for name in EXAMPLES[job]]
            return self._assistant.send(None, words(f"card_{job}_prompt"), uploads, job)

        return await self.sent(take, words)

    async def resume(self, conversation_id: str | None, request: gr.Request) -> View:
        """Go on with a reply that was cut off."""

        def take() -> Run:
            return self._assistant.resume(conversation_id or "")

        return await self.sent(take, words_for(request))

    async def sent(self, take: Callable[[], Run], words: Words) -> View:
        """Have a prompt taken, and show that its reply is under way; or say why it was not."""
        try:
            run = await asyncio.to_thread(take)
        except NothingToSend:
            return View()
        except (VisionError, HistoryError) as error:
            # The composer keeps what was typed.
            return View(tray=tray("auto", words, problem=_problem(error, words)))
        return await asyncio.to_thread(self._sending, run, words)

    def _sending(self, run: Run, words: Words) -> View:
        condition = self._assistant.condition()
        return View(
            conversation_id=run.conversation_id,
            awaits=run,
            header=self._header(run.conversation_id, words),
            sidebar=self.sidebar(run.conversation_id, words),
            welcome=gr.update(visible=False),
            live=gr.update(value=self._live(run, words), visible=True),
            hist=self._messages(run.conversation_id, self._before(run), words),
            composer=composer_with(words, condition.status.state) | {"busy": True},
            tray=tray("auto", words),
            editing=None,
        )

    def _before(self, run: Run) -> list[Turn]:
        asked = run.snapshot().turn.id
        turns = self._assistant.store.turns(run.conversation_id, to=asked)
        return [turn for turn in turns if turn.id != asked]

    async def follow(self, run: Run | None, request: gr.Request) -> AsyncIterator[View]:
        """Redraw the reply under way up to 20 times a second; say when it has ended.

        Something is always yielded: Gradio sets all outputs to null where nothing was.
        """
        words, shown = words_for(request), None
        while run and not run.ended.is_set():
            messages = self._live(run, words)
            if messages != shown:
                shown = messages
                yield View(live=messages)
            await asyncio.sleep(FOLLOW_S * max(1.0, len(run.snapshot().turn.reply) / LONG))
        yield View(awaits=None, ended=run)

    async def show_ended(
        self, conversation_id: str | None, run: Run | None, detail: Detail, request: gr.Request
    ) -> View:
        """Show the conversation again when a reply was followed to its end."""
        if conversation_id is None or run is None:
            return View()
        words = words_for(request)
        return await asyncio.to_thread(self._ended, conversation_id, run, detail, words)

    def _ended(self, conversation_id: str, run: Run, detail: Detail, words: Words) -> View:
        # As the run ended, not as it was saved: a full disk must not take the reply away.
        ended = run.snapshot().turn
        turns = self._assistant.store.turns(conversation_id)
        turns = [ended if turn.id == ended.id else turn for turn in turns]
        condition = self._assistant.condition()
        return View(
            ended=None,
            header=self._header(conversation_id, words),
            sidebar=self.sidebar(conversation_id, words),
            hist=gr.update(value=self._messages(conversation_id, turns, words), visible=True),
            live=gr.update(value=[], visible=False),
            composer=composer(words, condition.status.state, busy=False),
            tray=self._tray(Draft(), conversation_id, detail, words),
        )

    def weigh(
        self,
        conversation_id: str | None,
        detail: Detail,
        event: gr.EventData,
        request: gr.Request,
    ) -> View:
        """Say what the draft would cost."""
        draft = draft_of(event._data)  # noqa: SLF001  Gradio's own way
        try:
            cost = self._tray(draft, conversation_id, detail, words_for(request))
        except HistoryError:
            return View()  # another tab deleted the conversation: said when it is sent
        return View(tray=cost | {"keeps": True})

    def choose_detail(
        self, conversation_id: str | None, event: gr.EventData, request: gr.Request
    ) -> View:
        """Let the model see more or less of the pictures to be sent."""
        asked = event._data  # noqa: SLF001  Gradio's own way
        detail: Detail = asked["detail"]
        above = self._tray(draft_of(asked), conversation_id, detail, words_for(request))
        return View(detail=detail, tray=above | {"keeps": True})

    def refused(self, event: gr.EventData, request: gr.Request) -> View:
        """Say why pictures were not taken into the draft: each reason once, with their names."""
        words, refused = words_for(request), event._data["refused"]  # noqa: SLF001  Gradio's own way
        names: dict[tuple[str, str], list[str]] = {}
        for each in refused:
            names.setdefault(words.error(each["error"]), []).append(str(each["name"]))
        said = [": ".join(filter(None, (", ".join(of), text))) for (text, _), of in names.items()]
        hints = dict.fromkeys(hint for _, hint in names)
        return View(tray=tray("auto", words, problem=("\n".join(said), " ".join(hints))))

    def _tray(
        self, draft: Draft, conversation_id: str | None, detail: Detail, words: Words
    ) -> dict[str, Any]:
        assistant = self._assistant
        text, files = draft.text, [self._uploads.file(upload_id) for upload_id, _ in draft.files]
        if conversation_id and assistant.run(conversation_id):
            return tray(detail, words)
        turns = assistant.store.turns(conversation_id) if conversation_id else []
        count = assistant.count(conversation_id, text, files, detail) if text or files else None
        return tray(
            detail,
            words,
            count=count if count and count.max_context else None,
            room_bytes=room_bytes(assistant.condition().status) if count else None,
            can_resume=bool(turns) and not (text or files) and assistant.can_resume(turns[-1]),
        )

    def stop(self, conversation_id: str | None) -> None:
        """Cancel the reply under way; ``follow`` shows what there is of it."""
        if conversation_id:
            self._assistant.stop(conversation_id)

    def _live(self, run: Run | None, words: Words) -> list[render.Message]:
        if run is None:
            return []
        waiting = self._assistant.waiting_before(run)
        waiting_s = self._assistant.waiting_s(run)
        return render.live(run.snapshot(), words, self._has_image, waiting, waiting_s)

    def sidebar(
        self, conversation_id: str | None, words: Words, listed: int | None = LISTED
    ) -> dict[str, Any]:
        """Return the list, with the conversation that the tab shows marked."""
        conversations = self._assistant.store.conversations()
        return sidebar(conversations, conversation_id, words, listed)

    def titles(self, conversation_id: str | None, words: Words) -> View:
        """Show names as they are now, in the list and in the header."""
        return View(
            header=self._header(conversation_id, words),
            sidebar=self.sidebar(conversation_id, words),
        )

    def _header(self, conversation_id: str | None, words: Words) -> dict[str, Any]:
        store = self._assistant.store
        # Before what is shown is read: what changes meanwhile is seen at the next beat.
        stamp = self._pulse.stamp(conversation_id) if conversation_id else ""
        shown = store.conversation(conversation_id) if conversation_id else None
        condition = self._assistant.condition()
        return header(condition, shown, words) | {
            "switch": switch(condition, words) if self._assistant.can_switch else None,
            "pulse": {"open": conversation_id or "", "run": self._pulse.run, "stamp": stamp},
        }

    def _messages(self, conversation_id: str, turns: list[Turn], words: Words) -> Any:  # messages
        versions = self._assistant.store.versions(conversation_id)
        return render.messages(turns, words, self._has_image, conversation_id, versions)

    def _has_image(self, ref: Any) -> bool:  # an ImageRef
        return self._assistant.store.has_image(ref)


def _problem(error: VisionError | HistoryError, words: Words) -> tuple[str, str]:
    log.warning("shown to user: %s", error)
    return words.error(error.record())
