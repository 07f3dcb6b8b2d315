"""Two or more pictures: where they differ, what text differs, and an engine's words about it.

What can be measured is measured, for every engine. An engine that sees is told what was found,
and says it in words; the reader's reply is the measurement itself.
"""

import math
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from threading import Event
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.jobs.compare_words import Words, words_for
from app.jobs.difference import Box, Difference, difference
from app.jobs.job import Tools
from vision.engine import Chunk, Image, Line, Message, Progress, Prompt, SamplingParams, Usage
from vision.errors import PromptRefused
from vision.reader.cancel import Cancelled
from vision.reader.engine import bytes_of

SCHEMA_VERSION = 1
_MOST_PIXELS = 2_000_000  # a larger picture is compared smaller


class OnePicture(PromptRefused):
    """A comparison of fewer than two pictures."""

    text = "A comparison needs two pictures; there is {count}."
    way_out = "Add another picture."


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair, in the pixels of the pictures as they are."""

    first: int  # index of the picture
    second: int
    found: Difference
    texts: tuple[tuple[str, str], ...]  # by region: what stands there in each picture


def compare(
    prompt: Prompt, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield what differs between the last pictures; ``fields`` has the regions.

    Raise ``OnePicture``, ``ImageRefused``.
    """
    started = perf_counter()
    images = next((m.images for m in reversed(prompt.messages) if m.images), ())
    if len(images) < 2:  # noqa: PLR2004
        raise OnePicture(count=len(images))
    pixels, lines = [], []
    for number, image in enumerate(images):
        yield Chunk(progress=Progress("images", number + 1, len(images), "images"))
        pixels.append(_pixels(image, tools))
        try:
            lines.append(tools.reader.read(image, prompt.conversation, cancel))
        except Cancelled:
            yield Chunk(finish_reason="cancelled")
            return
    pairs = [_compared(0, at, images, pixels, lines) for at in range(1, len(images))]
    words = words_for(prompt.messages[-1].text)
    fields = {"schema_version": SCHEMA_VERSION, "pairs": [_record(pair) for pair in pairs]}
    found = tuple(replace(line, image=number) for number, each in enumerate(lines) for line in each)
    if tools.engine.capabilities.sees:
        told = _with_evidence(prompt, "\n\n".join(_said(pair, words) for pair in pairs), words)
        for chunk in tools.engine.stream(told, params, cancel):
            last = chunk.finish_reason is not None
            yield replace(chunk, lines=found, fields=fields) if last else chunk
        return
    first_ms = (perf_counter() - started) * 1e3
    yield Chunk("\n\n".join(_said(pair, words) for pair in pairs))
    usage = Usage(first_token_ms=first_ms)
    yield Chunk(finish_reason="stop", usage=usage, lines=found, fields=fields)


def _pixels(image: Image, tools: Tools) -> NDArray[np.uint8]:
    scale = min(1.0, math.sqrt(_MOST_PIXELS / (image.width * image.height)))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return tools.decoder.decode(bytes_of(image), size).rgb


def _compared(
    first: int,
    second: int,
    images: Sequence[Image],
    pixels: Sequence[NDArray[np.uint8]],
    lines: Sequence[Sequence[Line]],
) -> Compared:
    found = difference(pixels[first], pixels[second])
    scales = [images[at].width / pixels[at].shape[1] for at in (first, second)]
    regions = tuple(
        replace(
            region,
            first=_scaled(region.first, scales[0]),
            second=_scaled(region.second, scales[1]),
        )
        for region in found.regions
    )
    matrix = found.matrix
    if matrix is not None:
        matrix = np.diag([scales[0], scales[0], 1]) @ matrix @ np.diag([1 / scales[1]] * 2 + [1])
    texts = tuple(
        (_text(lines[first], region.first), _text(lines[second], region.second))
        for region in regions
    )
    return Compared(first, second, replace(found, regions=regions, matrix=matrix), texts)


def _scaled(box: Box, scale: float) -> Box:
    x0, y0, x1, y1 = (round(side * scale) for side in box)
    return x0, y0, x1, y1


def _text(lines: Sequence[Line], box: Box) -> str:
    """Return the lines of which a good part lies in ``box``."""
    return " ".join(line.text for line in lines if _stands_in(line.box, box))


def _stands_in(line: Box, box: Box) -> bool:
    """Tell whether a good part of a line is in a box, or the box is a part of the line."""
    width = min(line[2], box[2]) - max(line[0], box[0])
    height = min(line[3], box[3]) - max(line[1], box[1])
    if width <= 0 or height <= 0:
        return False
    wide, high = line[2] - line[0], line[3] - line[1]
    return width * height > 0.3 * wide * high or height > 0.5 * high


def _record(pair: Compared) -> dict[str, Any]:  # JSON
    found = pair.found
    return {
        "first": pair.first,
        "second": pair.second,
        "same_scene": found.matrix is not None,
        "share": round(found.share, 5),
        "matrix": None if found.matrix is None else [round(float(v), 8) for v in found.matrix.flat],
        "regions": [
            {"first": list(region.first), "second": list(region.second), "texts": list(texts)}
            for region, texts in zip(found.regions, pair.texts, strict=True)
        ],
    }


def _said(pair: Compared, words: Words) -> str:
    """Return a pair's differences as Markdown."""
    names = {"one": pair.first + 1, "other": pair.second + 1}
    found = pair.found
    if found.matrix is None:
        return words.other_scene.format(**names)
    if not found.regions:
        return (words.same if found.exact else words.seen_otherwise).format(**names)
    share = f"{found.share * 100:.2g}"
    head = words.differ.format(**names, share=share, n=len(found.regions))
    has_text = any(text for texts in pair.texts for text in texts)
    columns = words.columns + words.text_columns * has_text
    rows = [columns.format(**names), "| ---: | --- |" + " --- | --- |" * has_text]
    for number, (region, texts) in enumerate(zip(found.regions, pair.texts, strict=True), 1):
        x0, y0, x1, y1 = region.first
        cells = [str(number), f"{x0}, {y0} – {x1}, {y1}", *map(_cell, texts if has_text else ())]
        rows.append(f"| {' | '.join(cells)} |")
    return head + "\n\n" + "\n".join(rows)


def _cell(text: str) -> str:
    # Read from a picture: no Markdown of it may count.
    return re.sub(r"([\\`*_\[\]<>|#$~])", r"\\\1", text) or "–"


def _with_evidence(prompt: Prompt, said: str, words: Words) -> Prompt:
    *before, asked = prompt.messages
    text = f"{asked.text}\n\n{words.evidence}\n{said}"
    return replace(prompt, messages=(*before, Message("user", text, asked.images)))
