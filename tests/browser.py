"""Drives the page in Debian's Chromium, as a user would."""

import contextlib
import gc
import os
import shutil
import socket
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from app.assistant import Assistant
from app.config import Config, TmpConfig
from app.engines import Candidate
from app.guard import own_hosts
from app.intake import Upload
from app.serve import application
from history import Store
from tests.late import LATE_MS, Late, slowed
from vision.engine import Job, SamplingParams
from vision.images import Decoder
from vision.reader.engine import ReaderEngine

CHROMIUM = os.environ.get("CHROME") or shutil.which("chromium") or "/usr/bin/chromium"
# No name is looked up and nothing is fetched for the browser itself: what is left is the page's.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
EXAMPLES = Path(__file__).parents[1] / "app" / "page" / "examples"
EXAMPLES_ASKED: tuple[tuple[Job | None, str, tuple[str, ...]], ...] = (  # the newest comes last
    (None, "Put it into a table, please", ("receipt.png",)),
    ("compare", "Compare these pictures.", ("before.png", "after.png")),
    ("html", "Rebuild this screenshot as one HTML page.", ("screenshot.png",)),
    ("receipt", "Read this receipt.", ("receipt.png",)),
)
PROMPTS = tuple(prompt for _, prompt, _ in reversed(EXAMPLES_ASKED))  # as the list has them
MARKS = [  # of a file whose tests drive the page: its ``pytestmark``
    pytest.mark.browser,
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
WAIT_MS = 60_000  # a backstop: what is waited for comes much sooner
HELD_S = 4 * WAIT_MS / 1e3  # what a test holds back is held for several such waits
expect.set_options(timeout=WAIT_MS)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
    with warnings.catch_warnings():
        # Gradio 6.31 leaves sockets and event loops to the garbage collector: not in another test.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@contextlib.contextmanager
def served(assistant: Assistant, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a page for ``assistant``, served from this process."""
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    config = Config(tmp=TmpConfig(root=str(tmp_path / "tmp")))
    app = application(assistant, config, own_hosts("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(
            Late(app) if LATE_MS else app,
            log_level="critical",
            timeout_graceful_shutdown=1,
            lifespan="on",
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@contextlib.contextmanager
def examples_served(folder: Path) -> Iterator[str]:
    """Yield the address of a page whose history has a turn of each job, really read."""
    decoder = Decoder()
    engine = ReaderEngine(decoder)
    store = Store(folder / "history")
    assistant = Assistant([Candidate(lambda: engine)], store, decoder, SamplingParams())
    assistant.start()
    for job, prompt, names in EXAMPLES_ASKED:
        uploads = [Upload(name, (EXAMPLES / name).read_bytes()) for name in names]
        assistant.send(None, prompt, uploads, job).ended.wait()
    with served(assistant, folder) as address:
        yield address
    assistant.close()
    store.close()


def shown(page: Page, at: int) -> None:
    """Wait until the example that stands at ``at`` in the list is the one that is shown."""
    page.wait_for_selector(f"#hist .sl-typed >> text='{PROMPTS[at]}'")


def opened(browser: Browser, url: str, *, ready: bool = True, **options: object) -> Page:
    """Open the page; with ``ready``, return it once its composer can be used."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(WAIT_MS)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda said: page.errors.append(said.text) if _is_ours(said) else None)
    if LATE_MS:
        slowed(page)
    page.goto(url)
    page.wait_for_selector("#composer textarea:not([disabled])" if ready else "#composer textarea")
    return page


def _is_ours(said: ConsoleMessage) -> bool:
    """Tell whether a message is an error of the page, not of Gradio, and no answer that refuses."""
    # Gradio catches what a widget's script throws, and only logs it. A reload aborts its requests,
    # of which it logs each.
    if "js_on_load" in said.text:
        return True
    refused = said.text.startswith("Failed to load resource")
    return said.type == "error" and not refused and "/assets/" not in said.location["url"]


def offer(page: Page, *files: tuple[str, bytes]) -> None:
    """Choose files for the composer, which may refuse them."""
    page.set_input_files(
        "#composer input[type=file]",
        [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files],
    )


def attach(page: Page, *pictures: tuple[str, bytes]) -> None:
    """Put pictures into the composer, and wait until they are uploaded."""
    offer(page, *pictures)
    page.wait_for_function(
        "n => document.querySelectorAll('#composer .thumbnail-item').length === n",
        arg=len(pictures),
    )


def send(page: Page, text: str) -> None:
    """Type ``text`` and press Enter."""
    page.fill("#composer textarea", text)
    page.press("#composer textarea", "Enter")


def reply(page: Page, nth: int = 1) -> str:
    """Return the text of the ``nth`` reply of the conversation, once it has ended."""
    ended = page.wait_for_function(
        """n => {
            const users = [...document.querySelectorAll('#hist .user-row')];
            const after = (row) => users[n - 1]?.compareDocumentPosition(row) & 4
                && (!users[n] || users[n].compareDocumentPosition(row) & 2);
            const rows = [...document.querySelectorAll('#hist .bot-row')].filter(after);
            return rows.some((row) => row.querySelector('.sl-footer'))
                && rows.map((row) => row.innerText).join('\\n');
        }""",
        arg=nth,
    )
    return ended.json_value()


def begin(page: Page) -> None:
    """Begin a new conversation; wait until what is written is for it."""
    page.click(".sl-new")
    page.wait_for_selector(".sl-welcome")
    page.wait_for_function("window.secondLook.composer.draft().place === ''")
    expect(page.locator("#hist .sl-footer")).to_have_count(0)
