"""The one thread that owns the engine: it loads it, answers runs in turn, ends them.

Whatever else needs the engine, such as a clear, is an errand: done by this thread, between runs.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from time import perf_counter
from typing import TypeVar

from app.condition import Condition, condition_of
from app.engines import Candidate, load_first
from app.errands import Errands
from app.errors import NoEngine, UnexpectedFailure
from app.jobs.job import stream
from app.naming import first_name, rename
from app.run import Run
from app.runs import Runs
from app.stops import until
from app.translate import ended, prompt_of
from history import FinishReason, HistoryError, Turn
from vision.engine import Chunk, Engine, Progress, SamplingParams
from vision.errors import VisionError
from vision.images import Decoder

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_LATELY = 0.3  # how much the last reply counts in what replies usually take


class Worker:
    """Owns the engine. Its thread alone loads, streams, releases and unloads."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        decoder: Decoder,
        sampling: SamplingParams,
        runs: Runs,
        receipt_schema: str = "",
    ) -> None:
        self._taken = candidates[0]  # or being tried
        self._decoder = decoder
        self._sampling = sampling
        self._runs = runs
        self._receipt_schema = receipt_schema  # the user's own, as JSON; "" for none
        self._engine: Engine = self._taken.make()
        self._progress: Progress | None = None
        self._loading = True
        self._instead_of: tuple[VisionError, ...] = ()
        self._failure: VisionError | None = None
        self._queue: SimpleQueue[bool] = SimpleQueue()  # there is something to do; False: end
        self._errands = Errands(wake=lambda: self._queue.put(True))
        self._loaded = threading.Event()
        self.usual_s = 0.0  # that a reply took lately; 0 before the first
        self._watchers: list[Callable[[Run, Turn], None]] = []
        self._current: Run | None = None  # under way
        self._taking = threading.RLock()  # held while a run becomes the current one, or is dropped
        self._first = tuple(candidates)
        self._thread = threading.Thread(target=self._live, name="engine", daemon=True)

    @property
    def engine(self) -> Engine:
        """The engine that was taken, or that is being tried; for what any thread may ask of it."""
        return self._engine

    def start(self) -> None:
        """Begin to load the engine, and return at once; what has begun goes on."""
        if self._thread.ident is None:
            self._thread.start()

    def wait_until_loaded(self) -> None:
        """Return once an engine is ready or none can be."""
        self._loaded.wait()

    def watch(self, told: Callable[[Run, Turn], None]) -> None:
        """Have ``told`` called with each run and its turn before ``run.ended`` is set.

        In the worker's thread, or in that of who drops a run that waits.
        """
        self._watchers.append(told)

    def take(self, run: Run) -> None:
        """Answer a run when its turn has come."""
        run.leave = partial(self.drop, run)
        self._runs.add(run)
        self._queue.put(True)

    def drop(self, run: Run) -> None:
        """Cancel a run: at once if it waits, else as soon as the engine looks."""
        run.cancel.set()
        with self._taking:
            if run is not self._current and not run.ended.is_set():
                self._end(run, "cancelled", None, 0.0)

    def errand(self, work: Callable[[Engine], Result]) -> Future[Result]:
        """Do ``work`` after the reply under way, before any that waits."""
        return self._errands.ask(lambda: work(self._engine))

    def switch(self, choice: Sequence[Candidate]) -> Future[None]:
        """Unload the engine after the reply under way; load the first of ``choice`` that can be.

        Where none can, the one from before is loaded again; ``condition`` says why.
        """
        self._loading = True
        return self._errands.ask(lambda: self._switch(tuple(choice)))

    def close(self, timeout_s: float) -> bool:
        """End the thread; tell whether it ended in time. The runs were cancelled before.

        What it had no time for, such as a reply whose model is still being loaded, is ended for it.
        """
        self._queue.put(False)
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
        return condition_of(
            self._engine,
            loading=self._loading,
            progress=self._progress,
            instead_of=self._instead_of,
            failure=self._failure,
        )

    # What follows runs in the thread alone.

    def _live(self) -> None:
        """Work until told to end; begin again where what should not break breaks."""
        while True:
            try:
                self._work()
            except BaseException as failure:  # even SystemExit: nobody would be answered any more
                log.exception("the engine's thread broke, and begins again")
                self._mend(UnexpectedFailure(cause=type(failure).__name__))
            else:
                return

    def _mend(self, broke: UnexpectedFailure) -> None:
        """Say what broke wherever somebody would wait for ever."""
        if not self._loaded.is_set():
            self._failure, self._loading = NoEngine(reasons=str(broke)), False
            self._loaded.set()
        run, self._current = self._current, None
        if run is None or run.ended.is_set():
            return
        turn = replace(run.snapshot().turn, finish_reason="error", error=broke.record())
        with suppress(Exception):  # it may be what broke
            if run.store:
                run.store.finish(run.conversation_id, turn)
        self._runs.remove(run)
        with suppress(Exception):
            run.end(turn, broke)

    def _work(self) -> None:
        if not self._loaded.is_set():
            self._load(self._first)
        while self._queue.get():
            self._errands.do_all()
            with self._taking:
                self._current = self._runs.next()
            if self._current:
                self._answer(self._current)
                self._current = None
        self._errands.refuse_all()
        self._engine.unload()

    def _load(self, choice: tuple[Candidate, ...]) -> None:
        engine, self._instead_of = load_first(choice, self._try, self._report)
        if engine is None:
            reasons = " ".join(str(reason) for reason in self._instead_of)
            self._failure = NoEngine(reasons=reasons)
        self._loading = False
        self._loaded.set()

    def _switch(self, choice: tuple[Candidate, ...]) -> None:
        try:
            self._engine.unload()
        except Exception:  # one that cannot leave must not keep the next from coming
            log.exception("engine not unloaded")
        self._failure, self._progress = None, None
        self._load((*choice, self._taken))

    def _try(self, candidate: Candidate, engine: Engine) -> None:
        self._taken, self._engine = candidate, engine

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
        prompt = run.terms.prompt or prompt_of(run, self._engine.status(), self._receipt_schema)
        sampling = run.terms.sampling or self._sampling
        chunks = stream(prompt, self._engine, self._decoder, sampling, run.cancel)
        with closing(until(run.terms.stop, chunks, run.cancel)) as until_stop:
            for chunk in until_stop:
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
        failure: VisionError | HistoryError | None = error
        try:
            if run.store:
                run.store.finish(run.conversation_id, turn)
                # Whose receipt it is stands before the question, if it has no other name.
                rename(run.store, run.conversation_id, turn, first_name(turn))
        except HistoryError as not_saved:
            # The reply is on the page still; the prompt, and that it had no end, are on disk.
            log.error("turn not saved: %s", not_saved)  # noqa: TRY400  expected: a full disk
            turn, failure = replace(turn, error=not_saved.record()), not_saved
        if finish in ("stop", "length"):
            before_s, this_s = self.usual_s or latency_ms / 1e3, latency_ms / 1e3
            self.usual_s = before_s + _LATELY * (this_s - before_s)
        self._runs.remove(run)
        try:
            for told in self._watchers:
                told(run, turn)
        finally:
            run.end(turn, failure)
        log.info(
            "turn done engine=%s finish=%s new=%d cached=%d first_ms=%.0f total_ms=%.0f",
            turn.engine, finish, turn.usage.get("new_tokens", 0),
            turn.usage.get("cached_tokens", 0), turn.usage.get("first_token_ms", 0), latency_ms,
        )  # fmt: skip
