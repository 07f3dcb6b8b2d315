"""The work on one turn, from the queue to its end.

One worker writes a run; any number of followers look at it. What they look at is a snapshot:
frozen, and safe to keep.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

from history import HistoryError, Store, Turn
from vision.engine import Chunk, Progress, Prompt, SamplingParams
from vision.errors import VisionError


@dataclass(frozen=True, slots=True)
class Terms:
    """What a program may ask for beyond a turn of the page."""

    sampling: SamplingParams | None = None  # None: what config.toml says
    stop: tuple[str, ...] = ()  # texts before which the reply ends
    # What to reply to, in place of what history holds: nothing of such a run is saved.
    prompt: Prompt | None = None
    after: Callable[[], None] = lambda: None  # called once, when the run has ended


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a run stood at one moment."""

    turn: Turn  # with the reply as far as it has come
    progress: Progress | None  # what the engine does before the first text
    done: bool
    draft: str = ""  # what to show until the reply begins


def slot_of(owner: str, conversation_id: str) -> str:
    """Return what tells a conversation from all others to the queue and to the engine.

    Of two users each may have a conversation of the same name.
    """
    return f"{owner}/{conversation_id}" if owner else conversation_id


class Run:
    """A turn that is waiting for the engine, or has it."""

    def __init__(
        self,
        conversation_id: str,
        turn: Turn,
        *,
        store: Store | None = None,
        owner: str = "",
        resume: bool = False,
        terms: Terms = Terms(),
    ) -> None:
        self.conversation_id = conversation_id  # of an unsaved run, a name of its own
        self.store = store  # where it is saved; None: nowhere
        self.owner = owner  # whose it is; "" where there are no users
        self.resume = resume  # goes on with the turn's reply, which was cut off
        self.terms = terms
        self.failure: VisionError | HistoryError | None = None  # why it ended, if that is why
        self.cancel = Event()
        self.ended = Event()
        self.leave: Callable[[], None] = self.cancel.set  # ends it early; in a queue, at once
        self._turn = turn
        self._before = turn.reply
        self._pieces: list[str] = []
        self._drafts: list[str] = []
        self._progress: Progress | None = None
        self._notices: tuple[str, ...] = ()
        self._last = Chunk()

    @property
    def slot(self) -> str:
        """What tells its conversation from all others."""
        return slot_of(self.owner, self.conversation_id)

    @property
    def reply(self) -> str:
        """The reply as far as it has come."""
        return self._before + "".join(self._pieces)

    @property
    def last(self) -> Chunk:
        """The engine's last chunk, or an empty one while there is none."""
        return self._last

    def add(self, chunk: Chunk) -> None:
        """Take in what the engine yielded."""
        if chunk.text:
            self._pieces.append(chunk.text)
        if chunk.draft:
            self._drafts.append(chunk.draft)
        if chunk.notice:
            self._notices = (*self._notices, chunk.notice)
        if chunk.finish_reason:
            self._last = chunk
        if chunk.keep is not None:
            self._pieces = ["".join(self._pieces)[: chunk.keep]]
        self._progress = chunk.progress

    def snapshot(self) -> Snapshot:
        """Return how the run stands now."""
        if self.ended.is_set():
            return Snapshot(self._turn, None, done=True)
        turn = replace(self._turn, reply=self.reply, notices=(*self._turn.notices, *self._notices))
        return Snapshot(turn, self._progress, done=False, draft="".join(self._drafts))

    def end(self, turn: Turn, failure: VisionError | HistoryError | None = None) -> None:
        """Close the run with the turn as it was saved."""
        self._turn, self.failure = turn, failure
        try:
            self.terms.after()
        finally:
            self.ended.set()
