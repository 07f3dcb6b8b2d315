"""Random sequences of what a user does, against a full recompute, with memory under watch."""

from __future__ import annotations

import random
from threading import Event

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from bench.random_checkpoint import build
from tests.qwen_lab import Lab, assistant, user
from vision.engine import Message, Prompt, SamplingParams
from vision.qwen.runtime import MIB

TEXTS = st.sampled_from(["Read.", "Why?", "\n\nMore", "What is the total?", "表格"])
PICTURES = st.lists(st.integers(0, 3), max_size=2)
NAMES = st.sampled_from("ab")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return build(tmp_path_factory.mktemp("model"))


class Conversations(RuleBasedStateMachine):
    """Two conversations; every reply must be the one of a full recompute."""

    lab: Lab

    def __init__(self):
        super().__init__()
        self.lab.engine.release("medium")
        self.turns: dict[str, list[tuple[Message, Message]]] = {"a": [], "b": []}

    def prompt(self, name, message):
        before = [part for turn in self.turns[name] for part in turn]
        return Prompt((*before, message), name)

    def reply(self, name, message):
        outcome = self.lab.agrees(self.prompt(name, message), tokens=3)
        self.turns[name].append((message, assistant(outcome)))

    @rule(name=NAMES, text=TEXTS, pictures=PICTURES)
    def send(self, name, text, pictures):
        self.reply(name, user(text, *(self.lab.picture(i) for i in pictures)))

    @rule(name=NAMES, place=st.integers(0, 5), text=TEXTS)
    def edit(self, name, place, text):
        del self.turns[name][place:]
        self.reply(name, user(text, self.lab.picture(place)))

    @rule(name=NAMES, place=st.integers(0, 5))
    def delete(self, name, place):
        del self.turns[name][place : place + 1]

    @rule(name=NAMES)
    def regenerate(self, name):
        if self.turns[name]:
            message, _ = self.turns[name].pop()
            self.reply(name, message)

    @rule(name=NAMES, text=TEXTS, steps=st.integers(0, 6))
    def cancel(self, name, text, steps):
        event = Event()
        message, last = user(text, self.lab.picture(steps)), None
        stream = self.lab.engine.stream(self.prompt(name, message), SamplingParams(), event)
        for step, chunk in enumerate(stream):
            last = chunk
            if step >= steps:
                event.set()
        if last.token_ids:
            said = Message("assistant", "cut off", token_ids=last.token_ids)
            self.turns[name].append((message, said))

    @rule(name=NAMES, text=TEXTS, steps=st.integers(0, 6))
    def leave(self, name, text, steps):
        ask = self.prompt(name, user(text))
        stream = self.lab.engine.stream(ask, SamplingParams(max_new_tokens=9), Event())
        for _ in zip(range(steps), stream, strict=False):
            pass
        stream.close()

    @rule(level=st.sampled_from(["light", "medium"]), name=st.sampled_from(["a", "b", None]))
    def clear(self, level, name):
        self.lab.engine.release(level, name)


def test_any_sequence_of_a_users_steps_gives_the_replies_of_a_full_recompute(checkpoint, tmp_path):
    # 1 MiB: parking, eviction and snapshots all happen.
    lab = Lab(checkpoint, tmp_path, kv_cache_mib=1)
    lab.runtime.snapshots.rates.prefill_tokens_s = 1e-6
    try:
        run_state_machine_as_test(
            type("Machine", (Conversations,), {"lab": lab}),
            settings=settings(
                max_examples=30,
                stateful_step_count=10,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        lab.close()


def test_caps_hold_at_every_chunk_of_200_random_operations(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path, kv_cache_mib=1, vision_cache_mib=1, max_context=600)
    lab.runtime.vision.cap_bytes = 40_000  # six pictures of 16 tokens
    lab.runtime.snapshots.cap_bytes = 2 * MIB
    kv_peak, vision_peak, snapshot_peak = [], [], []

    def watch():
        kv_peak.append(lab.runtime.pool.nbytes)
        vision_peak.append(lab.runtime.vision.bytes)
        snapshot_peak.append(lab.runtime.snapshots.nbytes)

    lab.each = watch
    choose = random.Random(3)
    for _ in range(200):
        name = choose.choice("abcdefgh")
        size = choose.choice([(90, 70), (200, 160), (60, 240)])
        pictures = [lab.picture(choose.randrange(20), *size) for _ in range(choose.randrange(3))]
        lab.ask(Prompt((user("Read " * choose.randrange(60), *pictures),), name), tokens=2)
        if choose.random() < 0.05:
            lab.engine.release("light", choose.choice("abcdefgh"))
        watch()
    lab.close()

    assert 0.8 * MIB < max(kv_peak) <= 1 * MIB
    assert 30_000 < max(vision_peak) <= 40_000
    assert 1.5 * MIB < max(snapshot_peak) <= 2 * MIB
