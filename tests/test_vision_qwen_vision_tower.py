from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import pytest
import torch
from torch.nn import functional
from transformers import Qwen2_5_VLForConditionalGeneration

from bench.random_checkpoint import TINY, config_of
from vision.qwen.patches import PATCH_VALUES, Grid
from vision.qwen.vision_tower import can_group, encode

INSIDE_ONLY = Grid(1, 16, 16)
ALL_FOUR_LENGTHS = Grid(1, 22, 26)
ONE_TOKEN = Grid(1, 2, 2)
A_STRIP = Grid(1, 2, 60)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = config_of(TINY, 500, 576)
    config._attn_implementation = "sdpa"
    network = Qwen2_5_VLForConditionalGeneration(config).eval()
    for name, weights in network.model.visual.named_parameters():
        # Larger than at a start of training: attention must matter for the test to see it.
        if name.endswith("weight") and weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.15)
    return network


def patches(*grids: Grid) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(sum(grid.patches for grid in grids), PATCH_VALUES, generator=generator)


def official(model, values: torch.Tensor, *grids: Grid) -> tuple[torch.Tensor, ...]:
    with torch.inference_mode():
        return model.get_image_features(values, torch.tensor(grids)).pooler_output


@contextmanager
def counted_attention(monkeypatch) -> Iterator[list[torch.Size]]:
    calls: list[torch.Size] = []
    attend = functional.scaled_dot_product_attention

    def count(query, *args, **kwargs):
        calls.append(query.shape)
        return attend(query, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(functional, "scaled_dot_product_attention", count)
        yield calls


@pytest.mark.parametrize("grid", [INSIDE_ONLY, ALL_FOUR_LENGTHS, ONE_TOKEN, A_STRIP])
def test_the_embeddings_of_a_picture_are_the_models_own_to_the_bit(model, grid):
    values = patches(grid)

    [embeddings] = encode(model, values, [grid])

    assert torch.equal(embeddings, official(model, values, grid)[0])


def test_several_pictures_give_what_the_model_gives_for_all_at_once(model):
    grids = [ALL_FOUR_LENGTHS, INSIDE_ONLY, A_STRIP]
    values = patches(*grids)

    embeddings = encode(model, values, grids)

    for ours, theirs in zip(embeddings, official(model, values, *grids), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_windows_matter_to_the_embeddings(model, monkeypatch):
    values = patches(ALL_FOUR_LENGTHS)
    windowed = official(model, values, ALL_FOUR_LENGTHS)[0]

    monkeypatch.setattr(model.model.visual, "fullatt_block_indexes", list(range(4)))

    assert (official(model, values, ALL_FOUR_LENGTHS)[0] - windowed).abs().max() > 0.01


def test_a_picture_takes_at_most_four_attention_calls_a_layer(model, monkeypatch):
    values = patches(ALL_FOUR_LENGTHS)

    with counted_attention(monkeypatch) as ours:
        encode(model, values, [ALL_FOUR_LENGTHS])

    windowed = TINY.vision_layers - len(TINY.full_attention)
    assert len(ours) == 4 * windowed + len(TINY.full_attention)


@pytest.mark.parametrize("attention", ["eager", "flash_attention_2"])
def test_other_attention_than_sdpa_runs_the_models_own_forward(model, attention, monkeypatch):
    monkeypatch.setattr(model.model.visual.config, "_attn_implementation_internal", attention)

    assert not can_group(model.model.visual)


def test_eager_attention_gives_the_same_embeddings(model, monkeypatch):
    values = patches(ALL_FOUR_LENGTHS, ONE_TOKEN)
    grids = [ALL_FOUR_LENGTHS, ONE_TOKEN]
    grouped = encode(model, values, grids)
    monkeypatch.setattr(model.model.visual.config, "_attn_implementation_internal", "eager")

    for ours, eager in zip(grouped, encode(model, values, grids), strict=True):
        torch.testing.assert_close(ours, eager, rtol=1e-4, atol=1e-5)


def test_a_tower_with_offloaded_weights_runs_the_models_own_forward(model):
    with torch.device("meta"):
        offloaded = Qwen2_5_VLForConditionalGeneration(config_of(TINY, 500, 576)).model.visual

    assert can_group(model.model.visual)
    assert not can_group(offloaded)


def test_bfloat16_stays_within_its_rounding(model):
    values = patches(ALL_FOUR_LENGTHS)
    exact = official(model, values, ALL_FOUR_LENGTHS)[0]
    half = deepcopy(model).to(torch.bfloat16)

    [embeddings] = encode(half, values, [ALL_FOUR_LENGTHS])
    theirs = official(half, values, ALL_FOUR_LENGTHS)[0]

    assert embeddings.dtype == torch.bfloat16
    ours_off = (embeddings.float() - exact).abs().mean()
    assert ours_off <= 1.2 * (theirs.float() - exact).abs().mean()


def test_no_embedding_keeps_the_tapes_of_autograd(model):
    [embeddings] = encode(model, patches(ONE_TOKEN), [ONE_TOKEN])

    assert not embeddings.requires_grad
