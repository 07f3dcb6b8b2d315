"""An engine that replies from a script, for tests and for work on the page.

It obeys the protocol as a real engine does: it loads, streams in pieces, looks at ``cancel``
before each piece, fails when the script says so, and keeps the prompts it was given.
"""

from collections.abc import Callable, Generator, Sequence
from itertools import cycle
from threading import Event
from time import perf_counter

from vision.engine import (
    Capabilities,
    Chunk,
    FinishReason,
    Level,
    Progress,
    Prompt,
    Released,
    SamplingParams,
    Status,
    TokenCount,
    Usage,
)
from vision.errors import VisionError

EXAMPLE = """\
This is the **fake engine**. It reads nothing and says what its script says:

| Item | Price |
| --- | ---: |
| Coffee | 3.20 |
| Bread | 2.40 |

Start with `--engine reader` to read a picture on this machine.
"""


class FakeEngine:
    """Reply with each of ``replies`` in turn, over and over; an error among them is raised.

    ``pace`` is called before each piece: a test can wait in it, or look around.
    """

    capabilities = Capabilities(sees=True, chats=True)

    def __init__(
        self,
        replies: Sequence[str | VisionError] = (EXAMPLE,),
        *,
        pace: Callable[[], None] = lambda: None,
        piece: int = 4,
    ) -> None:
        self.prompts: list[Prompt] = []
        self._replies = cycle(replies)
        self._pace = pace
        self._piece = piece  # characters at a time
        self._loaded = False

    def status(self) -> Status:
        """Say whether it is loaded."""
        return Status("fake", "ready" if self._loaded else "unloaded", "script", device="cpu")

    def load(self, report: Callable[[Progress], None]) -> None:
        """Report one step, and be ready."""
        report(Progress("weights", 1, 1))
        self._loaded = True

    def unload(self) -> None:
        """Forget that it was loaded."""
        self._loaded = False

    def count_tokens(self, prompt: Prompt) -> TokenCount:
        """Count four characters of text, and 28 x 28 pixels, as a token."""
        images = tuple(
            image.width * image.height // 784 for m in prompt.messages for image in m.images
        )
        return TokenCount(sum(len(m.text) for m in prompt.messages) // 4, images, 4_096)

    def stream(
        self, prompt: Prompt, params: SamplingParams, cancel: Event
    ) -> Generator[Chunk, None, None]:
        """Yield the next reply of the script, ``params.max_new_tokens`` pieces at most."""
        started = perf_counter()
        self.prompts.append(prompt)
        reply = next(self._replies)
        if isinstance(reply, VisionError):
            raise reply
        pieces = [reply[at : at + self._piece] for at in range(0, len(reply), self._piece)]
        finish: FinishReason = "length" if len(pieces) > params.max_new_tokens else "stop"
        sent = 0
        first_s = 0.0
        for piece in pieces[: params.max_new_tokens]:
            self._pace()
            if cancel.is_set():
                finish = "cancelled"
                break
            first_s = first_s or perf_counter() - started
            sent += 1
            yield Chunk(piece)
        usage = Usage(
            prompt_tokens=self.count_tokens(prompt).total,
            new_tokens=sent,
            first_token_ms=first_s * 1e3,
            decode_ms=(perf_counter() - started - first_s) * 1e3,
        )
        yield Chunk(finish_reason=finish, usage=usage)

    def release(self, level: Level, conversation: str | None = None) -> Released:  # noqa: ARG002
        """Release nothing: it holds nothing."""
        return Released(level, before={}, after={}, seconds=0.0)
