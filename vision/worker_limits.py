"""How a worker that takes hostile bytes ties its own hands, before the first of them.

A limit on its memory, no file may grow, and no descriptor may be opened any more, so no file and
no network either. CPU time is limited anew for each request; the kernel ends the process with
SIGXCPU, and its parent tells why.

A picture has less than that: what its header needs, then what its pixels are worth (``Allowance``;
for a page of a document see ``pdf_worker``).
"""

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Self

from vision.decode_protocol import Limits

if sys.platform != "win32":  # which has no such limits; our parent says so in its log
    import resource

_HEADER_CPU_S = 2  # the kernel counts whole seconds, so from one to two
_CPU_S_A_MEGAPIXEL = 0.4  # the slowest kinds take 0.03 here
_HEADER_BYTES = 256 << 20  # half of it address space that threads and malloc only reserve
_BYTES_A_PIXEL = 24  # WebP takes 16
_COPIES_OF_THE_FILE = 4


def pipes() -> tuple[FileIO, FileIO]:
    """Take standard input and output for ourselves, so that no library can write between."""
    requests = FileIO(os.dup(0), "rb")
    replies = FileIO(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, replies


def confine(limits: Limits) -> list[str]:
    """Set the limits of this process; return the names of those this system refused."""
    if sys.platform == "win32":
        return ["all"]
    missing = []
    wanted = {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 0,
    }
    for name, value in wanted.items():
        try:
            which = getattr(resource, name)
            # A stricter limit that we were started under stays.
            stricter = [old for old in resource.getrlimit(which) if old != resource.RLIM_INFINITY]
            low = min([value, *stricter])
            resource.setrlimit(which, (low, low))
        except (AttributeError, ValueError, OSError):
            missing.append(name)
    return missing


@contextmanager
def cpu_limit(seconds: int) -> Iterator[None]:
    """Let the block have ``seconds`` of CPU time, and what follows as much as it likes."""
    if sys.platform == "win32":
        yield
        return
    # RLIMIT_CPU counts from the start of the process, in whole seconds.
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = math.floor(time.process_time()) + seconds
    soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def memory_limit(memory_bytes: int) -> None:
    """Let this process have so much address space from now on, within what ``confine`` set."""
    _soften("RLIMIT_AS", memory_bytes)


class Allowance:
    """What one picture may take of its worker, inside the block: little, until ``grant``.

    The limits are those of the largest picture. With them alone, 90 kB of a small PNG took 770 MiB
    (text that unpacks), and 24 MB of empty chunks four seconds.
    """

    def __init__(self, limits: Limits, idle_bytes: int, file_bytes: int) -> None:
        self._limits = limits
        self._header_bytes = idle_bytes + _HEADER_BYTES + _COPIES_OF_THE_FILE * file_bytes
        self._started_s = math.floor(time.process_time())
        self.memory_bytes = 0  # address space that the worker may have now

    def __enter__(self) -> Self:
        self.grant(0)
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("RLIMIT_CPU", "RLIMIT_AS"):
            _soften(name, None)

    def grant(self, pixels: int) -> None:
        """Let a picture that has so many pixels have what they are worth, within the limits."""
        cpu_s = _HEADER_CPU_S + math.ceil(_CPU_S_A_MEGAPIXEL * pixels / 1e6)
        memory_bytes = self._header_bytes + _BYTES_A_PIXEL * pixels
        self.memory_bytes = min(memory_bytes, self._limits.memory_bytes)
        _soften("RLIMIT_CPU", self._started_s + min(cpu_s, self._limits.cpu_s))
        memory_limit(self.memory_bytes)


def address_space() -> int:
    """Return the bytes of address space that this process has; 0 where that cannot be known."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _soften(name: str, value: int | None) -> None:
    """Set a limit of this process below its hard one; None for just that."""
    if sys.platform == "win32":
        return
    with suppress(AttributeError, ValueError, OSError):
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        unlimited = hard == resource.RLIM_INFINITY
        soft = hard if value is None else value if unlimited else min(value, hard)
        resource.setrlimit(which, (soft, hard))
