"""The one thread that owns the engine: it loads it, answers runs in order, ends their turns.

Whatever else needs the engine, such as a clear, is an errand: done by this thread, between runs.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from queue import SimpleQueue
from time import perf_counter
from typing import Literal, TypeVar

from app.engines import Candidate, load_first
from app.errands import Errands
from app.errors import NoEngine, UnexpectedFailure
from app.jobs.job import stream
from app.naming import first_name, rename
from app.run import Run
from app.runs import Runs
from app.stops import until
from app.translate import ended, prompt_for
from history import FinishReason, HistoryError, Store, Turn
from vision.engine import Capabilities, Chunk, Engine, Progress, Prompt, SamplingParams, Status
from vision.errors import VisionError
from vision.images import Decoder

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_LATELY = 0.3  # how much the last reply counts in what replies usually take


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


class Worker:
    """Owns the engine. Its thread alone loads, streams, releases and unloads."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        store: Store,
        decoder: Decoder,
        sampling: SamplingParams,
        runs: Runs,
        receipt_schema: str = "",
    ) -> None:
        self._candidates = tuple(candidates)
        self._store = store
        self._decoder = decoder
        self._sampling = sampling
        self._runs = runs
        self._receipt_schema = receipt_schema  # the user's own, as JSON; "" for none
        self._engine: Engine = candidates[0].make()
        self._progress: Progress | None = None
        self._loading = True
        self._instead_of: tuple[VisionError, ...] = ()
        self._failure: VisionError | None = None
        self._queue: SimpleQueue[Run | Literal["errand"] | None] = SimpleQueue()
        self._errands = Errands(wake=lambda: self._queue.put("errand"))
        self._loaded = threading.Event()
        self.usual_s = 0.0  # that a reply took lately; 0 before the first
        self._watchers: list[Callable[[Turn], None]] = []
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)

    @property
    def engine(self) -> Engine:
        """The engine that was taken, or that is being tried; for what any thread may ask of it."""
        return self._engine

    def start(self) -> None:
        """Begin to load the engine, and return at once."""
        self._thread.start()

    def wait_until_loaded(self) -> None:
        """Return once an engine is ready or none can be."""
        self._loaded.wait()

    def watch(self, told: Callable[[Turn], None]) -> None:
        """Have ``told`` called with each turn that ends, saved or not, in the worker's thread."""
        self._watchers.append(told)

    def take(self, run: Run) -> None:
        """Answer a run after all that came before it."""
        self._runs.add(run)
        self._queue.put(run)

    def errand(self, work: Callable[[Engine], Result]) -> Future[Result]:
        """Do ``work`` after the reply under way, before any that waits."""
        return self._errands.ask(lambda: work(self._engine))

    def switch(self, choice: Sequence[Candidate]) -> Future[None]:
        """Unload the engine after the reply under way; load the first of ``choice`` that can be.

        Where none can, the engines from before are tried again; ``condition`` says why.
        """
        self._loading = True
        return self._errands.ask(lambda: self._switch(tuple(choice)))

    def close(self, timeout_s: float) -> bool:
        """End the thread; tell whether it ended in time. The runs were cancelled before.

        What it had no time for, such as a reply whose model is still being loaded, is ended for it.
        """
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self.abandon()
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """Save as cancelled what has not ended: the process leaves now."""
        for run in self._runs.all():
            self._end(run, "cancelled", None, 0.0)

    def condition(self) -> Condition:
        """Return how the assistant is now; cheap, from any thread."""
        status = self._engine.status()
        # A server that was not there at the start gets ready by itself once it is.
        failure = None if status.state == "ready" else self._failure
        if failure:
            status = replace(status, state="failed")
        elif self._loading:
            status = replace(status, state="loading", progress=self._progress)
        elif status.state == "failed":
            # It was loaded once, and could not be again: the next prompt tries.
            status = replace(status, state="unloaded")
        return Condition(status, self._engine.capabilities, self._instead_of, failure)

    # What follows runs in the thread alone.

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

    def _switch(self, choice: tuple[Candidate, ...]) -> None:
        self._engine.unload()
        self._failure, self._progress = None, None
        before = tuple(each for each in self._candidates if each not in choice)
        self._candidates = (*choice, *before)
        self._load()

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
        if self._engine.status().state != "ready":
            if self._failure:
                raise self._failure
            # It was unloaded, or lost.
            self._engine.load(lambda progress: run.add(Chunk(progress=progress)))
        prompt = run.terms.prompt or self._prompt(run)
        sampling = run.terms.sampling or self._sampling
        chunks = stream(prompt, self._engine, self._decoder, sampling, run.cancel)
        with closing(until(run.terms.stop, chunks, run.cancel)) as until_stop:
            for chunk in until_stop:
                run.add(chunk)
        return run.last.finish_reason or "cancelled"

    def _prompt(self, run: Run) -> Prompt:
        asked = run.snapshot().turn
        before = self._store.turns(run.conversation_id, to=asked.id)[:-1]
        prompt = prompt_for(
            [*before, asked],
            run.conversation_id,
            self._store,
            self._engine.status(),
            resume=run.resume,
        )
        if prompt.job == "receipt" and not run.resume:
            prompt = replace(prompt, json_schema=self._receipt_schema)
        return prompt

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
        failure: VisionError | HistoryError | None = error
        try:
            if run.terms.prompt is None:
                self._store.finish(run.conversation_id, turn)
                self._name(run.conversation_id, turn)
        except HistoryError as not_saved:
            # The reply is on the page still; the prompt, and that it had no end, are on disk.
            log.error("turn not saved: %s", not_saved)  # noqa: TRY400  expected: a full disk
            turn, failure = replace(turn, error=not_saved.record()), not_saved
        if finish in ("stop", "length"):
            before_s, this_s = self.usual_s or latency_ms / 1e3, latency_ms / 1e3
            self.usual_s = before_s + _LATELY * (this_s - before_s)
        self._runs.remove(run)
        run.end(turn, failure)
        for told in self._watchers:
            told(turn)
        log.info(
            "turn done engine=%s finish=%s new=%d cached=%d first_ms=%.0f total_ms=%.0f",
            turn.engine, finish, turn.usage.get("new_tokens", 0),
            turn.usage.get("cached_tokens", 0), turn.usage.get("first_token_ms", 0), latency_ms,
        )  # fmt: skip

    def _name(self, conversation_id: str, turn: Turn) -> None:
        """Put whose receipt it is before the question, where the conversation has no other name."""
        rename(self._store, conversation_id, turn, first_name(turn))
