"""The folders that history knows by their tags, and the one that is being read."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Literal
from uuid import uuid4

from app.assistant import Assistant
from app.batch.sources import DOCUMENTS, PICTURES, sources
from app.errors import PathMissing, PathOutside, UnexpectedFailure
from app.folder.errors import FileUnreadable, FolderBusy, FolderEmpty, FolderNameless
from app.folder.names import by_folder, tag_of
from app.folder.reading import File, Outcome, Progress, Reading
from app.intake import Upload
from app.tmp_folder import TmpFolder
from history import Conversation, HistoryError, NotFound, Turn
from vision.errors import EngineFailed, EngineUnavailable, VisionError
from vision.image_errors import ImageTooManyBytes
from vision.pdf import is_pdf

log = logging.getLogger(__name__)

ENDINGS = PICTURES | DOCUMENTS
Act = Literal["pause", "resume", "stop"]
# What is no one file's fault, and the next would meet too.
_EVERYBODYS = (EngineFailed, EngineUnavailable, HistoryError)
_TRIES = 2  # of a file, before it is taken for its own fault after all
_READ = ("stop", "length", "loop")


class Folders:
    """Reads folders into conversations; safe to use from any thread."""

    def __init__(self, assistant: Assistant, tmp: TmpFolder, uploads: Path, max_bytes: int) -> None:
        self._assistant = assistant
        self._store = assistant.store
        self._tmp = tmp
        self._copies = tmp.run / "folder"
        self._uploads = uploads  # the working directory's ./uploads
        self._max_bytes = max_bytes  # of one file
        self._lock = threading.Lock()  # guards _reading
        self._reading: Reading | None = None

    # What there is

    def all(self) -> dict[str, list[Conversation]]:
        """Return the conversations of each folder, the one written to last first."""
        return by_folder(self._store.conversations())

    def places(self) -> dict[str, int]:
        """Return the folders under ./uploads, and how many files each has that can be read."""
        found = sources(self._uploads, ENDINGS) if self._uploads.is_dir() else []
        names = Counter(Path(each.name).parent.as_posix() for each in found)
        return {f"uploads/{name}".removesuffix("/."): names[name] for name in sorted(names)}

    def turns(self, tag: str) -> Iterator[tuple[Conversation, Turn]]:
        """Yield each conversation of a folder with the newest turn that read its receipt."""
        for conversation in self.all().get(tag, []):
            with suppress(NotFound):  # deleted meanwhile
                turns = self._store.turns(conversation.id)
                if found := [turn for turn in turns if turn.job == "receipt" and _ended(turn)]:
                    yield conversation, found[-1]

    def now(self) -> tuple[str, Progress] | None:
        """Return the folder that was read last since the start, and how far it is."""
        with self._lock:
            reading = self._reading
        return (reading.tag, reading.progress()) if reading else None

    # What can be done

    def open(self, name: str) -> str:
        """Return the tag of a folder that files can be added to. Raise ``PromptRefused``."""
        tag = tag_of(name)
        if not tag:
            raise FolderNameless
        with self._lock:
            self._opened(tag)
        return tag

    def place(self) -> Path:
        """Return where a copy of a file may be written, to be added."""
        self._copies.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._copies / uuid4().hex

    def add_copy(self, tag: str, name: str, path: Path) -> None:
        """Have a file read that was written to a ``place``; it is ours to delete.

        Raise ``FolderBusy`` with it deleted.
        """
        try:
            self._add(tag_of(tag), [File(name, path, is_copy=True)])
        except FolderBusy:
            path.unlink()
            raise

    def add_place(self, name: str) -> str:
        """Have a folder under ./uploads read; return its tag. Raise ``VisionError``."""
        folder = (self._uploads.parent / name).resolve()
        if not folder.is_relative_to(self._uploads.resolve()):
            raise PathOutside(path=name)
        if not folder.is_dir():
            raise PathMissing(path=name)
        found = sources(folder, ENDINGS)
        if not found:
            raise FolderEmpty(folder=name)
        tag = self.open(folder.name)
        self._add(tag, [File(each.name, each.path, is_copy=False) for each in found])
        return tag

    def act(self, tag: str, act: Act) -> None:
        """Pause, resume or stop the folder that is being read."""
        with self._lock:
            reading = self._reading
        if reading is None or reading.tag != tag:
            return
        if act == "pause":
            reading.pause()
        elif act == "resume":
            reading.resume()
        else:
            for file in reading.stop():
                if file.is_copy:
                    file.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Begin no other file: the page ends."""
        with self._lock:
            if self._reading:
                self._reading.stop()

    def _add(self, tag: str, files: list[File]) -> None:
        with self._lock:
            reading = self._opened(tag)
            if reading.add(files):
                threading.Thread(
                    target=self._read, args=(reading,), name="folder", daemon=True
                ).start()

    def _opened(self, tag: str) -> Reading:
        """Return the reading of a folder, a new one if need be. The lock is held."""
        reading = self._reading
        if reading is None or reading.tag != tag:
            if reading and (left := reading.progress().left):
                raise FolderBusy(folder=reading.tag, left=left)
            reading = Reading(tag, lambda paths: self._tmp.hold("folder", paths))
            self._reading = reading
        return reading

    # What follows runs in the thread that feeds the assistant.

    def _read(self, reading: Reading) -> None:
        known = {images for _, turn in self.turns(reading.tag) if (images := _images(turn))}
        while file := reading.next():
            started = perf_counter()
            outcome: Outcome = "stopped"
            problem: VisionError | HistoryError | None = None
            try:
                outcome = self._outcome(reading, file, known)
            except (VisionError, HistoryError) as error:
                problem = error
            except OSError as error:
                problem = FileUnreadable(reason=error.strerror or type(error).__name__)
            except Exception as error:
                log.exception("file of a folder failed unexpectedly")
                problem = UnexpectedFailure(cause=type(error).__name__)
            if isinstance(problem, _EVERYBODYS) and file.tries + 1 < _TRIES:
                reading.put_back(replace(file, tries=file.tries + 1), problem.record())
                continue
            if file.is_copy:
                file.path.unlink(missing_ok=True)
            if problem:
                reading.was_refused(file, problem.record())
            else:
                reading.was(outcome, perf_counter() - started)

    def _outcome(self, reading: Reading, file: File, known: set[tuple[str, ...]]) -> Outcome:
        """Have a file read, unless its pictures are ``known``; then they are."""
        pictures = self._pictures(file)
        images = tuple(sha256(each.data).hexdigest() for each in pictures)
        if images in known:
            return "same"
        if not self._answered(reading, pictures):
            return "stopped"
        known.add(images)
        return "read"

    def _pictures(self, file: File) -> list[Upload]:
        """Return a picture, or the pages of a PDF: the pictures of one receipt."""
        if (size := file.path.stat().st_size) > self._max_bytes:
            raise ImageTooManyBytes(size=size, limit=self._max_bytes)
        data = file.path.read_bytes()
        if not is_pdf(data):
            return [Upload(file.name, data)]
        pages = enumerate(self._assistant.decoder.pages(data), start=1)
        return [Upload(f"{Path(file.name).stem}-{number}.png", page) for number, page in pages]

    def _answered(self, reading: Reading, pictures: list[Upload]) -> bool:
        """Have a receipt read, to the end; tell whether it was, or stopped with its folder.

        Raise what went wrong. A conversation in which nothing was read does not stay.
        """
        run = self._assistant.send(None, "", pictures, "receipt")
        self._store.tag(run.conversation_id, [reading.tag])
        reading.on_stop(run.cancel.set)
        run.ended.wait()
        stopped = reading.stopped and run.snapshot().turn.finish_reason == "cancelled"
        if stopped or run.failure:
            with suppress(NotFound):
                self._store.trash.delete_conversation(run.conversation_id)
        if run.failure and not stopped:
            raise run.failure
        return not stopped


def _ended(turn: Turn) -> bool:
    return turn.finish_reason is not None


def _images(turn: Turn) -> tuple[str, ...]:
    """Return the hashes of a turn's pictures; nothing of one that was not read to its end."""
    return tuple(image.sha256 for image in turn.images) if turn.finish_reason in _READ else ()
