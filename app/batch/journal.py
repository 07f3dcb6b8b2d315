"""The lines of a batch, on disk as they come: what a killed batch goes on from.

A line is a JSON object with ``image``, the file's name, ``sha256`` and ``bytes`` of the file, and
what was found, or an ``error``. ``same_as`` is the name of an equal file, which was read in its
place. Of two lines of one file the later one counts. Failures and a line that was cut off are taken
out at the next start, so that these files are read once more.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.batch.sources import Source
from app.config import ConfigError

Record = dict[str, Any]  # one line: what JSON can hold


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept in memory of a line."""

    sha256: str
    size_bytes: int | None  # None: of an earlier version
    start: int  # where it begins
    failed: bool


class Journal:
    """A file of lines, held by one process; for one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _writing(path):
            self._file = _held(path)
            self._known = _only_good(path)
            if not os.path.samestat(os.fstat(self._file), path.stat()):
                os.close(self._file)  # it was written anew
                self._file = _held(path)
        self.kept = len(self._known)  # lines that were there already
        self._by_sha256 = {
            known.sha256: name
            for name, known in reversed(self._known.items())  # of equal files the first
            if known.sha256
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def has(self, source: Source) -> bool:
        """Tell whether there is a line for a file, and the file is no other since."""
        known = self._known.get(source.name)
        return known is not None and known.size_bytes in (None, source.size_bytes)

    def same_as(self, sha256: str, name: str) -> str:
        """Return the name of an equal file that was read or is being read; "" notes this one."""
        found = self._by_sha256.setdefault(sha256, name)
        return "" if found == name else found

    def line(self, name: str) -> Record:
        """Return the line of a file that has one."""
        with self.path.open("rb") as file:
            file.seek(self._known[name].start)
            found: Record = json.loads(file.readline())
            return found

    def column(self, key: str) -> dict[str, str]:
        """Return what stands under ``key`` in the lines, by the files' names."""
        return {record["image"]: str(record[key]) for record in latest(self.path) if key in record}

    def append(self, record: Record) -> None:
        """Add a line; it is on the disk when this returns. Raise ``ConfigError``."""
        left = memoryview(_line(record))
        with _writing(self.path):
            start = os.fstat(self._file).st_size
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        known = self._known[record["image"]] = _known(record, start)
        if known.failed and self._by_sha256.get(known.sha256) == record["image"]:
            del self._by_sha256[known.sha256]  # an equal file may be read


def latest(path: Path) -> Iterator[Record]:
    """Yield the line that counts of each file, in the lines' order, one in memory at a time."""
    for _, _, record in _latest(path):
        yield record


def _latest(path: Path) -> Iterator[tuple[int, bytes, Record]]:
    last = {record["image"]: start for start, _, record in _lines(path)}
    for start, line, record in _lines(path):
        if last[record["image"]] == start:
            yield start, line, record


def _lines(path: Path) -> Iterator[tuple[int, bytes, Record]]:
    """Yield what is whole of a journal, each line with where it begins."""
    start = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            with suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict) and isinstance(record.get("image"), str):
                    yield start, line, record
            start += len(line)


def _line(record: Record) -> bytes:
    try:
        return f"{json.dumps(record, ensure_ascii=False)}\n".encode()
    except UnicodeEncodeError:  # half a surrogate pair, as in a file's name that is not UTF-8
        return f"{json.dumps(record)}\n".encode()


def _held(path: Path) -> int:
    """Open a journal for nobody else; the lock ends with the process. Raise ``ConfigError``."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise ConfigError(f"batch: another batch is writing {path}.") from error
    return file


def _only_good(path: Path) -> dict[str, _Known]:
    """Take from a journal what is to be done again; return what is left, by name."""
    good = sum("error" not in record for record in latest(path))
    with path.open("rb") as file:
        lines = sum(1 for _ in file)
    if lines != good:
        fresh = path.with_name(f".{path.name}.tmp")
        with fresh.open("wb") as file:
            file.writelines(line for _, line, record in _latest(path) if "error" not in record)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return {record["image"]: _known(record, start) for start, _, record in _latest(path)}


def _known(record: Record, start: int) -> _Known:
    return _Known(record.get("sha256", ""), record.get("bytes"), start, "error" in record)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"batch: {path} cannot be written: {error.strerror}.") from error
