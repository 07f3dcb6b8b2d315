"""KV caches kept between prompts: the buffer in use, and the conversations parked beside it.

In a conversation each prompt starts with all of the one before it, pictures included. So the keys
and values of positions already run are kept, and the next prompt runs only what comes after the
longest prefix it shares with any of them, compared key by key (``prompt.shared``).

There is one static buffer. Another conversation's keys and values wait beside it, cut to their
length, least recently used out first; changing over copies them, a fraction of a millisecond on a
card. Buffer and parked conversations together stay within ``cap_bytes``. A reply that needs more
than that gets it, for as long as it runs.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vision.qwen.kv import KVBuffer, KVShape, Layers
from vision.qwen.prompt import Key, length, shared, whole

# The smallest buffer, in positions; each larger one is twice as long.
SMALLEST_BUFFER = 256


@dataclass(frozen=True, slots=True)
class Stored:
    """Keys and values of a conversation that is not in the buffer."""

    keys: tuple[Key, ...]
    layers: Layers

    @property
    def nbytes(self) -> int:
        """Bytes of the copies."""
        return sum(layer.nbytes for layer in self.layers)


class Shelf(Protocol):
    """Where keys and values go that memory has no room for: ``snapshots.Snapshots``."""

    def save(self, conversation: str, stored: Stored) -> None:
        """Keep them, if that is possible."""
        ...

    def offer(self, conversation: str, keys: Sequence[Key], already: int) -> Stored | None:
        """Return what is kept, if loading it beats running ``keys`` after the ``already`` first."""
        ...

    def delete(self, conversation: str) -> None:
        """Forget one conversation."""
        ...

    def delete_group(self, group: str) -> None:
        """Forget the conversations of a group; all for ""."""
        ...


class KVPool:
    """The buffer in use and the parked conversations, within ``cap_bytes``."""

    def __init__(
        self,
        shape: KVShape,
        cap_bytes: int,
        max_context: int,
        shelf: Shelf,
        on_move: Callable[[], None] = lambda: None,
        smallest: int | None = None,
    ) -> None:
        self.shape = shape
        self.cap_bytes = cap_bytes
        self.max_context = max_context
        self.shelf = shelf
        self.on_move = on_move  # called before the buffer's addresses change: CUDA graphs know them
        self.smallest = smallest or SMALLEST_BUFFER
        self.buffer: KVBuffer | None = None
        self.conversation = ""  # whose positions the buffer holds
        self.keys: tuple[Key, ...] = ()  # of the buffer's filled positions
        self.parked: OrderedDict[str, Stored] = OrderedDict()  # least recently used first

    @property
    def nbytes(self) -> int:
        """Bytes of the buffer and of all that is parked. From any thread."""
        buffer = self.buffer  # another thread may drop it meanwhile
        return (buffer.nbytes if buffer is not None else 0) + self._parked_bytes

    @property
    def _parked_bytes(self) -> int:
        while True:
            try:
                return sum(stored.nbytes for stored in tuple(self.parked.values()))
            except (KeyError, RuntimeError):  # the engine's thread changed it meanwhile
                continue

    def open(self, conversation: str, keys: tuple[Key, ...], room: int) -> tuple[KVBuffer, int]:
        """Return the buffer, filled with the longest known prefix of ``keys``, and its keys' count.

        The buffer has space for ``room`` positions after the prompt, or up to ``max_context``. At
        least the last key is left to run, since only a forward pass gives logits.
        """
        known = self._change_over(conversation, keys[:-1])
        cached = shared(keys[:-1], known.keys if known else self.keys)
        self._keep(0 if known else cached)
        buffer = self._with_capacity(min(length(keys) + room, self.max_context))
        if known:
            buffer.copy_in(known.layers, length(keys[:cached]))
        self.conversation, self.keys = conversation, keys[:cached]
        return buffer, cached

    def settle(self, keys: Sequence[Key]) -> None:
        """Note that the buffer holds a beginning of ``keys``; give back what passes the cap.

        A picture of which the buffer holds a part is cut off.
        """
        if self.buffer is None:
            return
        self.keys = tuple(keys)
        self._keep(whole(keys, self.buffer.filled))
        if self.buffer.nbytes > self.cap_bytes:
            self.drop_buffer()
        self._make_room(self.buffer.nbytes if self.buffer else 0)

    def release(self, conversation: str) -> None:
        """Give back the memory of one conversation; forget it on the shelf, too."""
        self.parked.pop(conversation, None)
        if conversation == self.conversation:
            self.drop_buffer()
        self.shelf.delete(conversation)

    def release_group(self, group: str) -> None:
        """Do so for all whose names begin with ``group``."""
        for conversation in [each for each in self.parked if each.startswith(group)]:
            del self.parked[conversation]
        if self.conversation.startswith(group):
            self.drop_buffer()
        self.shelf.delete_group(group)

    def shelve(self, seconds: float) -> None:
        """Move to the shelf what can be begun within ``seconds``, the latest used first.

        Gives all memory back, whatever was moved.
        """
        ends = time.monotonic() + seconds
        if self.buffer is not None and self.keys and seconds > 0:
            self.shelf.save(self.conversation, Stored(self.keys, self.buffer.views()))
        self.drop_buffer()
        while self.parked:
            conversation, stored = self.parked.popitem()
            if time.monotonic() < ends:
                self.shelf.save(conversation, stored)

    def shrink(self) -> None:
        """Move all that is parked to the shelf."""
        self._make_room(self.cap_bytes)

    def drop_buffer(self) -> None:
        """Give the buffer's memory back, whatever it holds."""
        if self.buffer is not None:
            self.on_move()
        self.buffer, self.keys, self.conversation = None, (), ""

    def _change_over(self, conversation: str, keys: tuple[Key, ...]) -> Stored | None:
        """Park another conversation's positions; return who knows more of ``keys`` than the buffer.

        That may be ``conversation`` itself, another that begins alike, or the shelf. None: nobody.
        """
        own = self.parked.pop(conversation, None)
        in_memory = own is not None or (
            self.buffer is not None and self.conversation == conversation
        )
        candidates = [own] if own else []
        candidates += self.parked.values()
        if self.conversation != conversation:
            self._park()
        best, known = shared(keys, self.keys), None
        for stored in candidates:
            count = shared(keys, stored.keys)
            if count > best:
                best, known = count, stored
        if in_memory:
            return known
        return self.shelf.offer(conversation, keys, length(keys[:best])) or known

    def _park(self) -> None:
        """Copy the buffer's positions aside, or to the shelf where memory has no room for them.

        The buffer keeps its positions: the next prompt may begin alike.
        """
        if self.buffer is None or not self.keys:
            return
        size = self.buffer.filled * self.shape.position_bytes
        if self.buffer.nbytes + size > self.cap_bytes:
            self.shelf.save(self.conversation, Stored(self.keys, self.buffer.views()))
            return
        self._make_room(self.buffer.nbytes + size)
        self.parked[self.conversation] = Stored(self.keys, self.buffer.copy_out())

    def _keep(self, count: int) -> None:
        """Cut the buffer down to its first ``count`` keys."""
        self.keys = self.keys[:count]
        if self.buffer is not None:
            self.buffer.truncate(length(self.keys))

    def _with_capacity(self, needed: int) -> KVBuffer:
        """Return the buffer, new or grown where ``needed`` positions do not fit."""
        if self.buffer is not None and self.buffer.capacity >= needed:
            return self.buffer
        capacity = self._capacity(needed)
        self._make_room(capacity * self.shape.position_bytes)
        if self.buffer is None:
            self.buffer = KVBuffer(self.shape, capacity)
            return self.buffer
        self.on_move()
        try:
            self.buffer.grow(capacity)
        except BaseException:  # out of memory with some layers grown: nothing to rely on
            self.drop_buffer()
            raise
        return self.buffer

    def _capacity(self, needed: int) -> int:
        capacity = self.smallest
        while capacity < needed:
            capacity *= 2
        within_cap = self.cap_bytes // self.shape.position_bytes
        return max(needed, min(capacity, self.max_context, within_cap))

    def _make_room(self, size: int) -> None:
        """Move the least recently used to the shelf until ``size`` bytes and the parked fit."""
        while self.parked and self._parked_bytes + size > self.cap_bytes:
            conversation, stored = self.parked.popitem(last=False)
            self.shelf.save(conversation, stored)
