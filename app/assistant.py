"""The life of a turn: save, queue, generate, save.

The prompt is on disk before the engine sees it. One worker thread owns the engine: it loads it,
takes runs in their order, and writes each turn again, whole, however it ended. Whoever sent a
prompt only follows its run, and may go away: the run goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.budget import MAX_PIXELS, Budget, Detail
from app.condition import Condition
from app.conversation_settings import PIXELS, sampling_with
from app.engines import Candidate
from app.errors import EngineShared, NothingToResume, NothingToSend
from app.intake import Upload, image_ref, take_in
from app.run import Run, Terms, slot_of
from app.runs import Runs
from app.translate import params_of
from app.upkeep import begin
from app.worker import Result, Worker
from history import Store, Turn, title_from
from vision.engine import Engine, Job, Prompt, SamplingParams, TokenCount
from vision.images import Decoder, Note
from vision.settings import Kind


class Assistant:
    """Takes prompts, keeps their turns in ``store``, and has them answered by an engine."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        store: Store,
        decoder: Decoder,
        sampling: SamplingParams,
        receipt_schema: str = "",
        others: Callable[[Kind, str], Sequence[Candidate]] | None = None,
    ) -> None:
        self._stopped = False  # what is sent is not answered any more
        self._others = others  # the engines of a kind and model; None: they cannot be changed
        self.owner = ""  # whose conversations these are; "" where there are no users
        self.store = store
        self.decoder = decoder
        self._budget = Budget(store, decoder)
        self.sampling = sampling  # of a turn that asks for no other
        self._runs = Runs()
        self._worker = Worker(candidates, decoder, sampling, self._runs, receipt_schema)

    def of(self, owner: str, store: Store) -> "Assistant":
        """Return the assistant of a user: conversations of their own, the same engine and queue.

        It cannot change the engine: others use it, too.
        """
        assert owner, "nobody's is this one"
        other = copy(self)
        other.owner, other.store = owner, store
        other._others = None  # noqa: SLF001  of its own class
        other._budget = Budget(store, self.decoder)  # noqa: SLF001
        return other

    @property
    def shared(self) -> bool:
        """Whether others use the same engine."""
        return bool(self.owner)

    def slot(self, conversation_id: str) -> str:
        """Return by which name the engine knows a conversation."""
        return slot_of(self.owner, conversation_id)

    def start(self) -> None:
        """Close what a killed program left open, begin to load the engine, return at once."""
        begin(self.store)
        self._worker.start()

    def wait_until_loaded(self) -> Condition:
        """Return once an engine is ready or none can be."""
        self._worker.wait_until_loaded()
        return self.condition()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Cancel what runs, save it, and end the worker; tell whether it ended in time.

        What it had no time for, such as a reply whose model is still being loaded, is ended for it.
        """
        self.stop_all()
        ended = self._worker.close(timeout_s)
        self.decoder.close()
        return ended

    def stop_all(self) -> None:
        """Cancel every reply, under way or waiting; what there is of them is kept."""
        for run in self._runs.all():
            run.cancel.set()

    def stop_own(self) -> None:
        """Cancel every reply to this owner, and what is still to be sent."""
        self._stopped = True
        for run in self._runs.all():
            if run.owner == self.owner:
                self._worker.drop(run)

    def abandon(self) -> None:
        """Save as cancelled what has not ended: the process leaves now."""
        self._worker.abandon()

    @property
    def engine(self) -> Engine:
        """The engine; any thread may ask it for ``status`` and ``count_tokens``, no more."""
        return self._worker.engine

    @property
    def can_switch(self) -> bool:
        """Whether another engine may be asked for."""
        return self._others is not None

    def switch(self, kind: Kind, model: str = "") -> None:
        """Begin to take another engine, after the reply under way; ``condition`` tells the rest.

        Raise ``EngineUnavailable`` where there can be none of that kind, or others use it, too.
        """
        if self._others is None:
            raise EngineShared
        self._worker.switch(self._others(kind, model))

    def condition(self) -> Condition:
        """Return how the assistant is now; cheap, from any thread."""
        return self._worker.condition()

    def send(
        self,
        conversation_id: str | None,
        prompt: str,
        uploads: Sequence[Upload] = (),
        job: Job | None = None,
        detail: Detail = "auto",
        say: Callable[[str, Note], str] = lambda name, note: f"{name}: {note}",
        instead_of: int | None = None,
        terms: Terms = Terms(),  # noqa: B008 - frozen
        system_prompt: str = "",
        settings: Mapping[str, Any] | None = None,  # checked ones
    ) -> Run:
        """Save a turn and queue it; a conversation begins where ``conversation_id`` is None.

        ``instead_of`` begins a new version of the conversation, from that turn on.
        ``system_prompt`` and ``settings`` are those that a new conversation begins with.
        ``say`` puts what is to be told of a picture, by name, into the user's language.

        Raise ``VisionError`` or ``HistoryError`` with nothing queued. A picture that was stored
        by then stays in the store, under its hash.
        """
        if not prompt.strip() and not uploads:
            raise NothingToSend
        self.store.check_writable()
        # What no turn refers to yet must not be collected meanwhile.
        place = self.slot(conversation_id) if conversation_id else None
        with self._runs.arriving(self.owner, place), self.store.adding():
            taken = [(upload.name, take_in(upload, self.decoder, self.store)) for upload in uploads]
            if conversation_id is None:
                # Named after its first prompt by the store, or after its picture without one.
                name = "" if prompt.strip() else title_from(Path(uploads[0].name).stem)
                conversation_id = self.store.create(name, system_prompt, settings).id
            terms = replace(terms, sampling=self._sampling_of(conversation_id, terms))
            pixels = int(self.store.conversation(conversation_id).settings.get(PIXELS, 0))
            turn = self.store.append(
                conversation_id,
                prompt=prompt,
                images=[image_ref(name, picture) for name, picture in taken],
                job=job,
                notices=[say(name, note) for name, picture in taken for note in picture.notes],
                instead_of=instead_of,
                params=params_of(terms.sampling or self.sampling, MAX_PIXELS[detail] or pixels),
            )
            return self._queued(self._run_of(conversation_id, turn, terms))

    def _sampling_of(self, conversation_id: str, terms: Terms) -> SamplingParams:
        kept = self.store.conversation(conversation_id).settings
        return terms.sampling or sampling_with(self.sampling, kept)

    def answer(self, prompt: Prompt, terms: Terms, notices: Sequence[str] = ()) -> Run:
        """Queue a prompt of which nothing is saved. Raise ``Busy``."""
        run_id = uuid4().hex
        turn = Turn(
            id=0,
            timestamp="",
            prompt=prompt.messages[-1].text,
            params=params_of(terms.sampling or self.sampling, 0),
            job=prompt.job,
            notices=tuple(notices),
        )
        prompt = replace(prompt, conversation=self.slot(prompt.conversation))
        with self._runs.arriving(self.owner, self.slot(run_id)):
            terms = replace(terms, prompt=prompt)
            return self._queued(Run(run_id, turn, owner=self.owner, terms=terms))

    def resume(self, conversation_id: str) -> Run:
        """Go on with a conversation's last reply, which was cut off. Raise ``PromptRefused``."""
        with self._runs.arriving(self.owner, self.slot(conversation_id)):
            turns = self.store.turns(conversation_id)
            if not (turns and self.can_resume(turns[-1])):
                raise NothingToResume
            terms = Terms(sampling=self._sampling_of(conversation_id, Terms()))
            return self._queued(self._run_of(conversation_id, turns[-1], terms, resume=True))

    def can_resume(self, turn: Turn) -> bool:
        """Tell whether the engine could go on with a turn's reply: it was cut off, and its own."""
        status = self._worker.engine.status()
        return (
            turn.finish_reason in ("length", "cancelled")
            and bool(turn.token_ids)
            and (turn.engine, turn.model) == (status.engine, status.model)
        )

    def count(
        self, conversation_id: str | None, text: str, pictures: Sequence[Path], detail: Detail
    ) -> TokenCount | None:
        """Say what a draft would cost; None while that cannot be told."""
        return self._budget.count(self._worker.engine, conversation_id, text, pictures, detail)

    def run(self, conversation_id: str) -> Run | None:
        """Return the run of a conversation that has not ended, if there is one."""
        return self._runs.get(self.slot(conversation_id))

    def watch(self, told: Callable[[Turn], None]) -> None:
        """Have ``told`` called with each turn of this owner that ends, saved or not."""

        def tell(run: Run, turn: Turn) -> None:
            if run.owner == self.owner:
                told(turn)

        self._worker.watch(tell)

    def waiting(self) -> int:
        """Count the runs that have not ended, the one under way included; all users' together."""
        return len(self._runs.all())

    def own_waiting(self) -> int:
        """Count this owner's of them: of so many that one may have, others take none."""
        return self._runs.count(self.owner)

    def waiting_s(self, run: Run) -> float:
        """Estimate how long ``run`` waits, from what replies took lately; 0 while unknown."""
        return self._runs.before(run) * self._worker.usual_s

    def waiting_before(self, run: Run) -> int:
        """Count the runs that come before ``run``."""
        return self._runs.before(run)

    def stop(self, conversation_id: str) -> None:
        """Cancel a conversation's reply, at once if it waits; what there is of it is kept."""
        if run := self.run(conversation_id):
            self._worker.drop(run)

    def with_engine(
        self, work: Callable[[Engine], Result], stopping: str | None = None
    ) -> Future[Result]:
        """Have the worker do ``work`` after the reply under way, before any that waits.

        The reply of the conversation ``stopping`` is cancelled first, and what there is of it
        saved. No other reply is touched.
        """
        if stopping:
            self.stop(stopping)
        return self._worker.errand(work)

    def _run_of(
        self, conversation_id: str, turn: Turn, terms: Terms, *, resume: bool = False
    ) -> Run:
        return Run(
            conversation_id,
            turn,
            store=self.store,
            owner=self.owner,
            resume=resume,
            terms=terms,
        )

    def _queued(self, run: Run) -> Run:
        if self._stopped:
            run.cancel.set()
        self._worker.take(run)
        return run
