"""An OpenAI-compatible server that answers as a script says, for measures and for tests of faults.

It speaks HTTP/1.1 by itself, so that it can do what no framework lets it: end a stream in the
middle of an event, hang before the first byte, note the very moment a client leaves. It keeps every
request as it came over the wire. A connection is for one request.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, Self

MODEL = "scripted/model"


@dataclass(slots=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    left: threading.Event = field(default_factory=threading.Event)  # the client is gone
    left_at: float = 0.0  # perf_counter

    @property
    def json(self) -> dict[str, Any]:  # what the client sent
        """The body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class Exchange:
    """One answer, as it is written."""

    def __init__(self, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        self._writer = writer
        self._gone = gone

    async def answer(self, status: int, body: object, **headers: str) -> None:
        """Answer with JSON, at once."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", "Connection: close", f"Content-Length: {len(payload)}"]
        lines += ["Content-Type: application/json"] if not isinstance(body, bytes) else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw("\r\n".join([*lines, "", ""]).encode() + payload)

    async def begin(self) -> None:
        """Begin a stream of events."""
        await self.raw(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    async def event(self, event: object) -> None:
        """Send one event: JSON, or a line that is to be wrong."""
        line = event if isinstance(event, bytes) else json.dumps(event).encode()
        data = b"data: " + line + b"\n\n"
        await self.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end(self) -> None:
        """End the stream as it should end."""
        await self.event(b"[DONE]")
        await self.raw(b"0\r\n\r\n")

    async def hang(self) -> None:
        """Say nothing more, until the client leaves."""
        await self._gone.wait()

    async def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    def cut(self) -> None:
        """Drop the connection."""
        self._writer.transport.abort()


Answer = Callable[[Exchange], Awaitable[None]]


def delta(text: str | None = None, finish: str | None = None, **more: object) -> dict[str, Any]:
    """Return the event for a piece of text, or for the end."""
    content = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": content, "finish_reason": finish, **more}
    return {"id": "1", "object": "chat.completion.chunk", "created": 0, "choices": [choice]}


def says(
    *pieces: str,
    finish: str = "stop",
    usage: object = None,
    delay_s: float = 0.0,
    between: Callable[[], Awaitable[None]] | None = None,
) -> Answer:
    """Answer with a whole reply; ``between`` is awaited after each piece."""

    async def answer(exchange: Exchange) -> None:
        await asyncio.sleep(delay_s)
        await exchange.begin()
        await exchange.event(delta())
        for piece in pieces:
            await exchange.event(delta(piece))
            if between:
                await between()
        await exchange.event(delta(finish=finish))
        if usage:
            await exchange.event({**delta(), "choices": [], "usage": usage})
        await exchange.end()

    return answer


def fails(status: int, body: object = b"", **headers: str) -> Answer:
    """Answer with an error."""
    return lambda exchange: exchange.answer(status, body, **headers)


def hangs(*pieces: str, headers: bool = True) -> Answer:
    """Say so much, then nothing; without ``headers`` not even that it heard."""

    async def answer(exchange: Exchange) -> None:
        if headers:
            await exchange.begin()
        for piece in pieces:
            await exchange.event(delta(piece))
        await exchange.hang()

    return answer


def cuts(*pieces: str, last: bytes = b"") -> Answer:
    """Say so much, then ``last`` as it is, and drop the connection."""

    async def answer(exchange: Exchange) -> None:
        if pieces or last:
            await exchange.begin()
        for piece in pieces:
            await exchange.event(delta(piece))
        await exchange.raw(last)
        exchange.cut()

    return answer


def sends(*events: object) -> Answer:
    """Send events as they are, then end the stream."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin()
        for event in events:
            await exchange.event(event)
        await exchange.end()

    return answer


class ScriptedServer:
    """Serves in a thread while it is an open context. Replies come from ``script``, in order."""

    def __init__(
        self,
        script: Iterable[Answer] = (),
        *,
        models: Sequence[object] = (MODEL,),
        port: int = 0,
    ) -> None:
        self.script = iter(script)  # of the answers to prompts; a test may set another
        self.models: Answer = _lists(models)
        self.requests: list[Request] = []
        self.port = port
        self.most_at_once = 0
        self._at_once = 0
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        """What goes into ``[engine] url``."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def prompts(self) -> list[Request]:
        """The requests for a reply."""
        return [each for each in self.requests if each.path.endswith("/chat/completions")]

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._loop is None:
            msg = f"nothing can listen on port {self.port}"
            raise OSError(msg)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away, as a server that was stopped: connections are dropped."""
        if self._loop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        try:
            server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
            self.port = server.sockets[0].getsockname()[1]
            self._loop = asyncio.get_running_loop()
        finally:
            self._started.set()
        await self._stop.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            self.requests.append(request)
            await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        gone = asyncio.Event()
        watch = asyncio.create_task(_watch(reader, request, gone))
        is_prompt = request.path.endswith("/chat/completions")
        answer = next(self.script, fails(500, b"the script is over")) if is_prompt else self.models
        self._at_once += is_prompt
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await answer(Exchange(writer, gone))
        finally:
            self._at_once -= is_prompt
            watch.cancel()


def _lists(models: Sequence[object]) -> Answer:
    entries = [{"id": m, "object": "model"} if isinstance(m, str) else m for m in models]
    return lambda exchange: exchange.answer(200, {"object": "list", "data": entries})


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)


async def _watch(reader: asyncio.StreamReader, request: Request, gone: asyncio.Event) -> None:
    """Note when the client leaves: while we answer it has nothing to say."""
    try:
        while await reader.read(1):
            pass
    except ConnectionError:
        pass
    request.left_at = perf_counter()
    request.left.set()
    gone.set()
