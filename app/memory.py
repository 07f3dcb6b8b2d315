"""How much memory there is and who has it: the card's, and the machine's."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import psutil

from vision.engine import Status

_M_ARENA_MAX = -8  # Source: glibc, malloc.h

Alarm = Literal["", "yellow", "red"]
Advice = Literal["", "medium", "unload", "others"]

YELLOW, RED = 0.80, 0.92  # of the memory there is
WORTH_BYTES = 64 << 20  # less than this, giving it back helps nobody
_ON_DISK = {"snapshots", "tmp"}


@dataclass(frozen=True, slots=True)
class Gauge:
    """One kind of memory."""

    kind: Literal["card", "host"]
    total_bytes: int
    used_bytes: int  # by whomever
    buckets: Mapping[str, int]  # ours; "process" is what no bucket of the engine explains

    @property
    def share(self) -> float:
        """The part in use, 0 to 1."""
        return self.used_bytes / self.total_bytes if self.total_bytes else 0.0

    @property
    def free_bytes(self) -> int:
        """What nobody uses."""
        return max(0, self.total_bytes - self.used_bytes)

    @property
    def alarm(self) -> Alarm:
        """How full it is, as a colour."""
        return "red" if self.share >= RED else "yellow" if self.share >= YELLOW else ""

    @property
    def advice(self) -> Advice:
        """The one action that would help, where one is needed."""
        if not self.alarm:
            return ""
        if sum(self.buckets.get(name, 0) for name in ("kv", "vision", "lines")) >= WORTH_BYTES:
            return "medium"
        return "unload" if self.buckets.get("weights", 0) >= WORTH_BYTES else "others"


def gauges(status: Status) -> tuple[Gauge, ...]:
    """Measure the card's memory, if the engine is on one, and the machine's. About 0.1 ms."""
    held = {name: size for name, size in status.memory.items() if name not in _ON_DISK}
    machine, process = psutil.virtual_memory(), psutil.Process().memory_info().rss
    on_card = status.card_bytes > 0
    ours = {} if on_card else held
    rest = max(0, process - sum(ours.values()))
    used = machine.total - machine.available
    host = Gauge("host", machine.total, used, {**ours, "process": rest})
    if not on_card:
        return (host,)
    return (Gauge("card", status.card_bytes, status.card_used_bytes, held), host)


def room_bytes(status: Status) -> int:
    """Return what a prompt can have: what is free where the model is, and what it would reuse."""
    where = gauges(status)[0]
    return where.free_bytes + sum(where.buckets.get(name, 0) for name in ("kv", "reserved"))


def few_arenas() -> None:
    """Have the C library, where it is glibc, share two heaps between all threads to come.

    It would give each thread its own, up to eight for each core, and what one of them freed no
    other could take: with tabs coming and going the program grew by 13 kB a turn and more.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, 2)


def trim() -> None:
    """Return what the C library keeps of freed memory to the system, where it is glibc."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
