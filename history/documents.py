"""A conversation's files as rows of the index: one for each turn, one for its name and tags."""

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from history import names
from history.corrections import corrected
from history.errors import TurnNotFound
from history.excerpt import Folding
from history.fields import told, totals
from history.head import Head, read_head
from history.listing import read_turn
from history.traces import Trace, traces
from history.turn import Turn

TEXTS = ("name", "tags", "prompt", "reply", "fields")  # in the order of the columns

_INSERT = "INSERT INTO doc VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Document:
    """A row of the index, but for what every row has."""

    at: str
    engine: str | None = None
    job: str | None = None
    pictures: int | None = None
    totals: tuple[float, ...] = ()  # of its receipts
    texts: tuple[str, str, str, str, str] = ("", "", "", "", "")  # as in ``TEXTS``
    receipts: tuple[Trace, ...] = ()


class Documents:
    """Writes the rows of conversations under ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folding = Folding()

    def update(self, connection: sqlite3.Connection, conversation: str) -> None:
        """Bring a conversation's rows in step with its files."""
        folder = self._root / conversation
        stamps = _stamps(folder)
        rows = connection.execute(
            "SELECT turn, stamp FROM doc WHERE conversation = ?", (conversation,)
        )
        known = dict(rows)
        for turn in known.keys() - stamps.keys():
            self._remove(connection, conversation, turn)
        for turn, stamp in stamps.items():
            if known.get(turn) == stamp:
                continue
            if turn in known:
                self._remove(connection, conversation, turn)
            try:
                document = _of_turn(read_turn(folder, turn)) if turn else _of_head(folder)
            except TurnNotFound:
                continue  # deleted meanwhile
            self._add(connection, conversation, turn, stamp, document)

    def remove(self, connection: sqlite3.Connection, conversation: str) -> None:
        """Remove all rows of a conversation."""
        rows = connection.execute("SELECT turn FROM doc WHERE conversation = ?", (conversation,))
        for (turn,) in rows.fetchall():
            self._remove(connection, conversation, turn)

    def _add(
        self,
        connection: sqlite3.Connection,
        conversation: str,
        turn: int,
        stamp: str,
        document: Document,
    ) -> None:
        texts = [_encodable(text) for text in document.texts]
        folded = "\n".join(self._folding.fold(text) for text in texts)
        doc = _free_id(connection, document.at)
        row = (doc, conversation, turn, stamp, document.at, document.engine, document.job,
               document.pictures, *texts, folded)  # fmt: skip
        connection.execute(_INSERT, row)
        connection.execute("INSERT INTO words (rowid, folded) VALUES (?, ?)", (doc, folded))
        connection.executemany(
            "INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?)",
            [(conversation, turn, *trace) for trace in document.receipts],
        )
        connection.executemany(
            "INSERT INTO amount VALUES (?, ?, ?)",
            [(conversation, turn, total) for total in document.totals],
        )

    def _remove(self, connection: sqlite3.Connection, conversation: str, turn: int) -> None:
        place = (conversation, turn)
        connection.execute(
            "INSERT INTO words (words, rowid, folded)"
            " SELECT 'delete', id, folded FROM doc WHERE conversation = ? AND turn = ?",
            place,
        )
        connection.execute("DELETE FROM doc WHERE conversation = ? AND turn = ?", place)
        connection.execute("DELETE FROM receipt WHERE conversation = ? AND turn = ?", place)
        connection.execute("DELETE FROM amount WHERE conversation = ? AND turn = ?", place)


def _stamps(folder: Path) -> Mapping[int, str]:
    """Return what tells whether each file changed; the conversation's own has number 0."""
    stamps = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            match = names.TURN.fullmatch(entry.name)
            if match or entry.name == names.HEAD:
                state = entry.stat(follow_symlinks=False)
                number = int(match[1]) if match else 0
                stamps[number] = f"{state.st_mtime_ns}.{state.st_ino}.{state.st_size}"
    return stamps


def _of_turn(turn: Turn) -> Document:
    fields = corrected(turn)
    return Document(
        at=_encodable(turn.timestamp),
        engine=_encodable(turn.engine),
        job=turn.job and _encodable(turn.job),
        pictures=len(turn.images),
        totals=tuple(totals(fields)),
        texts=("", "", turn.prompt, turn.reply, told(fields)),
        receipts=tuple(traces(turn)),
    )


def _of_head(folder: Path) -> Document:
    try:
        head = read_head(folder)
    except (OSError, ValueError):
        head = Head()
    at = _encodable(head.created_at) or names.created_at(folder.name)
    return Document(at=at, texts=(head.title, "\n".join(head.tags), "", "", ""))


def _free_id(connection: sqlite3.Connection, at: str) -> int:
    """Return a free number that sorts as ``at`` does, to the millisecond."""
    try:
        first = int(datetime.fromisoformat(at).timestamp() * 1e3) * 1_000_000
    except (ValueError, OverflowError):
        first = 0
    first = min(max(first, 1), 2**62)
    last = connection.execute(
        "SELECT max(id) FROM doc WHERE id BETWEEN ? AND ?", (first, first + 999_999)
    ).fetchone()[0]
    return first if last is None else int(last) + 1


def _encodable(text: str) -> str:
    """Return ``text`` as SQLite takes it, of the same length: without lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")
