"""Receipts that were there before: the same merchant, day and total, or nearly the same picture."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from history.receipts_seen import Seen, pictures_of, seen_in
from history.store import Store
from history.traces import are_alike, same
from history.turn import Turn


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A receipt that looks like another one of the history."""

    number: int  # of the receipt that was asked about, among those of its turn
    conversation_id: str  # where the other one is
    turn_id: int
    other: int  # the other one's number, among those of its turn
    why: Literal["receipt", "picture"]

    @property
    def place(self) -> tuple[int, str, int, int]:
        """What is like what, whatever makes it so."""
        return self.number, self.conversation_id, self.turn_id, self.other


def duplicates(store: Store, conversation_id: str, turn: Turn) -> list[Duplicate]:
    """Return what the receipts of a turn look like, those that say the same first.

    A picture that is asked about again in its own conversation is no duplicate.
    """

    def ask(connection: sqlite3.Connection) -> list[Duplicate]:
        found = [each for seen in seen_in(turn) for each in _like(connection, turn, seen)]
        own = {image.sha256 for image in turn.images}
        again = _again(connection, conversation_id, turn.id, own)
        # One that is alike in both ways is there twice, as the same receipt first.
        once = {each.place: each for each in reversed(found)}
        return [
            each
            for each in reversed(once.values())
            if (each.conversation_id, each.turn_id) not in again
            and not _is_itself(each, conversation_id, turn.id)
        ]

    return store.index.ask(ask)


def unseen_pictures(store: Store, limit: int) -> list[tuple[str, str]]:
    """Return pictures of receipts, by hash and format, of which no look is kept yet."""
    statement = (
        "SELECT DISTINCT sha256, format FROM receipt"
        " WHERE sha256 NOT IN (SELECT sha256 FROM look) LIMIT ?"
    )
    return store.index.ask(lambda connection: connection.execute(statement, (limit,)).fetchall())


def keep_looks(store: Store, looks: Iterable[tuple[str, str]]) -> None:
    """Keep looks by their pictures' hashes; "" where a picture has none. An index may be lost."""
    kept = list(looks)
    if kept:
        statement = "INSERT OR REPLACE INTO look VALUES (?, ?)"
        store.index.ask(lambda connection: connection.executemany(statement, kept).rowcount)


def _like(connection: sqlite3.Connection, turn: Turn, seen: Seen) -> Iterator[Duplicate]:
    known_by = same(seen.receipt)
    statement = "SELECT conversation, turn, number FROM receipt WHERE same = ? ORDER BY rowid"
    for row in connection.execute(statement, (known_by,)) if known_by else ():
        yield _found(seen, row, "receipt")
    pictures = [turn.images[place].sha256 for place in pictures_of(seen.receipt, len(turn.images))]
    for sha256 in _alike(connection, pictures):
        statement = "SELECT conversation, turn, number FROM receipt WHERE sha256 = ?"
        for row in connection.execute(statement, (sha256,)):
            yield _found(seen, row, "picture")


def _found(seen: Seen, row: tuple[str, int, int], why: Literal["receipt", "picture"]) -> Duplicate:
    conversation_id, turn_id, number = row
    return Duplicate(seen.number, conversation_id, turn_id, number, why)


def _alike(connection: sqlite3.Connection, pictures: list[str]) -> list[str]:
    """Return pictures that look like one of ``pictures``, themselves included."""
    looks = dict(connection.execute("SELECT sha256, bits FROM look WHERE bits != ''"))
    wanted = [looks[sha256] for sha256 in pictures if sha256 in looks]
    alike = [sha256 for sha256, look in looks.items() if any(are_alike(look, w) for w in wanted)]
    return list(dict.fromkeys([*pictures, *alike]))


def _again(
    connection: sqlite3.Connection, conversation_id: str, turn_id: int, pictures: set[str]
) -> set[tuple[str, int]]:
    """Return the other turns of a conversation that have one of its turn's pictures."""
    statement = "SELECT turn, sha256 FROM receipt WHERE conversation = ?"
    rows = connection.execute(statement, (conversation_id,)).fetchall()
    return {(conversation_id, turn) for turn, sha256 in rows
            if turn != turn_id and sha256 in pictures}  # fmt: skip


def _is_itself(found: Duplicate, conversation_id: str, turn_id: int) -> bool:
    """Tell whether that is the receipt itself, or one beside it on the same picture."""
    here = (found.conversation_id, found.turn_id) == (conversation_id, turn_id)
    return here and (found.number == found.other or found.why == "picture")
