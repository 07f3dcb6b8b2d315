"""How long until the page can be used, and what importing the program costs.

``usable_s``: from ``python -m app`` to a composer that can be typed into, the reader ready, in a
real Chromium; the median of the rounds, the first of which warms the disk and is not counted.
``import_ms``: importing the program up to the command line. Beside it, what the official demo of
Qwen2.5-VL imports before it does anything: gradio, torch, transformers.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from playwright.sync_api import Page, sync_playwright

ROUNDS = 3
ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
READY = "#composer textarea:not([disabled])"
OURS = "import app.cli"
PEER = "import gradio, torch; from transformers import Qwen2_5_VLForConditionalGeneration"


def seconds_to_import(code: str) -> float:
    """Return how long a fresh interpreter takes to run ``code``."""
    started = perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    return perf_counter() - started


def seconds_to_use(page: Page) -> float:
    """Return how long a fresh program takes until its page can be typed into."""
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        program = subprocess.Popen(
            [sys.executable, "-m", "app", "--engine", "reader", "--port", "0", "--no-browser"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": folder, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert program.stdout is not None
        page.goto(program.stdout.readline().split()[2])
        page.wait_for_selector(READY)
        taken = perf_counter() - started
        program.terminate()
        program.communicate()
    return taken


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    imports = [(seconds_to_import(OURS), seconds_to_import(PEER)) for _ in range(ROUNDS + 1)][1:]
    ours, peer = (median(column) * 1e3 for column in zip(*imports, strict=True))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        usable = [seconds_to_use(page) for _ in range(ROUNDS + 1)][1:]
        browser.close()
    print(f"{'':<34}{'ours':>12}{'official demo':>16}")
    print(f"{'imports before anything, ms':<34}{ours:>12.0f}{peer:>16.0f}")
    print(f"{'page usable with the reader, s':<34}{median(usable):>12.2f}{'-':>16}")
    return {"import_ms": ours, "peer_import_ms": peer, "usable_s": median(usable)}
