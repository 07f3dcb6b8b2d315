"""How often each engine was right, by the receipts that the user corrected or confirmed.

Every turn that read the same pictures is compared with them as it was found, those of other
versions and conversations too. So asking again with another engine, or more detail, is all it takes
to see which of them suits one's own receipts; ``--run`` does that for all of them.
"""

import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from app.budget import MAX_PIXELS
from app.build import decoder_for, engine_for
from app.config import Config, folder
from app.gold import FIELDS, Gold, Pictures, Score, gold_of, pictures_of, score
from app.jobs.job import stream
from app.translate import prompt_for
from history import Store, Turn
from history.selection import everything, parts
from vision.engine import Chunk
from vision.errors import VisionError

_READ = ("stop", "length", "loop")


@dataclass(frozen=True, slots=True, order=True)
class Reader:
    """Who read a receipt."""

    engine: str
    model: str
    detail: str  # how much of a picture's detail it saw; "" where that is no choice

    def __str__(self) -> str:
        return " ".join(filter(None, (self.engine, self.model, self.detail)))


@dataclass(frozen=True, slots=True)
class Known:
    """What history knows of some pictures."""

    golds: tuple[Gold, ...]
    turn: Turn  # that the gold is from
    conversation_id: str


def score_engines(config: Config, *, run: bool, as_json: bool) -> int:
    """Print the scores; with ``run``, also that of the engine that ``config`` describes, now."""
    store = Store(folder(config.history.root))
    known: dict[Pictures, Known] = {}
    said: dict[Reader, dict[Pictures, Mapping[str, Any]]] = {}
    for conversation_id, turn in _turns(store):
        if golds := gold_of(turn):
            known[pictures_of(turn)] = Known(golds, turn, conversation_id)
        if turn.finish_reason in _READ:
            said.setdefault(_reader(turn), {})[pictures_of(turn)] = turn.fields
    if run and known:
        reader, now = _run(config, store, known)
        said[reader] = now
    scores = {
        reader: score((known[each].golds, fields[each]) for each in known.keys() & fields.keys())
        for reader, fields in said.items()
        if known.keys() & fields.keys()
    }
    print(_as_json(scores) if as_json else _as_table(scores, known))  # noqa: T201  asked for
    return 0


def _turns(store: Store) -> Iterator[tuple[str, Turn]]:
    """Yield the turns that read receipts, of all versions, oldest first: the newest wins."""
    found = [
        (part.conversation.id, turn)
        for part in parts(store, everything(store))
        for turn in part.turns
        if turn.job == "receipt" and turn.images
    ]
    yield from sorted(found, key=lambda each: each[1].timestamp)


def _reader(turn: Turn) -> Reader:
    pixels = int(turn.params.get("max_pixels", 0))
    names = {value: name for name, value in MAX_PIXELS.items()}
    detail = "" if turn.engine == "reader" else names.get(pixels, f"{pixels:,} pixels")
    return Reader(turn.engine, turn.model, detail)


def _run(
    config: Config, store: Store, known: Mapping[Pictures, Known]
) -> tuple[Reader, dict[Pictures, Mapping[str, Any]]]:
    """Have the configured engine read the pictures of all that is known; nothing is saved."""
    now: dict[Pictures, Mapping[str, Any]] = {}
    with decoder_for(config) as decoder:
        engine = engine_for(config, decoder)
        status = engine.status()
        try:
            for pictures, each in tqdm(known.items(), unit="receipt", disable=None):
                prompt = prompt_for([each.turn], "", store, status)
                chunks = stream(prompt, engine, decoder, config.sampling, threading.Event())
                now[pictures] = _fields(chunks, each)
        finally:
            engine.unload()
    return Reader(status.engine, status.model, "now"), now


def _fields(chunks: Iterator[Chunk], known: Known) -> Mapping[str, Any]:
    """Return what is found in a receipt; nothing, where that goes wrong."""
    fields: Mapping[str, Any] = {}
    try:
        for chunk in chunks:
            fields = chunk.fields or fields
    except VisionError as error:
        print(f"{known.conversation_id}/{known.turn.id}: {error}", file=sys.stderr)  # noqa: T201
    return fields


def _as_json(scores: Mapping[Reader, Score]) -> str:
    return json.dumps(
        [
            {
                "engine": reader.engine,
                "model": reader.model,
                "detail": reader.detail,
                "receipts": found.receipts,
                "right": found.right,
                "known": found.known,
                "accuracy": _accuracy(found),
            }
            for reader, found in sorted(scores.items())
        ],
        ensure_ascii=False,
    )


def _as_table(scores: Mapping[Reader, Score], known: Mapping[Pictures, Known]) -> str:
    if not scores:
        return (
            "No receipt in history was corrected or confirmed yet.\n"
            "Correct one on the page, or confirm that it looks right: then engines can be measured "
            "by it."
        )
    best = sorted(scores.items(), key=lambda each: -_accuracy(each[1]))
    lines = _columns(
        [
            (f"{place}", str(reader), f"{found.receipts:>4} receipts", f"{_accuracy(found):>4.0%}")
            for place, (reader, found) in enumerate(best, start=1)
        ]
    )
    fields = [name for name in FIELDS if any(name in found.known for _, found in best)]
    heads = ("", *(f"{place:>6}" for place in range(1, len(best) + 1)))
    cells = [(name, *(_cell(found, name) for _, found in best)) for name in fields]
    return "\n".join([*lines, "", *_columns([heads, *cells]), "", _about(known)])


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cell(found: Score, name: str) -> str:
    if name not in found.known:
        return ""
    right = found.right[name]  # of items, a share: 2.7 of 3 receipts
    shown = f"{right:.0f}" if right.is_integer() else f"{right:.1f}"
    return f"{shown}/{found.known[name]}".rjust(6)


def _accuracy(found: Score) -> float:
    return round(sum(found.right.values()) / (sum(found.known.values()) or 1), 4)


def _about(known: Mapping[Pictures, Known]) -> str:
    golds = [gold for each in known.values() for gold in each.golds]
    whole = sum(gold.known == FIELDS for gold in golds)
    parts_ = f"{whole} confirmed, all fields of which count"
    if rest := len(golds) - whole:
        parts_ += f"; {rest} corrected, of which only the corrected fields do"
    return f"Measured by {parts_}. A field that is not on the receipt is right where none is found."
