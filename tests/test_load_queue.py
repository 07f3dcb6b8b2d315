"""Several at once: first in first out, a place in the queue that is said, and that can be left."""

import asyncio
import random
import threading

import psutil
import pytest

from app.api.follow import grown
from app.clear import Clearing
from app.config import ClearConfig
from app.errors import Busy
from app.intake import Upload
from app.tmp_folder import TmpFolder
from history import HistoryError
from history.export import export
from history.verify import verify
from tests.api_lab import Turnstile
from vision.errors import VisionError
from vision.fake import FakeEngine

WAIT_S = 60  # a backstop: a test that waits this long has failed


@pytest.fixture
def turnstile():
    made = Turnstile()
    yield made
    made.passes.release(100)


@pytest.fixture
def assistant(assistant_with, turnstile):
    return assistant_with(FakeEngine(["Red."], pace=turnstile))


def finished(run):
    assert run.ended.wait(WAIT_S)
    return run.snapshot().turn


def test_eight_at_once_are_answered_in_the_order_they_came(assistant, turnstile):
    order = []
    assistant.watch(lambda turn: order.append(turn.prompt))
    runs = [assistant.send(None, f"Prompt {number}") for number in range(8)]

    turnstile.passes.release(8)
    for run in runs:
        finished(run)

    assert order == [f"Prompt {number}" for number in range(8)]


def test_each_is_told_how_many_come_before_it(assistant, turnstile):
    runs = [assistant.send(None, f"Prompt {number}") for number in range(8)]
    before = [assistant.waiting_before(run) for run in runs]

    turnstile.passes.release()
    finished(runs[0])

    assert before == list(range(8))
    assert [assistant.waiting_before(run) for run in runs[1:]] == list(range(7))


def test_whoever_stops_while_waiting_is_done_at_once(assistant, turnstile, store):
    """The reply under way has not ended, and does not until the test's end."""
    runs = [assistant.send(None, f"Prompt {number}") for number in range(3)]
    assert turnstile.reached.wait(WAIT_S)

    assistant.stop(runs[1].conversation_id)

    assert runs[1].snapshot().done
    assert store.turns(runs[1].conversation_id)[0].finish_reason == "cancelled"
    assert assistant.waiting_before(runs[2]) == 1
    assert not runs[0].snapshot().done


def test_whoever_stopped_while_waiting_can_send_again(assistant, turnstile):
    assistant.send(None, "One")
    waiting = assistant.send(None, "Two")
    assistant.stop(waiting.conversation_id)

    again = assistant.send(waiting.conversation_id, "Three")
    turnstile.passes.release(2)

    assert finished(again).reply == "Red."


def test_a_program_that_hangs_up_while_it_waits_is_gone_at_once(assistant, turnstile):
    assistant.send(None, "First")
    assert turnstile.reached.wait(WAIT_S)
    waiting = assistant.send(None, "Second")

    async def hung_up():
        following = grown(waiting, beat_s=0)
        await anext(following)
        await following.aclose()

    asyncio.run(hung_up())

    assert waiting.ended.wait(WAIT_S)
    assert waiting.snapshot().turn.finish_reason == "cancelled"
    assert assistant.waiting() == 1


def test_a_stopped_prompt_frees_its_place_in_a_full_queue(assistant, monkeypatch):
    monkeypatch.setattr("app.runs.MAX_WAITING", 3)
    runs = [assistant.send(None, f"Prompt {number}") for number in range(3)]
    with pytest.raises(Busy, match="3 of your prompts are waiting already; the limit is 3"):
        assistant.send(None, "One too many")

    assistant.stop(runs[2].conversation_id)

    assert assistant.send(None, "One more").snapshot().done is False


def test_stops_at_the_moment_of_their_turn_end_each_run_once(assistant_with):
    assistant, ended = assistant_with(FakeEngine(["Red."])), []
    assistant.watch(lambda turn: ended.append(turn.prompt))
    runs = []
    for number in range(60):
        runs.append(assistant.send(None, f"Prompt {number}"))
        assistant.stop(runs[number // 2].conversation_id)

    for run in runs:
        assert finished(run).finish_reason in ("stop", "cancelled")

    assert sorted(ended) == sorted(f"Prompt {number}" for number in range(60))


class Visitor(threading.Thread):
    """Does what a tab does, at random, until its share of turns is done."""

    def __init__(self, seed, turns, assistant, clearing, red, folder):
        super().__init__()
        self.draw, self.turns = random.Random(seed), turns
        self.assistant, self.clearing, self.red, self.folder = assistant, clearing, red, folder
        self.open = None
        self.runs, self.bugs = [], []

    def run(self):
        while self.turns > 0:
            act = self.draw.choice([self.send] * 6 + [self.stop, self.new, self.clear, self.export,
                                                      self.look, self.delete])  # fmt: skip
            try:
                act()
            except (VisionError, HistoryError) as said:
                if not (str(said) and said.hint):
                    self.bugs.append(said)
            except Exception as bug:  # noqa: BLE001  it is what is looked for
                self.bugs.append(bug)
        for run in self.runs:
            run.ended.wait(WAIT_S)

    def send(self):
        uploads = [Upload("red.png", self.red)] if self.draw.random() < 0.3 else []
        self.turns -= 1
        run = self.assistant.send(self.open, "What is this?", uploads)
        self.open = run.conversation_id
        self.runs.append(run)
        if self.draw.random() < 0.7:
            run.ended.wait(WAIT_S)

    def stop(self):
        if self.open:
            self.assistant.stop(self.open)

    def new(self):
        self.open = None

    def clear(self):
        depth = self.draw.choice(["light", "medium", "deep"])
        self.clearing.start(depth, self.open, confirmed=True).result(WAIT_S)

    def export(self):
        path = self.folder / f"{self.draw.random()}.zip"
        export(self.assistant.store, path, "zip", {self.open: None} if self.open else {})
        path.unlink()

    def look(self):
        for each in self.assistant.store.conversations()[:3]:
            self.assistant.store.turns(each.id)

    def delete(self):
        if self.open and not self.assistant.run(self.open):
            self.assistant.store.trash.delete_conversation(self.open)
            self.open = None


@pytest.fixture
def visited(assistant_with, tmp_path, red):
    """Return a function that lets eight visitors loose, and returns them afterwards."""
    assistant = assistant_with(FakeEngine(["A red picture, as far as one can see."]))
    with TmpFolder(tmp_path / "tmp") as tmp:
        clearing = Clearing(assistant, tmp, ClearConfig())

        def visit(seed, turns):
            visitors = [
                Visitor(seed + number, turns, assistant, clearing, red, tmp_path)
                for number in range(8)
            ]
            for visitor in visitors:
                visitor.start()
            for visitor in visitors:
                visitor.join()
            return visitors

        yield visit


def test_eight_visitors_at_random_leave_whole_turns_and_nothing_else(visited, store):
    visited(100, 1)  # what is made once, such as the decoder's process, is made now
    process = psutil.Process()
    before = process.num_fds(), threading.active_count()

    visitors = visited(1_000, 20)

    runs = [run for visitor in visitors for run in visitor.runs]
    assert [bug for visitor in visitors for bug in visitor.bugs] == []
    assert len(runs) > 60
    assert all(run.snapshot().done for run in runs)
    assert verify(store).faults == ()
    # A run's thread or file each would be sixty more.
    assert process.num_fds() - before[0] <= 6
    assert threading.active_count() - before[1] <= 2
