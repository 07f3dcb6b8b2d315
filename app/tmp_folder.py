"""./tmp: uploads under way, exports, previews, KV snapshots; and emptying it harming nobody.

``TmpFolder`` is a running page's hold on it. Its uploads and exports are in a folder of its own
(``run-…``), locked for as long as the process lives, so that a second program beside it knows
whose they are, and a folder without a lock is a crashed run's leftover.

The root is marked with a CACHEDIR.TAG when it is made. A root that holds files and no tag is
refused: ``[tmp] root = "/home/me"`` must never be emptied.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from app.errors import TmpNotOurs, TmpUnusable
from app.sweep import NO_FOLLOW, Emptied, Spared, empty, size_of

log = logging.getLogger(__name__)

TAG = "CACHEDIR.TAG"
# Source: bford.info/cachedir, the convention by which backups know what to leave out.
_SIGNATURE = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Made by Second Look, which empties it.\n"
)
SNAPSHOTS = "kv"  # the engine's folder: KV caches that outlive a restart
_RUN = "run-"
_KNOWN = (TAG, SNAPSHOTS, "uploads")  # what versions before the tag may have left


class TmpFolder:
    """A page's hold on ``root``, from its start to its end; safe to use from any thread."""

    def __init__(self, root: Path, *, shared: bool = False) -> None:
        self.shared = shared  # with other users of this program: KV snapshots are theirs, too
        self.root = claim(root)
        with _opened(self.root, alone=True):  # two starts at once do not clear each other's runs
            self._clear_leftovers()
            self.run = Path(tempfile.mkdtemp(prefix=f"{_RUN}{os.getpid()}-", dir=self.root))
            self._held = os.open(self.run, NO_FOLLOW | os.O_DIRECTORY)
            fcntl.flock(self._held, fcntl.LOCK_EX)
        self.uploads = self.run / "uploads"
        self.exports = self.run / "exports"
        self._drafts: dict[str, frozenset[Path]] = {}  # by tab: pictures it has attached
        self._lock = threading.Lock()  # guards _drafts and _held

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove this run's folder, and let go of it."""
        shutil.rmtree(self.run, ignore_errors=True)
        os.close(self._held)

    def hold(self, tab: str, files: Iterable[Path]) -> None:
        """Note which uploads a tab has attached: another tab's clear leaves them alone."""
        with self._lock:
            if kept := frozenset(files):
                self._drafts[tab] = kept
            else:
                self._drafts.pop(tab, None)

    def size_bytes(self) -> int:
        """Return the bytes of all files, but for KV snapshots and other processes' uploads."""
        self._restore()
        with _opened(self.root) as root:
            return size_of(root, {*_skipped(self.root, self._held), SNAPSHOTS})

    def empty(self, tab: str = "") -> Emptied:
        """Delete all that ``tab`` may: what other tabs or a write under way use stays, named.

        So does what was uploaded just now and is not yet held: only its tab knows whose it is.
        """
        self._restore()
        with self._lock:
            drafts = [file for owner, kept in self._drafts.items() if owner != tab for file in kept]
            own = [file.parent for file in self._drafts.get(tab, ())]
        spared = Spared(
            names={*_skipped(self.root, self._held), *([SNAPSHOTS] if self.shared else [])},
            files=self._below([*drafts, *_open_files()]),
            folders=self._below([self.run, self.uploads]),
            arrivals=self.uploads.relative_to(self.root),
            own=self._below(own),
        )
        with _opened(self.root) as root:
            return empty(root, spared)

    def snapshot_bytes(self) -> int:
        """Return the bytes of the KV snapshots that ``empty`` deletes."""
        return 0 if self.shared else snapshot_bytes(self.root)

    def _restore(self) -> None:
        """Take hold anew where somebody deleted ./tmp meanwhile; what is not ours stays refused."""
        with self._lock:
            try:
                if os.path.samestat(self.run.stat(), os.fstat(self._held)):
                    return
            except FileNotFoundError:
                pass
            claim(self.root)
            self.run.mkdir(mode=0o700, exist_ok=True)
            held = os.open(self.run, NO_FOLLOW | os.O_DIRECTORY)
            fcntl.flock(held, fcntl.LOCK_EX)
            os.close(self._held)
            self._held = held
            log.warning("the folder for temporary files was gone, and was made again")

    def _below(self, paths: Iterable[Path]) -> frozenset[Path]:
        """Return paths as seen from the root, without those that lie elsewhere."""
        return frozenset(
            path.relative_to(self.root) for path in paths if path.is_relative_to(self.root)
        )

    def _clear_leftovers(self) -> None:
        with _opened(self.root) as root:
            cleared = empty(root, Spared({*_skipped(self.root), SNAPSHOTS}))
        if cleared.files:
            log.info("leftovers cleared files=%d bytes=%d", cleared.files, cleared.freed_bytes)


def claim(root: Path) -> Path:
    """Make ``root`` if need be, mark it as ours, and return where it really is.

    Raise ``TmpNotOurs`` for a folder that somebody else uses, ``TmpUnusable`` for none at all.
    """
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = root.resolve()
        if (root / TAG).is_file():
            return root
        strange = sorted(path.name for path in root.iterdir() if not _is_known(path.name))
        if strange:
            raise TmpNotOurs(folder=root, count=len(strange), example=strange[0])
        (root / TAG).write_text(_SIGNATURE, encoding="ascii")
    except OSError as error:
        raise TmpUnusable(folder=root, reason=error.strerror) from error
    return root


def empty_beside(root: Path) -> Emptied:
    """Empty ``root`` from a process that serves no page; what belongs to those that do is left."""
    root = claim(root)
    with _opened(root, alone=True) as descriptor:
        return empty(descriptor, Spared(_skipped(root)))


def tmp_bytes(root: Path) -> int:
    """Return the bytes that ``empty_beside`` would delete, but for KV snapshots."""
    root = claim(root)
    with _opened(root) as descriptor:
        return size_of(descriptor, {*_skipped(root), SNAPSHOTS})


def runs_beside(root: Path) -> int:
    """Count the running pages that use ``root``."""
    return len(_skipped(root)) - 1


def snapshot_bytes(root: Path) -> int:
    """Return the bytes of the engine's KV snapshots."""
    with suppress(OSError):
        folder = os.open(root / SNAPSHOTS, NO_FOLLOW | os.O_DIRECTORY)
        try:
            return size_of(folder, ())
        finally:
            os.close(folder)
    return 0


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.startswith((_RUN, ".cleared-"))


def _skipped(root: Path, own: int | None = None) -> frozenset[str]:
    """Name what is not to be touched in ``root``: the tag, and folders of other processes."""
    mine = os.fstat(own) if own is not None else None
    others = set()
    for folder in root.glob(f"{_RUN}*"):
        with suppress(OSError):  # removed meanwhile, or a link, which is no run
            descriptor = os.open(folder, NO_FOLLOW | os.O_DIRECTORY)
            try:
                if mine and os.path.samestat(os.fstat(descriptor), mine):
                    continue
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                others.add(folder.name)
            finally:
                os.close(descriptor)
    return frozenset({TAG, *others})


def _open_files() -> list[Path]:
    """Return what this process is reading or writing now: an upload under way, an export."""
    return [Path(file.path) for file in psutil.Process().open_files()]


@contextmanager
def _opened(root: Path, *, alone: bool = False) -> Iterator[int]:
    """Open the root, which must still be ours; ``alone`` waits for others that asked for it."""
    try:
        descriptor = os.open(root, NO_FOLLOW | os.O_DIRECTORY)
    except OSError as error:
        raise TmpUnusable(folder=root, reason=error.strerror) from error
    try:
        if TAG not in os.listdir(descriptor):  # noqa: PTH208  a descriptor has no path
            raise TmpUnusable(folder=root, reason=f"{TAG} is gone")
        if alone:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
