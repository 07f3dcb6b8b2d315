"""Conversations as a list shows them, read from as few files as possible.

For each conversation that is its ``conversation.json``, its opening turns up to the first
picture, and its newest turn. What was read is kept for as long as the folder does not change, so
that a second look at thousands of conversations costs one ``stat`` each.

Broken files hide nothing: a conversation whose ``conversation.json`` cannot be read is listed
under the first prompt, or under its date alone.
"""

import logging
import os
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from history import files, names
from history.errors import (
    ConversationNotFound,
    HistoryError,
    RecordTooNew,
    TurnDamaged,
    TurnNotFound,
)
from history.head import Head, read_head
from history.record import SCHEMA, TooNewError
from history.title import title_from
from history.turn import Conversation, Turn, decode, placeholder

log = logging.getLogger(__name__)

OPENING = 4  # turns that are looked at for a title and a picture
# A folder's time is as coarse as the kernel's clock, or 2 s on FAT: a change right after the
# last one may not show in it. Such a young folder is read again each time.
SETTLED_NS = 2_500_000_000


Stamp = tuple[int, int]  # a folder's time of change in ns, and its inode


class Listing:
    """The conversations under a store's root. Reads only; safe to ask from any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[str, tuple[Stamp, Conversation]] = {}
        self._lock = threading.Lock()  # guards _seen

    def remember(self, summaries: Mapping[str, tuple[Stamp, Conversation]]) -> None:
        """Take over what was listed before, by another process; what changed is read again."""
        with self._lock:
            self._seen = {**summaries, **self._seen}

    def ids(self) -> list[str]:
        """Return the names of all conversations, oldest first."""
        return list(self.stamps())

    def stamps(self) -> dict[str, Stamp]:
        """Return the names of all conversations, oldest first, with what tells of a change."""
        stamps = {}
        is_ours, is_folder = names.CONVERSATION.fullmatch, stat.S_ISDIR
        try:
            with os.scandir(self._root) as entries:
                for entry in entries:
                    if not is_ours(entry.name):
                        continue
                    try:
                        state = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # deleted meanwhile
                    if is_folder(state.st_mode):
                        stamps[entry.name] = state.st_mtime_ns, state.st_ino
        except FileNotFoundError:
            return {}
        return dict(sorted(stamps.items()))

    def all(self) -> list[Conversation]:
        """Return all conversations, the one last written to first."""
        found = []
        stamps = self.stamps()
        for conversation_id, stamp in stamps.items():
            try:
                found.append(self._at(conversation_id, stamp))
            except ConversationNotFound:
                continue  # deleted meanwhile
            except OSError as error:
                log.warning("not listed id=%s reason=%s", conversation_id, error.strerror)
        with self._lock:
            self._seen = {key: self._seen[key] for key in stamps if key in self._seen}
        return sorted(found, key=lambda each: (each.updated_at, each.id), reverse=True)

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation, from memory if its folder did not change."""
        state = self.folder(conversation_id).stat()
        return self._at(conversation_id, (state.st_mtime_ns, state.st_ino))

    def folder(self, conversation_id: str) -> Path:
        """Return a conversation's folder. Raise ``ConversationNotFound`` where there is none."""
        names.check_conversation_id(conversation_id)
        folder = self._root / conversation_id
        try:
            if stat.S_ISDIR(folder.stat(follow_symlinks=False).st_mode):
                return folder
        except FileNotFoundError:
            pass
        raise ConversationNotFound(conversation=conversation_id)

    def _at(self, conversation_id: str, stamp: Stamp) -> Conversation:
        with self._lock:
            seen = self._seen.get(conversation_id)
        if seen and seen[0] == stamp:
            return seen[1]
        settled = is_settled(stamp)
        conversation = _summary(self._root / conversation_id)
        if settled:
            with self._lock:
                self._seen[conversation_id] = (stamp, conversation)
        return conversation


def is_settled(stamp: Stamp) -> bool:
    """Tell whether a folder that changes from now on would show it in its time."""
    return time.time_ns() - stamp[0] > SETTLED_NS


def turn_ids(folder: Path) -> list[int]:
    """Return the turns of a conversation, in order."""
    try:
        return names.turn_ids(entry.name for entry in os.scandir(folder))
    except FileNotFoundError as error:
        raise ConversationNotFound(conversation=folder.name) from error


def read_turn(folder: Path, turn_id: int) -> Turn:
    """Return a turn, or a placeholder that says why its file cannot be read.

    The file stays where it is, so that the turn keeps its place and a backup can be put back.
    """
    path = folder / names.turn_name(turn_id)
    try:
        turn = decode(files.read(path))
        if turn.id != turn_id:
            raise ValueError("its id is not that of its name")  # noqa: TRY301  one of many reasons
    except FileNotFoundError as error:
        raise TurnNotFound(conversation=folder.name, turn=turn_id) from error
    except TooNewError as error:
        return placeholder(turn_id, too_new(path, error.schema))
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        log.warning("turn damaged file=%s/%s reason=%s", folder.name, path.name, reason)
        damage = TurnDamaged(file=f"{folder.name}/{path.name}", reason=reason)
        return placeholder(turn_id, damage)
    return turn


def damage_of(turn: Turn) -> HistoryError:
    """Return the error that a placeholder stands for, to be raised where it would be changed."""
    known = {error.__name__: error for error in (TurnDamaged, RecordTooNew)}
    return known[turn.error["code"]](**turn.error["values"])


def read_turns(folder: Path) -> list[Turn]:
    """Return all turns of a conversation, those of other versions too, in order of their ids."""
    return list(_present(folder, turn_ids(folder)))


def too_new(path: Path, schema: int) -> RecordTooNew:
    """Say that a newer version wrote a conversation's file."""
    file = f"{path.parent.name}/{path.name}"
    return RecordTooNew(file=file, schema=schema, known=SCHEMA)


def _summary(folder: Path) -> Conversation:
    ids = turn_ids(folder)
    try:
        head = read_head(folder)
    except (OSError, ValueError) as error:
        log.warning("conversation.json damaged id=%s reason=%s", folder.name, error)
        head = Head()
    created_at = head.created_at or names.created_at(folder.name)
    opening = _opening(folder, ids)
    first = next((turn.prompt for turn in opening if turn.prompt.strip()), "")
    cover = next((turn.images[0] for turn in opening if turn.images), None)
    newest = _newest(folder, ids)
    return Conversation(
        id=folder.name,
        title=head.title or title_from(first),
        created_at=created_at,
        updated_at=(newest and newest.timestamp) or created_at,
        turns=len(ids),
        cover=cover,
        system_prompt=head.system_prompt,
        settings=head.settings,
        pinned=head.pinned,
        tags=head.tags,
    )


def _opening(folder: Path, ids: list[int]) -> list[Turn]:
    """Return the first turns, up to the first with a picture."""
    turns = []
    for turn in _present(folder, ids[:OPENING]):
        turns.append(turn)
        if turn.images:
            break
    return turns


def _newest(folder: Path, ids: list[int]) -> Turn | None:
    """Return the newest turn that can be read."""
    return next((turn for turn in _present(folder, ids[::-1]) if not turn.damaged), None)


def _present(folder: Path, ids: list[int]) -> Iterator[Turn]:
    """Read turns, without those that were deleted meanwhile."""
    for turn_id in ids:
        try:
            yield read_turn(folder, turn_id)
        except TurnNotFound:
            continue
