"""What happens to a draft and to its reply: send, go on, stop, follow, and what it would cost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import gradio as gr

from app.assistant import Assistant
from app.budget import Detail
from app.conversation_settings import checked
from app.errors import NothingToSend
from app.intake import Upload
from app.jobs.choose import job_asked
from app.page.composer import answered, draft_of
from app.page.drawing import Drawing
from app.page.i18n import Words, words_for
from app.page.panels import EXAMPLES, tray
from app.page.tabs import Tabs, tab_of
from app.page.view import UNCHANGED, View
from app.run import Run
from app.typed_paths import uploads_named
from app.uploads import Uploads
from history import HistoryError
from vision.engine import Job
from vision.errors import VisionError

FOLLOW_S = 0.05  # between two looks at a growing reply: 20 a second
LONG = 6_000  # characters; a longer reply costs more to draw, and is drawn less often


class PromptHandlers:
    """The events of the composer, and of a reply under way."""

    def __init__(
        self,
        drawing: Drawing,
        assistant: Assistant,
        uploads: Uploads,
        tabs: Tabs,
        examples: Path,
        uploads_root: Path,
    ) -> None:
        self._drawing = drawing
        self._assistant = assistant
        self._uploads = uploads
        self._tabs = tabs
        self._examples = examples
        self._uploads_root = uploads_root  # the working directory: ./uploads is below it

    async def send(self, detail: Detail, event: gr.EventData, request: gr.Request) -> View:
        """Take a draft as the next prompt of its conversation, or as another for an earlier one.

        The draft says which conversation that is, as the page shows it.
        """
        words, asked = words_for(request), event._data  # noqa: SLF001  Gradio's own way
        draft = draft_of(asked)

        def take() -> Run:
            uploads = [self._uploads.get(*file) for file in draft.files]
            uploads += uploads_named(
                draft.text, self._uploads_root, self._assistant.decoder.limits.max_bytes
            )
            run = self._assistant.send(
                draft.place,
                draft.text,
                uploads,
                draft.job or job_asked(draft.text, len(uploads), self._last_job(draft.place)),
                detail=detail,
                say=words.note,
                instead_of=draft.editing,
                system_prompt=draft.system_prompt,
                settings=checked(draft.settings),
            )
            # The draft's copies have no use now. After a refusal they are still in the composer.
            for upload_id, _ in draft.files:
                self._uploads.remove(upload_id)
            return run

        view = await self.sent(take, words)
        taken = view.conversation_id is not UNCHANGED
        answer = answered(asked.get("number"), view.conversation_id if taken else None)
        return view.with_(composer=(view.composer if taken else {}) | answer)

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
            return self._drawing.problem(error, words)
        return await asyncio.to_thread(self._drawing.sending, run, words)

    async def follow(
        self, conversation_id: str | None, run: Run | None, request: gr.Request
    ) -> AsyncIterator[View]:
        """Redraw the reply under way up to 20 times a second; say when it has ended.

        Something is always yielded: Gradio sets all outputs to null where nothing was. Nothing is
        drawn of a reply whose conversation the tab has left.
        """
        words, tab, shown = words_for(request), tab_of(request), None
        began = self._tabs.now(tab)
        if run is None or run.conversation_id != conversation_id:
            yield View()
            return
        while not run.ended.is_set() and self._tabs.now(tab) == began:
            messages = self._drawing.live(run, words)
            if messages != shown:
                shown = messages
                yield View(live=messages)
            await asyncio.sleep(FOLLOW_S * max(1.0, len(run.snapshot().turn.reply) / LONG))
        yield View(awaits=None, ended=run) if self._tabs.now(tab) == began else View()

    async def show_ended(
        self, conversation_id: str | None, run: Run | None, detail: Detail, request: gr.Request
    ) -> View:
        """Show the conversation again when a reply was followed to its end."""
        if run is None or run.conversation_id != conversation_id:
            return View()
        return await asyncio.to_thread(self._drawing.ended, run, detail, words_for(request))

    def stop(self, conversation_id: str | None) -> None:
        """Cancel the reply under way; ``follow`` shows what there is of it."""
        if conversation_id:
            self._assistant.stop(conversation_id)

    def weigh(self, detail: Detail, event: gr.EventData, request: gr.Request) -> View:
        """Say what the draft would cost."""
        draft = draft_of(event._data)  # noqa: SLF001  Gradio's own way
        try:
            cost = self._drawing.tray(draft, detail, words_for(request))
        except HistoryError:
            return View()  # another tab deleted the conversation: said when it is sent
        return View(tray=cost | {"keeps": True})

    def choose_detail(self, event: gr.EventData, request: gr.Request) -> View:
        """Let the model see more or less of the pictures to be sent."""
        detail: Detail = event._data["detail"]  # noqa: SLF001  Gradio's own way
        return self.weigh(detail, event, request).with_(detail=detail)

    def refused(self, event: gr.EventData, request: gr.Request) -> View:
        """Say why pictures were not taken into the draft: each reason once, with their names."""
        words, refused = words_for(request), event._data["refused"]  # noqa: SLF001  Gradio's own way
        names: dict[tuple[str, str], list[str]] = {}
        for each in refused:
            names.setdefault(words.error(each["error"]), []).append(str(each["name"]))
        said = [": ".join(filter(None, (", ".join(of), text))) for (text, _), of in names.items()]
        hints = dict.fromkeys(hint for _, hint in names)
        return View(tray=tray("auto", words, problem=("\n".join(said), " ".join(hints))))
