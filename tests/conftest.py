"""What several tests share: drawn pictures, and an assistant of real parts around an engine."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from app.assistant import Assistant
from app.engines import Candidate
from history import Store
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

RECEIPT = (
    "CORNER SHOP LTD",
    "12 Long Street",
    "Tel: 03-1234 5678",
    "Date: 14/02/2026",
    "Milk            4.50",
    "Bread           3.20",
    "Subtotal        7.70",
    "Service tax     0.46",
    "TOTAL           8.16",
    "Cash           10.00",
    "Change          1.84",
)


def png(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def drawn(lines: tuple[str, ...], width: int = 560, size: int = 30) -> bytes:
    """Return a PNG with a line of black text for each of ``lines``."""
    picture = Image.new("RGB", (width, 40 + len(lines) * size * 3 // 2), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for row, line in enumerate(lines):
        draw.text((30, 20 + row * size * 3 // 2), line, "black", font)
    return png(picture)


@pytest.fixture(scope="session")
def receipt() -> bytes:
    return drawn(RECEIPT)


@pytest.fixture
def red() -> bytes:
    return png(Image.new("RGB", (40, 30), "red"))


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    with Decoder() as shared:
        yield shared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "history")
    yield opened
    opened.close()


@pytest.fixture
def assistant_with(store: Store) -> Iterator[Callable[..., Assistant]]:
    """Return a function that starts an assistant around an engine; all are closed at the end."""
    started: list[Assistant] = []

    def start(
        engine: FakeEngine, sampling: SamplingParams | None = None, *, loaded: bool = True
    ) -> Assistant:
        assistant = Assistant(
            [Candidate(lambda: engine)], store, Decoder(), sampling or SamplingParams()
        )
        started.append(assistant)
        assistant.start()
        if loaded:
            assistant.wait_until_loaded()
        return assistant

    yield start
    for assistant in started:
        assistant.close()
