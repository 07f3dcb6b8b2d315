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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from history import files, names
from history.errors import ConversationNotFound, RecordTooNew, TurnDamaged, TurnNotFound
from history.record import SCHEMA, TooNewError, seal, unseal
from history.title import title_from
from history.turn import Conversation, Turn, decode, placeholder

log = logging.getLogger(__name__)

OPENING = 4  # turns that are looked at for a title and a picture
# A folder's time is as coarse as the kernel's clock, or 2 s on FAT: a change right after the
# last one may not show in it. Such a young folder is read again each time.
SETTLED_NS = 2_500_000_000


@dataclass(frozen=True, slots=True)
class Head:
    """A conversation's own file."""

    title: str = ""  # as named; empty means to take it from the first prompt
    created_at: str = ""
    system_prompt: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)  # keys of others, kept: whatever JSON is
    schema: int = SCHEMA


class Listing:
    """The conversations under a store's root. Reads only; safe to ask from any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[str, tuple[tuple[int, int], Conversation]] = {}
        self._lock = threading.Lock()  # guards _seen

    def ids(self) -> list[str]:
        """Return the names of all conversations, oldest first."""
        try:
            with os.scandir(self._root) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if names.CONVERSATION.fullmatch(entry.name)
                    and entry.is_dir(follow_symlinks=False)
                )
        except FileNotFoundError:
            return []

    def all(self) -> list[Conversation]:
        """Return all conversations, the one last written to first."""
        found = []
        ids = self.ids()
        for conversation_id in ids:
            try:
                found.append(self.conversation(conversation_id))
            except ConversationNotFound:
                continue  # deleted meanwhile
            except OSError as error:
                log.warning("not listed id=%s reason=%s", conversation_id, error.strerror)
        with self._lock:
            self._seen = {key: self._seen[key] for key in ids if key in self._seen}
        return sorted(found, key=lambda each: (each.updated_at, each.id), reverse=True)

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation, from memory if its folder did not change."""
        folder = self.folder(conversation_id)
        state = folder.stat()
        stamp = (state.st_mtime_ns, state.st_ino)
        with self._lock:
            seen = self._seen.get(conversation_id)
        if seen and seen[0] == stamp:
            return seen[1]
        started_ns = time.time_ns()
        conversation = _summary(folder)
        if started_ns - state.st_mtime_ns > SETTLED_NS:
            with self._lock:
                self._seen[conversation_id] = (stamp, conversation)
        return conversation

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


def too_new(path: Path, schema: int) -> RecordTooNew:
    """Say that a newer version wrote a conversation's file."""
    file = f"{path.parent.name}/{path.name}"
    return RecordTooNew(file=file, schema=schema, known=SCHEMA)


def read_head(folder: Path) -> Head:
    """Return a conversation's own file. Raise ``ValueError`` or ``OSError`` if it is damaged."""
    record = unseal(files.read(folder / names.HEAD))
    schema = record.pop("schema")
    texts = {key: record.pop(key, "") for key in ("title", "created_at", "system_prompt")}
    for key, text in texts.items():
        if not isinstance(text, str):
            if schema <= SCHEMA:
                raise ValueError(f"its {key} is wrong")
            texts[key] = ""  # means something else by now
    return Head(**texts, extra=record, schema=schema)


def encode_head(conversation_id: str, head: Head) -> bytes:
    """Return the bytes of a conversation's own file."""
    record = {
        "schema": SCHEMA,
        "id": conversation_id,
        "title": head.title,
        "created_at": head.created_at,
        "system_prompt": head.system_prompt,
    }
    return seal(record | {key: head.extra[key] for key in head.extra if key not in record})


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
