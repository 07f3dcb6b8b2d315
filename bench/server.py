"""What we add to a model on a server: to a turn, and to a batch.

The server is ours and answers at once, or after a fixed delay, in a process of its own.

``added_ms``: a follow-up in a conversation with a photo of 12 MP, from the prompt to the last piece
of its reply, less what the same bytes cost a bare HTTP client; the median. ``first_ms`` is the
first turn, which scales and encodes the photo.
``batch_ratio``: a batch of 64 pictures over 64 x delay / parallel. ``batch_growth_mib``: memory of
the process at its end over that after the first 16 pictures.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter

import numpy as np
import psutil
from PIL import Image as Pillow

from bench.scripted_server import ScriptedServer, says
from vision.engine import Image, Message, Prompt, SamplingParams
from vision.images import Decoder
from vision.server.engine import ServerEngine
from vision.settings import EngineSettings

WARM, TURNS = 5, 40
PICTURES, ALREADY = 64, 16  # of the batch; memory is looked at from then on
MIB = 1024**2
PIECES = tuple(f"word {i} " for i in range(32))


def _serve(pipe: Connection, delay_s: float) -> None:
    with ScriptedServer(repeat(says(*PIECES, delay_s=delay_s))) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def serving(delay_s: float) -> Iterator[str]:
    """Run a server in a process of its own; yield its address."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(theirs, delay_s))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


def photo(path: Path, width: int, height: int, seed: int) -> Path:
    """Write a JPEG of blots that no other seed gives."""
    rough = np.random.default_rng(seed).integers(0, 256, (height // 40, width // 40, 3), np.uint8)
    Pillow.fromarray(rough).resize((width, height)).save(path, quality=90)
    return path


def conversation(picture: Image, turns: int) -> Iterator[Prompt]:
    """Yield the prompt of each turn: a question about the photo, then follow-ups."""
    messages: tuple[Message, ...] = ()
    for turn in range(turns):
        asked = Message("user", f"And line {turn}?", () if turn else (picture,))
        yield Prompt((*messages, asked), conversation="bench")
        messages = (*messages, asked, Message("assistant", "".join(PIECES)))


def timed(work: Callable[[], object]) -> float:
    """Return how many ms ``work`` takes."""
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1e3


def turns(folder: Path) -> dict[str, float]:
    """Time turns through the engine and through a bare client, one after the other."""
    import httpx2

    from vision.server.pictures import Pictures
    from vision.server.wire import body_of

    params = SamplingParams()
    with serving(0.0) as url, Decoder() as decoder, httpx2.Client(trust_env=False) as bare:
        path = photo(folder / "photo.jpg", 4_000, 3_000, 0)
        facts = decoder.check(path.read_bytes())
        picture = Image(facts.sha256, path, facts.width, facts.height)
        settings = EngineSettings(url=url)
        engine = ServerEngine(settings, decoder)
        engine.load(lambda _: None)
        pictures = Pictures(decoder, settings.max_pixels)

        def ask(prompt: Prompt) -> None:
            assert list(engine.stream(prompt, params, Event()))[-1].finish_reason == "stop"

        def ask_bare(body: dict[str, object]) -> None:
            with bare.stream("POST", f"{url}/chat/completions", json=body) as answer:
                assert b"".join(answer.iter_bytes()).endswith(b"[DONE]\n\n")

        ours, theirs = [], []
        for prompt in conversation(picture, WARM + TURNS):
            ours.append(timed(lambda p=prompt: ask(p)))  # type: ignore[misc]
            model = engine.status().model
            body = body_of(prompt, params, model, lambda i: pictures.uri(i, keep=True))
            theirs.append(timed(lambda b=body: ask_bare(b)))  # type: ignore[misc]
        engine.unload()
    print(f"first turn    {ours[0]:8.1f} ms")
    print(f"follow-up     {median(ours[WARM:]):8.1f} ms")
    print(f"bare client   {median(theirs[WARM:]):8.1f} ms")
    added = median(mine - its for mine, its in zip(ours[WARM:], theirs[WARM:], strict=True))
    return {"added_ms": added, "first_ms": ours[0]}


@contextmanager
def sampled(lines: Path, seen: list[int]) -> Iterator[None]:
    """Meanwhile, note this process's bytes of memory at each new line of a file."""
    ended, process = Event(), psutil.Process()

    def look() -> None:
        while not ended.wait(0.02):
            count = lines.read_bytes().count(b"\n") if lines.exists() else 0
            seen.extend([process.memory_info().rss] * (count - len(seen)))

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def batch(folder: Path, delay_s: float, parallel: int) -> dict[str, float]:
    """Time ``python -m app batch`` over pictures, and look at the memory as results come."""
    from app import batch as batches
    from app.config import Config, TmpConfig

    source = folder / "pictures"
    source.mkdir()
    for seed in range(PICTURES):
        photo(source / f"{seed:02}.jpg", 1_600, 1_200, seed)
    seen: list[int] = []
    with serving(delay_s) as url:
        settings = EngineSettings(kind="server", url=url, parallel=parallel)
        config = Config(engine=settings, tmp=TmpConfig(str(folder / "tmp")))
        out = folder / "out.jsonl"
        with sampled(out, seen):
            ms = timed(lambda: batches.batch(config, source, out, "text"))
    ideal_ms = PICTURES * delay_s / parallel * 1e3
    growth = (seen[-1] - seen[ALREADY]) / MIB
    print(f"{PICTURES} pictures, {delay_s:g} s each, {parallel} at a time")
    print(f"batch         {ms / 1e3:8.2f} s\nideal         {ideal_ms / 1e3:8.2f} s")
    print(
        f"memory        {seen[ALREADY] / MIB:8.0f} MiB, {growth:+.1f} MiB from picture {ALREADY} on"
    )
    return {"batch_ratio": ms / ideal_ms, "batch_growth_mib": growth}


def run(args: Sequence[str] = ()) -> dict[str, float]:
    """Measure, print the figures, and return them."""
    parser = argparse.ArgumentParser(prog="python -m bench server")
    parser.add_argument("--delay", type=float, default=1.0, help="of the server, in seconds")
    parser.add_argument("--parallel", type=int, default=4, help="requests at a time")
    given = parser.parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        figures = turns(Path(folder)) | batch(Path(folder), given.delay, given.parallel)
    for name, figure in figures.items():
        print(f"{name} {figure:.3f}")
    return figures
