"""How the server is: what the last request found, and a look of our own when that is old."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

from vision.errors import EngineUnavailable
from vision.server.errors import ServerBusy, ServerSilent
from vision.server.models import Served

log = logging.getLogger(__name__)

READY_S = 30.0  # between two looks at a server that is well


@dataclass(frozen=True, slots=True)
class Found:
    """What was found last."""

    state: Literal["unloaded", "ready", "failed"] = "unloaded"
    model: Served | None = None
    fault: EngineUnavailable | None = None  # why it failed


class Health:
    """Remembers how the server is. ``find`` asks it for a model, or raises what is wrong."""

    def __init__(self, find: Callable[[], Served], look_s: float) -> None:
        self.now = Found()
        self._find = find
        self._look_s = look_s  # between two looks for a server that is lost
        self._at = 0.0  # when the server was last heard of, or looked for
        self._in_use = 0  # replies under way: they say soon enough how it is
        self._looking = False
        self._lock = threading.Lock()  # guards the three above

    def look(self) -> None:
        """Ask the server now. Raise ``EngineUnavailable``."""
        try:
            model = self._find()
        except EngineUnavailable as error:
            self.lost(error)
            raise
        self._set(Found("ready", model))

    def look_if_old(self) -> None:
        """Begin a look, in a thread of its own, where the last one is long ago."""
        every_s = self._look_s if self.now.state == "failed" else READY_S
        with self._lock:
            old = monotonic() - self._at >= every_s
            if self.now.state == "unloaded" or self._looking or self._in_use or not old:
                return
            self._looking = True
        threading.Thread(target=self._look_quietly, name="server-look", daemon=True).start()

    def lost(self, error: EngineUnavailable) -> None:
        """Note why the server cannot be used."""
        self._set(self._failed(error))

    def seen(self) -> None:
        """Note that the server has just replied."""
        if self.now.state != "unloaded":  # meanwhile, by somebody else
            self._set(replace(self.now, state="ready", fault=None))

    def forget(self) -> None:
        """Look no more, until asked."""
        self.now = Found()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Hold looks back while a reply is under way."""
        with self._lock:
            self._in_use += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_use -= 1

    def _look_quietly(self) -> None:
        try:
            found = Found("ready", self._find())
        except (ServerBusy, ServerSilent) as error:
            # It is there: what it does for others is no reason to call it lost.
            found = self.now if self.now.state == "ready" else self._failed(error)
        except EngineUnavailable as error:
            found = self._failed(error)
        finally:
            self._at = monotonic()
            self._looking = False
        if self.now.state != "unloaded":
            self._set(found)

    def _failed(self, error: EngineUnavailable) -> Found:
        # Not the error itself is kept: its frames hold the prompt, pictures and all.
        return Found("failed", self.now.model, type(error)(**error.values))

    def _set(self, found: Found) -> None:
        if found.state != self.now.state:
            log.info("server state=%s %s", found.state, found.fault or "")
        self.now = found
        self._at = monotonic()
