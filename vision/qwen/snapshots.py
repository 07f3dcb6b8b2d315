"""KV caches on disk, so that a conversation opened again goes on where it was.

One safetensors file for each conversation: its keys and values by layer, and beside them what
makes them usable: the content keys, the position that follows, the fingerprint of the model that
made them, a checksum. If any of these does not match, the file counts as absent and the prompt is
run again. Files are written whole or not at all, the oldest go when ``cap_bytes`` is passed, and
nothing here ever fails a reply: a full disk costs the snapshot only. A file's name is a hash, after
that of the conversation's group, if it has one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from vision.engine import group_of
from vision.qwen.kv_pool import Stored
from vision.qwen.patches import Grid
from vision.qwen.prompt import Key, PictureKey, length, next_position, shared

log = logging.getLogger(__name__)

SCHEMA = "1"
# Until this process has measured its own: a cold disk (12 MiB took 196 ms), and 3 or 7 billion
# parameters. Source: engine-facts.md, "KV on disk" and "Limits".
FIRST_READ_BYTES_S = 64e6
FIRST_PREFILL_TOKENS_S = {"cuda": 3_000.0, "mps": 300.0, "cpu": 60.0}
TELLING_TOKENS = 64  # fewer take as long as many, and say nothing about speed


class Rates:
    """How fast this machine reads snapshots and runs prompts, as last seen."""

    def __init__(self, device_type: str) -> None:
        self.read_bytes_s = FIRST_READ_BYTES_S
        self.prefill_tokens_s = FIRST_PREFILL_TOKENS_S[device_type]

    def saw_prefill(self, tokens: int, seconds: float) -> None:
        """Note how long a prompt took."""
        if tokens >= TELLING_TOKENS and seconds > 0:
            self.prefill_tokens_s = tokens / seconds

    def loading_pays(self, nbytes: int, tokens: int) -> bool:
        """Tell whether reading ``nbytes`` takes less time than running ``tokens``."""
        return nbytes / self.read_bytes_s < tokens / self.prefill_tokens_s


class Snapshots:
    """The files of one folder, all made by one model."""

    def __init__(
        self, folder: Path, fingerprint: str = "", cap_bytes: int = 0, device_type: str = "cpu"
    ) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.cap_bytes = cap_bytes
        self.rates = Rates(device_type)

    @property
    def nbytes(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self._files())

    def save(self, conversation: str, stored: Stored) -> None:
        """Write a conversation's keys and values, and drop the oldest files past the cap."""
        if stored.nbytes > self.cap_bytes:
            return
        try:
            self._write(self._path(conversation), stored)
            self._trim()
        except (OSError, SafetensorError) as error:
            log.warning("snapshot not written bytes=%d reason=%s", stored.nbytes, error)

    def offer(self, conversation: str, keys: Sequence[Key], already: int) -> Stored | None:
        """Return what is on disk, if that saves time over running ``keys`` after ``already``."""
        path = self._path(conversation)
        if not path.exists():
            return None
        try:
            return self._read(path, keys, already)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            log.warning("snapshot unusable, running the prompt again reason=%s", error)
            path.unlink(missing_ok=True)
            return None

    def delete(self, conversation: str) -> None:
        """Delete one conversation's file."""
        self._path(conversation).unlink(missing_ok=True)

    def delete_group(self, group: str) -> None:
        """Delete the files of a group, or all for "", half-written ones included."""
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name.startswith(_of_group(group)):
                    path.unlink(missing_ok=True)

    def _path(self, conversation: str) -> Path:
        name = _of_group(group_of(conversation)) + _digest(conversation)
        return self.folder / f"{name}.safetensors"

    def _files(self) -> list[tuple[float, int, Path]]:
        """List age, size and path of each file, oldest first."""
        if not self.folder.is_dir():
            return []
        stats = []
        for path in self.folder.iterdir():  # what a killed process left half-written, too
            try:
                stat = path.stat()
            except FileNotFoundError:  # deleted meanwhile; status() asks from other threads
                continue
            stats.append((stat.st_mtime, stat.st_size, path))
        return sorted(stats)

    def _trim(self) -> None:
        files = self._files()
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self.cap_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _write(self, path: Path, stored: Stored) -> None:
        # Keys hold the conversation's text: nobody else's business.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tensors = {str(i): layer.cpu().contiguous() for i, layer in enumerate(stored.layers)}
        keys = json.dumps([_plain(key) for key in stored.keys])
        metadata = {
            "schema": SCHEMA,
            "fingerprint": self.fingerprint,
            "keys": keys,
            "next_position": str(next_position(stored.keys)),
            "crc32": str(_checksum(keys, tensors.values())),
        }
        temporary = path.with_suffix(f".{uuid4().hex}.tmp")
        try:
            save_file(tensors, temporary, metadata)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _read(self, path: Path, keys: Sequence[Key], already: int) -> Stored | None:
        started = time.monotonic()
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            stored_keys = self._checked_keys(metadata)
            saved = length(keys[: shared(keys, stored_keys)]) - already
            size = path.stat().st_size
            if not self.rates.loading_pays(size, saved):
                return None
            tensors = [file.get_tensor(str(i)) for i in range(len(file.keys()))]
        if str(_checksum(metadata["keys"], tensors)) != metadata["crc32"]:
            raise ValueError("the checksum does not match")
        if any(tensor.shape[2] != length(stored_keys) for tensor in tensors):
            raise ValueError("there are not as many positions as keys")
        self.rates.read_bytes_s = size / (time.monotonic() - started)
        return Stored(stored_keys, tuple(tensors))

    def _checked_keys(self, metadata: Mapping[str, str]) -> tuple[Key, ...]:
        for name, expected in (("schema", SCHEMA), ("fingerprint", self.fingerprint)):
            if metadata.get(name) != expected:
                raise ValueError(f"its {name} is another")
        keys = tuple(_key(plain) for plain in json.loads(metadata["keys"]))
        if str(next_position(keys)) != metadata["next_position"]:
            raise ValueError("its positions do not match its keys")
        return keys


def _of_group(group: str) -> str:
    return f"{_digest(group)}-" if group else ""


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _plain(key: Key) -> int | list[object]:
    return key if isinstance(key, int) else [key.sha256, *key.grid]


def _key(plain: int | list[object]) -> Key:
    if isinstance(plain, int):
        return plain
    sha256, *grid = plain
    return PictureKey(str(sha256), Grid(*(int(str(side)) for side in grid)))


def _checksum(keys: str, tensors: Iterable[torch.Tensor]) -> int:
    checksum = zlib.crc32(keys.encode())
    for tensor in tensors:
        checksum = zlib.crc32(tensor.view(torch.uint8).numpy().data, checksum)
    return checksum
