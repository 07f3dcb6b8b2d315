"""Clears prove themselves with a tiny Qwen2.5-VL: no storage of a conversation is left alive."""

import gc
import threading

import psutil
import pytest

from app.clear import Clearing
from app.config import ClearConfig
from app.intake import Upload
from app.tmp_folder import TmpFolder
from bench.random_checkpoint import build
from tests.census import Census
from vision.engine import SamplingParams
from vision.qwen.engine import QwenEngine
from vision.settings import EngineSettings

WAIT_S = 60  # a backstop: a test that waits this long has failed


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return build(tmp_path_factory.mktemp("model"))


@pytest.fixture
def qwen(checkpoint, tmp_path, decoder):
    settings = EngineSettings(
        model=str(checkpoint), max_context=2_048, max_pixels=28 * 28 * 90, kv_cache_mib=64
    )
    return QwenEngine(settings, decoder, tmp_path / "tmp")


@pytest.fixture
def clearing(qwen, assistant_with, tmp_path):
    with TmpFolder(tmp_path / "tmp") as tmp:
        assistant = assistant_with(qwen, SamplingParams(max_new_tokens=6))
        yield Clearing(assistant, tmp, ClearConfig())


@pytest.fixture
def send(clearing, red):
    """Return a function that has a prompt with a picture answered."""

    def finished(prompt="Colour?", conversation=None):
        run = clearing._assistant.send(conversation, prompt, [Upload("red.png", red)])
        assert run.ended.wait(WAIT_S)
        assert not run.snapshot().turn.error
        return run.conversation_id

    return finished


@pytest.fixture
def clear(clearing):
    def done(level, conversation=None):
        return clearing.start(level, conversation, confirmed=True).result(WAIT_S)

    return done


@pytest.fixture
def census(clearing, send, clear):
    """What appears after the engine has answered once and was cleared; no collector helps."""
    clear("deep", send())
    taken = Census()
    gc.disable()
    yield taken
    gc.enable()


@pytest.mark.parametrize("level", ["medium", "deep"])
def test_no_storage_is_left_after(level, census, send, clear):
    conversation = send("And this one?", send())
    census.look()
    held = census.alive_bytes

    receipt = clear(level, conversation)

    assert held > 10_000
    assert census.alive_bytes == 0
    assert receipt.freed_bytes > 0


def test_only_the_pictures_are_left_after_light(census, send, clear):
    conversation = send()
    census.look()

    receipt = clear("light", conversation)

    assert receipt.after["kv"] == 0
    assert census.alive_bytes == receipt.after["vision"] > 0


def test_light_leaves_another_conversation_what_it_has(census, send, clear, clearing, store):
    theirs, mine = send("Theirs"), send("Mine")

    clear("light", mine)
    send("Theirs again", theirs)

    assert store.turns(theirs)[1].usage["cached_tokens"] > 0


def test_no_storage_is_left_of_a_reply_that_was_stopped_by_the_clear(
    census, send, clearing, monkeypatch
):
    reached = threading.Event()
    assistant = clearing._assistant
    assistant.sampling = SamplingParams(max_new_tokens=1_000)
    run = assistant.send(None, "Go on")
    add = run.add
    run.add = lambda chunk: (add(chunk), reached.set() if chunk.text else None)
    if not run.reply:
        assert reached.wait(WAIT_S)
    census.look()

    clearing.start("medium", run.conversation_id).result(WAIT_S)

    assert run.snapshot().turn.finish_reason in ("cancelled", "loop", "stop")
    assert census.alive_bytes == 0


def test_unloading_leaves_nothing_and_the_next_prompt_loads_again(clearing, send, clear, store):
    send()

    receipt = clear("unload")
    again = send()

    assert receipt.before["weights"] > 0
    assert receipt.after["weights"] == 0
    assert store.turns(again)[0].finish_reason == "length"


def test_rounds_of_send_and_clear_take_no_more_and_more_memory(send, clear):
    process, rounds, used = psutil.Process(), 120, []

    for _ in range(rounds):
        clear("light", send())
        used.append(process.memory_info().rss)

    # The slope of 1,000 rounds is measured by bench/clear.py; a leak of a KV cache would be
    # several times this, and another thread's memory is none.
    half = rounds // 2
    assert (min(used[-20:]) - min(used[half : half + 20])) / half < 65_536
