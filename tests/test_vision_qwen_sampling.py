import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from vision.engine import SamplingParams
from vision.qwen.errors import LogitsNotFinite
from vision.qwen.sampling import Sampler

VOCABULARY = 50


def logits_of(seed: int, rows: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, VOCABULARY, generator=generator) * 3


def chosen(params: SamplingParams, rows: torch.Tensor, prompt: tuple[int, ...] = ()) -> list[int]:
    sampler = Sampler(params)
    sampler.see(prompt)
    return [sampler.choose(row).token_id for row in rows]


seeds = st.integers(0, 10_000)
prompts = st.lists(st.integers(0, VOCABULARY - 1), max_size=20).map(tuple)
params_of = st.builds(
    SamplingParams,
    temperature=st.sampled_from([0.0, 0.3, 1.0, 1.7]),
    top_p=st.sampled_from([0.05, 0.5, 0.9, 1.0]),
    top_k=st.sampled_from([0, 1, 5, 20, VOCABULARY, 1_000]),
    repetition_penalty=st.sampled_from([1.0, 1.05, 1.5]),
    seed=seeds,
    logprobs=st.booleans(),
)


@given(seeds)
@settings(deadline=None)
def test_at_temperature_0_the_likeliest_token_is_chosen(seed):
    rows = logits_of(seed, rows=5)

    assert chosen(SamplingParams(), rows) == rows.argmax(dim=-1).tolist()


@given(params_of, seeds)
@settings(deadline=None)
def test_the_same_seed_gives_the_same_tokens(params, seed):
    rows = logits_of(seed, rows=5)

    assert chosen(params, rows) == chosen(params, rows)


def test_other_seeds_give_other_tokens():
    rows = torch.zeros(20, VOCABULARY)

    first = chosen(SamplingParams(temperature=1, seed=1), rows)

    assert first != chosen(SamplingParams(temperature=1, seed=2), rows)


def test_the_global_generator_neither_matters_nor_moves():
    rows = torch.zeros(20, VOCABULARY)
    params = SamplingParams(temperature=1, seed=1)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = chosen(params, rows)

    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    assert chosen(params, rows) == first


def test_a_seed_of_any_size_is_taken():
    assert chosen(SamplingParams(temperature=1, seed=2**70), logits_of(0)) != []


@given(st.sampled_from([0.3, 1.0, 2.0]), st.integers(1, 60), st.floats(0.05, 1.0), seeds, prompts)
@settings(deadline=None)
def test_only_tokens_that_transformers_would_keep_are_drawn(
    temperature, top_k, top_p, seed, prompt
):
    [row] = logits_of(seed)
    params = SamplingParams(
        temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=1.3
    )
    processors = LogitsProcessorList(
        [
            RepetitionPenaltyLogitsProcessor(1.3),
            TemperatureLogitsWarper(temperature),
            TopKLogitsWarper(top_k),
            # A hair more, for tokens on the edge of the share: sums are rounded.
            TopPLogitsWarper(min(1.0, top_p + 1e-5)),
        ]
    )
    kept = processors(torch.tensor([prompt], dtype=torch.long), row[None].clone())[0].isfinite()

    drawn = {chosen(replace(params, seed=i), row[None], prompt)[0] for i in range(20)}

    assert all(kept[token] for token in drawn)


def test_tokens_are_drawn_as_often_as_their_probability_says():
    row = torch.tensor([2.0, 1.0, 0.0, -1.0])
    sampler = Sampler(SamplingParams(temperature=0.7))
    draws = 20_000

    counts = torch.zeros(4)
    for _ in range(draws):
        counts[sampler.choose(row).token_id] += 1

    expected = (row / 0.7).softmax(dim=-1)
    # Five standard deviations: once in a million, and the seed is fixed.
    spread = (expected * (1 - expected) / draws).sqrt()
    assert ((counts / draws - expected).abs() < 5 * spread).all()


def test_top_p_keeps_the_smallest_set_that_makes_up_the_share():
    row = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    drawn = {
        chosen(SamplingParams(temperature=1, top_p=0.75, seed=seed), row[None])[0]
        for seed in range(200)
    }

    assert drawn == {0, 1}


def test_a_penalty_turns_a_tie_against_what_was_said():
    row = torch.tensor([[1.0, 1.0, -5.0]])

    assert chosen(SamplingParams(repetition_penalty=1.1), row, prompt=(0,)) == [1]


def test_a_penalty_makes_negative_logits_less_likely_too():
    row = torch.tensor([[-1.0, -1.05, -5.0]])

    assert chosen(SamplingParams(repetition_penalty=1.1), row, prompt=(0,)) == [1]


def test_what_the_sampler_chose_is_penalised_next():
    rows = torch.tensor([[2.0, 1.9, 0.0]]).expand(2, 3)

    assert chosen(SamplingParams(repetition_penalty=1.2), rows) == [0, 1]


@given(params_of, seeds, prompts, st.data())
@settings(deadline=None)
def test_verifying_a_draft_chooses_what_one_by_one_would_choose(params, seed, prompt, data):
    rows = logits_of(seed, rows=6)
    plain = chosen(params, rows, prompt)
    right = data.draw(st.integers(0, 5), label="right")
    draft = [*plain[:right], *((token + 1) % VOCABULARY for token in plain[right:5])]
    sampler = Sampler(params)
    sampler.see(prompt)

    choices = sampler.verify(rows, draft)

    assert [choice.token_id for choice in choices] == plain[: right + 1]
    rest = [sampler.choose(row).token_id for row in rows[right + 1 :]]
    assert rest == plain[right + 1 :]


@given(params_of, seeds, prompts)
@settings(deadline=None)
def test_a_log_probability_is_the_networks_own(params, seed, prompt):
    [row] = logits_of(seed)
    sampler = Sampler(params)
    sampler.see(prompt)

    choice = sampler.choose(row)

    if params.logprobs:
        expected = row.log_softmax(dim=-1)[choice.token_id].item()
        assert math.isclose(choice.logprob, expected, abs_tol=1e-4)
    else:
        assert choice.logprob is None


@pytest.mark.parametrize("params", [SamplingParams(), SamplingParams(temperature=1.0)])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_logits_that_overflowed_are_refused(params, bad):
    [row] = logits_of(0)
    row[7] = bad

    with pytest.raises(LogitsNotFinite) as refused:
        Sampler(params).choose(row)

    assert "bfloat16" in refused.value.hint


def test_bfloat16_logits_choose_as_their_float32_would():
    rows = logits_of(3, rows=20).bfloat16()
    params = SamplingParams(temperature=0.8, top_p=0.9)

    assert chosen(params, rows) == chosen(params, rows.float())
    assert chosen(SamplingParams(), rows) == rows.float().argmax(dim=-1).tolist()


def test_the_logits_are_not_written_to():
    rows = logits_of(1)
    before = rows.clone()

    chosen(SamplingParams(temperature=0.5, repetition_penalty=1.5), rows, prompt=(1, 2, 3))

    assert torch.equal(rows, before)
