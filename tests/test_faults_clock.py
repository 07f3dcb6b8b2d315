"""The clock jumps, by days, in the middle of a turn: order, pictures and durations stay right."""

import threading
import time
from datetime import datetime, timedelta

import pytest

from history import Store, names
from history.verify import verify
from vision.fake import FakeEngine

WAIT_S = 60  # a backstop: a test that waits this long has failed
JUMPS = [timedelta(days=1_200), timedelta(days=-1_200)]


class Clock:
    """The machine's clock as this process sees it, which can be set."""

    def __init__(self, patch):
        clock, self.off = self, timedelta()
        real_s, real_ns = time.time, time.time_ns

        class Shifted(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + clock.off

        patch.setattr(names, "datetime", Shifted)
        patch.setattr("history.trash.datetime", Shifted)
        patch.setattr(time, "time", lambda: real_s() + self.off.total_seconds())
        patch.setattr(time, "time_ns", lambda: real_ns() + int(self.off.total_seconds() * 1e9))


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def finished(run):
    assert run.ended.wait(WAIT_S)
    return run.snapshot().turn


@pytest.mark.parametrize("jump", JUMPS, ids=["forward", "back"])
def test_turns_stay_in_the_order_they_were_asked(assistant_with, store, clock, jump):
    assistant = assistant_with(FakeEngine(["Hello."]))
    first = assistant.send(None, "One")
    finished(first)

    clock.off = jump
    finished(assistant.send(first.conversation_id, "Two"))
    clock.off = timedelta()
    finished(assistant.send(first.conversation_id, "Three"))

    again = Store(store.root)
    assert [turn.prompt for turn in again.turns(first.conversation_id)] == ["One", "Two", "Three"]
    assert verify(again).faults == ()
    again.close()


@pytest.mark.parametrize("jump", JUMPS, ids=["forward", "back"])
def test_a_reply_takes_no_longer_for_it_and_no_less_than_nothing(assistant_with, clock, jump):
    def pace():
        clock.off = jump

    turn = finished(assistant_with(FakeEngine(["Hello."], pace=pace)).send(None, "One"))

    assert 0 <= turn.latency_ms < WAIT_S * 1e3


def test_two_conversations_begun_at_one_time_by_the_clock_are_two(store, clock):
    first = store.create("first").id
    clock.off = -timedelta(seconds=1)
    second = store.create("second").id

    assert {each.id for each in store.conversations()} == {first, second}


def test_what_was_deleted_before_a_jump_back_comes_back_in_the_right_order(store, clock):
    conversations = [store.create(name).id for name in ("first", "second")]
    store.trash.delete_conversation(conversations[0])
    clock.off = -timedelta(days=1_200)
    store.trash.delete_conversation(conversations[1])

    store.trash.undo()

    assert [each.title for each in store.conversations()] == ["second"]


def test_a_picture_that_is_being_saved_outlives_a_jump_of_its_grace(store, clock, decoder, red):
    """It looks older than the day that strangers get, and no turn refers to it yet."""
    picture = decoder.check(red)
    with store.adding():
        store.put_image(red, picture.sha256, picture.format)
        clock.off = timedelta(days=3)
        tidying = threading.Thread(target=store.remove_unused_pictures)
        tidying.start()
        tidying.join(0.2)  # it waits, or has been wrong by now
        there = store.image_path(picture.sha256, picture.format).exists()
    tidying.join()

    assert there
