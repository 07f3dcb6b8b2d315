"""The thread that owns the engine breaks: it begins again, the turn says so, nobody waits."""

import pytest

from app.assistant import Assistant
from app.engines import Candidate
from history.verify import verify
from vision.engine import Chunk, SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

WAIT_S = 60  # a backstop: a test that waits this long has failed

pytestmark = pytest.mark.filterwarnings("default")  # the log's tracebacks are meant


def finished(run):
    assert run.ended.wait(WAIT_S)
    return run.snapshot().turn


class Leaving(FakeEngine):
    """Ends the thread that runs it, as a library that calls ``sys.exit`` does, the first time."""

    broke = False

    def stream(self, prompt, params, cancel):
        yield Chunk("One word ")
        if not self.broke:
            self.broke = True
            raise SystemExit(3)
        yield Chunk("and more.", finish_reason="stop")


def test_a_turn_under_which_the_thread_died_is_marked(assistant_with, store):
    run = assistant_with(Leaving()).send(None, "Go on")

    turn = finished(run)

    [saved] = store.turns(run.conversation_id)
    assert (turn.finish_reason, turn.reply) == ("error", "One word ")
    assert saved.error["text"] == "Something broke while the reply was made: SystemExit."
    assert saved.reply == "One word "
    assert verify(store).faults == ()


def test_the_next_prompt_is_answered_after_the_thread_died(assistant_with):
    assistant = assistant_with(Leaving())
    runs = [assistant.send(None, "One"), assistant.send(None, "Two")]

    finished(runs[0])

    assert finished(runs[1]).reply == "One word and more."
    assert finished(assistant.send(runs[0].conversation_id, "Three")).finish_reason == "stop"


def test_a_thread_that_dies_between_turns_begins_again(assistant_with):
    assistant = assistant_with(FakeEngine(["Hello."]))
    told = []

    def break_once(turn):
        told.append(turn)
        if len(told) == 1:
            raise SystemExit

    assistant.watch(break_once)
    first = finished(assistant.send(None, "One"))

    second = finished(assistant.send(None, "Two"))

    assert (first.finish_reason, second.finish_reason) == ("stop", "stop")


def test_a_turn_whose_end_cannot_be_told_ends_all_the_same(assistant_with, store):
    engine = FakeEngine(["Hello."])
    assistant = assistant_with(engine)
    status, asked = engine.status, []

    def broken_at_the_end():
        asked.append(1)
        if engine.prompts and len(asked) < 20:
            raise RuntimeError("no status")
        return status()

    engine.status = broken_at_the_end
    run = assistant.send(None, "One")

    turn = finished(run)

    engine.status = status
    assert turn.error["text"] == "Something broke while the reply was made: RuntimeError."
    assert store.turns(run.conversation_id)[0].finish_reason == "error"
    assert finished(assistant.send(run.conversation_id, "Two")).finish_reason == "stop"


class HalfThere(FakeEngine):
    """A model of which a part is missing, in a way that its library did not foresee."""

    def load(self, report):
        raise KeyError("lm_head.weight")


def test_an_engine_that_breaks_while_it_loads_makes_way_for_the_next(store):
    engine = FakeEngine(["Hello."])
    choice = [Candidate(HalfThere), Candidate(lambda: engine)]
    assistant = Assistant(choice, store, Decoder(), SamplingParams())
    assistant.start()

    condition = assistant.wait_until_loaded()

    assert condition.ready
    assert "something broke (KeyError)" in str(condition.instead_of[0])
    assert finished(assistant.send(None, "Hello")).finish_reason == "stop"
    assistant.close()


def test_where_no_engine_loads_the_turn_says_why(assistant_with):
    assistant = assistant_with(HalfThere())

    condition, turn = assistant.condition(), finished(assistant.send(None, "Hello"))

    assert condition.status.state == "failed"
    assert "something broke (KeyError)" in str(condition.failure)
    assert turn.error["code"] == "NoEngine"


class Exits(FakeEngine):
    def load(self, report):
        raise SystemExit


def test_a_thread_that_dies_while_it_loads_leaves_nobody_waiting(assistant_with):
    assistant = assistant_with(Exits())

    assert assistant.condition().status.state == "failed"
    assert finished(assistant.send(None, "Hello")).error["code"] == "NoEngine"


class Stays(FakeEngine):
    def unload(self):
        raise RuntimeError("a driver that is gone")


def test_an_engine_that_cannot_be_unloaded_makes_way_for_another(store):
    other = FakeEngine(["Another."])
    first = [Candidate(Stays)]
    assistant = Assistant(
        first, store, Decoder(), SamplingParams(), others=lambda *_: [Candidate(lambda: other)]
    )
    assistant.start()
    assistant.wait_until_loaded()

    assistant.switch("fake")

    assert finished(assistant.send(None, "Hello")).reply == "Another."
    assert assistant.condition().ready
    assistant.close()
