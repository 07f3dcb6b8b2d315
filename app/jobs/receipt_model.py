"""A model's reading of a receipt: asked as JSON, shown as it comes, checked against the lines.

A model knows what a field means and may make one up; the reader's lines are what stands there. So
the model is asked with the lines as evidence, and each value of its reply is looked for in them.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import ClassVar

from app.jobs.job import Tools
from app.jobs.receipt_checking import checked
from app.jobs.receipt_custom import checked_custom, names_of
from app.jobs.receipt_evidence import Lines
from app.jobs.receipt_json import best_object
from app.jobs.receipt_prompt import CUSTOM, WANTED, asking, prompt_text, sampling
from app.jobs.receipt_schema import Receipt, Text
from app.jobs.receipt_sureness import Sureness
from vision.engine import Chunk, Line, Prompt, SamplingParams
from vision.errors import EngineFailed
from vision.reader.script import has_cjk

# What the user is told, in English and Chinese, by the language of the prompt.
UNREADABLE = (
    "The model's reply could not be read as fields; these are the reader's.",
    "无法从模型的回复中读出字段；以下是阅读器的结果。",
)
CUT_OFF = (
    "The model's reply was cut off; of what it said, what is whole is kept.",
    "模型的回复没有结束；已保留其中完整的部分。",
)


class ReceiptUnreadable(EngineFailed):
    """A reply without fields, and no lines to fall back on."""

    text: ClassVar[str] = (
        "The model's reply of {characters:,} characters holds no fields of a receipt, and no text "
        "was found in the picture."
    )
    way_out: ClassVar[str] = "Try again, or send a sharper or larger picture of the receipt."


@dataclass(frozen=True, slots=True)
class ModelReading:
    """What a model read of one receipt, checked."""

    receipt: Receipt | None  # None: its reply was of no use
    custom: Mapping[str, Text]  # of the user's own schema, by name
    last: Chunk  # the engine's last: why the reply ended, and what it cost


@dataclass(slots=True)
class _Reply:
    """A reply as it comes."""

    pieces: list[str] = field(default_factory=list)
    last: Chunk = field(default_factory=Chunk)
    begun: bool = False  # to be JSON

    def take(self, text: str) -> str:
        """Add a piece of text; return what of it is to be shown: no fence, and no prose before."""
        self.pieces.append(text)
        if self.begun:
            return text
        at = text.find("{")
        self.begun = at >= 0
        return text[at:] if self.begun else ""

    @property
    def text(self) -> str:
        """What stands of it."""
        return "".join(self.pieces)[: self.last.keep]


def ask(
    prompt: Prompt,
    lines: Sequence[Line],
    of: Sequence[int],
    tools: Tools,
    params: SamplingParams,
    cancel: Event,
    image: int = 0,
) -> Generator[Chunk, None, ModelReading]:
    """Ask the engine for the receipt whose ``lines`` are ``of``; yield its progress and drafts.

    ``image`` is the picture to look at where there are no lines. Where the reply is of no use, a
    notice says so; raise ``ReceiptUnreadable`` where there are no lines either.
    """
    chinese = has_cjk(prompt_text(prompt))
    reply = yield from _replied(asking(prompt, lines, of, image), tools, sampling(params), cancel)
    wanted = (*WANTED, CUSTOM)
    said = best_object(reply.text, wanted)
    if said is None and prompt.json_schema:
        said = best_object(reply.text, names_of(prompt.json_schema))
    if said is None:
        return (yield from _nothing(reply, UNREADABLE[chinese], has_lines=bool(of)))
    if reply.last.finish_reason in ("length", "loop"):
        yield Chunk(notice=CUT_OFF[chinese])
    evidence = Lines(lines, of)
    sureness = Sureness(reply.pieces, reply.last.logprobs)
    image = lines[of[0]].image if of else image
    custom = checked_custom(prompt.json_schema, said, evidence, sureness, image)
    return ModelReading(checked(said, evidence, sureness, image), custom, reply.last)


def _replied(
    prompt: Prompt, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, _Reply]:
    """Run the engine; yield its progress and its notices, and its text as a draft."""
    reply = _Reply()
    with closing(tools.engine.stream(prompt, params, cancel)) as chunks:
        for chunk in chunks:
            draft = reply.take(chunk.text) if chunk.text else ""
            if chunk.finish_reason:
                reply.last = chunk
            if draft or chunk.progress or chunk.notice:
                yield Chunk(draft=draft, progress=chunk.progress, notice=chunk.notice)
    return reply


def _nothing(
    reply: _Reply, notice: str, *, has_lines: bool
) -> Generator[Chunk, None, ModelReading]:
    if reply.last.finish_reason != "cancelled":
        if not has_lines:
            raise ReceiptUnreadable(characters=len(reply.text))
        yield Chunk(notice=notice)
    return ModelReading(None, {}, reply.last)
