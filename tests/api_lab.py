"""A server for programs, with real parts, and what its tests ask it for."""

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn

from app.api.programs import Programs
from app.api.server import Entrance
from app.assistant import Assistant
from app.config import Config, ServerConfig, TmpConfig
from app.guard import Guard, own_hosts
from app.serve import application
from app.tmp_folder import TmpFolder
from vision.fake import FakeEngine

WAIT_S = 60.0  # a backstop: what is waited for comes much sooner
TOKEN = "zQ3vXw8Kp1LrTn6YbHs2Dg"  # noqa: S105  of a test


class Gate:
    """Holds a reply at its third piece until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        self._pieces = 0

    def __call__(self) -> None:
        self._pieces += 1
        if self._pieces == 3:
            self.reached.set()
            assert self.open.wait(WAIT_S)


class Turnstile:
    """Lets a fake engine's replies through one by one."""

    def __init__(self) -> None:
        self.passes = threading.Semaphore(0)
        self.reached = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.passes.acquire(timeout=6 * WAIT_S)


class Telling(FakeEngine):
    """A fake engine that keeps the parameters it was given, and may tell of tokens."""

    def __init__(self, *args, last=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.params = []
        self._last = last or (lambda chunk: chunk)

    def stream(self, prompt, params, cancel):
        self.params.append(params)
        for chunk in super().stream(prompt, params, cancel):
            yield self._last(chunk) if chunk.finish_reason else chunk


async def no_page(scope, receive, send):
    """Stand in for the page, which these tests do not ask for."""
    assert scope["type"] == "lifespan"
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


@contextlib.contextmanager
def programs_served(assistant: Assistant, tmp_path: Path, **server: object) -> Iterator[str]:
    """Yield the address of a server for programs, without the page."""
    config = ServerConfig(**{"api": True, **server})
    with TmpFolder(tmp_path / "tmp") as tmp, listening() as bound:
        entrance = Entrance(no_page, Programs(assistant, tmp), config)
        app = Guard(entrance, own_hosts("127.0.0.1", bound.getsockname()[1]))
        with running(app, bound) as url:
            yield url


@contextlib.contextmanager
def page_served(assistant: Assistant, tmp_path: Path, **server: object) -> Iterator[str]:
    """Yield the address of the whole application: the page, and programs beside it."""
    config = Config(tmp=TmpConfig(root=str(tmp_path / "tmp")), server=ServerConfig(**server))
    with listening() as bound:
        hosts = own_hosts("127.0.0.1", bound.getsockname()[1])
        # Made where a loop runs: else Gradio 6.31 makes some that it never closes
        # (utils.safe_get_lock).
        with running(lambda: application(assistant, config, hosts), bound, factory=True) as url:
            httpx.get(url, timeout=60)  # until it is made: a program would not wait that long
            yield url


def listening() -> contextlib.closing[socket.socket]:
    """Return a socket of this machine, to be closed."""
    return contextlib.closing(socket.create_server(("127.0.0.1", 0)))


@contextlib.contextmanager
def running(app: object, bound: socket.socket, *, factory: bool = False) -> Iterator[str]:
    """Serve ``app``, or what it makes, from this process; yield its address."""
    config = uvicorn.Config(
        app, log_level="critical", timeout_graceful_shutdown=1, lifespan="on", factory=factory
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def data_uri(picture: bytes) -> str:
    """Return a picture as a program sends it."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def user(text: str, *pictures: bytes, detail: str = "auto") -> dict:
    """Return a message of the user's, in OpenAI's words."""
    shown = [
        {"type": "image_url", "image_url": {"url": data_uri(picture), "detail": detail}}
        for picture in pictures
    ]
    return {"role": "user", "content": [*shown, {"type": "text", "text": text}]}


@contextlib.contextmanager
def leaving(url: str, **asked: object) -> Iterator[None]:
    """Post to ``url``, and hang up at the end of the block, before any answer."""
    request = httpx.Request("POST", url, **asked)
    head = [
        f"POST {request.url.raw_path.decode()} HTTP/1.1",
        *(f"{name}: {value}" for name, value in request.headers.items()),
    ]
    with socket.create_connection((request.url.host, request.url.port)) as line:
        line.sendall("\r\n".join([*head, "", ""]).encode() + request.read())
        yield
