"""What a clear costs, what it leaves alive, and whether what comes next is as fast as ever.

A conversation of two turns and two pictures on the medium random network, in float32, through the
assistant: from the click to the receipt. Beside it the way of Qwen's own ``web_demo_mm.py``: empty
the list of messages, ``gc.collect()``, ``empty_cache()``; its uploads stay on disk.

``light_ms``, ``medium_ms``, ``deep_ms``: medians, wall time; deep with 1,000 files in ./tmp.
``residual_bytes``: tensors that are alive after a clear and that its receipt does not name: the
sum over the three levels, by a census of storages.
``restored_ratio``: CPU seconds to the first token of the next conversation after a light clear,
over those in a fresh process; the least of three each.
``slope_bytes_round``: resident memory a round over 1,000 rounds of send and light clear with the
tiny network, by a line through the last 800.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil
import torch

from app.assistant import Assistant
from app.clear import Clearing, Receipt
from app.config import ClearConfig
from app.engines import Candidate
from app.intake import Upload
from app.tmp_folder import TmpFolder
from bench.medium import Bench, cpu_seconds, load, medium, one_thread
from bench.random_checkpoint import build
from history import Store
from tests.census import Census
from vision.engine import Engine, Level, Message, Prompt, SamplingParams
from vision.images import Decoder
from vision.qwen.engine import QwenEngine
from vision.settings import EngineSettings

LEVELS: tuple[Level, ...] = ("light", "medium", "deep")
CLEARS = 5  # of each level
FILES = 1_000  # in ./tmp before a deep clear, of 10 kB
FRESH = 3  # processes
ROUNDS, WARM_UP = 1_000, 200
KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True, slots=True)
class Desk:
    """An assistant and its clear button."""

    assistant: Assistant
    clearing: Clearing

    def talk(self, pictures: Sequence[Path], turns: int = 2) -> str:
        """Hold a conversation; return its id."""
        conversation = None
        for turn in range(turns):
            uploads = [Upload(path.name, path.read_bytes()) for path in pictures[turn : turn + 1]]
            run = self.assistant.send(conversation, f"What is the total? {turn}", uploads)
            run.ended.wait()
            assert not run.snapshot().turn.error
            conversation = run.conversation_id
        assert conversation
        return conversation

    def clear(self, level: Level, conversation: str) -> tuple[Receipt, float]:
        """Clear; return the receipt, and the milliseconds until it was there."""
        started = perf_counter()
        receipt = self.clearing.start(level, conversation, confirmed=True).result()
        return receipt, (perf_counter() - started) * 1e3


@contextmanager
def desk(engine: Engine, root: Path, tokens: int) -> Iterator[Desk]:
    """Set an assistant up around a loaded engine; ./tmp is the one that the engine knows."""
    with TmpFolder(root / "tmp") as tmp:
        store = Store(root / "history")
        assistant = Assistant(
            [Candidate(lambda: engine)], store, Decoder(), SamplingParams(max_new_tokens=tokens)
        )
        assistant.start()
        assistant.wait_until_loaded()
        yield Desk(assistant, Clearing(assistant, tmp, ClearConfig()))
        assistant.close()


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the tables, and return the figures."""
    with medium() as bench, desk(bench.engine, bench.root, 16) as at:
        pictures = [bench.picture(seed).path for seed in range(2)]
        at.clear("deep", at.talk(pictures))  # what a first time sets up stays set up
        figures = _levels(at, pictures)
        _peer(bench)
        at.clear("light", at.talk(pictures))
        after = min(_after_light(bench, at, pictures, seed) for seed in range(FRESH))
        fresh = min(_in_a_fresh_process(bench.root / "model") for _ in range(FRESH))
    print(
        f"\nfirst token of the next conversation: {after:.3f} CPU s, in a fresh process {fresh:.3f}"
    )
    figures |= {"restored_ratio": after / fresh, "slope_bytes_round": slope()}
    print(f"{ROUNDS} rounds of send and clear: {figures['slope_bytes_round']:.0f} bytes a round")
    return figures


def _levels(at: Desk, pictures: list[Path]) -> dict[str, float]:
    """Clear at each level, with what is alive afterwards."""
    print(f"{'way':24}     ms  before MiB  receipt: left MiB  alive, not on the receipt")
    figures: dict[str, float] = {}
    residual = 0
    for level in LEVELS:
        took = []
        for _ in range(CLEARS):
            census = Census()
            conversation = at.talk(pictures)
            if level == "deep":
                _fill(at.clearing.tmp)
            receipt, ms = at.clear(level, conversation)
            took.append(ms)
            known = sum(receipt.after.get(bucket, 0) for bucket in ("kv", "vision", "pixels"))
            alive = max(0, census.alive_bytes - known)
            at.clear("medium", conversation)
        residual += alive
        figures[f"{level}_ms"] = median(took)
        before, after = sum(receipt.before.values()), sum(receipt.after.values())
        print(f"{level:24} {median(took):6.1f}  {before / MIB:10.1f}  {after / MIB:17.1f}  {alive}")
    return figures | {"residual_bytes": residual}


def _fill(tmp: TmpFolder) -> None:
    tmp.exports.mkdir(exist_ok=True)
    for number in range(FILES):
        (tmp.exports / f"{number}.json").write_bytes(b"x" * 10_000)


def _peer(bench: Bench) -> None:
    """Clear the way of the official demo; print its line."""
    took = []
    gc.unfreeze()  # the demo freezes nothing
    for _ in range(CLEARS):
        census = Census()
        messages = [Message("user", "What is the total?", (bench.picture(0), bench.picture(1)))]
        prompt = Prompt(tuple(messages), "peer")
        with torch.inference_mode():
            bench.official(prompt, bench.ids(prompt), 16)
        on_disk = sum(image.path.stat().st_size for image in prompt.messages[0].images)
        started = perf_counter()
        messages.clear()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        took.append((perf_counter() - started) * 1e3)
        alive = census.alive_bytes
    gc.freeze()
    kept = f"uploads: {on_disk / KIB:.0f} KiB"
    print(f"{'the official demo':24} {median(took):6.1f}  {'':10}  {kept:>17}  {alive}")


def _after_light(bench: Bench, at: Desk, pictures: list[Path], seed: int) -> float:
    at.clear("light", at.talk(pictures))
    return _first_token(bench, seed)


def _first_token(bench: Bench, seed: int) -> float:
    """Return the CPU seconds to the first token of a conversation about a picture not yet seen."""
    prompt = Prompt((Message("user", "What is this?", (bench.picture(100 + seed),)),), f"n{seed}")
    return cpu_seconds(lambda: bench.ask(prompt, 1))


def _in_a_fresh_process(checkpoint: Path) -> float:
    command = [sys.executable, "-m", "bench.clear", str(checkpoint)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _fresh(checkpoint: Path) -> float:
    with TemporaryDirectory() as folder, Decoder() as decoder, one_thread():
        bench = load(Path(folder), checkpoint, decoder)
        return _first_token(bench, 0)


def slope() -> float:
    """Return how many bytes of resident memory a round of send and clear takes, and keeps."""
    process, used = psutil.Process(), []
    with TemporaryDirectory() as folder, closing(Decoder()) as decoder:
        root = Path(folder)
        settings = EngineSettings(model=str(build(root / "model")), device="cpu", max_context=2_048)
        engine = QwenEngine(settings, decoder, root / "tmp")
        with desk(engine, root, 6) as at:
            for _ in range(ROUNDS):
                at.clear("light", at.talk((), turns=1))
                used.append(process.memory_info().rss)
    rounds = range(WARM_UP, ROUNDS)
    return linear_regression(rounds, used[WARM_UP:]).slope


if __name__ == "__main__":
    print(_fresh(Path(sys.argv[1])))
