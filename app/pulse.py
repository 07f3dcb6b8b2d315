"""What a tab asks every few seconds: whether the program, and its conversation, are the same.

Two tabs of one conversation stay consistent so, and a tab whose program was started again knows.
"""

import hashlib
import threading
from collections import OrderedDict
from uuid import uuid4

from fastapi import APIRouter

from history import HistoryError, Store, names
from history.listing import Stamp, is_settled

_REMEMBERED = 256  # conversations


class Pulse:
    """Stamps of conversations, each read again only when its folder has changed, or just had."""

    def __init__(self, store: Store) -> None:
        self.run = uuid4().hex  # of this program, from its start to its end
        self._store = store
        self._stamps: OrderedDict[str, tuple[Stamp, str]] = OrderedDict()  # by conversation
        self._lock = threading.Lock()  # guards _stamps

    def stamp(self, conversation_id: str) -> str:
        """Return what changes whenever what a tab shows of a conversation does; "" if it is gone.

        A correction of a receipt is none: its panel draws that itself.
        """
        try:
            names.check_conversation_id(conversation_id)
            state = (self._store.root / conversation_id).stat()
            changed = state.st_mtime_ns, state.st_ino
            with self._lock:
                known = self._stamps.get(conversation_id)
            if known and known[0] == changed:
                return known[1]
            settled = is_settled(changed)
            stamp = self._read(conversation_id)
        except (OSError, HistoryError):
            return ""
        if settled:
            self._keep(conversation_id, changed, stamp)
        return stamp

    def _keep(self, conversation_id: str, changed: Stamp, stamp: str) -> None:
        with self._lock:
            self._stamps[conversation_id] = changed, stamp
            while len(self._stamps) > _REMEMBERED:
                self._stamps.popitem(last=False)

    def _read(self, conversation_id: str) -> str:
        title = self._store.conversation(conversation_id).title
        turns = [
            (turn.id, turn.finish_reason, turn.prompt, turn.reply)
            for turn in self._store.turns(conversation_id)
        ]
        said = repr((title, turns)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(said, digest_size=8).hexdigest()


def pulse_routes(pulse: Pulse) -> APIRouter:
    """Return ``/pulse``: which run of the program this is, and a conversation's stamp."""
    router = APIRouter(include_in_schema=False)

    # Not async: a conversation that changed is read from the disk.
    @router.get("/pulse")
    def beat(c: str = "") -> dict[str, str]:
        return {"run": pulse.run, "stamp": pulse.stamp(c) if c else ""}

    return router
