"""Reading the pictures of a folder: plain RapidOCR, as its page says to use it, against the reader.

Each runs in a process of its own, loaded before the clock starts, so that peaks of memory can be
told apart. Ours includes decoding in the worker process; RapidOCR opens the files itself.

``seconds_mean``, ``cpu_seconds_mean``: a picture. ``load_s``: until the first can be read.
``peak_mib``: of the process, the worker not counted. ``seconds_ratio``: peer over ours.
"""

import argparse
import hashlib
import multiprocessing
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}  # what both can open


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading the folder cost one of the two."""

    load_s: float
    seconds_mean: float
    cpu_seconds_mean: float
    peak_mib: float
    lines: int


def ours(pictures: Sequence[Path]) -> Cost:
    """Read with the reader."""
    from vision.engine import Image
    from vision.images import Decoder
    from vision.reader.engine import ReaderEngine

    started = perf_counter()
    with closing(Decoder()) as decoder:
        engine = ReaderEngine(decoder)
        engine.load(lambda _: None)
        decoder.warm()
        load_s = perf_counter() - started

        def read(path: Path) -> int:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            return len(engine.read(Image(sha256, path, 0, 0)))

        return cost(load_s, read, pictures)


def peer(pictures: Sequence[Path]) -> Cost:
    """Read with RapidOCR, nothing set but its log."""
    from rapidocr import RapidOCR

    started = perf_counter()
    engine = RapidOCR(params={"Global.log_level": "critical"})

    def read(path: Path) -> int:
        read_lines: Any = engine(str(path))  # one of four kinds of result; with no options, lines
        return len(read_lines.txts or ())

    # It opens its networks with the first picture.
    read(pictures[0])
    return cost(perf_counter() - started, read, pictures)


def cost(load_s: float, read: Callable[[Path], int], pictures: Sequence[Path]) -> Cost:
    """Run ``read`` on every picture and add up."""
    started, cpu_started = perf_counter(), process_time()
    lines = sum(map(read, pictures))
    seconds, cpu_seconds = perf_counter() - started, process_time() - cpu_started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(load_s, seconds / len(pictures), cpu_seconds / len(pictures), peak_mib, lines)


def alone(what: Callable[[Sequence[Path]], Cost], pictures: Sequence[Path]) -> Cost:
    """Run ``what`` in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(what, pictures).result()


def run(args: Sequence[str]) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench text")
    parser.add_argument("folder", type=Path, help="pictures to read")
    parser.add_argument("--first", type=int, default=None, help="read only so many of them")
    given = parser.parse_args(args)
    found = sorted(path for path in given.folder.iterdir() if path.suffix.lower() in SUFFIXES)
    pictures = found[: given.first]
    if not pictures:
        parser.error(f"no pictures in {given.folder}")
    we, they = alone(ours, pictures), alone(peer, pictures)
    print(f"{len(pictures)} pictures of {given.folder}")
    print(f"{'':<12}{'s/picture':>11}{'CPU s':>9}{'load s':>9}{'peak MiB':>10}{'lines':>8}")
    for name, one in (("RapidOCR", they), ("reader", we)):
        print(
            f"{name:<12}{one.seconds_mean:>11.2f}{one.cpu_seconds_mean:>9.2f}{one.load_s:>9.2f}"
            f"{one.peak_mib:>10.0f}{one.lines:>8}"
        )
    return {
        "seconds_mean": we.seconds_mean,
        "cpu_seconds_mean": we.cpu_seconds_mean,
        "load_s": we.load_s,
        "peak_mib": we.peak_mib,
        "peer_seconds_mean": they.seconds_mean,
        "peer_cpu_seconds_mean": they.cpu_seconds_mean,
        "peer_peak_mib": they.peak_mib,
        "seconds_ratio": they.seconds_mean / we.seconds_mean,
    }
