"""The receipt job: from pictures to fields that were checked, and a reply that says what they are.

The reader's lines are what everything rests on. They are read into a ``Receipt``, whose sums are
checked; what does not add up is read again, larger. Where the engine sees, its own reading is laid
beside the lines' and merged with it.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Event
from time import perf_counter

from app.jobs.job import Tools
from app.jobs.receipt_again import read_twice
from app.jobs.receipt_custom import by_labels
from app.jobs.receipt_merge import merged
from app.jobs.receipt_model import ask
from app.jobs.receipt_pages import joined
from app.jobs.receipt_schema import Receipt, Receipts, Text
from app.jobs.receipt_split import regions
from app.jobs.receipt_sums import checks
from app.jobs.receipt_text import plain_text, summary, words_for
from vision.engine import Chunk, FinishReason, Image, Line, Progress, Prompt, SamplingParams, Usage
from vision.reader.cancel import Cancelled, check
from vision.reader.closer import looks, within
from vision.reader.engine import bytes_of, images_of, usage_of
from vision.reader.models import Pixels


@dataclass(slots=True)
class _Turn:
    """What was found so far."""

    prompt: Prompt
    tools: Tools
    params: SamplingParams
    cancel: Event
    lines: list[Line] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    pages: list[list[Receipt]] = field(default_factory=list)  # all that was found, by picture
    custom: dict[str, Text] = field(default_factory=dict)
    usage: Usage | None = None  # of the engine's own reading


def receipt(
    prompt: Prompt, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield what the prompt's pictures say as receipts; the last chunk has ``Receipts`` as JSON.

    Raise ``ImageRefused`` where a picture is gone, ``ReceiptUnreadable`` where neither the reader
    nor the engine finds anything in it.
    """
    started = perf_counter()
    turn = _Turn(prompt, tools, params, cancel)
    first: float | None = None
    reason: FinishReason = "stop"
    try:
        for chunk in _chunks(turn):
            check(cancel)
            first = first or (perf_counter() if chunk.text else None)
            yield chunk
    except Cancelled:
        reason = "cancelled"
    receipts = filter(is_receipt, joined(turn.pages))
    yield Chunk(
        finish_reason=reason,
        usage=turn.usage or usage_of(started, first or perf_counter()),
        lines=tuple(turn.lines),
        fields=Receipts(receipts=tuple(receipts), custom=turn.custom).model_dump(mode="json"),
    )


def _chunks(turn: _Turn) -> Generator[Chunk, None, None]:
    """Yield the reply, picture by picture, as each is read."""
    images = images_of(turn.prompt.messages)
    for number, image in enumerate(images):
        yield Chunk(progress=Progress("images", number + 1, len(images), "images"))
        check(turn.cancel)
        read = turn.tools.reader.read(image, turn.prompt.conversation, turn.cancel)
        before = len(turn.lines)
        turn.lines += [replace(line, image=number) for line in read]
        closer = _Closer(image, turn.tools, turn.cancel)
        turn.pages.append([])
        for group in regions(turn.lines[before:]) or [()]:
            of = [before + i for i in group]
            found = yield from _one(turn, of, closer, number)
            turn.pages[-1].append(found)
            if is_receipt(found):
                turn.receipts.append(found)
            yield Chunk(_said(turn, found, of, number, len(images)))


def _one(
    turn: _Turn, of: Sequence[int], closer: "_Closer", image: int
) -> Generator[Chunk, None, Receipt]:
    """Read the receipt whose lines are ``of``: as the reader does, and as the engine if it sees."""
    found = read_twice(turn.lines, of, closer.readings, image)
    turn.custom |= by_labels(turn.prompt.json_schema, turn.lines, of, found)
    if not turn.tools.engine.capabilities.sees:
        return found
    reading = yield from ask(
        turn.prompt, turn.lines, of, turn.tools, turn.params, turn.cancel, image
    )
    check(turn.cancel)
    turn.usage = reading.last.usage or turn.usage
    turn.custom |= reading.custom
    if reading.receipt is None:
        return found
    both = merged(reading.receipt, found)
    return both.model_copy(update={"checks": checks(both)})


def _said(turn: _Turn, found: Receipt, of: Sequence[int], number: int, count: int) -> str:
    """Return the reply on one receipt; of several pictures, with its picture's number."""
    text = next((m.text for m in reversed(turn.prompt.messages) if m.role == "user"), "")
    words = words_for(text)
    head = words.image.format(number=number + 1) if count > 1 else ""
    said = summary(found, words) if is_receipt(found) else plain_text(turn.lines, of, words)
    before = "\n\n" if len(turn.receipts) > 1 or number else ""
    return before + (f"**{head}**\n\n" if head else "") + said


def is_receipt(found: Receipt) -> bool:
    """Tell whether so much was found that it is a receipt: something was to be paid."""
    return found.total is not None or bool(found.items and (found.merchant or found.date))


@dataclass
class _Closer:
    """Reads lines of one picture again, enlarged; its pixels are decoded once it is asked to."""

    image: Image
    tools: Tools
    cancel: Event

    @cached_property
    def rgb(self) -> Pixels:
        """The picture's upright pixels."""
        return self.tools.decoder.decode(bytes_of(self.image)).rgb

    def readings(self, line: Line) -> Iterator[tuple[str, float]]:
        """Yield what a line says, looked at closer and closer, with the readings' scores."""
        for look in looks(self.rgb, line.box):
            yield within(look, self.tools.reader.read_pixels(look.rgb, self.cancel))
