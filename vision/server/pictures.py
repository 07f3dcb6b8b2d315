"""Pictures as a request carries them: data URIs, within the same budget of pixels as in process.

Every turn sends all pictures of its conversation again, so what was made of one is kept; a batch
asks about each picture once, and nothing is. The same picture always gives the same bytes, also
after a restart: the server's prefix cache sees them.
"""

import struct
import sys
import zlib
from base64 import b64encode
from collections import OrderedDict
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vision.engine import Image
from vision.image_errors import ImageGone
from vision.images import Decoder
from vision.server.plain import media_type
from vision.server.tokens import scaled

KEPT_BYTES = 64 << 20  # of data URIs; about 70 photos
# Of zlib. 3 takes a third of 6's time and makes pictures no larger: 33 ms for a photo of 1 MP.
_LEVEL = 3
_UP = 2  # PNG's filter: each row as its difference from the one above

Key = tuple[str, int]  # the SHA-256 of the stored bytes, the budget of pixels


class Pictures:
    """Makes data URIs and keeps the last ones. For any number of threads."""

    def __init__(self, decoder: Decoder, max_pixels: int, kept_bytes: int = KEPT_BYTES) -> None:
        self._decoder = decoder
        self._max_pixels = max_pixels
        self._limit = kept_bytes
        self._kept: OrderedDict[Key, str] = OrderedDict()  # least recent first
        self._groups: dict[Key, set[str]] = {}  # who asked about each that is kept
        self._size = 0
        self._lock = Lock()  # guards _kept, _groups and _size

    @property
    def size_bytes(self) -> int:
        """What the kept data URIs take."""
        return self._size

    def clear(self, group: str = "") -> None:
        """Drop what is kept that only ``group`` asked about; all of it for ""."""
        with self._lock:
            for key, groups in list(self._groups.items()):
                groups.discard(group)
                if not (group and groups):
                    self._drop(key)

    def has(self, image: Image) -> bool:
        """Tell whether a picture is kept."""
        return self._key(image) in self._kept

    def uri(self, image: Image, *, keep: bool, group: str = "") -> str:
        """Return a picture as a data URI, and keep it for the next turn. Raise ``ImageRefused``."""
        key = self._key(image)
        with self._lock:
            if kept := self._kept.get(key):
                self._kept.move_to_end(key)
                self._groups[key].add(group)
                return kept
        made = self._made(image)
        if keep:
            self._keep(key, made, group)
        return made

    def size(self, image: Image) -> tuple[int, int]:
        """Return the width and height that a Qwen2.5-VL sees a picture at."""
        return scaled(image.width, image.height, 0, self._key(image)[1])

    def _key(self, image: Image) -> Key:
        return image.sha256, image.max_pixels or self._max_pixels

    def _keep(self, key: Key, uri: str, group: str) -> None:
        with self._lock:
            groups = self._groups.get(key, set())
            self._drop(key)
            self._size += len(uri)
            self._kept[key], self._groups[key] = uri, {*groups, group}
            while self._size > self._limit:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        self._size -= len(self._kept.pop(key, ""))
        self._groups.pop(key, None)

    def _made(self, image: Image) -> str:
        try:
            file = image.path.read_bytes()
        except OSError as error:
            raise ImageGone(sha256=image.sha256[:12]) from error
        size = self.size(image)
        fits = size == scaled(image.width, image.height, 0, sys.maxsize)
        media = media_type(file) if fits else ""
        if media:
            return _data_uri(media, file)
        return _data_uri("image/png", png(self._decoder.decode(file, None if fits else size).rgb))


def png(rgb: NDArray[np.uint8]) -> bytes:
    """Encode pixels, (H, W, 3), without loss: the server sees what an engine here would see.

    Written out, as only the decode worker may use Pillow, and it sends pixels.
    """
    height, width, _ = rgb.shape
    flat = rgb.reshape(height, width * 3)
    rows = np.empty((height, 1 + width * 3), np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])  # wraps around, as PNG's does
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, content)
        for name, content in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)),
            (b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def _data_uri(media: str, file: bytes) -> str:
    return f"data:{media};base64,{b64encode(file).decode('ascii')}"
