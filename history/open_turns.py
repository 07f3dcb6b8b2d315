"""Writing turns, and knowing which of the open ones still have a program that will end them.

An open turn's file is locked (``flock``) by the process that appended it, from before the file
can be seen until it is replaced by the closed one. The lock ends with its process, however that
ends. So an open turn that can be locked has nobody left, whoever else is running.
"""

import logging
import re
import threading
from dataclasses import replace
from pathlib import Path

from history import files, names
from history.errors import TurnInterrupted, TurnNotFound
from history.listing import read_turn
from history.record import SCHEMA
from history.turn import Turn, encode

log = logging.getLogger(__name__)

# Every open turn's file has it. So may a closed one's, in a key inside a key: it is read then.
_OPEN = re.compile(rb'"finish_reason"\s*:\s*null')


class OpenTurns:
    """Writes turns through ``stage``, and holds the locks of those that this process has open."""

    def __init__(self, stage: Path) -> None:
        self._stage = stage
        self._held: dict[Path, int] = {}  # file: descriptor that has its lock
        self._lock = threading.Lock()  # guards _held

    def append(self, folder: Path, turn: Turn) -> None:
        """Write a new turn. Raise ``FileExistsError`` where its number is taken."""
        path = folder / names.turn_name(turn.id)
        staged, held = self._staged(turn)
        try:
            files.publish(staged, path)
        except BaseException:
            files.let_go(held)
            raise
        finally:
            files.discard(staged)
        self._keep(path, held)

    def replace(self, path: Path, turn: Turn) -> None:
        """Write a turn again, whole; its lock ends when it is closed."""
        staged, held = self._staged(turn)
        try:
            files.replace(staged, path)
        except BaseException:
            files.let_go(held)
            files.discard(staged)
            raise
        self._keep(path, held)

    def close_dead(self, folder: Path, turn_id: int) -> bool:
        """Close a turn that is open and that no process holds; tell whether that was so."""
        path = folder / names.turn_name(turn_id)
        held = None
        try:
            if not _OPEN.search(files.read(path)) or (held := files.hold(path)) is None:
                return False
            return self._close(path, read_turn(folder, turn_id), held)
        except (OSError, ValueError, TurnNotFound) as error:
            # Damaged, or deleted meanwhile, or no room: a start must not fail for it.
            log.warning("not closed file=%s/%s reason=%s", folder.name, path.name, error)
            return False
        finally:
            files.let_go(held)

    def forget(self, path: Path) -> None:
        """End the lock of a turn that was deleted."""
        with self._lock:
            files.let_go(self._held.pop(path, None))

    def let_go(self) -> None:
        """End all locks, as the end of the process does."""
        with self._lock:
            while self._held:
                files.let_go(self._held.popitem()[1])

    def _close(self, path: Path, turn: Turn, held: int) -> bool:
        if turn.finish_reason is not None or turn.schema > SCHEMA:
            return False
        # Its process may have replaced the file between the look and the hold.
        if not files.is_at(held, path):
            return False
        log.warning("turn interrupted conversation=%s turn=%d", path.parent.name, turn.id)
        error = TurnInterrupted().record()
        self.replace(path, replace(turn, finish_reason="error", error=error))
        return True

    def _staged(self, turn: Turn) -> tuple[Path, int | None]:
        staged = files.stage(self._stage, encode(turn))
        if turn.finish_reason is not None:
            return staged, None
        return staged, files.hold(staged)  # before it can be seen: it is never open and unheld

    def _keep(self, path: Path, held: int | None) -> None:
        """Take over a file's new lock, and end the one of the file that was there before."""
        with self._lock:
            before = self._held.pop(path, None)
            if held is not None:
                self._held[path] = held
        files.let_go(before)
