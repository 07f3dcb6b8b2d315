"""Deletes what lies inside a folder, and nothing else, whatever happens meanwhile.

Everything is named relative to a descriptor of the folder it lies in, no link is followed, and
nothing is entered that lies on another disk. What goes is first moved aside in one rename, into a
folder with a name that nobody knows, so that whoever comes next finds the place free.

Folders inside are moved beside their parents before they are emptied: neither the depth of a tree
nor the number of open files is a limit.
"""

import logging
import os
import stat
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

log = logging.getLogger(__name__)

NO_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
# What arrived so lately may be a picture that its tab has not said it holds: the pages of a
# document come one after another, and are held when all have come.
FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Emptied:
    """What went, and what is still there because somebody uses it, or the system refused."""

    files: int = 0
    freed_bytes: int = 0
    left: tuple[str, ...] = ()  # paths relative to the folder


@dataclass(frozen=True, slots=True)
class Spared:
    """What an emptying leaves; paths are relative to the folder."""

    names: Collection[str]  # in the folder itself: not looked at
    files: Collection[Path] = ()  # stay, and are named
    folders: Collection[Path] = ()  # stay, without what is in them
    arrivals: Path | None = None  # what came into this folder in the last FRESH_S stays, named
    own: Collection[Path] = ()  # of the arrivals: go, whenever they came


class _Sweep:
    """One emptying of one folder."""

    def __init__(self, root: int, spared: Spared) -> None:
        self.spared = spared
        self.files_left = frozenset(spared.files)
        # Folders that stay, and are emptied: those named, and what leads to the files.
        self.kept = frozenset(spared.folders).union(*(path.parents for path in spared.files))
        self.device = os.fstat(root).st_dev
        self.grave_name = f".cleared-{uuid4().hex}"
        os.mkdir(self.grave_name, 0o700, dir_fd=root)
        self.grave = os.open(self.grave_name, NO_FOLLOW | os.O_DIRECTORY, dir_fd=root)
        self.named: dict[str, Path] = {}  # what lies in the grave, and where it was
        self.files = 0
        self.freed_bytes = 0
        self.left: list[Path] = []

    def clear(self, folder: int, where: Path, skipped: Collection[str]) -> None:
        """Move aside everything in ``folder`` that is not spared, and does not hold what is."""
        for name in os.listdir(folder):
            path = where / name
            if name in skipped or name == self.grave_name:
                continue
            if path in self.files_left or self._has_just_come(folder, name, path):
                self.left.append(path)
            elif path in self.kept:
                self._clear_within(folder, name, path)
            else:
                self._bury(folder, name, path)

    def _has_just_come(self, folder: int, name: str, path: Path) -> bool:
        # Asked here, of each: what was listed beforehand would not have what came since.
        if path.parent != self.spared.arrivals or path in self.spared.own:
            return False
        try:
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:  # whoever made it has removed it
            return False
        return time.time() - state.st_mtime < FRESH_S

    def _clear_within(self, folder: int, name: str, path: Path) -> None:
        try:
            inner = os.open(name, NO_FOLLOW | os.O_DIRECTORY, dir_fd=folder)
        except OSError:  # a link, or gone: nothing of ours is in it
            self._bury(folder, name, path)
            return
        try:
            self.clear(inner, path, ())
        finally:
            os.close(inner)

    def _bury(self, folder: int, name: str, path: Path) -> None:
        aside = uuid4().hex
        try:
            os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=self.grave)
        except FileNotFoundError:
            return  # whoever made it has removed it
        except OSError as error:
            log.warning("not cleared errno=%s", error.errno)
            self.left.append(path)
            return
        self.named[aside] = path

    def demolish(self) -> None:
        """Delete what was moved aside, folders' contents becoming the grave's own."""
        while self.named:
            name, path = self.named.popitem()
            try:
                self._remove(name, path)
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("not cleared errno=%s", error.errno)
                self.left.append(path)

    def _remove(self, name: str, path: Path) -> None:
        state = os.stat(name, dir_fd=self.grave, follow_symlinks=False)
        if stat.S_ISDIR(state.st_mode):
            self._open_up(name, path, state)
            os.rmdir(name, dir_fd=self.grave)
            return
        os.unlink(name, dir_fd=self.grave)
        self.files += 1
        # A file with another name elsewhere is still there, and so are its bytes.
        if stat.S_ISREG(state.st_mode) and state.st_nlink == 1:
            self.freed_bytes += state.st_size

    def _open_up(self, name: str, path: Path, state: os.stat_result) -> None:
        inner = os.open(name, NO_FOLLOW | os.O_DIRECTORY, dir_fd=self.grave)
        try:
            found = os.fstat(inner)
            if found.st_dev != self.device or not os.path.samestat(found, state):
                raise OSError(0, "swapped, or on another disk")
            for entry in os.listdir(inner):  # noqa: PTH208  of a descriptor
                self._bury(inner, entry, path / entry)
        finally:
            os.close(inner)

    def close(self, root: int) -> None:
        """Remove the grave; with something left in it, it stays until the next time."""
        os.close(self.grave)
        with suppress(OSError):
            os.rmdir(self.grave_name, dir_fd=root)


def empty(root: int, spared: Spared) -> Emptied:
    """Delete everything but ``spared`` in the folder that ``root`` is a descriptor of."""
    sweep = _Sweep(root, spared)
    try:
        sweep.clear(root, Path(), spared.names)
        sweep.demolish()
    finally:
        sweep.close(root)
    return Emptied(sweep.files, sweep.freed_bytes, tuple(sorted(map(str, sweep.left))))


def size_of(folder: int, skipped: Collection[str]) -> int:
    """Return the bytes of the files in a folder; links count nothing and lead nowhere."""
    total, device = 0, os.fstat(folder).st_dev
    for name in os.listdir(folder):
        if name in skipped:
            continue
        with suppress(OSError):  # gone meanwhile
            state = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(state.st_mode):
                total += state.st_size if state.st_nlink == 1 else 0
            elif stat.S_ISDIR(state.st_mode) and state.st_dev == device:
                inner = os.open(name, NO_FOLLOW | os.O_DIRECTORY, dir_fd=folder)
                try:
                    total += size_of(inner, ())
                finally:
                    os.close(inner)
    return total
