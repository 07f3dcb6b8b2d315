"""A reply of 200 tokens a second into a conversation of 50 turns and 25 pictures, in a Chromium.

Ours beside Gradio's own ``gr.ChatInterface``: the same turns, pictures, reply and pace, each served
by a process of its own (``bench.page_served``).

``reply_s``: from Enter until the reply is shown whole and one can send again. A page that falls
behind is waited for no longer than five times the reply: then its figures are the least.
``server_cpu_s``: CPU seconds of the serving process in that time.
``long_tasks``, ``long_task_ms``: how often, and how long in all, the browser's main thread was busy
for more than 50 ms at a stretch, as a PerformanceObserver says. That is wall time: on a machine
that others use, they are long for the waiting. ``long_tasks_cpu`` counts those with more than 50 ms
of CPU time, from a trace of the same run; ``longest_cpu_ms`` is the longest.
``open_s``: from the click in the list until all 50 turns are drawn; median of several, wall time.

``--seconds N``: how long the reply takes; 20 unless said.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from bench.page_served import TURNS, question

ROOT = Path(__file__).parents[1]
CHROMIUM = "/usr/bin/chromium"
OPENS = 5
LONG_MS = 50
LATE = 5  # times the reply: a page that shows it later is waited for no longer
OBSERVE = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask" });
"""
OPEN = """async ([item, turns, count]) => {
  const started = performance.now(), frame = () => new Promise(requestAnimationFrame);
  document.querySelector(item).click();
  while (document.querySelectorAll(turns).length < count) await frame();
  await frame(); // in it the last of them is drawn
  return (performance.now() - started) / 1e3;
}"""


@dataclass(frozen=True, slots=True)
class Way:
    """One of the two pages: where on it what stands, as CSS selectors."""

    name: str  # for bench.page_served
    write: str
    busy: str  # is there while a reply is under way
    new: str
    item: str  # of the list
    turn: str  # once for each that is shown whole
    listed: bool  # from the start; else after a reply in it


OURS = Way(
    name="ours",
    write="#composer textarea:not([disabled])",
    busy="#composer .stop-button:not([hidden])",
    new=".sl-new",
    item=".sl-item",
    turn="#hist .sl-footer",
    listed=True,
)
GRADIO = Way(
    name="gradio",
    write="textarea[data-testid=textbox]:not([disabled])",
    busy="button.stop-button",
    new="button.primary",
    item="td[data-testid=dataset-cell-0-0]",
    turn=".bot.message",
    listed=False,
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on one of the pages."""

    reply_s: float
    server_cpu_s: float
    long_tasks: int
    long_task_ms: float
    long_tasks_cpu: int
    longest_cpu_ms: float
    open_s: float


def run(args: Sequence[str] = ()) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench page")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the reply takes")
    seconds = parser.parse_args(args).seconds
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        ours, peer = (measured(browser, way, seconds) for way in (OURS, GRADIO))
        browser.close()
    print(f"{f'a reply of {seconds:g} s':<24}{'ours':>10}{'gr.ChatInterface':>18}{'ratio':>9}")
    figures: dict[str, float] = {}
    for name in Figures.__dataclass_fields__:
        here, there = getattr(ours, name), getattr(peer, name)
        ratio = f"{there / here:9.1f}" if here else ""
        print(f"{name:<24}{here:>10.2f}{there:>18.2f}{ratio}")
        figures |= {name: here, f"{name}_peer": there}
    return figures


def measured(browser: Browser, way: Way, seconds: float) -> Figures:
    """Open the conversation several times, then have the long reply streamed into it."""
    with _served(way, seconds) as (process, url):
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(OBSERVE)
        page.goto(url)
        if not way.listed:
            say(page, way, question(TURNS - 1), limit_s=60)
        page.wait_for_selector(way.item)
        opens = [seconds_to_open(page, way) for _ in range(OPENS)]
        page.evaluate("longTasks.length = 0")
        browser.start_tracing(page=page, categories=["toplevel"])
        before = sum(process.cpu_times()[:2])
        reply_s = say(page, way, "Read it all.", LATE * seconds)
        server_cpu_s = sum(process.cpu_times()[:2]) - before
        busy_ms = cpu_ms(browser.stop_tracing())
        long_ms = page.evaluate("longTasks")
        assert reply_s > LATE * seconds or "END." in page.inner_text("body")
        page.context.close()
    return Figures(
        reply_s=reply_s,
        server_cpu_s=server_cpu_s,
        long_tasks=len(long_ms),
        long_task_ms=sum(long_ms),
        long_tasks_cpu=sum(ms > LONG_MS for ms in busy_ms),
        longest_cpu_ms=max(busy_ms),
        open_s=median(opens),
    )


def say(page: Page, way: Way, text: str, limit_s: float) -> float:
    """Send a prompt; return after how many seconds one can send again, ``limit_s`` at most."""
    page.fill(way.write, text)
    started = perf_counter()
    page.press(way.write, "Enter")
    page.wait_for_selector(way.busy)
    at_rest = "busy => !document.querySelector(busy)"
    with suppress(NotInTime):
        page.wait_for_function(at_rest, arg=way.busy, polling=200, timeout=limit_s * 1e3)
    took_s = perf_counter() - started
    page.wait_for_timeout(1_000)  # what is still to be drawn is drawn
    return took_s


def seconds_to_open(page: Page, way: Way) -> float:
    """Return how long the conversation takes to be shown, from where none is."""
    page.click(way.new)
    page.wait_for_function("turn => !document.querySelector(turn)", arg=way.turn)
    page.wait_for_timeout(500)
    return float(page.evaluate(OPEN, [way.item, way.turn, TURNS]))


def cpu_ms(trace: bytes) -> list[float]:
    """Return the CPU time of each task of the pages' main threads."""
    events = json.loads(trace)["traceEvents"]
    named = [event for event in events if event["name"] == "thread_name"]
    mains = {
        (event["pid"], event["tid"]) for event in named if event["args"]["name"] == "CrRendererMain"
    }
    return [
        event.get("tdur", 0) / 1e3
        for event in events
        if event["name"] == "ThreadControllerImpl::RunTask"
        and (event["pid"], event["tid"]) in mains
    ]


@contextmanager
def _served(way: Way, seconds: float) -> Iterator[tuple[psutil.Process, str]]:
    with tempfile.TemporaryDirectory() as folder:
        program = subprocess.Popen(
            [sys.executable, "-m", "bench.page_served", way.name, folder, str(seconds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout is not None
        try:
            yield psutil.Process(program.pid), program.stdout.readline().strip()
        finally:
            program.terminate()
            program.communicate()
