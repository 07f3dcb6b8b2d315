"""Writing files whole or not at all, so that what was acknowledged outlives a kill and a power cut.

Every file is staged first, in a folder of the same file system: written, flushed to the disk,
closed. Only then does it get its name, by a link (never over another file) or a rename (over the
one before it), and only when the folder is on the disk too does the call return. All calls of
this package that change the disk are here, so that tests can make each of them fail.
"""

import errno
import fcntl
import logging
import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

log = logging.getLogger(__name__)

CONDEMNED = ".gone"
STAGE_GRACE_S = 3_600  # no write takes this long: what is older was left by a kill

# Where there are no links: FAT and some network and FUSE file systems.
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def read(path: Path) -> bytes:
    """Return a file's bytes. Raise ``ValueError`` for a link, a pipe or a device in its place."""
    try:
        # O_NONBLOCK: opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("it is a link") from error
        raise
    with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor has no path
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        return file.read()


def stage(folder: Path, content: bytes) -> Path:
    """Write ``content`` to a new file in ``folder``, and wait until it is on the disk."""
    ensure_folder(folder)
    path = folder / f"{uuid4().hex}.tmp"
    try:
        _write_new(path, content)
    except BaseException:
        # After a failed fsync a second one may lie: the file is given up, never tried again.
        discard(path)
        raise
    return path


def publish(staged: Path, path: Path) -> None:
    """Name a staged file ``path``. Raise ``FileExistsError`` if there is one; it is not touched."""
    try:
        os.link(staged, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _publish_without_links(staged, path)
    try:
        sync_folder(path.parent)
    except OSError:
        discard(path)  # not acknowledged, so it must not show
        raise


def replace(staged: Path, path: Path) -> None:
    """Name a staged file ``path``: a reader sees the old bytes or the new, never a half."""
    staged.replace(path)
    sync_folder(path.parent)


def write(path: Path, content: bytes, stage_folder: Path) -> None:
    """Write or replace a file, durably."""
    staged = stage(stage_folder, content)
    try:
        ensure_folder(path.parent)
        replace(staged, path)
    except BaseException:
        discard(staged)
        raise


def publish_folder(contents: Mapping[str, bytes], path: Path, stage_folder: Path) -> None:
    """Make the folder ``path`` with its files, at once. ``path`` must be free or empty."""
    ensure_folder(stage_folder)
    ours = stage_folder / f"{uuid4().hex}.tmp"
    try:
        ours.mkdir(0o700)
        for name, content in contents.items():
            _write_new(ours / name, content)
        sync_folder(ours)
        ours.rename(path)
        ours = path
        sync_folder(path.parent)
    except BaseException:
        for name in contents:
            discard(ours / name)
        with suppress(OSError):
            ours.rmdir()
        raise


def move(path: Path, to: Path) -> None:
    """Rename a file or a folder to another folder, durably: it is in one of the two, whole."""
    path.rename(to)
    sync_folder(to.parent)
    sync_folder(path.parent)


def condemn(path: Path, stage_folder: Path) -> None:
    """Move what is to be removed for ever out of sight, among what is staged."""
    ensure_folder(stage_folder)
    move(path, stage_folder / f"{uuid4().hex}{CONDEMNED}")


def condemned(stage_folder: Path) -> list[Path]:
    """Return what is to be removed for ever, that of killed processes too."""
    return list(stage_folder.glob(f"*{CONDEMNED}"))


def remove(path: Path) -> None:
    """Remove a file for ever, durably."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def remove_folder(path: Path) -> None:
    """Remove a folder for ever, durably, with all that is in it; follows no link."""
    with suppress(FileNotFoundError):  # another process removes it too
        shutil.rmtree(path)  # by descriptors, so that no link can be put in its way
    sync_folder(path.parent)


def ensure_folder(path: Path) -> None:
    """Make a folder and those above it, durably."""
    if path.is_dir():
        return
    ensure_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(0o700)
    try:
        sync_folder(path.parent)
    except OSError:
        # Or the next call would find it and not know that it may not outlive a power cut.
        with suppress(OSError):
            path.rmdir()
        raise


def ensure_file(path: Path) -> None:
    """Make an empty file that its owner alone can read, unless there is one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))


def refresh(path: Path) -> None:
    """Put a file that is there already on the disk for certain, and make it count as new."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.utime(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def set_aside(path: Path, quarantine: Path, name: str) -> None:
    """Move what stands in the way of a write into ``quarantine``; nothing is ever deleted."""
    ensure_folder(quarantine)
    path.rename(quarantine / f"{name}.{uuid4().hex[:8]}")
    sync_folder(quarantine)
    log.warning("set aside name=%s folder=%s", name, quarantine)


def discard(path: Path) -> None:
    """Remove a file of ours that nothing refers to; one that stays is swept at the next start."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("not removed name=%s reason=%s", path.name, error.strerror)


def sweep(stage_folder: Path) -> None:
    """Remove what killed processes left staged."""
    if not stage_folder.is_dir():
        return
    for path in stage_folder.iterdir():
        with suppress(OSError):  # another process sweeps too; what stays is for the next start
            state = path.stat(follow_symlinks=False)
            if time.time() - state.st_mtime < STAGE_GRACE_S:
                continue
            if stat.S_ISDIR(state.st_mode):
                shutil.rmtree(path)
            else:
                path.unlink()


def is_writable(folder: Path) -> bool:
    """Tell whether files can be made in ``folder``, so far as its rights say."""
    return os.access(folder, os.W_OK | os.X_OK)


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[bool]:
    """Wait until no other thread or process has ``folder`` locked, and lock it; say if that went.

    ``shared`` locks exclude only others that are not. Where the file system has none: False.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        except OSError:
            yield False
        else:
            yield True
    finally:
        let_go(descriptor)


def hold(path: Path) -> int | None:
    """Lock a file while its descriptor is open, which ends with the process however that ends.

    None where another holds it, or where the file system has no locks.
    """
    # Opened for writing, which is never done: NFS gives no lock otherwise.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def let_go(descriptor: int | None) -> None:
    """End a hold."""
    if descriptor is not None:
        with suppress(OSError):  # nothing was written through it
            os.close(descriptor)


def is_at(descriptor: int, path: Path) -> bool:
    """Tell whether ``path`` still names the file that is held."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that keeps names by other means
            raise
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise
    os.close(descriptor)  # a network file system may tell only here that the write failed


def _publish_without_links(staged: Path, path: Path) -> None:
    """Rename under a lock of the folder, so that two of us cannot take one name."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        staged.rename(path)
    finally:
        os.close(descriptor)
