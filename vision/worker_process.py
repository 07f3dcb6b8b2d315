"""A worker process that takes hostile bytes, as the application holds it.

A fresh interpreter, never a fork of this one, which has threads, sockets and a model. Whatever
happens, the process is either idle and healthy after an exchange or stopped and reaped.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from typing import Any, cast

from vision.decode_protocol import Closed, Limits, receive
from vision.errors import VisionError
from vision.image_errors import DecoderUnavailable, ImageDecoderDied, ImageTimedOut, ImageTooSlow

log = logging.getLogger(__name__)

_START_S = 60.0  # a cold disk under load; warm it takes 0.15
_SAFE_PILLOW = 13  # reads JPEG without the heap overflow of 12 (CVE-2026-112398)


class WorkerProcess:
    """A running worker. Not thread-safe, but ``stop`` may come from any thread at any time."""

    def __init__(self, module: str, limits: Limits) -> None:
        self._limits = limits
        self._late = False
        self._popen = _start(module, limits)
        assert self._popen.stdin
        assert self._popen.stdout
        # Unbuffered, so raw.
        self._requests = cast("Any", self._popen.stdin)
        self._replies = cast("Any", self._popen.stdout)
        self._greet()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether the next request can be answered."""
        return self._popen.poll() is None

    def stop(self) -> None:
        """End the process and reap it. A request under way ends with ``ImageDecoderDied``."""
        self._popen.kill()
        self._popen.wait()

    def close(self) -> None:
        """Stop, and close the pipes."""
        self.stop()
        self._requests.close()
        self._replies.close()

    @contextmanager
    def exchange(self) -> Iterator[None]:
        """Ask and be answered inside, in time; what goes wrong ends as an ``ImageRefused``."""
        try:
            with self._deadline(self._limits.wall_s):
                yield
        except (Closed, OSError, ValueError, KeyError, TypeError) as error:
            raise self._post_mortem(error) from error
        except VisionError:
            raise
        except BaseException:
            # Such as KeyboardInterrupt: half an answer left in the pipe would begin the next one.
            self.stop()
            raise

    def _greet(self) -> None:
        """Wait until the worker is ready, and pass on what it could not be denied."""
        try:
            with self._deadline(_START_S):
                ready = receive(self._replies)
        except (Closed, OSError, ValueError) as error:
            self.close()
            reason = f"exit code {self._popen.returncode}"
            raise DecoderUnavailable(reason=reason) from error
        except BaseException:
            self.close()
            raise
        log.debug("decode worker ready pid=%d pillow=%s", self.pid, ready["pillow"])
        if ready["missing"]:
            log.warning("decode worker without limits missing=%s", ",".join(ready["missing"]))
        if int(ready["pillow"].split(".")[0]) < _SAFE_PILLOW:
            log.warning(
                "decode worker with an unsafe pillow=%s want=%d", ready["pillow"], _SAFE_PILLOW
            )

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kill the process if the block is not done in time, which ends every wait for it."""
        timer = Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if self._late:
                self.stop()

    def _expire(self) -> None:
        self._late = True
        self._popen.kill()

    def _post_mortem(self, error: Exception) -> VisionError:
        """Stop the process, and tell from how it ended what to say about the picture."""
        self.stop()
        code = self._popen.returncode
        log.warning("decode worker ended code=%s late=%s cause=%r", code, self._late, error)
        if self._late:
            return ImageTimedOut(limit=self._limits.wall_s)
        if sys.platform != "win32" and code == -signal.SIGXCPU:
            return ImageTooSlow(limit=self._limits.cpu_s)
        return ImageDecoderDied()


def _start(module: str, limits: Limits) -> subprocess.Popen[bytes]:
    """Start a fresh interpreter on ``module`` alone, whatever our own main is."""
    worker = [sys.executable, "-P", "-m", module, json.dumps(asdict(limits))]
    try:
        return subprocess.Popen(
            worker,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            process_group=0,  # out of the terminal's reach: Ctrl-C is for us
        )
    except OSError as error:
        raise DecoderUnavailable(reason=str(error)) from error


def _environment() -> dict[str, str]:
    """Return what the interpreter needs to find its packages, and no secret of ours."""
    kept = ("HOME", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT", "APPDATA", "USERPROFILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    here = str(Path(__file__).resolve().parent.parent)
    path = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(path),
        # After start no file can be opened, so nothing may be imported late (PEP 810, Python 3.15).
        "PYTHON_LAZY_IMPORTS": "none",
        # Each arena of glibc reserves address space, which is limited.
        "MALLOC_ARENA_MAX": "2",
    }
