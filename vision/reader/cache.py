"""The lines of pictures that were read, so that a follow-up reads nothing again."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vision.engine import Line

MOST = 64  # pictures; a page of text is about 30 KiB


@dataclass(slots=True)
class _Entry:
    lines: tuple[Line, ...]
    size_bytes: int
    conversations: set[str] = field(default_factory=set)  # whose turns asked for it


class LineCache:
    """Lines by the picture's SHA-256; the one not asked for longest goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """What the lines take. May be asked from any thread."""
        return self._size_bytes

    def get(self, sha256: str, conversation: str) -> tuple[Line, ...] | None:
        """Return the lines, or None if they are not here."""
        if entry := self._entries.get(sha256):
            entry.conversations.add(conversation)
            self._entries.move_to_end(sha256)
            return entry.lines
        return None

    def put(self, sha256: str, conversation: str, lines: Sequence[Line]) -> None:
        """Keep the lines of a picture."""
        self._drop(sha256)
        entry = _Entry(tuple(lines), size_of(lines), {conversation})
        self._entries[sha256] = entry
        self._size_bytes += entry.size_bytes
        if len(self._entries) > self._most:
            self._drop(next(iter(self._entries)))

    def forget(self, conversation: str) -> None:
        """Drop what only ``conversation`` asked for."""
        self._forget(lambda asked: asked == conversation)

    def forget_group(self, group: str) -> None:
        """Drop what only conversations asked for whose names begin with ``group``."""
        self._forget(lambda asked: asked.startswith(group))

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()
        self._size_bytes = 0

    def _forget(self, gone: Callable[[str], bool]) -> None:
        for sha256, entry in list(self._entries.items()):
            entry.conversations = {each for each in entry.conversations if not gone(each)}
            if not entry.conversations:
                self._drop(sha256)

    def _drop(self, sha256: str) -> None:
        if entry := self._entries.pop(sha256, None):
            self._size_bytes -= entry.size_bytes


def size_of(lines: Sequence[Line]) -> int:
    """Return the bytes that ``lines`` take: the objects, their text, boxes and scores."""
    return sum(
        sum(map(sys.getsizeof, (line, line.text, line.box, line.score, *line.box)))
        for line in lines
    )
