from __future__ import annotations

import gc
import threading
from dataclasses import replace
from threading import Event

import pytest
import torch

from bench.random_checkpoint import build
from tests.census import Census
from tests.qwen_lab import Lab, assistant, collect, user
from vision.engine import Image, Message, Prompt, SamplingParams
from vision.errors import EngineUnavailable, ImageRefused
from vision.images import Decoder
from vision.qwen import memory
from vision.qwen import runtime as runtime_module
from vision.qwen.engine import QwenEngine
from vision.qwen.errors import (
    EngineBusy,
    LogitsNotFinite,
    NothingToAnswer,
    NotLoaded,
    OutOfMemory,
    PromptTooLong,
)
from vision.qwen.kv import KVBuffer
from vision.qwen.prompt import PictureKey
from vision.settings import EngineSettings


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return build(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def loaded(checkpoint, tmp_path_factory):
    lab = Lab(checkpoint, tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture
def lab(loaded):
    yield loaded

    loaded.engine.release("deep")


def one(*messages: Message) -> Prompt:
    return Prompt(messages, "one")


def test_loading_reports_each_stage(checkpoint, lab, tmp_path):
    stages = []
    engine = QwenEngine(lab.settings, lab.decoder, tmp_path / "other")

    engine.load(lambda progress: stages.append(progress.stage))
    engine.unload()

    assert list(dict.fromkeys(stages)) == ["weights", "warm-up"]


def test_the_status_says_how_far_loading_is(lab, tmp_path):
    engine = QwenEngine(lab.settings, lab.decoder, tmp_path / "other")
    seen = []

    engine.load(lambda progress: seen.append((progress, engine.status())))
    after = engine.status()
    engine.unload()

    assert all(status.progress == progress for progress, status in seen)
    assert {status.state for _, status in seen} == {"loading"}
    assert (after.state, after.progress) == ("ready", None)


def test_loading_starts_the_process_that_decodes_pictures(lab, tmp_path):
    with Decoder() as decoder:
        engine = QwenEngine(lab.settings, decoder, tmp_path / "other")
        before = decoder._process

        engine.load(lambda _: None)
        engine.unload()

        assert before is None
        assert decoder._process is not None


def test_status_says_which_attention_runs_where(lab):
    status = lab.engine.status()

    assert (status.state, status.device) == ("ready", "cpu")
    assert status.notes[0].startswith("Attention: SDPA; FlashAttention 2 needs an NVIDIA card")
    assert status.memory["weights"] > 1_000_000


def test_loading_twice_loads_once(lab):
    before = lab.runtime

    lab.engine.load(lambda _: None)

    assert lab.runtime is before


def test_a_failed_load_says_why_in_the_status(lab, tmp_path):
    engine = QwenEngine(EngineSettings(model=str(tmp_path / "no")), lab.decoder, tmp_path)

    with pytest.raises(EngineUnavailable):
        engine.load(lambda _: None)

    assert engine.status().state == "failed"
    assert "there is no such folder" in engine.status().notes[0]


def test_nothing_runs_before_loading(lab, tmp_path):
    engine = QwenEngine(lab.settings, lab.decoder, tmp_path / "other")

    with pytest.raises(NotLoaded):
        next(engine.stream(one(user("Hi.")), SamplingParams(), Event()))
    with pytest.raises(NotLoaded):
        engine.count_tokens(one(user("Hi.")))


def test_counting_equals_running(lab):
    ask = one(user("Compare.", lab.picture(1, 200, 90), lab.picture(2)), Message("assistant", "A"))
    ask = one(*ask.messages, user("Why?"))

    count = lab.engine.count_tokens(ask)
    usage = lab.ask(ask).usage

    assert (count.total, sum(count.images)) == (usage.prompt_tokens, usage.image_tokens)
    assert len(count.images) == 2
    assert count.max_context == lab.settings.max_context


def test_the_bytes_of_a_prompt_are_those_that_running_it_takes(lab):
    picture = lab.picture(1, 200, 90)
    text = lab.engine.count_tokens(one(user("Read.")))
    both = lab.engine.count_tokens(one(user("Read.", picture)))

    key = PictureKey(picture.sha256, lab.runtime.builder.grid_of(picture))
    kept = lab.runtime.embeddings(key, picture)
    pixels = lab.runtime._pixels(key, picture)
    position_bytes = lab.runtime.pool.shape.position_bytes

    assert text.bytes == text.total * position_bytes
    assert both.bytes == both.total * position_bytes + kept.nbytes + pixels.nbytes


def test_a_picture_is_scaled_to_its_own_budget(lab):
    picture = lab.picture(1, 300, 280)
    tokens = {
        budget: lab.engine.count_tokens(
            one(user("Read.", replace(picture, max_pixels=budget)))
        ).images
        for budget in (0, 28 * 28 * 20, 28 * 28 * 60)
    }

    assert tokens == {0: (81,), 28 * 28 * 20: (16,), 28 * 28 * 60: (56,)}


def test_a_reply_runs_at_the_pictures_own_budget(lab):
    small = replace(lab.picture(1, 300, 280), max_pixels=28 * 28 * 20)

    assert lab.ask(one(user("Read.", small))).usage.image_tokens == 16


def test_lack_of_memory_lowers_a_budget_that_was_asked_for(lab):
    picture = replace(lab.picture(1, 300, 280), max_pixels=28 * 28 * 60)
    lab.runtime.budgets[picture.sha256] = 28 * 28 * 30

    assert lab.engine.count_tokens(one(user("Read.", picture))).images == (25,)


def test_a_prompt_that_cannot_fit_says_so_with_the_numbers(lab):
    ask = one(user("word " * 3_000, lab.picture(1)))

    with pytest.raises(PromptTooLong) as refused:
        lab.ask(ask)

    values = refused.value.values
    assert values["prompt_tokens"] == lab.engine.count_tokens(ask).total > 2_048
    assert values["image_tokens"] == 6
    assert "2,048" in str(refused.value)


@pytest.mark.parametrize("messages", [(), (user("Hi."), Message("assistant", "Hello."))])
def test_a_prompt_without_a_question_is_refused(lab, messages):
    with pytest.raises(NothingToAnswer):
        lab.ask(one(*messages))


def test_a_picture_that_is_gone_is_refused_by_name(lab):
    gone = Image("0" * 64, lab.root / "gone.png", 90, 70)

    with pytest.raises(ImageRefused, match="000000000000"):
        lab.ask(one(user("Read.", gone)))

    lab.agrees(one(user("Read.", lab.picture(1))))


def test_a_picture_whose_bytes_changed_is_refused(lab):
    picture = lab.picture(1)
    picture.path.write_bytes(lab.picture(2).path.read_bytes())

    with pytest.raises(ImageRefused):
        lab.ask(one(user("Read.", picture)))


def test_a_picture_is_encoded_once_however_often_it_is_asked_about(lab, monkeypatch):
    picture = lab.picture(1)
    decoded = []
    decode = lab.decoder.decode
    monkeypatch.setattr(lab.decoder, "decode", lambda *a: decoded.append(1) or decode(*a))

    lab.ask(one(user("Read.", picture)))
    lab.ask(one(user("Read it again, please.", lab.picture(2), picture)))
    lab.engine.release("light")
    lab.ask(one(user("Read.", picture)))

    assert len(decoded) == 2


def test_two_threads_get_the_replies_that_one_would(lab):
    asks = [Prompt((user("Read.", lab.picture(i)),), f"c{i}") for i in range(4)]
    expected = [lab.reference(ask)[0] for ask in asks]
    replies = {}

    def work(indices):
        for i in indices:
            replies[i] = lab.ask(asks[i]).ids

    threads = [threading.Thread(target=work, args=([i, i + 2],)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [replies[i] for i in range(4)] == expected


def test_a_thread_in_the_middle_of_a_reply_is_told_so(lab):
    ask = one(user("Read."))
    chunks = lab.engine.stream(ask, SamplingParams(), Event())
    next(chunks)

    with pytest.raises(EngineBusy):
        lab.engine.release("light")
    chunks.close()

    assert lab.engine.release("light").after["kv"] == 0


def test_the_bytes_reported_are_those_of_the_storages(lab):
    census = Census()
    lab.each = census.look
    for name in "ab":
        lab.ask(Prompt((user("Read.", lab.picture(1)),), name))
    lab.each = None

    buckets = lab.runtime.buckets()

    assert census.alive_bytes == buckets["kv"] + buckets["vision"]


def test_only_the_last_position_of_a_prefill_gets_logits(lab):
    rows = []
    hook = lab.runtime.network.model.lm_head.register_forward_pre_hook(
        lambda _module, inputs: rows.append(inputs[0].shape[0])
    )

    lab.ask(one(user("Read.", lab.picture(1, 300, 280))), tokens=1)
    hook.remove()

    assert rows == [1]


def test_eager_attention_replies_as_a_full_recompute(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path, attention="eager")
    first = lab.agrees(one(user("Read.", lab.picture(1))))

    lab.agrees(one(user("Read.", lab.picture(1)), assistant(first), user("Why?", lab.picture(2))))
    lab.close()


def test_half_precision_is_near_a_full_recompute(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path, dtype="bfloat16")
    ask = user("Read.", lab.picture(1))
    first = lab.ask(one(ask))
    more = one(ask, assistant(first), user("Why?", lab.picture(2)))

    second = lab.ask(more, logprobs=True)
    _, expected = lab.reference(more)
    lab.close()

    assert second.usage.cached_tokens > 0
    assert second.last.logprobs[0] == pytest.approx(expected[0], abs=0.1)


def test_light_gives_back_one_conversations_cache(lab):
    for name in ("a", "b", "c"):
        lab.ask(Prompt((user(f"Read, {name}.", lab.picture(1)),), name))

    released = lab.engine.release("light", "b")

    assert set(lab.runtime.pool.parked) == {"a"}
    assert lab.runtime.pool.conversation == "c"
    assert released.after["vision"] == released.before["vision"] > 0


def test_light_gives_back_the_buffer_with_its_conversation(lab):
    lab.ask(Prompt((user("Read."),), "a"))

    released = lab.engine.release("light", "a")

    assert released.before["kv"] > 0
    assert released.after["kv"] == 0


def test_medium_gives_back_every_picture(lab):
    lab.ask(Prompt((user("Read.", lab.picture(1)),), "a"))

    released = lab.engine.release("medium", "a")

    assert released.before["vision"] > 0
    assert set(released.after.values()) == {0}


def test_medium_leaves_another_conversations_kv_cache(lab):
    lab.ask(Prompt((user("Read.", lab.picture(1)),), "a"))

    released = lab.engine.release("medium", "another")

    assert released.after["vision"] == 0
    assert released.after["kv"] == released.before["kv"] > 0


def test_medium_gives_back_the_pictures_that_only_its_group_asked_about(lab):
    lab.ask(Prompt((user("Read.", lab.picture(1)),), "anna/1"))
    lab.ask(Prompt((user("Read.", lab.picture(2)),), "bob/1"))

    after = [lab.engine.release("medium", each).after for each in ("anna/2", "bob/2")]

    assert after[0]["vision"] > after[1]["vision"] == 0
    assert after[0]["kv"] == after[1]["kv"] > 0


def test_deep_gives_back_the_kv_caches_of_its_group(lab):
    for name in ("anna/1", "bob/1", "anna/2", "bob/2"):
        lab.ask(Prompt((user(f"Read, {name}."),), name))

    lab.engine.release("deep", "anna/1")
    left = {*lab.runtime.pool.parked, lab.runtime.pool.conversation}
    after = lab.engine.release("deep", "bob/3").after

    assert left == {"bob/1", "bob/2"}
    assert set(after.values()) == {0}


def test_deep_gives_back_every_conversations_kv_cache(lab):
    lab.ask(Prompt((user("Read.", lab.picture(1)),), "a"))

    assert set(lab.engine.release("deep", "another").after.values()) == {0}


def test_unloading_gives_everything_back(checkpoint, tmp_path):
    census = Census()
    lab = Lab(checkpoint, tmp_path)
    census.look()
    lab.each = census.look
    first = lab.agrees(one(user("Read.", lab.picture(1))))
    lab.agrees(one(user("Read.", lab.picture(1)), assistant(first), user("Why?")))
    gc.unfreeze()
    census.look()

    lab.close()

    assert lab.engine.status().state == "unloaded"
    assert sum(size for _, size in census.seen.values()) > 2_000_000
    assert census.alive_bytes == 0


def test_after_unloading_it_loads_and_replies_again(lab):
    ask = one(user("Read.", lab.picture(1)))
    before = lab.agrees(ask)

    lab.engine.unload()
    lab.engine.load(lambda _: None)

    assert lab.agrees(ask).ids == before.ids


def out_of_memory(monkeypatch, lab, times):
    """Let the picture tower run out of memory that often; return the sizes it was asked for."""
    sizes = []
    encode = runtime_module.vision_tower.encode

    def failing(model, pixels, grids):
        sizes.append(grids[0].tokens)
        kept = torch.ones(1000, 1000)  # noqa: F841 - a tensor in a frame of the traceback
        if len(sizes) <= times:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return encode(model, pixels, grids)

    monkeypatch.setattr(runtime_module.vision_tower, "encode", failing)
    return sizes


def test_out_of_memory_is_tried_once_more_at_half_the_pixels(lab, monkeypatch):
    sizes = out_of_memory(monkeypatch, lab, times=1)

    outcome = lab.ask(one(user("Read.", lab.picture(1, 300, 280))))

    assert sizes[1] <= sizes[0] / 1.5
    assert len(outcome.notices) == 1
    assert len(outcome.ids) == 6


def test_caches_are_given_back_before_the_second_try(lab, monkeypatch):
    for name in "ab":
        lab.ask(Prompt((user("Read.", lab.picture(1)),), name))
    seen = []
    encode = runtime_module.vision_tower.encode

    def failing(*args):
        seen.append((lab.runtime.vision.bytes, len(lab.runtime.pool.parked)))
        if len(seen) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return encode(*args)

    monkeypatch.setattr(runtime_module.vision_tower, "encode", failing)
    lab.ask(Prompt((user("Read.", lab.picture(2)),), "c"))

    assert min(seen[0]) > 0
    assert seen[1] == (0, 0)


def test_an_error_that_is_kept_keeps_no_tensors(lab, monkeypatch):
    mlp = lab.runtime.network.model.model.language_model.layers[1].mlp
    census = Census()

    def failing(hidden):
        kept = hidden.clone()
        census.look()
        raise ValueError(kept.shape)

    with monkeypatch.context() as patch:
        patch.setattr(mlp, "forward", failing)
        with pytest.raises(ValueError) as kept:  # noqa: PT011 - ours
            lab.ask(one(user("Read.", lab.picture(1))))
    lab.engine.release("medium")

    assert census.seen
    assert kept.value is not None
    assert census.alive_bytes == 0


def test_the_lower_budget_holds_for_the_follow_up(lab, monkeypatch):
    out_of_memory(monkeypatch, lab, times=1)
    ask = user("Read.", lab.picture(1, 300, 280))
    first = lab.ask(one(ask))

    second = lab.ask(one(ask, assistant(first), user("Why?")))

    assert second.usage.cached_tokens >= first.usage.prompt_tokens


def test_out_of_memory_twice_is_a_clear_error(lab, monkeypatch):
    ask = one(user("Read.", lab.picture(1, 300, 280)))
    census = Census()
    with monkeypatch.context() as patch:
        out_of_memory(patch, lab, times=9)
        with pytest.raises(OutOfMemory, match="cpu ran out of memory") as failed:
            lab.ask(ask)
        census.look()
    lab.engine.release("medium")

    assert census.alive_bytes == 0
    assert failed.value.__cause__ is None
    lab.agrees(ask)


def test_a_cpu_that_cannot_allocate_is_out_of_memory(lab, monkeypatch):
    mlp = lab.runtime.network.model.model.language_model.layers[1].mlp

    def failing(_hidden):
        return torch.empty(2**52)

    with monkeypatch.context() as patch:
        patch.setattr(mlp, "forward", failing)
        with pytest.raises(OutOfMemory):
            lab.ask(one(user("Read.")))

    lab.agrees(one(user("Read.")))


@pytest.mark.parametrize("words", memory.OUT_OF_MEMORY)
def test_each_librarys_words_for_out_of_memory_are_known(lab, monkeypatch, words):
    assert memory.is_out_of_memory(RuntimeError(f"{words} (allocated: 9.12 GiB)"))
    assert not memory.is_out_of_memory(ValueError(words))


def test_a_conversation_that_could_not_be_parked_is_not_taken_for_the_next(lab, monkeypatch):
    asks = {name: user(f"Read, {name}.", lab.picture(i)) for i, name in enumerate("ab")}
    first = lab.agrees(Prompt((asks["a"],), "a"))

    def failing(_buffer):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(KVBuffer, "copy_out", failing)
        with pytest.raises(ZeroDivisionError):
            lab.ask(Prompt((asks["b"],), "b"))

    lab.agrees(Prompt((asks["b"],), "b"))
    again = lab.agrees(Prompt((asks["a"], assistant(first), user("Why?")), "a"))
    assert again.usage.cached_tokens >= first.usage.prompt_tokens


def test_after_a_stop_there_is_at_most_one_more_step(lab):
    ask = one(user("Read.", lab.picture(1)))
    cancel, after = Event(), []
    hook = lab.runtime.network.model.lm_head.register_forward_pre_hook(
        lambda *_: after.append(cancel.is_set())
    )

    for chunk in lab.engine.stream(ask, SamplingParams(max_new_tokens=200), cancel):
        if chunk.text:
            cancel.set()
    hook.remove()

    assert after
    assert sum(after) <= 1


def makes(lab, monkeypatch, ids):
    """Have the network make these tokens, one after another."""
    head, steps = lab.runtime.network.model.lm_head, iter(ids)

    def scripted(states):
        logits = torch.zeros(states.shape[0], head.out_features)
        for row in logits:
            row[next(steps)] = 1.0
        return logits

    monkeypatch.setattr(head, "forward", scripted)
    monkeypatch.setattr("vision.qwen.turn.Lookup", NoDrafts)


def test_a_loop_ends_the_reply_and_keeps_its_good_part(lab, monkeypatch):
    ask = one(user("Read.", lab.picture(1)))
    sense = lab.ask(ask, tokens=5).ids
    nonsense = lab.runtime.loaded.tokenizer.encode("the").ids[0]
    makes(lab, monkeypatch, [*sense, *[nonsense] * 2_000])
    outcome = collect(lab.engine.stream(ask, SamplingParams(max_new_tokens=1_500), Event()))

    assert outcome.last.finish_reason == "loop"
    assert len(sense) <= len(outcome.ids) <= len(sense) + 1
    assert outcome.last.keep < len(outcome.text)
    assert lab.runtime.pool.keys[-1] in outcome.ids


def test_where_the_reply_says_that_something_stands_is_told_in_the_pictures_pixels(
    lab, monkeypatch
):
    picture = lab.picture(1, width=300, height=600)
    wide, high = lab.runtime.builder.grid_of(picture).size
    reply = f'[{{"bbox_2d": [0, 0, {wide}, {high // 2}], "label": "top"}}]'
    loaded = lab.runtime.loaded
    makes(lab, monkeypatch, [*loaded.tokenizer.encode(reply).ids, *loaded.end_ids])

    outcome = lab.ask(one(user("Where?", picture)), tokens=200)

    assert wide < 300
    assert outcome.last.finish_reason == "stop"
    assert outcome.last.fields == {"found": [{"text": "top", "bbox": [0, 0, 300, 300], "image": 0}]}


def test_numbers_that_overflowed_are_not_gone_on_from(lab, monkeypatch):
    ask = one(user("Read.", lab.picture(1)))
    mlp = lab.runtime.network.model.model.language_model.layers[0].mlp

    with monkeypatch.context() as patch:
        patch.setattr(mlp, "forward", lambda hidden: hidden * torch.inf)
        with pytest.raises(LogitsNotFinite):
            lab.ask(ask)

    assert lab.agrees(ask).usage.cached_tokens == 0


class NoDrafts:
    """A ``Lookup`` that finds nothing."""

    def __init__(self, *_: object) -> None:
        pass

    def extend(self, _ids: object) -> None:
        pass

    def draft(self) -> list[int]:
        return []
