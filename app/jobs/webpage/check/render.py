"""A page as Chromium draws it: its pixels, and where each text stands.

Playwright and a Chromium are optional: without them a page is made all the same, and not checked.
What is drawn may be anybody's HTML, so it has no scripts and no network: scripts are off in the
browser, the context is offline, and whatever still asked is sent to a proxy that is not there.
"""

import importlib.util
import logging
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.check.render_script import HIDE_TEXT, MEASURE, WIDTH
from app.jobs.webpage.page import Box

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

log = logging.getLogger(__name__)

Rgb = NDArray[np.uint8]  # (H, W, 3)
MAX_HEIGHT = 8_000  # pixels of a page that are looked at
PHONE_WIDTH = 390  # pixels
LOAD_MS = 10_000.0
DRAW_S = 30.0  # for all that is done to draw one page
INK = 24  # a pixel that differs this much once the letters are gone is a letter's

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGS = (
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-lcd-text",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True, slots=True)
class Text:
    """All that one block of a drawn page says, and where."""

    node: int  # of the block: its place in ``querySelectorAll("body, body *")``
    text: str
    role: str  # "heading", "action", "input", "label", "table", "code", "list", "paragraph" or ""
    is_absolute: bool  # positioned out of the flow
    lines: tuple[Box, ...]  # around the letters of each line


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page as it was drawn."""

    rgb: Rgb
    bare: Rgb  # the same without its letters
    texts: tuple[Text, ...]  # those that can be seen, in document order
    boxes: tuple[Box, ...]  # of each element, in document order
    phone_width: int  # pixels that the page takes where the screen has ``PHONE_WIDTH``


class Renderer:
    """A running browser. It has a thread of its own: Playwright minds who else is in one."""

    def __init__(self, browser: "Browser", pid: int, thread: ThreadPoolExecutor) -> None:
        self._browser = browser
        self._pid = pid
        self._thread = thread

    def draw(self, html: str, width: int) -> Rendering | None:
        """Return the page as it is on a screen ``width`` pixels wide; pictures must be inline.

        None where the browser cannot draw it in time. A page that hangs it ends it.
        """
        drawing = self._thread.submit(self._draw, html, width)
        try:
            return drawing.result(DRAW_S)
        except TimeoutError:
            # What a page is asked has no limit of its own (Playwright 1.65, Page.evaluate), and
            # waits for a layout that may never end.
            log.warning("chromium killed: page not drawn after_s=%.0f", DRAW_S)
            with suppress(ProcessLookupError):
                os.kill(self._pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            return None

    def _draw(self, html: str, width: int) -> Rendering | None:
        from playwright.sync_api import Error

        try:
            return self._drawn(html, width)
        except Error as error:
            log.warning("page not drawn: %s", error.message.splitlines()[0])
            return None

    def _drawn(self, html: str, width: int) -> Rendering:
        context = self._browser.new_context(
            viewport={"width": width, "height": 720},
            device_scale_factor=1,
            java_script_enabled=False,
            offline=True,
            accept_downloads=False,
            service_workers="block",
        )
        try:
            page = context.new_page()
            page.set_default_timeout(LOAD_MS)
            page.set_content(html, wait_until="load")
            measured = page.evaluate(MEASURE)
            height = min(max(1, int(measured["height"])), MAX_HEIGHT)
            rgb = _shot(page, width, height)
            page.evaluate(HIDE_TEXT)
            bare = _shot(page, width, height)
            page.set_viewport_size({"width": PHONE_WIDTH, "height": 720})
            phone_width = int(page.evaluate(WIDTH))
        finally:
            context.close()
        boxes = tuple(_whole(box) for box in measured["boxes"])
        return Rendering(rgb, bare, _seen(measured["texts"], rgb, bare), boxes, phone_width)


@contextmanager
def renderer() -> Iterator[Renderer | None]:
    """Yield a browser that draws pages, or None where there is none; it ends with the block."""
    path = chromium_path()
    if path is None or importlib.util.find_spec("playwright") is None:
        yield None
        return
    with ThreadPoolExecutor(1, thread_name_prefix="render") as thread:
        running = ExitStack()
        started = thread.submit(_start, path, running).result()
        try:
            yield Renderer(*started, thread) if started else None
        finally:
            thread.submit(running.close).result()


def _start(path: str, running: ExitStack) -> "tuple[Browser, int] | None":
    """Return a browser and its process's id; None where it does not start."""
    # Slow, and seldom needed.
    from playwright.sync_api import sync_playwright

    try:
        playwright = running.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=path,
            args=_ARGS,
            chromium_sandbox=_can_sandbox(),
            proxy={"server": "http://127.0.0.1:9", "bypass": "<-loopback>"},
        )
        pid = _pid(browser)
    except Exception as error:  # noqa: BLE001  so does Playwright's driver, where a library is missing
        log.warning("chromium does not start path=%s: %s", path, str(error).partition("\n")[0])
        return None
    running.callback(browser.close)
    return browser, pid


def _pid(browser: "Browser") -> int:
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return next(int(each["id"]) for each in told["processInfo"] if each["type"] == "browser")


def _can_sandbox() -> bool:
    # As root Chromium starts only without a sandbox of its own; so it does in the container, which
    # says so, and is one.
    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    return not is_root and os.environ.get("SECOND_LOOK_CHROMIUM_SANDBOX") != "off"


def chromium_path() -> str | None:
    """Return the Chromium of this machine, or None; ``CHROME`` names another one."""
    if named := os.environ.get("CHROME"):
        return named
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _shot(page: "Page", width: int, height: int) -> Rgb:
    data = page.screenshot(
        full_page=True,
        animations="disabled",
        clip={"x": 0, "y": 0, "width": width, "height": height},
    )
    return decoded(data)


def decoded(png: bytes) -> Rgb:
    """Return the pixels of a PNG that we made."""
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None, "we made it"
    return np.ascontiguousarray(bgr[..., ::-1]).astype(np.uint8, copy=False)


def _seen(texts: list[Mapping[str, Any]], rgb: Rgb, bare: Rgb) -> tuple[Text, ...]:
    """Return the texts that left ink, their lines drawn in to it: what is covered is not there."""
    ink = cv2.absdiff(rgb, bare).max(axis=2) > INK
    found = []
    for each in texts:
        lines = tuple(box for line in each["lines"] if (box := inked(ink, _whole(line))))
        if lines:
            found.append(Text(each["node"], each["text"], each["role"], each["absolute"], lines))
    return tuple(found)


def inked(ink: NDArray[np.bool_], box: Box) -> Box | None:
    """Return the box around the ink inside ``box``, if there is any."""
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), box[2], box[3]
    rows, columns = np.nonzero(ink[y0:y1, x0:x1])
    if len(rows) < 3:  # noqa: PLR2004  no letter is that small
        return None
    return (
        x0 + int(columns.min()),
        y0 + int(rows.min()),
        x0 + int(columns.max()) + 1,
        y0 + int(rows.max()) + 1,
    )


def _whole(box: list[float]) -> Box:
    x0, y0, x1, y1 = (round(value) for value in box)
    return x0, y0, x1, y1
