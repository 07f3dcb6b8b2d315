"""Eight tabs at once that send, stop, refresh, clear, delete, export and close at random.

``python -m bench soak [--engine tiny|reader] [--turns 1500] [--tabs 8] [--seed 1]``: the page runs
in a process of its own (``bench.soak_served``), each tab in a thread, with requests that a browser
makes (``bench.soak_tab``). Closing a tab ends no reply: it frees what the tab itself held.

``mib_a_turn``: the slope of the process's memory over the second half of the turns. Gradio's
sessions, of which the program keeps the latest hundred at 0.7 MB each, are full after about 450
turns of eight tabs: a run of fewer than 1,000 shows them filling. ``descriptors``, ``threads``:
those at the end over those at a tenth of the way. ``hangs``: requests that were not answered in two
minutes. ``lost``: prompts that were acknowledged and are not on disk, in history or in its trash.
``log``: lines that the program logged as errors.
"""

import argparse
import io
import json
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image, ImageDraw, ImageFont

from bench.soak_tab import Tab
from history import Store
from history.verify import verify

ROOT = Path(__file__).parents[1]
# How often each is done, for every other.
ACTS = {"send": 10, "stop": 4, "refresh": 2, "clear": 2, "delete": 1, "export": 1, "new": 2,
        "close": 1, "beat": 3}  # fmt: skip
FOLLOWED = 0.6  # of the prompts: their user waits for the reply
PICTURED = 0.4
TOLD_LINES = 200  # of the log, from the first error on: a traceback through Gradio is long


@dataclass(slots=True)
class Tally:
    """What all tabs did, and what the process took meanwhile."""

    turns: int
    acts: Counter[str] = field(default_factory=Counter)
    prompts: list[str] = field(default_factory=list)  # acknowledged
    refusals: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)
    samples: list[tuple[int, float, int, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_turn(self) -> int | None:
        """Return the number of the next turn to be sent; None when there were enough."""
        with self.lock:
            if self.acts["send"] >= self.turns:
                return None
            self.acts["send"] += 1
            return self.acts["send"]


class Visitor(threading.Thread):
    """The user of a tab."""

    def __init__(self, url: str, seed: int, tally: Tally, process: psutil.Process) -> None:
        super().__init__(name=f"tab {seed}")
        self._url, self._draw, self._tally, self._process = url, random.Random(seed), tally, process
        self._tab = Tab(url)

    def run(self) -> None:
        """Do one thing after another until enough turns were sent."""
        self._tab.refresh()
        while True:
            [act] = self._draw.choices(list(ACTS), list(ACTS.values()))
            number = self._tally.next_turn() if act == "send" else 0
            if number is None:
                break
            try:
                self._do(act, number)
            except (httpx.HTTPError, AssertionError, KeyError, TypeError) as bug:
                self._tally.bugs.append(f"{act}: {bug!r}")
                self._open_another()
        self._tab.close()

    def _do(self, act: str, number: int) -> None:
        if act == "send":
            self._send(number)
            return
        self._tally.acts[act] += 1
        tab = self._tab
        if act == "clear":
            tab.clear(self._draw.choice(["light", "medium", "deep"]))
        elif act == "export":
            tab.export(self._draw.choice(["zip", "json", "html"]))
        elif act == "close":
            self._open_another()
        elif act == "delete":
            if tab.conversation:
                tab.delete()
        else:
            getattr(tab, act)()

    def _open_another(self) -> None:
        self._tab.close()
        self._tab = Tab(self._url)
        self._tab.refresh()

    def _send(self, number: int) -> None:
        tab, prompt, before = self._tab, f"What is this, number {number}?", len(self._tab.refusals)
        files = [tab.attach(receipt(number))] if self._draw.random() < PICTURED else []
        tab.send(prompt, files)
        if len(tab.refusals) > before:
            self._tally.refusals[tab.refusals[-1]] += 1
        else:
            self._tally.prompts.append(prompt)
            if self._draw.random() < FOLLOWED:
                tab.follow()
        with self._process.oneshot():
            memory_mib = self._process.memory_info().rss / 2**20
            files_open, threads = self._process.num_fds(), self._process.num_threads()
        self._tally.samples.append((number, memory_mib, files_open, threads))


def receipt(number: int) -> bytes:
    """Draw a small receipt."""
    picture = Image.new("RGB", (320, 260), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(22)
    for row, line in enumerate((f"SHOP {number % 40}", "Milk 4.50", "Bread 3.20", "TOTAL 7.70")):
        pen.text((20, 20 + 50 * row), line, "black", font)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def run(arguments: Sequence[str]) -> dict[str, float]:
    """Let the tabs loose, print what came of it, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench soak")
    parser.add_argument("--engine", choices=["tiny", "reader"], default="tiny")
    parser.add_argument("--turns", type=int, default=1_500)
    parser.add_argument("--tabs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder, tally = Path(name), Tally(args.turns)
        with _served(args.engine, folder) as (url, process):
            tabs = [Visitor(url, args.seed + n, tally, process) for n in range(args.tabs)]
            for tab in tabs:
                tab.start()
            for tab in tabs:
                tab.join()
        return _reported(tally, args.tabs, folder)


@contextmanager
def _served(engine: str, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    with (folder / "log.txt").open("w") as log:
        page = subprocess.Popen(
            [sys.executable, "-m", "bench.soak_served", engine, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert page.stdout
        try:
            url = page.stdout.readline().strip()
            assert url, (folder / "log.txt").read_text("utf-8")
            yield url, psutil.Process(page.pid)
        finally:
            page.terminate()
            page.communicate(timeout=60)


def _reported(tally: Tally, tabs: int, folder: Path) -> dict[str, float]:
    samples = sorted(tally.samples)
    half = np.array([each[:2] for each in samples[len(samples) // 2 :]])
    early, late = samples[len(samples) // 10], samples[-1]
    log = (folder / "log.txt").read_text("utf-8").splitlines()
    errors = [
        n for n, line in enumerate(log) if line.startswith(("ERROR", "CRITICAL", "Traceback"))
    ]
    store = Store(folder / "history")
    faults = verify(store).faults
    store.close()
    lost = set(tally.prompts) - _on_disk(folder / "history")
    print(", ".join(f"{name} {count}" for name, count in sorted(tally.acts.items())))
    for name, count in tally.refusals.most_common():
        print(f"said to a user, {count} times: {name}")
    said = log[errors[0] :][:TOLD_LINES] if errors else []
    for line in (*said, *tally.bugs[:20], *(str(fault) for fault in faults[:20])):
        print(line)
    figures: dict[str, float] = {
        "tabs": tabs,
        "turns": len(tally.prompts),
        "refused": sum(tally.refusals.values()),
        "lost": len(lost),
        "hangs": sum("Timeout" in bug for bug in tally.bugs),
        "other_failures": sum("Timeout" not in bug for bug in tally.bugs),
        "log": len(errors),
        "faults_in_history": len(faults),
        "peak_mib": max(each[1] for each in samples),
        "mib_a_turn": float(np.polyfit(half[:, 0], half[:, 1], 1)[0]),
        "descriptors": late[2] - early[2],
        "threads": late[3] - early[3],
    }
    for name, value in figures.items():
        print(f"{name:18} {value:12,.3f}")
    return figures


def _on_disk(history: Path) -> set[str]:
    """Return the prompts of all turns that closed, in conversations and in the trash."""
    found = set()
    for path in history.rglob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        if record.get("finish_reason"):
            found.add(str(record.get("user_input")))
    return found
