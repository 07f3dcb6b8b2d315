"""What a tab asks every few seconds: whether the program, and its conversation, are the same.

Two tabs of one conversation stay consistent so, and a tab whose program was started again knows.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import APIRouter

from history import HistoryError, Store, names
from history.listing import Stamp, is_settled

_REMEMBERED = 256  # conversations


@dataclass(frozen=True, slots=True)
class Stamps:
    """What changes whenever what a tab shows of a conversation does; empty if it is gone."""

    turns: str = ""
    corrections: str = ""  # apart, as panels draw these themselves


class Pulse:
    """Stamps of conversations, each read again only when its folder has changed, or just had."""

    def __init__(self, store: Store) -> None:
        self.run = uuid4().hex  # of this program, from its start to its end
        self._store = store
        self._stamps: OrderedDict[str, tuple[Stamp, Stamps]] = OrderedDict()  # by conversation
        self._lock = threading.Lock()  # guards _stamps

    def stamps(self, conversation_id: str) -> Stamps:
        """Return the stamps of a conversation, whatever is given as its id."""
        try:
            names.check_conversation_id(conversation_id)
            state = (self._store.root / conversation_id).stat()
            changed = state.st_mtime_ns, state.st_ino
            with self._lock:
                known = self._stamps.get(conversation_id)
            if known and known[0] == changed:
                return known[1]
            settled = is_settled(changed)
            stamps = self._read(conversation_id)
        except (OSError, HistoryError):
            return Stamps()
        if settled:
            self._keep(conversation_id, changed, stamps)
        return stamps

    def beat(self, conversation_id: str) -> dict[str, str]:
        """Return this as a tab is told it; without a conversation, its stamps are empty."""
        stamps = self.stamps(conversation_id) if conversation_id else Stamps()
        return {"run": self.run, "stamp": stamps.turns, "corrections": stamps.corrections}

    def _keep(self, conversation_id: str, changed: Stamp, stamps: Stamps) -> None:
        with self._lock:
            self._stamps[conversation_id] = changed, stamps
            while len(self._stamps) > _REMEMBERED:
                self._stamps.popitem(last=False)

    def _read(self, conversation_id: str) -> Stamps:
        title = self._store.conversation(conversation_id).title
        turns = self._store.turns(conversation_id)
        shown = [(turn.id, turn.finish_reason, turn.prompt, turn.reply) for turn in turns]
        return Stamps(_digest((title, shown)), _digest([turn.corrections for turn in turns]))


def _digest(value: Any) -> str:  # whatever repr tells apart
    said = repr(value).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=8).hexdigest()


def pulse_routes(pulse: Pulse) -> APIRouter:
    """Return ``/pulse``: which run of the program this is, and a conversation's stamps."""
    router = APIRouter(include_in_schema=False)

    # Not async: a conversation that changed is read from the disk.
    @router.get("/pulse")
    def beat(c: str = "") -> dict[str, str]:
        return pulse.beat(c)

    return router
