"""Pictures that nothing refers to any more, and their end.

A picture is in use while its hash stands anywhere in a conversation, in the trash or in what was
set aside, in whatever state that file is. It is removed only when no turn can be on its way that
refers to it, be it new or one that comes back from the trash: ``adding`` keeps others from
removing, and without it a picture is spared for a day.
"""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from history import files, names
from history.errors import StorageFailed, writing

log = logging.getLogger(__name__)

GRACE_S = 86_400.0
_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class Unused:
    """What was removed, or would be."""

    pictures: int
    bytes: int  # thumbnails included


@contextmanager
def adding(root: Path) -> Iterator[None]:
    """Keep pictures from being removed that a turn refers to when this ends, and not before."""
    with writing(root):
        files.ensure_folder(root / names.IMAGES)
        lock = files.locked(root / names.IMAGES, shared=True)
    with lock:
        yield


def remove_unused(
    root: Path, among: set[str] | None = None, *, grace_s: float = GRACE_S, dry_run: bool = False
) -> Unused:
    """Remove pictures that nothing refers to, of ``among`` or of all. Waits while some are added.

    Not to be called inside ``adding``. One that was stored in the last ``grace_s`` is spared.
    """
    folder = root / names.IMAGES
    if not folder.is_dir():
        return Unused(0, 0)
    with writing(root), nullcontext(True) if dry_run else files.locked(folder) as alone:
        if not alone:
            raise StorageFailed(folder=root, reason="its file system has no locks")
        unused = list(_unused(root, among, time.time() - grace_s))
        size = sum(path.stat().st_size for path in unused)
        if not dry_run:
            for path in unused:
                files.discard(path)
            files.sync_folder(folder)
    pictures = sum(not _picture(path)[1] for path in unused)
    log.info("unused pictures=%d bytes=%d dry_run=%s", pictures, size, dry_run)
    return Unused(pictures, size)


def hashes_in_use(root: Path) -> set[str]:
    """Return all in the store's files that may be the hash of a picture."""
    return set().union(*(hashes_below(folder) for folder in _with_records(root)))


def hashes_below(path: Path) -> set[str]:
    """Return all in a file, or in those of a folder, that may be the hash of a picture."""
    paths = path.iterdir() if path.is_dir() else [path]
    return {sha256 for each in paths for sha256 in _hashes_in(each)}


def _hashes_in(path: Path) -> set[str]:
    """Return what may be a hash, whatever state the file is in."""
    try:
        return {match.decode("ascii") for match in _HASH.findall(files.read(path))}
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return set()  # deleted meanwhile, or nothing of ours


def _with_records(root: Path) -> Iterator[Path]:
    """Yield the folders whose files may refer to pictures."""
    for path in root.iterdir():
        if names.CONVERSATION.fullmatch(path.name) and path.is_dir():
            yield path
    for name in (names.TRASH, names.STAGE, names.QUARANTINE):
        if (root / name).is_dir():
            yield root / name
            yield from (path for path in (root / name).iterdir() if path.is_dir())


def _unused(root: Path, among: set[str] | None, before: float) -> Iterator[Path]:
    if among is not None and not among:
        return
    used = hashes_in_use(root)
    for path in (root / names.IMAGES).iterdir():
        sha256, _ = _picture(path)
        if not sha256 or sha256 in used or not (among is None or sha256 in among):
            continue
        if path.stat(follow_symlinks=False).st_mtime <= before:
            yield path


def _picture(path: Path) -> tuple[str, bool]:
    """Return a file's hash, empty where it is not ours, and whether it is a thumbnail."""
    match = names.PICTURE.fullmatch(path.name)
    return (match[1], bool(match[2])) if match else ("", False)
