"""An engine over a scripted server, and what tests ask of it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import numpy as np
from PIL import Image as Pillow

from bench.scripted_server import Request
from vision.engine import Image, Message, Prompt, SamplingParams
from vision.images import Decoder
from vision.server.engine import ServerEngine
from vision.settings import EngineSettings

WAIT_S = 60.0  # a backstop: what is waited for comes much sooner
QUICK = {"connect_timeout_s": 10.0, "first_token_timeout_s": 30.0, "token_timeout_s": 30.0}
HI = Prompt((Message("user", "Hi"),))


@contextmanager
def engine_at(url: str, decoder: Decoder, **settings: object) -> Iterator[ServerEngine]:
    """Load an engine, and unload it at the end."""
    engine = ServerEngine(EngineSettings(url=url, **{**QUICK, **settings}), decoder, look_s=0.05)
    engine.load(lambda _progress: None)
    try:
        yield engine
    finally:
        engine.unload()


def collect(engine: ServerEngine, prompt: Prompt = HI, **params: object):
    """Return all chunks of a reply."""
    return list(engine.stream(prompt, SamplingParams(**params), Event()))


def text_of(engine: ServerEngine, prompt: Prompt = HI, **params: object) -> str:
    """Return a reply's text."""
    return "".join(chunk.text for chunk in collect(engine, prompt, **params))


def until(what: Callable[[], object], seconds: float = WAIT_S) -> None:
    """Return once ``what`` is true."""
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, "it did not come true"
        Event().wait(0.01)


def drawn(seed: int = 0, width: int = 90, height: int = 70) -> Pillow.Image:
    """Draw a picture that no other seed gives."""
    rough = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    return Pillow.fromarray(rough).resize((width, height), Pillow.Resampling.BICUBIC)


def stored(
    folder: Path, picture: Pillow.Image, kind: str = "PNG", max_pixels: int = 0, **options: object
) -> Image:
    """Save a picture as the store would; ``options`` are Pillow's."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = folder / f"{digest}.{kind.lower()}"
    path.write_bytes(buffer.getvalue())
    width, height = picture.size
    return Image(digest, path, width, height, max_pixels)


def messages_sent(request: Request) -> bytes:
    """Return the list of messages as its bytes stood in the body."""
    start = request.body.index(b'"messages":') + len(b'"messages":')
    end = request.body.index(b',"stream":', start)
    return request.body[start:end]
