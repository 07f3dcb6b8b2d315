"""How long somebody waits who gave wrong passwords: longer each time.

Counted by user and by address. A try counts as wrong until it was right, so that many at once are
no way around it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from time import monotonic

FREE = 5  # wrong ones in a row before one has to wait
FIRST_S = 5.0  # then doubled each time
LONGEST_S = 300.0  # so that nobody can keep a user out for long
_REMEMBERED = 10_000  # users and addresses; those that were tried longest ago go


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    until: float = 0.0  # before which no other try is taken


class Lockout:
    """Wrong passwords by whom and from where; safe to use from any thread."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, keys: Iterable[str]) -> int:
        """Count a try as wrong, and return 0; or return the seconds to wait, and count nothing."""
        with self._lock:
            now, tries = self._clock(), [self._of(key) for key in keys]
            if (wait := max(each.until - now for each in tries)) > 0:
                return ceil(wait)
            for each in tries:
                each.wrong += 1
                if each.wrong >= FREE:
                    each.until = now + min(FIRST_S * 2 ** min(each.wrong - FREE, 30), LONGEST_S)
            return 0

    def right(self, keys: Iterable[str]) -> None:
        """Forget the wrong tries: this one was right."""
        with self._lock:
            for key in keys:
                self._tries.pop(key, None)

    def _of(self, key: str) -> _Tries:
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        while len(self._tries) > _REMEMBERED:
            self._tries.popitem(last=False)
        return tries
