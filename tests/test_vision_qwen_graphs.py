"""What of the CUDA graphs runs without CUDA: the step itself, at fixed addresses and shapes."""

from __future__ import annotations

import pytest
import torch

from bench.random_checkpoint import build
from vision.qwen import graphs
from vision.qwen.decoding import Network
from vision.qwen.graphs import SMALLEST_BUCKET, DecodeGraphs, StaticStep, bucket_of
from vision.qwen.kv import KVBuffer, KVShape
from vision.qwen.loading import load
from vision.settings import EngineSettings


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    loaded = load(
        EngineSettings(model=str(build(tmp_path_factory.mktemp("model")))), lambda _: None
    )
    return Network(loaded.model, loaded.device)


@pytest.mark.parametrize("filled", [1, 40, SMALLEST_BUCKET - 3])
def test_a_static_step_gives_the_logits_of_a_plain_one(network, filled):
    buffer = KVBuffer(KVShape.of(network.model), SMALLEST_BUCKET)
    generator = torch.Generator().manual_seed(filled)
    ids = torch.randint(0, 400, (filled + 3,), generator=generator).tolist()
    network.extend(ids[:filled], 0, buffer)
    plain = [network.extend([token], filled + i + 5, buffer) for i, token in enumerate(ids[-3:])]
    buffer.truncate(filled)

    static = StaticStep(network, buffer, SMALLEST_BUCKET)
    steps = []
    for i, token in enumerate(ids[-3:]):
        static.set_inputs(token, filled + i + 5, filled + i)
        steps.append(static.run().clone())

    torch.testing.assert_close(torch.cat(steps), torch.cat(plain), atol=1e-5, rtol=1e-5)


def test_a_static_step_writes_where_the_buffer_reads(network):
    buffer = KVBuffer(KVShape.of(network.model), SMALLEST_BUCKET)
    network.extend([1, 2, 3], 0, buffer)
    static = StaticStep(network, buffer, SMALLEST_BUCKET)

    static.set_inputs(4, 3, 3)
    static.run()
    buffer.advance(1)
    after_static = network.extend([5], 4, buffer)
    buffer.truncate(3)
    network.extend([4], 3, buffer)

    torch.testing.assert_close(after_static, network.extend([5], 4, buffer), atol=1e-5, rtol=1e-5)


def test_a_step_made_in_inference_mode_takes_inputs_outside_of_it(network):
    buffer = KVBuffer(KVShape.of(network.model), SMALLEST_BUCKET)
    network.extend([1, 2, 3], 0, buffer)
    with torch.inference_mode():  # as a capture makes it
        static = StaticStep(network, buffer, SMALLEST_BUCKET)
        static.set_inputs(0, 0, 0)

    static.set_inputs(4, 3, 3)

    plain = network.extend([4], 3, buffer)
    torch.testing.assert_close(static.run(), plain, atol=1e-5, rtol=1e-5)


def test_a_step_attends_with_sdpa_whatever_the_network_does(network):
    config = network.model.config.get_text_config()
    layers = network.model.model.language_model.layers

    with graphs._under_sdpa(network.model):
        config._attn_implementation = "eager"
        inside = {layer.self_attn.config._attn_implementation for layer in layers}

    assert inside == {"eager"}  # the layers read what is set there
    assert config._attn_implementation == "sdpa"


def test_where_a_bucket_is_not_captured_the_eager_way_is_taken(network, monkeypatch):
    def failing(*_):
        captures.append(1)
        raise RuntimeError("operation not permitted when stream is capturing")

    captures = []
    decode = DecodeGraphs(network)
    buffer = KVBuffer(KVShape.of(network.model), SMALLEST_BUCKET)
    network.extend([1, 2, 3], 0, buffer)
    monkeypatch.setattr(decode, "capture", failing)

    steps = [decode.step(4, 3, buffer) for _ in range(2)]

    assert (steps, len(captures), buffer.filled) == ([None, None], 1, 3)


def test_positions_past_the_last_whole_bucket_are_left_to_the_eager_way(network):
    buffer = KVBuffer(KVShape.of(network.model), SMALLEST_BUCKET - 1)

    assert DecodeGraphs(network).step(4, 0, buffer) is None


@pytest.mark.parametrize(("positions", "bucket"), [(1, 512), (512, 512), (513, 1024), (3000, 4096)])
def test_the_bucket_is_the_smallest_that_holds_the_positions(positions, bucket):
    assert bucket_of(positions) == bucket


def test_what_is_not_filled_is_finite_in_a_new_buffer_as_in_a_grown_one(network):
    buffer = KVBuffer(KVShape.of(network.model), 16)
    buffer.grow(512)

    assert all(torch.isfinite(layer.memory).all() for layer in buffer.own_layers)
