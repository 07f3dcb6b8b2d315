"""A folder of files through the decoder: what loads, what is refused, what it costs, what dies.

``python -m bench corpora FOLDER [--mutations N]``. Each file is taken in as an upload is; then N
times with bytes of it changed or cut off, by seeds. Corpora that were run, and their figures, are
in ``bench/results/hardening.md``.

``over_2_s`` counts CPU time of the worker, so that a busy machine changes nothing; ``over_300_mib``
what it took beyond an idle worker; ``crashes`` an ending that is neither a picture nor a refusal.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from vision.errors import ImageRefused
from vision.images import Decoder

SIDE = 640  # of the preview, as an intake has it
SLOW_S, LARGE_MIB = 2.0, 300.0


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a file."""

    what: str  # "loads", or the refusal's name
    pixels: int
    cpu_s: float
    more_mib: float  # than an idle worker has; 0 where the worker ended
    died: bool


class Trial:
    """A decoder whose worker is watched."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._idle_mib = 0.0

    def ending(self, file: bytes) -> Ending:
        """Take a file in, and tell what became of it."""
        worker = self._worker()
        Path(f"/proc/{worker.pid}/clear_refs").write_text("5", "ascii")  # the peak begins anew
        before = _cpu_s(worker)
        what, pixels = self._taken(file)
        if not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE:
            return Ending(what, pixels, 0.0, 0.0, died=True)
        more_mib = _peak_mib(worker) - self._idle_mib
        return Ending(what, pixels, _cpu_s(worker) - before, more_mib, died=False)

    def _worker(self) -> psutil.Process:
        self._decoder.warm()
        assert self._decoder._process is not None  # noqa: SLF001 - a measure looks inside
        worker = psutil.Process(self._decoder._process.pid)  # noqa: SLF001
        self._idle_mib = self._idle_mib or worker.memory_info().rss / 2**20
        return worker

    def _taken(self, file: bytes) -> tuple[str, int]:
        try:
            picture, _ = self._decoder.intake(file, SIDE)
        except ImageRefused as refusal:
            return refusal.code if str(refusal) and refusal.hint else "crash without words", 0
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            return f"crash {type(error).__name__}", 0
        return "loads", picture.width * picture.height


def run(arguments: Sequence[str]) -> dict[str, float]:
    """Run all files of a folder, print the table, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench corpora")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutations", type=int, default=0, metavar="N")
    args = parser.parse_args(arguments)
    with Decoder() as decoder:
        trial = Trial(decoder)
        endings = []
        for name, file in _files(args.folder, args.mutations):
            ending = trial.ending(file)
            endings.append(ending)
            if _remarkable(ending):
                print(f"{name}: {ending}")
    return _reported(endings)


def _files(folder: Path, mutations: int) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            file = path.read_bytes()
            yield str(path.relative_to(folder)), file
            for seed in range(mutations if file else 0):
                yield f"{path.relative_to(folder)} #{seed}", mutated(file, seed)


def mutated(file: bytes, seed: int) -> bytes:
    """Return a file with some bytes changed, one time in five cut off as well."""
    draw, data = random.Random(seed * 1_000_003 + len(file)), bytearray(file)
    for _ in range(draw.choice((1, 2, 8, 32))):
        # Half of them in the header, where the lengths are.
        place = draw.randrange(len(data) if draw.random() < 0.5 else min(len(data), 512))
        data[place] = draw.randrange(256)
    return bytes(data[: draw.randrange(len(data))] if draw.random() < 0.2 else data)


def _remarkable(ending: Ending) -> bool:
    costly = ending.cpu_s > SLOW_S or ending.more_mib > LARGE_MIB
    return costly or ending.died or ending.what.startswith("crash")


def _reported(endings: Sequence[Ending]) -> dict[str, float]:
    what = Counter(ending.what for ending in endings)
    for name, count in what.most_common():
        print(f"{count:8,}  {name}")
    figures: dict[str, float] = {
        "files": len(endings),
        "loads": what["loads"],
        "refused": len(endings) - what["loads"],
        "over_2_s": sum(ending.cpu_s > SLOW_S for ending in endings),
        "over_300_mib": sum(ending.more_mib > LARGE_MIB for ending in endings),
        "workers_ended": sum(ending.died for ending in endings),
        "crashes": sum(ending.what.startswith("crash") for ending in endings),
        "slowest_cpu_s": max((ending.cpu_s for ending in endings), default=0.0),
        "most_mib": max((ending.more_mib for ending in endings), default=0.0),
    }
    for name, value in figures.items():
        print(f"{name:14} {value:10,.2f}")
    return figures


def _cpu_s(worker: psutil.Process) -> float:
    spent = worker.cpu_times()
    return float(spent.user + spent.system)


def _peak_mib(worker: psutil.Process) -> float:
    status = Path(f"/proc/{worker.pid}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
