"""One queue for several users: they take turns, and whoever sends many waits for those alone."""

import random

import pytest

from app.assistant import Assistant
from app.engines import Candidate
from app.errors import Busy
from app.run import Run
from app.runs import Runs
from history import Store, Turn
from tests.api_lab import Turnstile
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

WAIT_S = 60  # a backstop: a test that waits this long has failed


def run_of(name):
    """Return a prompt by its name: "a1" is the first of the user "a"."""
    return Run(name, Turn(0, "", name), owner=name[0])


class Queue:
    """The queue's members, by their names."""

    def __init__(self):
        self.runs, self.by_name, self.under_way = Runs(), {}, None

    def add(self, *names):
        for name in names:
            self.by_name[name] = run_of(name)
            self.runs.add(self.by_name[name])

    def begin(self):
        run = self.runs.next()
        return run.conversation_id if run else None

    def end(self, name):
        self.runs.remove(self.by_name.pop(name))
        self.under_way = None if name == self.under_way else self.under_way

    def answer(self):
        """Have the next one answered; return its name."""
        name = self.begin()
        if name:
            self.end(name)
        return name

    @property
    def order(self):
        return " ".join(run.conversation_id for run in self.runs.all())


@pytest.fixture
def queue():
    return Queue()


def test_one_user_s_prompts_are_taken_in_the_order_they_came(queue):
    queue.add(*(f"a{number}" for number in range(5)))

    assert [queue.answer() for _ in range(6)] == ["a0", "a1", "a2", "a3", "a4", None]


def test_another_user_s_prompt_is_next_after_the_one_under_way(queue):
    queue.add("a1", "a2", "a3")
    queue.begin()

    queue.add("b1")

    assert queue.order == "a1 b1 a2 a3"


def test_users_with_one_prompt_each_are_taken_in_the_order_they_came(queue):
    queue.add("a1", "b1", "c1")
    queue.answer()
    queue.add("a2", "d1")

    assert queue.order == "b1 c1 a2 d1"


def test_users_with_many_prompts_take_turns(queue):
    queue.add("a1", "a2", "a3", "b1", "b2", "c1")
    shown = queue.order

    assert shown == "a1 b1 c1 a2 b2 a3"
    assert " ".join(queue.answer() for _ in range(6)) == shown


def test_a_stopped_prompt_leaves_its_place_to_the_next_of_its_user(queue):
    queue.add("a1", "a2", "a3", "b1", "b2")
    queue.begin()

    queue.end("b1")
    queue.end("a2")

    assert queue.order == "a1 b2 a3"


def test_a_user_who_stopped_all_and_sends_again_comes_behind_the_others(queue):
    queue.add("a1", "b1", "c1")
    queue.begin()

    queue.end("b1")
    queue.add("b2")

    assert queue.order == "a1 c1 b2"


def test_two_who_never_pause_do_not_keep_a_third_from_its_turn(queue):
    queue.add("b1", "b2", "b3", "a0", "c0")
    taken = []
    for number in range(1, 10):
        name = queue.answer()
        taken.append(name)
        if name[0] in "ac":
            queue.add(f"{name[0]}{number}")

    assert [number for number, name in enumerate(taken) if name[0] == "b"] == [0, 3, 6]


def test_of_no_other_user_come_more_before_one_than_of_oneself_and_the_one_under_way(queue):
    """At random, in every state, and one's own stay in the order they came."""
    draw, names = random.Random(4), (f"{user}{n}" for n in range(3_000) for user in "aabcd"[n % 5])
    for name in names:
        order = queue.order.split()
        act = draw.choice(["add", "add", "begin", "stop"])
        if act == "add" and len(order) < 30:
            queue.add(name)
        elif act == "begin":
            if queue.under_way:
                queue.end(queue.under_way)
            queue.under_way = queue.begin()
        elif act == "stop" and order:
            queue.end(draw.choice(order))

        order = queue.order.split()
        assert sorted(order) == sorted(queue.by_name)
        for place, each in enumerate(order):
            before = [other[0] for other in order[: place + 1]]
            assert all(before.count(user) <= before.count(each[0]) + 1 for user in "abcd")
        for user in "abcd":
            own = [int(each[1:]) for each in order if each[0] == user]
            assert own == sorted(own)


# With an engine


@pytest.fixture
def turnstile():
    made = Turnstile()
    yield made
    made.passes.release(100)


@pytest.fixture
def users(tmp_path, turnstile):
    """Return an assistant for each of two users, whose replies wait at the turnstile."""
    engine = FakeEngine(["Yes."], pace=turnstile)
    store, decoder = Store(tmp_path / "h"), Decoder()
    root = Assistant([Candidate(lambda: engine)], store, decoder, SamplingParams())
    root.start()
    root.wait_until_loaded()
    yield [root.of(name, Store(tmp_path / name)) for name in ("anna", "bob")]
    turnstile.passes.release(100)
    root.close()


def test_one_user_s_full_queue_takes_another_s_prompt_next(users, turnstile, monkeypatch):
    monkeypatch.setattr("app.runs.MAX_WAITING", 4)
    (anna, bob), order = users, []
    for user in users:
        user.watch(lambda turn: order.append(turn.prompt))
    hers = [anna.send(None, f"hers {number}") for number in range(4)]
    assert turnstile.reached.wait(WAIT_S)
    with pytest.raises(Busy, match="4 of your prompts are waiting already; the limit is 4") as told:
        anna.send(None, "one too many")

    his = bob.send(None, "his")
    place = bob.waiting_before(his)
    turnstile.passes.release(100)
    for run in (*hers, his):
        assert run.ended.wait(WAIT_S)

    assert told.value.hint == "Wait for one to end, or stop one."
    assert place == 1
    assert order == ["hers 0", "his", "hers 1", "hers 2", "hers 3"]


def test_the_time_that_is_told_is_that_of_the_prompts_that_come_before(users, turnstile):
    anna, bob = users
    first = anna.send(None, "first")
    turnstile.passes.release()
    assert first.ended.wait(WAIT_S)
    usual_s = anna._worker.usual_s
    runs = [anna.send(None, "second"), anna.send(None, "third"), bob.send(None, "his")]

    waits = [anna.waiting_s(run) for run in runs]

    assert usual_s > 0
    assert waits == [0, 2 * usual_s, usual_s]


def test_whose_prompts_are_stopped_frees_the_engine_for_the_others(users, turnstile):
    anna, bob = users
    hers = [anna.send(None, f"hers {number}") for number in range(3)]
    assert turnstile.reached.wait(WAIT_S)
    his = bob.send(None, "his")

    anna.stop_own()
    hers.append(anna.send(None, "too late"))
    turnstile.passes.release(100)

    assert all(run.ended.wait(WAIT_S) for run in (*hers, his))
    assert {run.snapshot().turn.finish_reason for run in hers} == {"cancelled"}
    assert his.snapshot().turn.finish_reason == "stop"
