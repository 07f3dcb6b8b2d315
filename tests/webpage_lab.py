"""Pages for tests: drawn by Chromium, read without OCR, and kept as turns."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Event

import numpy as np
from PIL import Image as Picture

from app.intake import Upload, image_ref, take_in
from app.jobs.webpage.check.render import Renderer
from app.jobs.webpage.fences import fenced
from app.jobs.webpage.record import Version, fields_of
from history import Store
from vision.engine import Chunk, Image, Line
from vision.images import Decoder

SHOP = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Corner Shop</title>
  <style>
    body { margin: 0; background: #ffffff; color: #222222; font: 16px/1.5 "DejaVu Sans", sans-serif; }
    header { background: #1f3a5f; color: #ffffff; padding: 20px 40px; }
    h1 { margin: 0; font-size: 32px; }
    main { padding: 30px 40px; }
    .intro { margin: 0 0 24px; }
    .buttons { display: flex; gap: 16px; }
    .button { padding: 10px 24px; border: 0; border-radius: 6px; background: #2f6fde; color: #ffffff; font: inherit; }
    footer { margin-top: 40px; padding: 16px 40px; background: #eeeeee; }
  </style>
</head>
<body>
  <header><h1>Corner Shop</h1></header>
  <main>
    <p class="intro">Bread and milk every morning, and papers on Sunday.</p>
    <div class="buttons"><button class="button">Order bread</button><button class="button">Find us</button></div>
  </main>
  <footer><p>12 Long Street, open until nine</p></footer>
</body>
</html>
"""
WIDTH = 800  # pixels of a drawn screenshot


class Lines:
    """A reader that has read already."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = tuple(lines)

    def read(self, image: Image, conversation: str = "", cancel: Event | None = None):
        return self._lines

    def read_pixels(self, rgb, cancel=None):
        return self._lines


def screenshot(browser: Renderer, html: str, width: int = WIDTH):
    """Return a page's pixels, and its lines as a reader would find them."""
    drawn = browser.draw(html, width)
    lines = [
        Line(text.text if len(text.lines) == 1 else words, box, 0.99)
        for text in drawn.texts
        for box, words in zip(text.lines, cut(text.text, text.lines), strict=True)
    ]
    return drawn.rgb, tuple(lines)


def cut(text: str, boxes: Sequence[tuple[int, int, int, int]]) -> list[str]:
    """Cut a text at the words nearest to where its lines end."""
    widths = [box[2] - box[0] for box in boxes]
    words, lines = text.split(), []
    for done in range(1, len(boxes)):
        share = sum(widths[:done]) / sum(widths) * len(text)
        taken = sum(map(len, lines)) + len(lines)
        line: list[str] = []
        while words and taken + len(" ".join(line)) + len(words[0]) / 2 < share:
            line.append(words.pop(0))
        lines.append(" ".join(line))
    return [*lines, " ".join(words)]


def png(rgb: np.ndarray) -> bytes:
    """Return pixels as a PNG."""
    buffer = io.BytesIO()
    Picture.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def keep(
    store: Store,
    decoder: Decoder,
    picture: bytes,
    versions: Sequence[Version],
    lines: Sequence[Line] = (),
    said: str = "The page.",
) -> str:
    """Keep a turn of job "html" in a new conversation; return its id."""
    conversation = store.create().id
    taken = take_in(Upload("shop.png", picture), decoder, store)
    ref = image_ref("shop.png", taken)
    turn = store.append(conversation, prompt="Make it HTML", images=[ref], job="html")
    path = store.image_path(ref.sha256, ref.format)
    image = Image(ref.sha256, path, ref.width, ref.height)
    done = replace(
        turn,
        reply=f"{said}\n\n{fenced(versions[-1].html)}",
        finish_reason="stop",
        engine="reader",
        fields=fields_of(image, versions, len(versions) - 1, ()),
        lines=[
            {"text": line.text, "bbox": list(line.box), "score": line.score, "image": 0}
            for line in lines
        ],
    )
    store.finish(conversation, done)
    return conversation


def spoken(work: Iterable[Chunk]) -> tuple[str, Chunk]:
    """Run a job to its end; return the reply and the last chunk."""
    chunks = list(work)
    return "".join(chunk.text for chunk in chunks), chunks[-1]
