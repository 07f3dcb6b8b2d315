"""A disk that refuses one call, and remembers all of them."""

import errno
import os
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

CALLS = ("open", "write", "fsync", "close", "link", "replace", "rename", "mkdir", "rmdir",
         "unlink", "utime")  # fmt: skip


class Disk:
    """The calls that change the disk, counted; the one numbered ``fails`` is refused."""

    def __init__(self, fails=0, error=errno.EIO):
        self.fails, self.error = fails, error
        self.log = []
        self.handles = {}

    @property
    def refused(self):
        return len(self.log) >= self.fails > 0

    @contextmanager
    def in_use(self):
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self.wrapped(name, getattr(os, name)))
            yield self

    def wrapped(self, name, call):
        def called(*arguments, **keywords):
            if threading.current_thread().name == "tidy":  # the start's, beside the turn
                return call(*arguments, **keywords)
            if name == "open" and not arguments[1] & os.O_CREAT:
                handle = call(*arguments, **keywords)
                self.handles[handle] = "folder" if arguments[1] & os.O_DIRECTORY else "old file"
                return handle
            what = Path(str(arguments[0])).suffix
            if name in ("write", "fsync", "close"):
                what = self.handles.get(arguments[0], "")
            self.log.append(f"{name} {what}".strip())
            if len(self.log) == self.fails:
                if name == "close":
                    call(*arguments)
                if name == "write":  # a part of it reaches the disk
                    call(arguments[0], arguments[1][: len(arguments[1]) // 2])
                raise OSError(self.error, os.strerror(self.error))
            result = call(*arguments, **keywords)
            if name == "open":
                self.handles[result] = "file"
            return result

        return called
