"""Search as one types: words in, the newest turns that hold all of them out, with the places."""

import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from history.documents import TEXTS
from history.excerpt import Folding, excerpt, terms_of

LIMIT = 50

_SUMMARY = "(SELECT summary FROM folder WHERE folder.conversation = doc.conversation)"

# One of the turn's receipts must be within both bounds, not each bound hold for another.
_ONE_WITHIN = (
    "EXISTS (SELECT 1 FROM amount WHERE amount.conversation = doc.conversation"
    " AND amount.turn = doc.turn AND total BETWEEN ? AND ?)"
)

Where = Literal["name", "tags", "prompt", "reply", "fields"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What else must be true of a hit; what is None or empty does not count."""

    since: str = ""  # a beginning of an ISO 8601 time in UTC: "2026-02-14"
    until: str = ""  # the same, all of it included
    engine: str = ""
    job: str = ""
    has_picture: bool | None = None
    total_from: float | None = None
    total_to: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A turn that was found, or a conversation by its name or tags."""

    conversation_id: str
    turn_id: int | None  # None: the conversation
    timestamp: str
    where: Where
    excerpt: str  # one line
    highlights: tuple[tuple[int, int], ...]  # in the excerpt: start, end
    title: str = ""


class Search:
    """A question to the index, which it is called with."""

    def __init__(self, query: str, filters: Filters, limit: int) -> None:
        self._folding = Folding()
        self._terms = terms_of(query, self._folding)
        self._filters, self._limit = filters, limit

    def __call__(self, connection: sqlite3.Connection) -> list[Hit]:
        """Return the hits, newest first."""
        trigrams = dict.fromkeys(three for term in self._terms for three in _trigrams(term))
        conditions = list(self._conditions())
        # Fewer than three characters, as two Chinese ones, have no trigram: all text is looked at.
        source = "doc"
        if trigrams:
            source = "words JOIN doc ON doc.id = words.rowid"
            match = " AND ".join(f'"{each.replace(chr(34), chr(34) * 2)}"' for each in trigrams)
            conditions.insert(0, ("words MATCH ?", match))
        order = "words.rowid" if trigrams else "doc.id"
        where = " AND ".join(condition for condition, *_ in conditions)
        columns = ", ".join(TEXTS)
        rows = connection.execute(
            f"SELECT conversation, turn, at, {_SUMMARY}, {columns} FROM {source}"  # noqa: S608  ours
            f" WHERE {where} ORDER BY {order} DESC LIMIT ?",
            [*(value for _, *values in conditions for value in values), self._limit],
        )
        return [self._hit(row[0], row[1], row[2], row[3], row[4:]) for row in rows]

    def _conditions(self) -> Iterator[tuple[Any, ...]]:  # SQL, and a value for each mark in it
        for term in self._terms:
            yield "instr(doc.folded, ?) > 0", term
        filters = self._filters
        pictures = None if filters.has_picture is None else int(filters.has_picture)
        yield from (
            (condition, value)
            for condition, value in (
                ("at >= ?", filters.since),
                ("at <= ? || '~'", filters.until),  # which sorts behind all that begins so
                ("engine = ?", filters.engine),
                ("job = ?", filters.job),
                ("(pictures > 0) = ?", pictures),
            )
            if value not in (None, "")
        )
        if (filters.total_from, filters.total_to) != (None, None):
            least = -math.inf if filters.total_from is None else filters.total_from
            most = math.inf if filters.total_to is None else filters.total_to
            yield _ONE_WITHIN, least, most
        # Without a word, what is wanted are turns.
        yield "turn >= ?", 0 if self._terms else 1

    def _hit(
        self, conversation: str, turn: int, at: str, summary: str | None, texts: tuple[str, ...]
    ) -> Hit:
        place = max(range(len(texts)), key=lambda each: self._holds(texts[each]))
        shown, spans = excerpt(texts[place], self._terms, self._folding)
        where = cast("Where", TEXTS[place] if texts[place] else "prompt")
        title = json.loads(summary)["title"] if summary else ""
        return Hit(conversation, turn or None, at, where, shown, spans, title)

    def _holds(self, text: str) -> int:
        """Count the terms in one of the texts; an empty text holds none, and less than that."""
        folded = self._folding.fold(text)
        return sum(term in folded for term in self._terms) if text else -1


def _trigrams(term: str) -> Iterator[str]:
    for start in range(len(term) - 2):
        yield term[start : start + 3]
