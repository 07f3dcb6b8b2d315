"""Who is signed in. Kept here and not in the cookie, so that a sign-out ends it everywhere.

A cookie is 256 random bits, kept as their hash: what a look into the memory shows opens nothing.
A restart ends all sessions.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

AGE_S = 30 * 24 * 3600.0  # after which one signs in again
_MOST = 64  # sessions of one user; the oldest goes


@dataclass(frozen=True, slots=True)
class _Session:
    name: str
    proof: str  # the password's hash that it began with: another one ends it
    until: float


class Sessions:
    """The sessions of this run; safe to use from any thread."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}  # by the cookie's hash, oldest first
        self._lock = threading.Lock()

    def begin(self, name: str, proof: str) -> str:
        """Return the cookie of a new session."""
        cookie = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            kept = {key: each for key, each in self._sessions.items() if each.until > now}
            own = [key for key, each in kept.items() if each.name == name]
            for key in own[: len(own) + 1 - _MOST]:
                del kept[key]
            self._sessions = {**kept, _key(cookie): _Session(name, proof, now + AGE_S)}
        return cookie

    def of(self, cookie: str) -> tuple[str, str] | None:
        """Return whose session it is, and with which proof it began; None for none."""
        with self._lock:
            session = self._sessions.get(_key(cookie))
        if session is None or session.until <= self._clock():
            return None
        return session.name, session.proof

    def end(self, cookie: str) -> None:
        """End a session, if it is one."""
        with self._lock:
            self._sessions.pop(_key(cookie), None)


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
