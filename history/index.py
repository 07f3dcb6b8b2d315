"""The index that search asks: every record's text in one SQLite file, which may be deleted.

It is made from the JSON files and brought in step with them before each use. A folder whose time
did not change holds no other files; in one that did, only files whose own time, size or inode
changed are read. What is damaged is removed and made again. Where no file can be made, on a
read-only disk, the index is kept in memory.

The text is folded (``excerpt.Folding``) and looked up by its trigrams. SQLite keeps for each only
which records have it (``detail=none``: half the size, made twice as fast), and a hit is proved by
looking for the words themselves. A record's number begins with its time, so the newest hits are
found first.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from history import files, names
from history.documents import Documents
from history.errors import ConversationNotFound
from history.listing import Listing, Stamp, is_settled
from history.turn import Conversation, ImageRef

log = logging.getLogger(__name__)

FILE = "turns.sqlite"
VERSION = 3  # of what stands below; another one is made anew
BUSY_S = 60.0  # another process may be making the whole index

_SCHEMA = f"""
CREATE TABLE folder (
    conversation TEXT PRIMARY KEY, stamp TEXT NOT NULL, summary TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE doc (
    id INTEGER PRIMARY KEY, conversation TEXT NOT NULL, turn INTEGER NOT NULL,
    stamp TEXT NOT NULL, at TEXT NOT NULL, engine TEXT, job TEXT, pictures INTEGER,
    name TEXT NOT NULL, tags TEXT NOT NULL,
    prompt TEXT NOT NULL, reply TEXT NOT NULL, fields TEXT NOT NULL, folded TEXT NOT NULL
);
CREATE UNIQUE INDEX place ON doc (conversation, turn);
CREATE TABLE receipt (
    conversation TEXT NOT NULL, turn INTEGER NOT NULL, number INTEGER NOT NULL,
    same TEXT NOT NULL, sha256 TEXT NOT NULL, format TEXT NOT NULL
);
CREATE INDEX receipt_place ON receipt (conversation, turn);
CREATE INDEX receipt_same ON receipt (same);
CREATE TABLE amount (conversation TEXT NOT NULL, turn INTEGER NOT NULL, total REAL NOT NULL);
CREATE INDEX amount_place ON amount (conversation, turn);
CREATE TABLE look (sha256 TEXT PRIMARY KEY, bits TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    folded, content = 'doc', content_rowid = 'id', detail = 'none',
    tokenize = 'trigram case_sensitive 1'
);
PRAGMA user_version = {VERSION};
"""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR,
           sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)  # fmt: skip

Result = TypeVar("Result")


class Index:
    """The index of the store under ``root``. Safe to use from any thread and several processes."""

    def __init__(self, root: Path, listing: Listing) -> None:
        self._folder, self._listing = root / names.INDEX, listing
        self._documents = Documents(root)
        self._memory: sqlite3.Connection | None = None  # where there can be no file
        self._recalled = False
        self._lock = threading.Lock()  # guards both

    def ask(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        """Return what ``question`` makes of the index, which is in step with the files."""

        def synced(connection: sqlite3.Connection) -> Result:
            self._sync(connection)
            return question(connection)

        # A store that is not there is not made by looking for something in it.
        for _ in range(2 if self._folder.parent.is_dir() else 0):
            try:
                with self._file() as connection:
                    return synced(connection)
            except sqlite3.DatabaseError as error:
                # Our own, of another version, has no code.
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _DAMAGE:
                    log.warning("index not usable reason=%s", error)
                    break
                log.warning("index damaged, made again reason=%s", error)
                self.forget()
            except OSError as error:
                log.warning("index not usable reason=%s", error.strerror)
                break
        with self._lock:
            self._memory = self._memory or _prepared(":memory:", check_same_thread=False)
            return synced(self._memory)

    def sync(self) -> int:
        """Bring the index in step with the files; return how many records there are."""
        return self.ask(lambda c: int(c.execute("SELECT count(*) FROM doc").fetchone()[0]))

    def forget(self) -> None:
        """Remove the index, and with it all text of what was deleted. It is made again."""
        with self._lock:
            self._memory = None
        with suppress(FileNotFoundError), files.locked(self._folder):
            for path in self._folder.iterdir():
                if path.name.startswith(FILE):
                    files.discard(path)

    def recall(self) -> None:
        """Tell the listing, once, what another process has listed; what changed is read again."""
        with self._lock:
            if self._recalled:
                return
            self._recalled = True
        if not (self._folder / FILE).is_file():
            return
        try:
            with self._file() as connection:
                rows = connection.execute("SELECT conversation, stamp, summary FROM folder")
                known = {
                    name: (_stamp(stamp), _summary(text)) for name, stamp, text in rows if stamp
                }
        except (sqlite3.DatabaseError, OSError, ValueError, TypeError, KeyError) as error:
            log.warning("index not usable reason=%s", error)
        else:
            self._listing.remember(known)

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        files.ensure_folder(self._folder)
        files.ensure_file(self._folder / FILE)
        with (
            files.locked(self._folder, shared=True),
            closing(_prepared(str(self._folder / FILE))) as connection,
        ):
            yield connection

    def _sync(self, connection: sqlite3.Connection) -> None:
        stamps = self._listing.stamps()
        known = dict(connection.execute("SELECT conversation, stamp FROM folder"))
        changed = [each for each, stamp in stamps.items() if known.get(each) != _written(stamp)]
        removed = known.keys() - stamps.keys()
        if not changed and not removed:
            return
        # Writers wait here for each other; readers see what was there before.
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for conversation in removed:
                self._documents.remove(connection, conversation)
                connection.execute("DELETE FROM folder WHERE conversation = ?", (conversation,))
            for conversation in changed:
                self._update(connection, conversation, stamps[conversation])

    def _update(self, connection: sqlite3.Connection, conversation: str, stamp: Stamp) -> None:
        settled = is_settled(stamp)  # before the files are looked at
        try:
            summary = self._listing.conversation(conversation)
            self._documents.update(connection, conversation)
        except (ConversationNotFound, FileNotFoundError):
            return  # deleted meanwhile: found so the next time
        row = (conversation, _written(stamp) if settled else "", json.dumps(asdict(summary)))
        connection.execute("INSERT OR REPLACE INTO folder VALUES (?, ?, ?)", row)


def _prepared(path: str, *, check_same_thread: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=check_same_thread
    )
    try:
        with suppress(sqlite3.OperationalError):  # where others are using it, it is set
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -64000")
        if _version(connection) != VERSION:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have been first.
            if (version := _version(connection)) not in (0, VERSION):
                raise sqlite3.DatabaseError(f"version {version}")  # noqa: TRY301  one of many
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _written(stamp: Stamp) -> str:
    return f"{stamp[0]}.{stamp[1]}"


def _stamp(text: str) -> Stamp:
    time, _, inode = text.partition(".")
    return int(time), int(inode)


def _summary(text: str) -> Conversation:
    values: dict[str, Any] = json.loads(text)
    cover = values.pop("cover")
    tags = tuple(values.pop("tags"))
    return Conversation(**values, cover=cover and ImageRef(**cover), tags=tags)
