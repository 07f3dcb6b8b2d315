"""The protocol that every engine speaks, and the values that cross it.

An engine turns a prompt into a reply, a piece at a time. It knows nothing of conversations on
disk, of the page, or of config.toml. This module imports no engine and no torch, so that the
application can be read, started and tested without either.

One thread calls ``load``, ``stream``, ``release`` and ``unload``; any may ask for ``status`` and
``count_tokens``, also while a reply is made.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Literal, Protocol

from annotated_types import Ge, Gt, Interval

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "loop", "cancelled", "error"]
Level = Literal["light", "medium", "deep"]
Job = Literal["text", "table", "receipt", "html", "compare", "describe"]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a message: who it is at once, its pixels only when an engine asks for them."""

    sha256: str  # of the stored bytes: the key of every cache
    path: Path  # the stored bytes; never written again
    width: int  # upright pixels, EXIF orientation applied
    height: int
    max_pixels: int = 0  # the model sees it scaled down to this; 0: to the engine's own budget


@dataclass(frozen=True, slots=True)
class Message:
    """One role's part of a prompt. Its images come before its text."""

    role: Role
    text: str
    images: tuple[Image, ...] = ()
    # A reply's own token ids, as this engine and model made them. Tokenising a reply's text again
    # gives other ids (engine-facts: leading newline, cut emoji), and no cached prefix would match.
    token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes into the model for one reply, earlier turns and their images included."""

    messages: tuple[Message, ...]
    # Whose KV cache slot this is; a hint, never trusted for equality. May begin with a group.
    conversation: str = ""
    job: Job | None = None  # what the user chose on a card; None: whatever the text asks
    resume: bool = False  # go on with the last message, a reply that was cut off
    # A JSON schema that the reply should keep to; "" for none. An engine that cannot hold its model
    # to one replies as it would without: whoever asked checks the reply.
    json_schema: str = ""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is chosen, and when to end."""

    max_new_tokens: Annotated[int, Interval(ge=1, le=8_192)] = 1_024  # a reply is cut off here
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0  # 0 takes the likeliest token
    top_p: Annotated[float, Interval(gt=0, le=1)] = 1.0  # of the likeliest tokens, this share
    top_k: Annotated[int, Ge(0)] = 0  # of the likeliest tokens, this many; 0 for all
    repetition_penalty: Annotated[float, Interval(ge=1, le=2)] = 1.0  # 1 is none; breaks tables
    seed: Annotated[int, Ge(0)] = 0  # the same seed, prompt and machine give the same reply
    max_seconds: Annotated[float, Gt(0)] = 600.0  # a reply is cut off after this long
    logprobs: bool = False  # report each token's log-probability


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text found in a picture."""

    text: str
    box: tuple[int, int, int, int]  # x0, y0, x1, y1 in upright pixels of the original
    score: float  # 0 to 1, as the recogniser gives it
    image: int = 0  # index among the last user message's images
    # The box as it would be were the paper upright, level and flat; None: as ``box``. What makes a
    # row or a column is told from it. Its scale is about that of the picture.
    level: tuple[int, int, int, int] | None = None
    sheet: int = 0  # index among the sheets of paper that are seen in the picture


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something slow has come; ``total`` is 0 while unknown.

    Of pictures, ``done`` is the one that is being worked on: 1 is the first.
    """

    stage: Literal[
        "download", "weights", "warm-up", "images", "prefill",
        "measure", "build", "render", "repair",
    ]  # fmt: skip
    done: int = 0
    total: int = 0
    unit: Literal["", "bytes", "tokens", "images"] = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost."""

    prompt_tokens: int = 0  # all of the prompt, images included
    cached_tokens: int = 0  # of those, taken from the prefix cache
    image_tokens: int = 0  # of those, image tokens
    new_tokens: int = 0  # tokens of the reply
    first_token_ms: float = 0.0  # from the engine's start to the first piece of text
    decode_ms: float = 0.0  # from there to the end
    peak_bytes: int = 0  # most device memory in use; 0 where the engine cannot tell


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a reply. The last one has ``finish_reason`` and ``usage``; none follows it."""

    text: str = ""
    draft: str = ""  # to be shown until the reply begins, never part of it: what a job is told
    progress: Progress | None = None
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    lines: tuple[Line, ...] = ()  # where the text was found; on the last chunk, if anywhere
    # What a job found, as JSON can hold it; on the last chunk, if anything.
    fields: Mapping[str, Any] = field(default_factory=dict)
    token_ids: tuple[int, ...] = ()  # of the whole reply; on the last chunk, if any
    logprobs: tuple[float, ...] = ()  # one for each of ``token_ids``, on request
    # Characters of the reply's text that stand, where its end was a loop; None: all. On the last
    # chunk; its ``token_ids`` are those of the text that stands.
    keep: int | None = None
    notice: str = ""  # something the user should know, such as a lower pixel budget


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do. The page asks for these, never for a class."""

    sees: bool  # understands pictures beyond the text in them
    chats: bool  # answers questions that no picture answers


@dataclass(frozen=True, slots=True)
class Status:
    """What an engine is and how it is, at one moment."""

    engine: str  # "reader", "qwen", "server", "fake"
    state: Literal["unloaded", "loading", "ready", "failed"]
    model: str = ""
    revision: str = ""
    device: str = ""  # "cpu", "cuda:0", or a server's address
    notes: tuple[str, ...] = ()  # sentences: the attention in use and why, what is missing
    progress: Progress | None = None  # while loading
    memory: Mapping[str, int] = field(default_factory=dict)  # bytes by bucket
    card_bytes: int = 0  # all memory of the cards in use; 0 without one
    card_used_bytes: int = 0  # of that, taken, by whomever


@dataclass(frozen=True, slots=True)
class TokenCount:
    """What a prompt would cost, before it is sent."""

    text: int
    images: tuple[int, ...]  # by picture, in the prompt's order
    max_context: int  # 0 for an engine without tokens
    bytes: int = 0  # of device memory that it would take on top of the weights; 0 if unknown

    @property
    def total(self) -> int:
        """All tokens of the prompt."""
        return self.text + sum(self.images)


def group_of(conversation: str | None) -> str:
    """Return with what the names of all begin that are cleared together: "anna/" of "anna/7".

    It is "" for a name without a group, and for None: with that every name begins.
    """
    group, slash, _ = (conversation or "").partition("/")
    return group + slash if slash else ""


@dataclass(frozen=True, slots=True)
class Released:
    """The receipt of a release: bytes by bucket, before and after."""

    level: Level
    before: Mapping[str, int]
    after: Mapping[str, int]
    seconds: float


class Engine(Protocol):
    """Prompts in, text out, memory under control."""

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do; known before it is loaded."""
        ...

    def status(self) -> Status:
        """How the engine is now. Cheap, from any thread."""
        ...

    def load(self, report: Callable[[Progress], None]) -> None:
        """Make the engine ready; a no-op when it is. Raise ``EngineUnavailable``."""
        ...

    def unload(self) -> None:
        """Give back everything that ``load`` took; a no-op when not loaded."""
        ...

    def count_tokens(self, prompt: Prompt) -> TokenCount:
        """Say what ``prompt`` would cost, without running it."""
        ...

    def stream(
        self, prompt: Prompt, params: SamplingParams, cancel: Event
    ) -> Generator[Chunk, None, None]:
        """Yield the reply. Closing the generator, or setting ``cancel``, ends it.

        After ``cancel`` the last chunk still comes, with ``finish_reason="cancelled"``. Raise
        ``PromptRefused`` or ``ImageRefused`` before any text, ``EngineFailed`` at any time; the
        engine stays usable after each of them.
        """
        ...

    def release(self, level: Level, conversation: str | None = None) -> Released:
        """Give memory back, of ``conversation`` and its group (``group_of``); of all if None.

        ``light`` touches the KV cache of ``conversation`` only; ``medium`` also pictures that only
        its group asked about; ``deep`` also the KV caches of its group.
        """
        ...
