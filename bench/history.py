"""The store with 10,000 turns and 3,000 pictures, beside one big JSON file rewritten each turn.

``list_ms``: a new process lists the conversations, the index being there. ``search_p95_ms``: from
words to hits, 95th percentile over words as one types them, Chinese and English, frequent, rare
and in no turn. ``open_ms``: all of a conversation of 50 turns. ``save_fsyncs``: fsyncs of a turn
without pictures from prompt to reply, for each of its two writes. ``index_turns_per_s``: the whole
index from the files. Times are this process's CPU time, so that others on the machine do not
count; ``save_ms`` and its peer's are wall time, because there the disk counts.

The peer keeps the whole history as one JSON file and writes it anew each turn, durably, as
text-generation-webui does with a chat: ``save_ms_peer`` and ``saved_mb_peer`` are what that costs
at this size.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from unittest import mock

from history import ImageRef, Store, Turn, names
from history.head import Head, encode_head
from history.turn import encode

TURNS, PICTURES, CONVERSATIONS, LONG = 10_000, 3_000, 1_000, 50
HAN = "的一是不了人我在有他这为之大来以个中上们发票收据合计金额餐厅咖啡日期地址税总数"
QUERIES = ("the", "invoice", "发票", "收据合", "咖", "to", "total 12", "nosuchword", "qzx", "zq",
           "march invoice", "total", "合计金额", "额咖啡", "in", "8.50")  # fmt: skip
REPEATS = 5


def words(draw: random.Random, count: int) -> str:
    """Draw text, a third of it Chinese."""
    if draw.random() < 1 / 3:
        return "".join(draw.choices(HAN, k=count * 3))
    lexicon = ["the", "total", "invoice", "march", "receipt", "coffee", "in", "to", "is", "of"]
    return " ".join(
        draw.choice(lexicon) if draw.random() < 0.2 else f"w{draw.randrange(5_000):x}"
        for _ in range(count)
    )


def filled(root: Path) -> str:
    """Write a store's files, without waiting for the disk; return the long conversation."""
    draw = random.Random(4)
    (root / "images").mkdir(parents=True)
    pictures = [_picture(root, draw) for _ in range(PICTURES)]
    lengths = [LONG] + [TURNS // CONVERSATIONS] * (CONVERSATIONS - 1)
    ids = [f"2026{m:02}{d:02}-{h:02}0000-{n:04d}" for n in range(CONVERSATIONS)
           for m, d, h in [(n % 12 + 1, n % 28 + 1, n % 24)]]  # fmt: skip
    for conversation, length in zip(ids, lengths, strict=True):
        (root / conversation).mkdir()
        head = encode_head(conversation, Head(created_at=names.created_at(conversation)))
        (root / conversation / names.HEAD).write_bytes(head)
        for number in range(1, length + 1):
            turn = _turn(draw, number, conversation, pictures)
            (root / conversation / names.turn_name(number)).write_bytes(encode(turn))
        os.utime(root / conversation, (1_700_000_000, 1_700_000_000))
    return ids[0]


def _picture(root: Path, draw: random.Random) -> ImageRef:
    content = draw.randbytes(200)
    sha256 = hashlib.sha256(content).hexdigest()
    (root / "images" / f"{sha256}.jpg").write_bytes(content)
    return ImageRef(sha256, "jpg", 640, 480, "photo.jpg")


def _turn(draw: random.Random, number: int, conversation: str, pictures: list[ImageRef]) -> Turn:
    minute, second = divmod(number, 60)
    time = f"{names.created_at(conversation)[:13]}:{minute:02}:{second:02}.000Z"
    total = {"total": f"{draw.randrange(1, 99)}.50"} if draw.random() < 0.3 else {}
    return Turn(
        id=number, timestamp=time, prompt=words(draw, 12), reply=words(draw, 120),
        images=(draw.choice(pictures),) if draw.random() < 0.5 else (), finish_reason="stop",
        engine="reader", job="receipt" if total else None, fields=total, latency_ms=812.5,
    )  # fmt: skip


def milliseconds(work: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Return the CPU time of each run, shortest first."""
    times = []
    for _ in range(repeats):
        start = process_time()
        work()
        times.append((process_time() - start) * 1e3)
    return sorted(times)


def fsyncs(work: Callable[[], object]) -> int:
    """Count how often ``work`` waits for the disk."""
    work()  # once before, for what is made once
    with mock.patch.object(os, "fsync", wraps=os.fsync) as counted:
        work()
    return counted.call_count


def _saved(store: Store, conversation: str) -> None:
    turn = store.append(conversation, prompt="What is the total?")
    store.finish(conversation, replace(turn, reply="12.50", finish_reason="stop"))


def save_milliseconds(store: Store, conversation: str) -> float:
    """Return the time to save a turn, prompt and reply."""
    start = perf_counter()
    for _ in range(REPEATS):
        _saved(store, conversation)
    return (perf_counter() - start) / REPEATS * 1e3


def peer(root: Path) -> tuple[float, float]:
    """Return the time to save a turn in one big file, prompt and reply, and its size in MB."""
    turns = [json.loads(path.read_bytes()) for path in sorted(root.glob("2*/0*.json"))]
    path = root / "peer.json"

    def save() -> None:
        with path.open("w") as file:
            json.dump(turns, file)
            file.flush()
            os.fsync(file.fileno())

    start = perf_counter()
    save()  # with the prompt
    save()  # with the reply
    return (perf_counter() - start) * 1e3, path.stat().st_size / 1e6


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    root = Path(tempfile.mkdtemp(prefix="history-"))
    try:
        return _measured(root / "history")
    finally:
        shutil.rmtree(root)


def _measured(root: Path) -> dict[str, float]:
    long = filled(root)
    store = Store(root)
    start = process_time()
    indexed = store.index.sync() - CONVERSATIONS  # without the names
    rate = indexed / (process_time() - start)
    hits = [each for query in QUERIES for each in milliseconds(partial(store.search, query))]
    figures = {
        "list_ms": milliseconds(lambda: Store(root).conversations())[REPEATS // 2],
        "list_again_ms": milliseconds(store.conversations)[REPEATS // 2],
        "search_p95_ms": sorted(hits)[int(len(hits) * 0.95)],
        "search_p50_ms": sorted(hits)[len(hits) // 2],
        "open_ms": milliseconds(lambda: store.turns(long))[REPEATS // 2],
        "save_fsyncs": fsyncs(lambda: _saved(store, long)) / 2,
        "save_ms": save_milliseconds(store, long),
        "index_turns_per_s": rate,
    }
    figures["save_ms_peer"], figures["saved_mb_peer"] = peer(root)
    for name, value in figures.items():
        print(f"{name:18} {value:10,.1f}")
    return figures


if __name__ == "__main__":
    run(argparse.ArgumentParser(description=__doc__).parse_args())
