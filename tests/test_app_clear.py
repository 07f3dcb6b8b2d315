import threading
import weakref

import pytest

from app.clear import Clearing
from app.config import ClearConfig
from app.errors import ClearNotConfirmed, ClearNotOffered
from app.intake import Upload
from app.tmp_folder import TmpFolder
from vision.engine import Released
from vision.errors import EngineUnavailable
from vision.fake import FakeEngine

WAIT_S = 20  # a backstop: a test that waits this long has failed


class Holding(FakeEngine):
    """Holds 100 bytes a conversation it replied to, and 1,000 of pictures."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.kv = {}
        self.pictures = 0
        self.events = []

    def status(self):
        held = super().status()
        memory = {"kv": sum(self.kv.values()), "vision": self.pictures}
        return type(held)(held.engine, held.state, held.model, memory=memory)

    def load(self, report):
        self.events.append("load")
        super().load(report)

    def unload(self):
        super().unload()
        self.kv.clear()
        self.pictures = 0

    def stream(self, prompt, params, cancel):
        self.kv[prompt.conversation] = 100
        self.pictures = 1_000
        yield from super().stream(prompt, params, cancel)
        self.events.append(f"reply {prompt.messages[-1].text}")

    def release(self, level, conversation=None):
        self.events.append(level)
        before = self.status().memory
        if level == "light":
            self.kv.pop(conversation, None)
        else:
            self.kv.clear()
            self.pictures = 0
        return Released(level, before, self.status().memory, 0.001)


class Gate:
    """Holds a fake engine at the third piece of its reply until it is opened."""

    def __init__(self):
        self.reached, self.open = threading.Event(), threading.Event()
        self.pieces = 0

    def __call__(self):
        self.pieces += 1
        if self.pieces == 3:
            self.reached.set()
            assert self.open.wait(WAIT_S)


@pytest.fixture
def tmp(tmp_path):
    with TmpFolder(tmp_path / "tmp") as opened:
        yield opened


@pytest.fixture
def clearing_for(assistant_with, tmp):
    """Return a function that makes an engine's ``Clearing``, with its assistant."""

    def make(engine, **offered):
        assistant = assistant_with(engine)
        return Clearing(assistant, tmp, ClearConfig(**offered)), assistant

    return make


def said(assistant, prompt, conversation=None, uploads=()):
    """Return a conversation once its reply has ended."""
    run = assistant.send(conversation, prompt, uploads)
    assert run.ended.wait(WAIT_S)
    return run.conversation_id


def cleared(clearing, level, conversation=None, **options):
    return clearing.start(level, conversation, confirmed=True, **options).result(WAIT_S)


def test_light_gives_back_one_conversation_and_keeps_the_pictures(clearing_for):
    clearing, assistant = clearing_for(Holding())
    first, _ = said(assistant, "One"), said(assistant, "Two")

    receipt = cleared(clearing, "light", first)

    assert receipt.before == {"kv": 200, "vision": 1_000}
    assert receipt.after == {"kv": 100, "vision": 1_000}
    assert receipt.freed_bytes == 100


def test_light_where_no_conversation_is_open_gives_back_nobodys(clearing_for):
    clearing, assistant = clearing_for(Holding())
    said(assistant, "One")

    assert cleared(clearing, "light", None).freed_bytes == 0


def test_medium_gives_back_pictures_too(clearing_for):
    clearing, assistant = clearing_for(Holding())
    conversation = said(assistant, "One")

    assert cleared(clearing, "medium", conversation).after == {"kv": 0, "vision": 0}


def test_deep_empties_tmp_and_deletes_snapshots(clearing_for, tmp):
    clearing, assistant = clearing_for(Holding())
    conversation = said(assistant, "One")
    (tmp.root / "kv").mkdir()
    (tmp.root / "kv" / "old.safetensors").write_bytes(b"k" * 300)
    (tmp.root / "preview.html").write_bytes(b"p" * 70)

    receipt = cleared(clearing, "deep", conversation)

    assert receipt.before == {"kv": 100, "vision": 1_000, "snapshots": 300, "tmp": 70}
    assert set(receipt.after.values()) == {0}
    assert receipt.files == 2


def test_no_level_touches_history(clearing_for, store, red):
    clearing, assistant = clearing_for(Holding())
    conversation = said(assistant, "Colour?", uploads=[Upload("red.png", red)])
    before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}

    for level in ("light", "medium", "deep", "unload"):
        cleared(clearing, level, conversation)

    assert before == {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
    assert len(before) >= 4


def test_a_clear_stops_the_conversations_reply_first(clearing_for, store):
    gate = Gate()
    engine = Holding(["abcdefghijklmnop"], pace=gate)
    clearing, assistant = clearing_for(engine)
    run = assistant.send(None, "Go on")
    assert gate.reached.wait(WAIT_S)

    future = clearing.start("light", run.conversation_id)
    assert run.cancel.is_set()
    assert not future.done()
    gate.open.set()
    future.result(WAIT_S)

    [turn] = store.turns(run.conversation_id)
    assert (turn.reply, turn.finish_reason) == ("abcdefgh", "cancelled")
    assert engine.events == ["load", "reply Go on", "light"]
    assert engine.kv == {}


def test_another_conversations_reply_goes_on(clearing_for):
    gate = Gate()
    engine = Holding(["abcdefghijklmnop"], pace=gate)
    clearing, assistant = clearing_for(engine)
    theirs = assistant.send(None, "Theirs")
    waiting = assistant.send(None, "Waiting")
    assert gate.reached.wait(WAIT_S)

    future = clearing.start("medium", "20260101-000000-abcd")
    gate.open.set()
    receipt = future.result(WAIT_S)
    assert waiting.ended.wait(WAIT_S)

    assert theirs.snapshot().turn.finish_reason == "stop"
    assert engine.events[1:] == ["reply Theirs", "medium", "reply Waiting"]
    assert receipt.waited_s > 0


def test_twice_in_a_row_is_harmless(clearing_for):
    clearing, assistant = clearing_for(Holding())
    conversation = said(assistant, "One")

    for level in ("deep", "deep", "medium", "light"):
        receipt = cleared(clearing, level, conversation)

    assert receipt.freed_bytes == 0
    assert said(assistant, "Two", conversation) == conversation


def test_deep_must_be_confirmed(clearing_for):
    engine = Holding()
    clearing, _ = clearing_for(engine)

    with pytest.raises(ClearNotConfirmed):
        clearing.start("deep", None)

    assert engine.events == ["load"]


def test_light_must_be_confirmed_where_the_config_says_so(clearing_for):
    clearing, _ = clearing_for(Holding(), confirm_light=True)

    with pytest.raises(ClearNotConfirmed):
        clearing.start("light", None)


@pytest.mark.parametrize("level", ["medium", "deep"])
def test_a_level_that_is_turned_off_is_refused(clearing_for, level):
    clearing, _ = clearing_for(Holding(), **{level: False})

    with pytest.raises(ClearNotOffered, match=f"does not offer '{level}'"):
        clearing.start(level, None, confirmed=True)


def test_a_conversation_can_be_named_before_it_is_cleared(clearing_for, store):
    clearing, assistant = clearing_for(Holding())
    conversation = said(assistant, "One")

    cleared(clearing, "light", conversation, keep_as="  The shop's receipt ")

    assert store.conversation(conversation).title == "The shop's receipt"


def test_an_unloaded_model_is_loaded_by_the_next_prompt(clearing_for):
    engine = Holding()
    clearing, assistant = clearing_for(engine)
    said(assistant, "One")

    receipt = cleared(clearing, "unload")
    state = assistant.condition().status.state
    said(assistant, "Two")

    assert receipt.after == {"kv": 0, "vision": 0, "snapshots": 0}
    assert state == "unloaded"
    assert engine.events.count("load") == 2
    assert assistant.condition().ready


def test_an_unloaded_model_can_be_loaded_without_a_prompt(clearing_for):
    clearing, assistant = clearing_for(Holding())
    cleared(clearing, "unload")

    clearing.load_again().result(WAIT_S)

    assert assistant.condition().ready


class CardTaken(EngineUnavailable):
    text = "The card is taken."


class Shy(Holding):
    """Cannot be loaded the second time."""

    def load(self, report):
        if self.events == ["load"]:
            self.events.append("refused")
            raise CardTaken
        super().load(report)


def test_a_model_that_could_not_be_loaded_again_is_tried_at_the_next_prompt(clearing_for, store):
    clearing, assistant = clearing_for(Shy())
    cleared(clearing, "unload")

    refused = said(assistant, "One")
    worked = said(assistant, "Two")

    assert store.turns(refused)[0].error["text"] == "The card is taken."
    assert store.turns(worked)[0].finish_reason == "stop"


def test_what_is_held_is_said_before_it_is_released(clearing_for, tmp):
    clearing, assistant = clearing_for(Holding())
    said(assistant, "One")
    (tmp.root / "export.zip").write_bytes(b"e" * 50)

    assert clearing.held() == {"kv": 100, "vision": 1_000, "snapshots": 0, "tmp": 50}


def test_the_picture_decoder_rests_after_a_deep_clear_and_wakes(clearing_for, red):
    clearing, assistant = clearing_for(Holding())
    said(assistant, "Colour?", uploads=[Upload("red.png", red)])

    cleared(clearing, "deep")
    resting = assistant.decoder._process
    said(assistant, "And now?", uploads=[Upload("red.png", red)])

    assert resting is None
    assert assistant.decoder._process.alive


class Tensor:
    """Stands for memory that must go."""


@pytest.mark.filterwarnings("default")
def test_a_kept_exception_keeps_none_of_the_engines_memory(clearing_for, caplog):
    kept = []

    class Broken(Holding):
        def stream(self, prompt, params, cancel):
            held = Tensor()
            kept.append(weakref.ref(held))
            yield from super().stream(prompt, params, cancel)
            raise ZeroDivisionError

    clearing, assistant = clearing_for(Broken())
    conversation = said(assistant, "One")

    cleared(clearing, "light", conversation)

    assert any(record.exc_info for record in caplog.records)
    assert kept[0]() is None


def test_closing_ends_a_reply_that_the_engine_will_not_end(assistant_with, store):
    gate = Gate()
    assistant = assistant_with(Holding(["abcdefghijklmnop"], pace=gate))
    run = assistant.send(None, "Go on")
    assert gate.reached.wait(WAIT_S)

    in_time = assistant.close(timeout_s=0.05)

    [turn] = store.turns(run.conversation_id)
    gate.open.set()
    assert not in_time
    assert (turn.reply, turn.finish_reason) == ("abcdefgh", "cancelled")
