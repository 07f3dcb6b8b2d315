"""What programs ask, as runs of the one worker: checked, queued with the page's, saved if asked.

The engine reads pictures from files. Those of a run that is not saved lie in ./tmp until it ends.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.assistant import Assistant
from app.budget import MAX_PIXELS, Detail
from app.conversation_settings import sampling_with
from app.errors import Busy, NothingToSend, StillLoading
from app.intake import Upload
from app.run import Run, Terms
from app.tmp_folder import TmpFolder
from vision.engine import Image, Job, Message, Prompt, Role, SamplingParams, Status

# Of a user's places in the queue (``runs.MAX_WAITING``), those that programs may fill: the page
# keeps some.
MAX_WAITING = 32
# All unsaved runs share one KV cache slot: a thousand receipts must not push the page's
# conversations out, and a program that sends a longer prompt each time still reuses its beginning.
SLOT = "programs"


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a prompt, as a program sent it."""

    role: Role
    text: str
    pictures: tuple[Upload, ...] = ()
    detail: Detail = "auto"


@dataclass(frozen=True, slots=True)
class Saving:
    """Whether a turn is kept in history, and in which conversation."""

    wanted: bool = False
    conversation: str | None = None  # None begins one


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and how it is to be answered."""

    messages: tuple[Said, ...]  # of what is saved: the user's, after the system's if it begins
    job: Job | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)  # of SamplingParams, by name
    stop: tuple[str, ...] = ()
    saving: Saving = Saving()


class Programs:
    """Takes what programs ask; safe to use from any thread."""

    def __init__(
        self, assistant: Assistant, tmp: TmpFolder, uploads_root: Path | None = None
    ) -> None:
        self.assistant = assistant
        self.uploads_root = uploads_root or Path.cwd()  # ./uploads is below it
        self._tmp = tmp
        self._arriving = 0  # asked, and not queued yet
        self._lock = threading.Lock()  # guards _arriving

    def status(self) -> Status:
        """Return what replies. Raise ``EngineUnavailable`` where nothing does, or not yet."""
        condition = self.assistant.condition()
        if condition.failure:
            raise condition.failure
        if condition.status.state == "loading":
            raise StillLoading
        return condition.status

    def take(self, asked: Asked) -> Run:
        """Queue what a program asks. Raise ``VisionError``, ``HistoryError``, nothing queued."""
        self.status()
        last = asked.messages[-1]
        if not (last.text.strip() or last.pictures):
            raise NothingToSend
        terms = Terms(replace(self._sampling(asked.saving), **asked.sampling), asked.stop)
        with self._place():
            if not asked.saving.wanted:
                return self._unsaved(asked, terms)
            return self.assistant.send(
                asked.saving.conversation,
                last.text,
                last.pictures,
                asked.job,
                last.detail,
                terms=terms,
                system_prompt="\n\n".join(message.text for message in asked.messages[:-1]),
            )

    def _sampling(self, saving: Saving) -> SamplingParams:
        """Return what holds where a request says nothing."""
        if saving.conversation is None:
            return self.assistant.sampling
        conversation = self.assistant.store.conversation(saving.conversation)
        return sampling_with(self.assistant.sampling, conversation.settings)

    def _unsaved(self, asked: Asked, terms: Terms) -> Run:
        held = _Held(self._tmp, uuid4().hex)
        try:
            notices: list[str] = []
            messages = tuple(
                Message(m.role, m.text, tuple(self._put(each, m.detail, held, notices)
                                              for each in m.pictures))
                for m in asked.messages
            )  # fmt: skip
            prompt = Prompt(messages, conversation=SLOT, job=asked.job)
            return self.assistant.answer(prompt, replace(terms, after=held.let_go), notices)
        except BaseException:
            held.let_go()
            raise

    def _put(self, upload: Upload, detail: Detail, held: _Held, notices: list[str]) -> Image:
        picture = self.assistant.decoder.check(upload.data)
        notices += [f"{upload.name}: {note}" for note in picture.notes]
        path = held.put(f"{picture.sha256}.{picture.format}", upload.data)
        return Image(picture.sha256, path, picture.width, picture.height, MAX_PIXELS[detail])

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place in the queue. Raise ``Busy`` where programs have filled it."""
        with self._lock:
            waiting = self.assistant.own_waiting() + self._arriving
            if waiting >= MAX_WAITING:
                raise Busy(waiting=waiting, limit=MAX_WAITING)
            self._arriving += 1
        try:
            yield
        finally:
            with self._lock:
                self._arriving -= 1


class _Held:
    """Files of one run in ./tmp, which a deep clear leaves until they are let go."""

    def __init__(self, tmp: TmpFolder, run: str) -> None:
        self._tmp = tmp
        self._run = run
        self._folder = tmp.run / "programs" / run
        self._files: set[Path] = set()

    def put(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        self._files.add(path)
        self._tmp.hold(self._run, self._files)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(data)
        return path

    def let_go(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._tmp.hold(self._run, ())
