"""How a worker that takes hostile bytes ties its own hands, before the first of them.

A limit on its memory, no file may grow, and no descriptor may be opened any more, so no file and
no network either. CPU time is limited anew for each request; the kernel ends the process with
SIGXCPU, and its parent tells why.
"""

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO

from vision.decode_protocol import Limits

if sys.platform != "win32":  # which has no such limits; our parent says so in its log
    import resource


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
