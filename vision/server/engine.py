"""A model on an OpenAI-compatible server as an engine.

The server holds no conversation: each prompt carries all of it, written so that the server's own
prefix cache finds what it had before (``wire``). Unlike the other engines, this one may stream to
several threads at once. So many requests as the config wants are under way; whoever comes beyond
that makes its pictures ready and waits.

How the server is, its last request says (``health``); a server that went away and came back is
ready again without anybody's doing.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from time import perf_counter

from vision.engine import (
    Capabilities,
    Chunk,
    FinishReason,
    Image,
    Level,
    Progress,
    Prompt,
    Released,
    SamplingParams,
    Status,
    TokenCount,
    group_of,
)
from vision.errors import EngineUnavailable
from vision.grounding import found_fields
from vision.images import Decoder
from vision.server import tokens
from vision.server.access import address_of, key_of
from vision.server.asking import Asking
from vision.server.client import Client
from vision.server.errors import CannotGoOn, KeyRefused, ModelUnknown, ReplyCut, ServerUnreachable
from vision.server.health import Found, Health
from vision.server.loop import Loop
from vision.server.models import Served, choose
from vision.server.pictures import Pictures
from vision.server.replies import Piece, Reply
from vision.server.wire import Body, body_of
from vision.settings import EngineSettings

_POLL_S = 0.05  # between two looks at ``cancel`` while the server says nothing
_AHEAD = 2
_ITS_OWN = (
    "What the server keeps of a conversation, such as its KV cache, is the server's to give back: "
    "a clear releases the encoded pictures that are kept here."
)


@dataclass(frozen=True, slots=True)
class _Line:
    """An open line to the server."""

    loop: Loop
    client: Client
    asking: Asking


class ServerEngine:
    """The ``Engine`` of any OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, LM Studio.

    A lost server is looked for again every ``look_s`` seconds, as long as somebody asks how it is.
    """

    # Where something stands in a picture, each model says in its own way; of them Qwen2.5-VL's is
    # read (``grounding``), and which model there is, only the server knows.
    capabilities = Capabilities(sees=True, chats=True)

    def __init__(self, settings: EngineSettings, decoder: Decoder, look_s: float = 5.0) -> None:
        self._settings = settings
        self._pictures = Pictures(decoder, settings.max_pixels)
        self._health = Health(self._find, look_s)
        self._free = threading.Semaphore(settings.parallel)  # requests that may still be made
        self._lock = threading.Lock()  # guards _line
        self._line: _Line | None = None

    @property
    def parallel(self) -> int:
        """How many threads keep all requests busy: the pictures of two more are made meanwhile."""
        return self._settings.parallel + (_AHEAD if self._settings.parallel > 1 else 0)

    def status(self) -> Status:
        """Say how the server was when it was last asked; look again if that is long ago."""
        self._health.look_if_old()
        found = self._health.now
        return Status(
            "server",
            found.state,
            found.model.name if found.model else self._settings.model,
            device=self._shown,
            notes=tuple(_notes(found, self._settings.model, self._line)),
            memory={"pixels": self._pictures.size_bytes},
        )

    def load(self, report: Callable[[Progress], None]) -> None:
        """Find the server and choose its model; ``EngineUnavailable`` says why not."""
        if self._health.now.state == "ready":
            return
        report(Progress("weights"))
        self._health.look()

    def unload(self) -> None:
        """Close the line; replies under way end. Encoded pictures are dropped."""
        self._health.forget()
        self._pictures.clear()
        self._hang_up()

    def count_tokens(self, prompt: Prompt) -> TokenCount:
        """Estimate what ``prompt`` would cost; the server is not asked."""
        settings, model = self._settings, self._health.now.model
        images = tuple(
            tokens.of_image(image, settings.min_pixels, settings.max_pixels)
            for message in prompt.messages
            for image in message.images
        )
        longest = model.max_context if model else 0
        return TokenCount(tokens.of_text(prompt.messages), images, longest)

    def stream(
        self, prompt: Prompt, params: SamplingParams, cancel: threading.Event
    ) -> Generator[Chunk, None, None]:
        """Yield the reply; several threads may. After an error, what was yielded stands."""
        if prompt.resume:
            raise CannotGoOn
        reply = Reply(cancel, params.max_seconds)
        with self._health.used():
            uris = yield from self._uris(prompt, cancel)
            model = self._model()
            body = body_of(prompt, params, model.name, lambda image: uris.get(image, ""))
            try:
                finish = yield from self._asked(body, reply)
            except ModelUnknown:
                self._health.look()  # the server may serve another one by now
                if self._model() == model:
                    raise
                model = self._model()
                finish = yield from self._asked(body | {"model": model.name}, reply)
            last = reply.last(finish)
            if model.names_boxes:
                fields = found_fields("".join(reply.texts), prompt, self._pictures.size)
                last = replace(last, fields=fields)
            yield last

    def release(self, level: Level, conversation: str | None = None) -> Released:
        """Drop encoded pictures, from ``medium`` on. What the server keeps is the server's."""
        started = perf_counter()
        before = {"pixels": self._pictures.size_bytes}
        if level != "light":
            self._pictures.clear(group_of(conversation))
        after = {"pixels": self._pictures.size_bytes}
        return Released(level, before, after, perf_counter() - started)

    @property
    def _shown(self) -> str:
        try:
            return address_of(self._settings.url).shown
        except EngineUnavailable:
            return ""

    def _uris(
        self, prompt: Prompt, cancel: threading.Event
    ) -> Generator[Chunk, None, dict[Image, str]]:
        """Return the prompt's pictures as data URIs, until cancelled. Raise ``ImageRefused``."""
        images = [image for message in prompt.messages for image in message.images]
        uris: dict[Image, str] = {}
        for number, image in enumerate(images, 1):
            if cancel.is_set():
                break
            if not self._pictures.has(image):
                yield Chunk(progress=Progress("images", number, len(images), "images"))
            uris[image] = self._pictures.uri(
                image, keep=bool(prompt.conversation), group=group_of(prompt.conversation)
            )
        return uris

    def _asked(self, body: Body, reply: Reply) -> Generator[Chunk, None, FinishReason]:
        """Yield the reply to a request once one may be made, and note how the server is."""
        while not self._free.acquire(timeout=_POLL_S):
            if (cut := reply.cut_short()) is not None:
                return cut
        try:
            finish = yield from self._pieces(body, reply)
        except (ServerUnreachable, KeyRefused) as error:
            self._health.lost(error)
            raise
        finally:
            self._free.release()
        self._health.seen()
        return finish

    def _pieces(self, body: Body, reply: Reply) -> Generator[Chunk, None, FinishReason]:
        """Yield the text as it comes; whoever stops reading, or cancels, closes the connection."""
        if (cut := reply.cut_short()) is not None:
            return cut
        line = self._open()
        pieces: SimpleQueue[Piece | None] = SimpleQueue()
        asked = line.loop.begin(line.asking.reply(body, pieces.put))
        asked.add_done_callback(lambda _: pieces.put(None))
        try:
            while (cut := reply.cut_short()) is None:
                try:
                    piece = pieces.get(timeout=_POLL_S)
                except Empty:
                    continue
                if piece is None:
                    asked.result()
                    return reply.finish or "stop"
                reply.add(piece)
                if piece.text:
                    yield Chunk(piece.text)
        except CancelledError as error:
            raise ReplyCut(server=self._shown, reason="the engine was unloaded") from error
        finally:
            asked.cancel()
        return cut

    def _model(self) -> Served:
        if self._health.now.model is None:
            self._health.look()
        model = self._health.now.model
        assert model, "a look that found none raised"
        return model

    def _find(self) -> Served:
        """Ask the server for its models, and choose. Raise ``EngineUnavailable``."""
        if isinstance(self._health.now.fault, KeyRefused):
            self._hang_up()  # the key may be another one by now
        line = self._open()
        try:
            listed = line.loop.begin(line.client.models()).result()
            return choose(self._settings.model, listed, self._shown)
        except CancelledError as error:
            reason = "the engine was unloaded"
            raise ServerUnreachable(server=self._shown, reason=reason) from error
        except EngineUnavailable:
            if self._health.now.model is None:
                self._hang_up()  # never was there; another engine may be taken instead
            raise

    def _open(self) -> _Line:
        with self._lock:
            if self._line is None:
                address, key = address_of(self._settings.url), key_of(self._settings.key_file)
                client = Client(address, key, self._settings)
                self._line = _Line(Loop(client), client, Asking(client))
            return self._line

    def _hang_up(self) -> None:
        with self._lock:
            line, self._line = self._line, None
        if line:
            line.loop.close()


def _notes(found: Found, wanted: str, line: _Line | None) -> Iterator[str]:
    """Yield what a user should know about the server."""
    if found.fault:
        yield f"{found.fault} {found.fault.hint}"
    if found.model and found.model.name != wanted:
        yield f"[engine] model is {wanted}; the server has only {found.model.name}, which is used."
    if line and line.asking.unknown:
        yield f"The server does not take {', '.join(sorted(line.asking.unknown))}."
    yield _ITS_OWN
