"""The life of a turn: save, queue, generate, save.

The prompt is on disk before the engine sees it. One worker thread owns the engine: it loads it,
takes runs in the order they came, and writes each turn again, whole, however it ended. Whoever
sent a prompt only follows its run, and may go away: the run goes on.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Literal, TypeVar

from app.budget import MAX_PIXELS, Budget, Detail
from app.engines import Candidate, load_first
from app.errands import Errands
from app.errors import NoEngine, NothingToResume, NothingToSend, UnexpectedFailure
from app.intake import Upload, image_ref, take_in
from app.run import Run
from app.runs import Runs
from app.translate import ended, params_of, prompt_for
from history import FinishReason, HistoryError, Store, Turn, title_from
from vision.engine import (
    Capabilities,
    Chunk,
    Engine,
    Job,
    Progress,
    SamplingParams,
    Status,
    TokenCount,
)
from vision.errors import VisionError
from vision.images import Decoder, Note

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Condition:
    """How the assistant is, for the status line."""

    status: Status
    capabilities: Capabilities
    instead_of: tuple[VisionError, ...]  # why better engines were not taken
    failure: VisionError | None  # why there is no engine at all

    @property
    def ready(self) -> bool:
        """Tell whether a prompt would be answered now."""
        return self.status.state == "ready"


class Assistant:
    """Takes prompts, keeps their turns in ``store``, and has them answered by an engine."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        store: Store,
        decoder: Decoder,
        sampling: SamplingParams,
    ) -> None:
        self.store = store
        self.decoder = decoder
        self._budget = Budget(store, decoder)
        self._sampling = sampling
        self._candidates = tuple(candidates)
        self._engine: Engine = candidates[0].make()
        self._progress: Progress | None = None
        self._loading = True
        self._instead_of: tuple[VisionError, ...] = ()
        self._failure: VisionError | None = None
        self._queue: SimpleQueue[Run | Literal["errand"] | None] = SimpleQueue()
        self._errands = Errands(wake=lambda: self._queue.put("errand"))
        self._runs = Runs()
        self._loaded = threading.Event()
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)

    def start(self) -> None:
        """Close what a killed program left open, begin to load the engine, return at once."""
        if closed := self.store.close_open_turns():
            log.warning("turns closed that had no end count=%d", closed)
        self._worker.start()
        threading.Thread(target=self._tidy, name="tidy", daemon=True).start()

    def wait_until_loaded(self) -> Condition:
        """Return once an engine is ready or none can be."""
        self._loaded.wait()
        return self.condition()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Cancel what runs, save it, and end the worker; tell whether it ended in time.

        What it had no time for, such as a reply whose model is still being loaded, is ended for it.
        """
        self.stop_all()
        self._queue.put(None)
        if self._worker.is_alive():
            self._worker.join(timeout_s)
        self.abandon()
        self.decoder.close()
        return not self._worker.is_alive()

    def stop_all(self) -> None:
        """Cancel every reply, under way or waiting; what there is of them is kept."""
        for run in self._runs.all():
            run.cancel.set()

    def abandon(self) -> None:
        """Save as cancelled what has not ended: the process leaves now."""
        for run in self._runs.all():
            self._end(run, "cancelled", None, 0.0)

    def condition(self) -> Condition:
        """Return how the assistant is now; cheap, from any thread."""
        status = self._engine.status()
        if self._failure:
            status = replace(status, state="failed")
        elif self._loading:
            status = replace(status, state="loading", progress=self._progress)
        elif status.state == "failed":
            # It was loaded once, and could not be again: the next prompt tries.
            status = replace(status, state="unloaded")
        return Condition(status, self._engine.capabilities, self._instead_of, self._failure)

    def send(
        self,
        conversation_id: str | None,
        prompt: str,
        uploads: Sequence[Upload] = (),
        job: Job | None = None,
        detail: Detail = "auto",
        say: Callable[[str, Note], str] = lambda name, note: f"{name}: {note}",
        instead_of: int | None = None,
    ) -> Run:
        """Save a turn and queue it; a conversation begins where ``conversation_id`` is None.

        ``instead_of`` begins a new version of the conversation, from that turn on.
        ``say`` puts what is to be told of a picture, by name, into the user's language.

        Raise ``VisionError`` or ``HistoryError`` with nothing queued. A picture that was stored
        by then stays in the store, under its hash.
        """
        if not prompt.strip() and not uploads:
            raise NothingToSend
        self.store.check_writable()
        # What no turn refers to yet must not be collected meanwhile.
        with self._runs.arriving(conversation_id), self.store.adding():
            taken = [(upload.name, take_in(upload, self.decoder, self.store)) for upload in uploads]
            if conversation_id is None:
                # Named after its first prompt by the store, or after its picture without one.
                name = "" if prompt.strip() else title_from(Path(uploads[0].name).stem)
                conversation_id = self.store.create(title=name).id
            turn = self.store.append(
                conversation_id,
                prompt=prompt,
                images=[image_ref(name, picture) for name, picture in taken],
                job=job,
                notices=[say(name, note) for name, picture in taken for note in picture.notes],
                instead_of=instead_of,
                params=params_of(self._sampling, MAX_PIXELS[detail]),
            )
            return self._queued(Run(conversation_id, turn))

    def resume(self, conversation_id: str) -> Run:
        """Go on with a conversation's last reply, which was cut off. Raise ``PromptRefused``."""
        with self._runs.arriving(conversation_id):
            turns = self.store.turns(conversation_id)
            if not (turns and self.can_resume(turns[-1])):
                raise NothingToResume
            return self._queued(Run(conversation_id, turns[-1], resume=True))

    def can_resume(self, turn: Turn) -> bool:
        """Tell whether the engine could go on with a turn's reply: it was cut off, and its own."""
        status = self._engine.status()
        return (
            turn.finish_reason in ("length", "cancelled")
            and bool(turn.token_ids)
            and (turn.engine, turn.model) == (status.engine, status.model)
        )

    def count(
        self, conversation_id: str | None, text: str, pictures: Sequence[Path], detail: Detail
    ) -> TokenCount | None:
        """Say what a draft would cost; None while that cannot be told."""
        return self._budget.count(self._engine, conversation_id, text, pictures, detail)

    def run(self, conversation_id: str) -> Run | None:
        """Return the run of a conversation that has not ended, if there is one."""
        return self._runs.get(conversation_id)

    def waiting_before(self, run: Run) -> int:
        """Count the runs that come before ``run``."""
        return self._runs.before(run)

    def stop(self, conversation_id: str) -> None:
        """Cancel a conversation's reply; what there is of it is kept."""
        if run := self.run(conversation_id):
            run.cancel.set()

    def with_engine(
        self, work: Callable[[Engine], Result], stopping: str | None = None
    ) -> Future[Result]:
        """Have the worker do ``work`` after the reply under way, before any that waits.

        The reply of the conversation ``stopping`` is cancelled first, and what there is of it
        saved. No other reply is touched.
        """
        if stopping:
            self.stop(stopping)
        return self._errands.ask(lambda: work(self._engine))

    def _queued(self, run: Run) -> Run:
        self._runs.add(run)
        self._queue.put(run)
        return run

    def _tidy(self) -> None:
        """Bring the search index in step; remove old trash, and pictures nothing refers to."""
        try:
            self.store.index.sync()
            trash = self.store.purge()
            pictures = self.store.remove_unused_pictures().pictures
        except HistoryError as error:
            log.warning("history not tidied: %s", error)
        else:
            log.info("history tidied trash=%d pictures=%d", trash, pictures)

    # What follows runs in the worker thread alone.

    def _work(self) -> None:
        self._load()
        while (asked := self._queue.get()) is not None:
            self._errands.do_all()
            if isinstance(asked, Run):
                self._answer(asked)
        self._errands.refuse_all()
        self._engine.unload()

    def _load(self) -> None:
        engine, self._instead_of = load_first(self._candidates, self._try, self._report)
        if engine is None:
            reasons = " ".join(str(reason) for reason in self._instead_of)
            self._failure = NoEngine(reasons=reasons)
        self._loading = False
        self._loaded.set()

    def _try(self, engine: Engine) -> None:
        self._engine = engine

    def _report(self, progress: Progress) -> None:
        self._progress = progress

    def _answer(self, run: Run) -> None:
        started = perf_counter()
        finish: FinishReason = "error"
        error: VisionError | None = None
        try:
            finish = self._generate(run)
        except VisionError as failure:
            log.warning("turn failed: %s", failure)
            error = failure
        except Exception as failure:
            # The worker must outlive a bug in an engine, and the turn must be closed.
            log.exception("turn failed unexpectedly")
            # Whoever keeps the error, such as a log's reader, must not keep the engine's tensors.
            traceback.clear_frames(failure.__traceback__)
            error = UnexpectedFailure(cause=type(failure).__name__)
        self._end(run, finish, error, (perf_counter() - started) * 1e3)

    def _generate(self, run: Run) -> FinishReason:
        if run.cancel.is_set():
            return "cancelled"
        if self._failure:
            raise self._failure
        if self._engine.status().state != "ready":  # it was unloaded
            self._engine.load(lambda progress: run.add(Chunk(progress=progress)))
        asked = run.snapshot().turn
        before = self.store.turns(run.conversation_id, to=asked.id)[:-1]
        prompt = prompt_for(
            [*before, asked],
            run.conversation_id,
            self.store,
            self._engine.status(),
            resume=run.resume,
        )
        with closing(self._engine.stream(prompt, self._sampling, run.cancel)) as chunks:
            for chunk in chunks:
                run.add(chunk)
        return run.last.finish_reason or "cancelled"

    def _end(
        self, run: Run, finish: FinishReason, error: VisionError | None, latency_ms: float
    ) -> None:
        turn = ended(
            run.snapshot().turn,
            run.last,
            finish,
            status=self._engine.status(),
            latency_ms=latency_ms,
            error=error,
        )
        try:
            self.store.finish(run.conversation_id, turn)
        except HistoryError as failure:
            # The reply is on the page still; the prompt, and that it had no end, are on disk.
            log.error("turn not saved: %s", failure)  # noqa: TRY400  expected: a full disk
            turn = replace(turn, error=failure.record())
        self._runs.remove(run)
        run.end(turn)
        log.info(
            "turn done engine=%s finish=%s new=%d cached=%d first_ms=%.0f total_ms=%.0f",
            turn.engine, finish, turn.usage.get("new_tokens", 0),
            turn.usage.get("cached_tokens", 0), turn.usage.get("first_token_ms", 0), latency_ms,
        )  # fmt: skip
