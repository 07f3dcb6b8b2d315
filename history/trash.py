"""What was deleted, until it expires: each thing as it was, under a name that says whence it came.

A deletion is one rename, so it happened or it did not. ``<time>-<letters>.<conversation>`` is a
conversation's folder, and with ``.0003.json`` behind it a turn. Nothing else is written, so what
comes back is what went, byte for byte.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from history import files, names
from history.errors import PlaceTaken, TrashNotFound, reading, writing
from history.listing import read_turn
from history.unused import adding, hashes_below
from history.versions import encode_gone

log = logging.getLogger(__name__)

KEPT_DAYS = 30.0

# Holds a conversation's folder while it is changed.
Changing = Callable[[str], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True)
class Trashed:
    """A turn or a conversation in the trash."""

    id: str
    conversation_id: str
    turn_id: int | None  # None: the conversation
    deleted_at: str  # UTC, ISO 8601


class Trash:
    """Deletes and brings back. Safe to use from any thread and several processes."""

    def __init__(self, root: Path, changing: Changing) -> None:
        self._root = root
        self._folder, self._stage = root / names.TRASH, root / names.STAGE
        self._changing = changing

    def entries(self) -> list[Trashed]:
        """Return what can be brought back, the last deleted first."""
        with reading(self._root):
            return list(self._entries())

    def delete_turn(self, conversation_id: str, turn_id: int) -> Trashed:
        """Delete one turn. The others keep their numbers, and its own is not given again."""
        with self._changing(conversation_id) as folder:
            mark = folder / names.gone_name(turn_id)
            path = folder / names.turn_name(turn_id)
            # A link or a pipe in its place can be deleted too; then the placeholder is read.
            content = encode_gone(read_turn(folder, turn_id))
            files.write(mark, content, self._stage)
            try:
                return self._take(path, f"{conversation_id}.{path.name}")
            except OSError:
                if path.exists():
                    files.discard(mark)
                raise

    def delete_conversation(self, conversation_id: str) -> Trashed:
        """Delete a conversation, with its turns and all of their versions."""
        with self._changing(conversation_id) as folder:
            return self._take(folder, conversation_id)

    def undo(self, trash_id: str | None = None) -> Trashed:
        """Bring back what was deleted last, or what is named, as it was. Not inside ``adding``."""
        entries = self.entries()
        entry = next((each for each in entries if trash_id in (None, each.id)), None)
        if entry is None:
            raise TrashNotFound(entry=names.shown(trash_id or ""))
        # What looks for unused pictures meanwhile would find it neither here nor there.
        with adding(self._root):
            if entry.turn_id is None:
                self._restore_conversation(entry)
            else:
                self._restore_turn(entry, entry.turn_id)
        return entry

    def expired(self, older_than_days: float) -> list[Trashed]:
        """Return what was deleted longer ago than that; all of it where that is no time at all."""
        if older_than_days <= 0:
            return self.entries()  # whatever the clock said then
        limit = names.iso(datetime.now(UTC) - timedelta(days=older_than_days))
        return [each for each in self.entries() if each.deleted_at <= limit]

    def destroy(self, entries: Iterable[Trashed]) -> set[str]:
        """Remove things for ever; return all that may be hashes of pictures they referred to.

        Also ends what a purge that was killed had begun.
        """
        hashes: set[str] = set()
        with writing(self._root):
            for entry in entries:
                # Out of sight at once, so that no half of a conversation is ever brought back.
                with suppress(FileNotFoundError):  # another process was first
                    files.condemn(self._folder / entry.id, self._stage)
            for path in files.condemned(self._stage):
                hashes |= hashes_below(path)
                if path.is_dir():
                    files.remove_folder(path)
                else:
                    files.remove(path)
        return hashes

    def _entries(self) -> Iterator[Trashed]:
        if self._folder.is_dir():
            listed = sorted((path.name for path in self._folder.iterdir()), reverse=True)
            yield from (entry for name in listed if (entry := trashed(name)))

    def _take(self, path: Path, name: str) -> Trashed:
        files.ensure_folder(self._folder)
        with files.locked(self._folder):
            newest = next((each.id for each in self._entries()), "")
            taken = trashed(f"{names.new_trash_id(newest)}.{name}")
            assert taken is not None, "the name is ours"
            files.move(path, self._folder / taken.id)
            log.info("deleted id=%s", taken.id)
            return taken

    def _restore_turn(self, entry: Trashed, turn_id: int) -> None:
        kept = self._folder / entry.id
        with self._changing(entry.conversation_id) as folder:
            path = folder / names.turn_name(turn_id)
            try:
                files.publish(kept, path)
            except FileExistsError as error:
                # Of an undo that was interrupted half way; anything else is somebody's.
                if not (kept.exists() and kept.samefile(path)):
                    raise PlaceTaken(place=f"{folder.name}/{path.name}") from error
            except FileNotFoundError as error:
                raise TrashNotFound(entry=entry.id) from error  # another process was first
            files.remove(kept)
            files.discard(folder / names.gone_name(turn_id))

    def _restore_conversation(self, entry: Trashed) -> None:
        path = self._root / entry.conversation_id
        with writing(self._root), files.locked(self._folder):
            if os.path.lexists(path):
                raise PlaceTaken(place=path.name)
            try:
                files.move(self._folder / entry.id, path)
            except FileNotFoundError as error:
                raise TrashNotFound(entry=entry.id) from error  # another process was first


def trashed(name: str) -> Trashed | None:
    """Return what a name in the trash stands for; None where it is not one of ours."""
    match, time = names.TRASHED.fullmatch(name), names.deleted_at(name)
    if not match or not time:
        return None
    return Trashed(name, match[2], int(match[4]) if match[4] else None, names.iso(time))
