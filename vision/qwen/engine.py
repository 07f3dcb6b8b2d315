"""Qwen2.5-VL as an engine: load, stream, release, unload.

One thread at a time works with the network; a second one waits. What a reply needs is in
``turn``, what stays between replies in ``runtime``.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from vision.engine import (
    Capabilities,
    Chunk,
    Level,
    Progress,
    Prompt,
    Released,
    SamplingParams,
    Status,
    TokenCount,
    group_of,
)
from vision.errors import VisionError
from vision.qwen import memory, turn
from vision.qwen.errors import EngineBusy, NotLoaded
from vision.qwen.loading import load
from vision.qwen.prompt import PictureKey
from vision.qwen.runtime import MIB, Runtime, start
from vision.qwen.snapshots import Snapshots
from vision.qwen.warm_up import warm_up

if TYPE_CHECKING:
    from pathlib import Path

    from vision.images import Decoder
    from vision.settings import EngineSettings

log = logging.getLogger(__name__)

# KV caches on disk, at most: about ten long conversations with the 7B model.
SNAPSHOT_MIB = 4_096
# Unloading writes KV caches no longer than this: a process that is asked to end has 5 s.
SHELVE_SECONDS = 2.0


class QwenEngine:
    """The ``Engine`` of Qwen2.5-VL, through transformers."""

    def __init__(
        self,
        settings: EngineSettings,
        decoder: Decoder,
        tmp_root: Path,
        snapshot_mib: int = SNAPSHOT_MIB,
    ) -> None:
        self._settings = settings
        self._decoder = decoder
        self._snapshot_folder = tmp_root / "kv"
        self._snapshot_bytes = snapshot_mib * MIB
        self._lock = threading.Lock()
        self._owner: int | None = None  # the thread that holds the lock
        self._runtime: Runtime | None = None
        self._status = self._unloaded()

    @property
    def capabilities(self) -> Capabilities:
        """Qwen2.5-VL sees and chats."""
        return Capabilities(sees=True, chats=True)

    def status(self) -> Status:
        """Say how the engine is now. Cheap, from any thread."""
        status, runtime = self._status, self._runtime
        if runtime is None:
            return status
        total, used = memory.card_bytes(runtime.loaded.devices)
        return replace(
            status,
            memory={"weights": runtime.loaded.weight_bytes, **runtime.buckets()},
            card_bytes=total,
            card_used_bytes=used,
        )

    def load(self, report: Callable[[Progress], None]) -> None:
        """Load the model; see ``loading.load`` for the errors."""
        with self._alone():
            if self._runtime is not None:
                return

            def note(progress: Progress) -> None:
                self._status = replace(self._status, state="loading", progress=progress)
                report(progress)

            self._status = self._unloaded()
            note(Progress("weights"))
            try:
                self._load(note)
            except BaseException as error:
                memory.forget_frames(error)
                self._drop()
                sentence = f"{error} {error.hint}" if isinstance(error, VisionError) else str(error)
                self._status = replace(
                    self._status, state="failed", progress=None, notes=(sentence.strip(),)
                )
                raise

    def unload(self) -> None:
        """Write what is worth keeping to disk, and give everything else back."""
        with self._alone():
            if self._runtime is None:
                return
            self._runtime.pool.shelve(SHELVE_SECONDS)
            self._drop()
            self._status = self._unloaded()

    def count_tokens(self, prompt: Prompt) -> TokenCount:
        """Count as ``stream`` would. Raise ``NotLoaded`` before ``load``.

        Its bytes are the KV cache's and the pictures' own; what the network needs in passing
        comes on top.
        """
        runtime = self._required()
        built = runtime.builder.build(prompt)
        pictures = [key.tokens for key in built.keys if isinstance(key, PictureKey)]
        text, needed = built.tokens - sum(pictures), runtime.bytes_for(built.tokens, sum(pictures))
        return TokenCount(text, tuple(pictures), runtime.max_context, needed)

    def stream(
        self, prompt: Prompt, params: SamplingParams, cancel: Event
    ) -> Generator[Chunk, None, None]:
        """Yield the reply; see ``turn``."""
        with self._alone(), closing(turn.run(self._required(), prompt, params, cancel)) as chunks:
            yield from chunks

    def release(self, level: Level, conversation: str | None = None) -> Released:
        """Give memory back.

        ``light``: the KV cache of ``conversation``, or of all; on disk, too, since a snapshot
        holds the conversation's words. ``medium``: also its group's pictures. ``deep``: also the
        group's other KV caches and snapshots. Only weights stay, and on a card the next reply
        captures its decode graphs again.
        """
        with self._alone():
            started = time.monotonic()
            before = self._buckets()
            self._forget(level, conversation)
            return Released(level, before, self._buckets(), time.monotonic() - started)

    def _unloaded(self) -> Status:
        return Status("qwen", "unloaded", self._settings.model, self._settings.revision)

    def _load(self, report: Callable[[Progress], None]) -> None:
        loaded = load(self._settings, report)
        snapshots = Snapshots(
            self._snapshot_folder, loaded.fingerprint, self._snapshot_bytes, loaded.device.type
        )
        runtime = start(self._settings, loaded, self._decoder, snapshots)
        warm_up(runtime, report)
        # The network is a great many objects that stay: out of the collector's sight, a full
        # collection takes next to nothing instead of 240 ms in the middle of a reply.
        gc.collect()
        gc.freeze()
        self._runtime = runtime
        self._status = Status(
            "qwen",
            "ready",
            self._settings.model,
            loaded.checkpoint.revision or self._settings.revision,
            ", ".join(str(device) for device in loaded.devices),
            loaded.notes,
        )
        log.info("loaded model=%s device=%s", self._settings.model, self._status.device)

    def _drop(self) -> None:
        runtime, self._runtime = self._runtime, None
        devices = runtime.loaded.devices if runtime else ()
        if runtime is not None:
            runtime.pool.drop_buffer()  # its graphs first: their memory lives as long as they do
        del runtime
        gc.unfreeze()
        gc.collect()  # a network's modules are cycles; caches are not, and need no collection
        memory.give_back(devices)

    def _forget(self, level: Level, conversation: str | None) -> None:
        runtime, group = self._runtime, group_of(conversation)
        one = conversation if level != "deep" else None
        if runtime is None:
            snapshots = Snapshots(self._snapshot_folder)
            snapshots.delete_group(group) if one is None else snapshots.delete(one)
            return
        runtime.pool.release_group(group) if one is None else runtime.pool.release(one)
        if level != "light":
            runtime.vision.release(group)
            runtime.budgets.clear()
        memory.give_back(runtime.loaded.devices)

    def _buckets(self) -> Mapping[str, int]:
        if self._runtime is not None:
            return self._runtime.buckets()
        snapshots = Snapshots(self._snapshot_folder).nbytes
        return {"kv": 0, "vision": 0, "pixels": 0, "snapshots": snapshots, "reserved": 0}

    def _required(self) -> Runtime:
        if self._runtime is None:
            raise NotLoaded
        return self._runtime

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock. A thread in the middle of its own reply would wait for itself."""
        if self._owner == threading.get_ident():
            raise EngineBusy
        with self._lock:
            self._owner = threading.get_ident()
            try:
                yield
            finally:
                self._owner = None
