"""The engine against ``transformers serve`` with a tiny Qwen2.5-VL, over HTTP on this machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from tests.qwen_lab import Lab
from tests.real_server import NAME, RealServer, checkpoint
from tests.server_lab import collect, drawn, engine_at, stored, text_of, until
from vision.engine import Message, Prompt, SamplingParams
from vision.images import Decoder
from vision.server.engine import ServerEngine
from vision.server.errors import ServerUnreachable

TOKENS = 12
PATIENT = {"first_token_timeout_s": 60.0, "token_timeout_s": 60.0, "connect_timeout_s": 5.0}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def weights(home: Path) -> Path:
    return checkpoint(home)


@pytest.fixture(scope="module")
def server(home: Path, weights: Path) -> Iterator[RealServer]:
    real = RealServer(home)
    real.start()
    yield real
    real.stop()


@pytest.fixture
def engine(server: RealServer, decoder: Decoder) -> Iterator[ServerEngine]:
    with engine_at(server.url, decoder, **PATIENT) as loaded:
        yield loaded


def two_turns(ask, picture):
    """Ask two turns, the first with a picture; return both replies."""
    first = (Message("user", "What is the total?", (picture,)),)
    one = ask(Prompt(first))
    second = (*first, Message("assistant", one), Message("user", "And the date?"))
    return one, ask(Prompt(second))


def test_two_turns_with_a_picture_get_the_replies_of_the_engine_here(
    engine, weights, tmp_path_factory, tmp_path
):
    lab = Lab(weights, tmp_path_factory.mktemp("here"))
    picture = stored(tmp_path, drawn(width=140, height=112))
    try:
        here = two_turns(lambda prompt: lab.ask(prompt, TOKENS).text, picture)
        there = two_turns(lambda prompt: text_of(engine, prompt, max_new_tokens=TOKENS), picture)
    finally:
        lab.close()

    assert len(there[0]) >= TOKENS
    assert there == here


def test_a_larger_picture_costs_the_tokens_that_were_estimated(engine, tmp_path):
    picture = stored(tmp_path, drawn(width=900, height=600), "JPEG", max_pixels=28 * 28 * 60)
    words = Prompt((Message("user", "What is it?"),))
    seen = replace(words, messages=(Message("user", "What is it?", (picture,)),))

    alone, both = (collect(engine, each, max_new_tokens=1)[-1].usage for each in (words, seen))

    [estimate] = engine.count_tokens(seen).images
    assert both.prompt_tokens - alone.prompt_tokens == estimate
    assert 50 <= estimate <= 62


def test_the_model_and_its_address_are_shown(engine, server):
    status = engine.status()

    assert (status.engine, status.state, status.model) == ("server", "ready", NAME)
    assert status.device == server.url.removesuffix("/v1")


def test_the_reply_says_what_it_cost(engine):
    last = collect(engine, max_new_tokens=TOKENS)[-1]

    assert last.finish_reason == "length"
    assert last.usage.new_tokens == TOKENS
    assert last.usage.prompt_tokens > 10


def test_a_field_that_this_server_refuses_is_left_out(engine):
    assert text_of(engine, max_new_tokens=TOKENS, top_k=5)
    assert any("top_k" in note for note in engine.status().notes)


def test_a_cancelled_reply_makes_way_for_the_next(engine):
    cancel = Event()
    chunks = engine.stream(
        Prompt((Message("user", "Go on and on"),)), SamplingParams(max_new_tokens=8_192), cancel
    )
    next(chunks)
    cancel.set()
    assert [chunk.finish_reason for chunk in chunks][-1] == "cancelled"
    # This server makes one reply at a time: the next comes long before 8,192 tokens are made.
    started = monotonic()
    assert text_of(engine, max_new_tokens=TOKENS)
    took_s = monotonic() - started

    started = monotonic()
    assert text_of(engine, max_new_tokens=TOKENS)
    assert took_s < 100 * (monotonic() - started)


def test_a_restarted_server_needs_no_restart_of_ours(engine, server):
    before = text_of(engine, max_new_tokens=TOKENS)
    server.stop()
    with pytest.raises(ServerUnreachable):
        collect(engine)

    server.start()

    until(lambda: engine.status().state == "ready", 10)
    assert text_of(engine, max_new_tokens=TOKENS) == before
