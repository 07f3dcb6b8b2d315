"""Light, medium, deep: what each releases, and the receipt that proves it.

=======  =========================================================================================
light    the conversation's KV cache and its snapshot
medium   also picture embeddings and pixels, and the lines that the reader kept
deep     also all other KV caches and snapshots, and all of ./tmp; the picture decoder's process;
         unused memory
unload   the model's weights, and with them all caches; KV caches go to disk as time allows
=======  =========================================================================================

Where users share the engine, a clear spares what others asked about, and none may unload.

None of them touches history. All of it is done by the thread that owns the engine, after the
conversation's own reply was stopped and saved, and after any other reply that is under way.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, get_args

from app.assistant import Assistant
from app.condition import Condition
from app.config import ClearConfig
from app.errors import ClearNotConfirmed, ClearNotOffered, EngineShared
from app.memory import trim
from app.sweep import Emptied
from app.tmp_folder import TmpFolder, empty_beside, runs_beside, snapshot_bytes, tmp_bytes
from vision.engine import Engine, Level

log = logging.getLogger(__name__)

Depth = Literal["light", "medium", "deep", "unload"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)
# The engine's buckets that a level empties; "tmp" and "snapshots" are on disk.
RELEASES: Mapping[Depth, frozenset[str]] = {
    "light": frozenset({"kv", "lines"}),
    "medium": frozenset({"kv", "lines", "vision", "pixels"}),
    "deep": frozenset({"kv", "lines", "vision", "pixels", "snapshots", "tmp", "reserved"}),
    "unload": frozenset({"kv", "lines", "vision", "pixels", "reserved", "weights"}),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a clear released: bytes by bucket, before and after."""

    level: Depth
    before: Mapping[str, int]
    after: Mapping[str, int]
    seconds: float  # the release itself
    waited_s: float = 0.0  # until the engine was free: a reply was stopped, or another one ended
    files: int = 0  # deleted from ./tmp
    left: tuple[str, ...] = ()  # in use, so still in ./tmp

    @property
    def freed_bytes(self) -> int:
        """All bytes that were given back."""
        return sum(self.before.values()) - sum(self.after.values())

    def record(self) -> dict[str, Any]:  # JSON
        """Return the receipt as JSON has it."""
        return asdict(self) | {"freed_bytes": self.freed_bytes}


class Clearing:
    """Clears at the asking of a page's tabs."""

    def __init__(self, assistant: Assistant, tmp: TmpFolder, offered: ClearConfig) -> None:
        self.offered = offered
        self.tmp = tmp
        self._assistant = assistant

    def condition(self) -> Condition:
        """Return how the engine is."""
        return self._assistant.condition()

    @property
    def can_unload(self) -> bool:
        """Whether the model may be unloaded from here: no others use it."""
        return not self._assistant.shared

    def levels(self) -> tuple[Depth, ...]:
        """Return what config.toml offers."""
        off = {name for name in ("medium", "deep") if not getattr(self.offered, name)}
        off |= set() if self.can_unload else {"unload"}
        return tuple(depth for depth in DEPTHS if depth not in off)

    def asks_first(self, depth: Depth) -> bool:
        """Tell whether a level wants to be confirmed."""
        return depth == "deep" or (depth == "light" and self.offered.confirm_light)

    def start(
        self,
        depth: Depth,
        conversation_id: str | None,
        *,
        confirmed: bool = False,
        keep_as: str = "",
        tab: str = "",
    ) -> Future[Receipt]:
        """Begin to clear; the receipt comes when it is done.

        ``keep_as`` names the conversation first. ``tab`` says whose attached pictures a deep
        clear may delete; those of others stay. Raise ``VisionError``, ``HistoryError``.
        """
        if depth == "unload" and not self.can_unload:
            raise EngineShared
        if depth not in self.levels():
            raise ClearNotOffered(level=depth)
        if self.asks_first(depth) and not confirmed:
            raise ClearNotConfirmed
        if keep_as.strip() and conversation_id:
            self._assistant.store.rename(conversation_id, keep_as.strip())
        asked = perf_counter()

        def clear(engine: Engine) -> Receipt:
            return self._clear(engine, depth, conversation_id, tab, asked)

        return self._assistant.with_engine(clear, stopping=conversation_id)

    def load_again(self) -> Future[None]:
        """Begin to load a model that was unloaded; its failure is the future's."""
        return self._assistant.with_engine(lambda engine: engine.load(lambda _: None))

    def held(self) -> Mapping[str, int]:
        """Return the bytes that could be released now, by bucket."""
        memory = dict(self._assistant.condition().status.memory)
        memory["snapshots"] = self.tmp.snapshot_bytes()
        return memory | {"tmp": self.tmp.size_bytes()}

    def _clear(
        self, engine: Engine, depth: Depth, conversation_id: str | None, tab: str, asked: float
    ) -> Receipt:
        started = perf_counter()
        if depth == "unload":
            before, after = unload(engine)
            # The KV caches are on disk now, for when it is loaded again.
            after["snapshots"] = snapshot_bytes(self.tmp.root)
            cleared = Emptied()
        else:
            # To the engine None means all conversations: never what one tab may ask for.
            released = engine.release(depth, self._assistant.slot(conversation_id or ""))
            before, after = dict(released.before), dict(released.after)
            cleared = self._empty_tmp(tab, before, after) if depth == "deep" else Emptied()
        seconds = perf_counter() - started
        receipt = Receipt(
            depth, before, after, seconds, started - asked, cleared.files, cleared.left
        )
        log.info("clear done %s", " ".join(f"{k}={v}" for k, v in receipt.record().items()))
        return receipt

    def _empty_tmp(self, tab: str, before: dict[str, int], after: dict[str, int]) -> Emptied:
        before["snapshots"] = before.get("snapshots") or self.tmp.snapshot_bytes()
        before["tmp"] = self.tmp.size_bytes()
        cleared = self.tmp.empty(tab)
        if not self.tmp.shared:
            after["snapshots"] = self.tmp.snapshot_bytes()
        after["tmp"] = self.tmp.size_bytes()
        self._assistant.decoder.rest()
        trim()
        return cleared


def unload(engine: Engine) -> tuple[dict[str, int], dict[str, int]]:
    """Unload the model; return the engine's bytes by bucket, before and after."""
    before = dict(engine.status().memory)
    engine.unload()
    return before, dict.fromkeys(before, 0) | dict(engine.status().memory)


def clear_beside(root: Path, level: Level, *, dry_run: bool) -> tuple[Receipt, int]:
    """Clear what a level has on disk, from a process that serves no page.

    Return how many pages run beside it, too: their memory is out of reach, and their uploads are
    left. Raise ``TmpNotOurs``, ``TmpUnusable``.
    """
    started = perf_counter()
    before: dict[str, int] = {}
    if level != "deep":
        return Receipt(level, before, before, perf_counter() - started), runs_beside(root)
    before = {"snapshots": snapshot_bytes(root), "tmp": tmp_bytes(root)}
    if dry_run:
        return Receipt(level, before, before, perf_counter() - started), runs_beside(root)
    cleared = empty_beside(root)
    after = {"snapshots": snapshot_bytes(root), "tmp": tmp_bytes(root)}
    seconds = perf_counter() - started
    receipt = Receipt(level, before, after, seconds, files=cleared.files, left=cleared.left)
    return receipt, runs_beside(root)
