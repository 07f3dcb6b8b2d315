"""The receipt job: from pictures to fields that were checked, and a reply that says what they are.

The reader's lines are what everything rests on. They are read into a ``Receipt``, whose sums are
checked; where the engine sees, its own reading is laid beside them.
"""

from collections.abc import Generator
from dataclasses import replace
from threading import Event
from time import perf_counter

from app.jobs.job import Tools
from app.jobs.receipt_read import receipt_of
from app.jobs.receipt_schema import Receipt, Receipts
from app.jobs.receipt_text import summary
from vision.engine import Chunk, FinishReason, Line, Progress, Prompt, SamplingParams
from vision.reader.cancel import Cancelled, check
from vision.reader.engine import images_of, usage_of


def receipt(
    prompt: Prompt, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield what the prompt's pictures say as receipts; the last chunk has ``Receipts`` as JSON."""
    started = perf_counter()
    images = images_of(prompt.messages)
    text = next((m.text for m in reversed(prompt.messages) if m.role == "user"), "")
    lines: list[Line] = []
    receipts: list[Receipt] = []
    first: float | None = None
    reason: FinishReason = "stop"
    try:
        for number, image in enumerate(images):
            yield Chunk(progress=Progress("images", number + 1, len(images), "images"))
            check(cancel)
            read = tools.reader.read(image, prompt.conversation, cancel)
            found = receipt_of(read, number, len(lines))
            lines += [replace(line, image=number) for line in read]
            receipts.append(found)
            first = first or perf_counter()
            yield Chunk(summary(found, text, number if len(images) > 1 else None))
    except Cancelled:
        reason = "cancelled"
    fields = Receipts(receipts=tuple(receipts)).model_dump(mode="json")
    usage = usage_of(started, first or perf_counter())
    yield Chunk(finish_reason=reason, usage=usage, lines=tuple(lines), fields=fields)
