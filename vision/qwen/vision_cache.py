"""Picture embeddings kept between prompts, so that a picture is encoded once.

A conversation is edited, regenerated and opened again; its pictures stay the same. Their
embeddings depend on nothing but the picture's bytes and its grid, so that pair is the key. The
cache is bounded in bytes: the least recently used go first, and they go *before* a new one comes.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor

from vision.qwen.patches import Grid

Key = tuple[str, Grid]  # the SHA-256 of the picture's stored bytes, and its size in patches


class VisionCache:
    """Embeddings by picture and grid, the least recently used out first.

    ``short`` tells whether the device has too little memory to keep embeddings in; then new ones
    are kept in CPU memory. What ``get`` returns is wherever it was kept: move it before use.
    """

    def __init__(self, cap_bytes: int, short: Callable[[], bool] = lambda: False) -> None:
        self.cap_bytes = cap_bytes
        self._short = short
        self._entries: OrderedDict[Key, Tensor] = OrderedDict()
        self._groups: dict[Key, set[str]] = {}  # who asked about each picture that is kept
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes held, on the device and in CPU memory together; never more than ``cap_bytes``."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def get(self, key: Key, group: str = "") -> Tensor | None:
        """Return a picture's embeddings, not to be written to; count it as used, by ``group``."""
        embeddings = self._entries.get(key)
        if embeddings is not None:
            self._entries.move_to_end(key)
            self._groups[key].add(group)
        return embeddings

    def put(self, key: Key, embeddings: Tensor, group: str = "") -> None:
        """Keep a picture's embeddings; those larger than the whole cache are not kept."""
        self._drop(key)
        if embeddings.nbytes > self.cap_bytes:
            return
        while self._bytes + embeddings.nbytes > self.cap_bytes:
            self._drop(next(iter(self._entries)))
        self._entries[key] = _own(embeddings.detach(), move=self._short())
        self._groups[key] = {group}
        self._bytes += embeddings.nbytes

    def release(self, group: str = "") -> int:
        """Forget what only ``group`` asked about, or everything; return how many bytes that was."""
        before = self._bytes
        for key, groups in list(self._groups.items()):
            groups.discard(group)
            if not (group and groups):
                self._drop(key)
        return before - self._bytes

    def _drop(self, key: Key) -> None:
        self._groups.pop(key, None)
        embeddings = self._entries.pop(key, None)
        if embeddings is not None:
            self._bytes -= embeddings.nbytes


def _own(embeddings: Tensor, *, move: bool) -> Tensor:
    """Return ``embeddings`` in a storage of exactly their size, in CPU memory if ``move``.

    A view would keep the storage of all the pictures it was encoded with, and more bytes would be
    held than counted.
    """
    if move:
        embeddings = embeddings.cpu()
    shared = embeddings.untyped_storage().nbytes() != embeddings.nbytes
    return embeddings.clone() if shared else embeddings
