"""What a follow-up costs to its first token: the official demo's way against ours.

Ten turns, four pictures: two in turn 1, one in turn 4, one in turn 7. The other turns are
follow-ups. The network is random, of about 280 million parameters, in float32.

``followup_cpu_ratio``: CPU seconds of the official way over ours, the median of the follow-ups.
``flops_growth``: FLOPs of our turn 10 over our turn 2, attention's products left out, as torch's
counter leaves them out on a CPU. That is the work of the new tokens, and it does not grow. With
them it does (``flops_growth_with_attention``), in any exact way: each new token looks at all before
it. ``_peer`` are the official way's.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop

from bench.medium import Bench, cpu_seconds, medium, reply
from vision.engine import Chunk, Message, Prompt

PICTURES = {1: 2, 4: 1, 7: 1}  # by turn
FOLLOW_UPS = (2, 3, 5, 6, 8, 9, 10)
QUESTION = "What is the total of this receipt? Read the text again, line"
REPLY_TOKENS = 16
MIB = 1024**2


def flops(work: Callable[[], object]) -> tuple[int, int]:
    """Count the FLOPs of ``work``: as torch 2.13 does on a CPU, and with attention's products."""

    def counted(query: Any, key: Any, value: Any, *_args: Any, **_kwargs: Any) -> int:
        return int(sdpa_flop(query, key, value))

    cpu_attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001
    with FlopCounterMode(display=False, custom_mapping={cpu_attention: counted}) as counter:
        work()
    attention = counter.get_flop_counts()["Global"].get(cpu_attention, 0)
    total = int(counter.get_total_flops())
    return total - attention, total


def conversation(bench: Bench) -> list[Prompt]:
    """Hold the conversation once; return the prompt of each turn."""
    messages: list[Message] = []
    prompts = []
    drawn = 0
    for turn in range(1, 11):
        count = PICTURES.get(turn, 0)
        pictures = tuple(bench.picture(drawn + i) for i in range(count))
        drawn += count
        messages.append(Message("user", f"{QUESTION} {turn % 10}.", pictures))
        prompts.append(Prompt(tuple(messages), "bench"))
        messages.append(reply(bench.ask(prompts[-1], REPLY_TOKENS)))
    bench.engine.release("medium")
    return prompts


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    with medium() as bench, torch.inference_mode():
        prompts = conversation(bench)
        ratios = _timed(bench, prompts)
        growth = _growth(bench, prompts)
    figures = {"followup_cpu_ratio": median(ratios[turn] for turn in FOLLOW_UPS), **growth}
    for name, figure in figures.items():
        print(f"{name} {figure:.3f}")
    return figures


def _timed(bench: Bench, prompts: list[Prompt]) -> dict[int, float]:
    """Time each turn to its first token, both ways, one after the other."""
    print("turn  prompt  run  official s  ours s  ratio  KV MiB  vision MiB")
    ratios = {}
    for turn, prompt in enumerate(prompts, 1):
        ids = bench.ids(prompt)
        peer = cpu_seconds(lambda p=prompt, i=ids: bench.official(p, i))  # type: ignore[misc]
        last: list[Chunk] = []
        ours = cpu_seconds(lambda p=prompt, to=last: to.append(bench.ask(p, 1)))  # type: ignore[misc]
        bench.ask(prompt, REPLY_TOKENS)
        ratios[turn] = peer / ours
        usage, memory = last[0].usage, bench.engine.status().memory
        assert usage is not None
        new = usage.prompt_tokens - usage.cached_tokens
        print(
            f"{turn:4}  {ids.shape[1]:6}  {new:3}  {peer:10.2f}  {ours:6.3f}  {peer / ours:5.1f}"
            f"  {memory['kv'] / MIB:6.0f}  {memory['vision'] / MIB:10.1f}"
        )
    return ratios


def _growth(bench: Bench, prompts: list[Prompt]) -> dict[str, float]:
    """Count the FLOPs of each turn to its first token, without and with attention's products."""
    print(f"\n{'FLOPs to the first token, 1e9':<31}{'with attention':>21}")
    print("turn   official      ours  ratio   official      ours  ratio")
    bench.engine.release("medium")
    ours, peers = {}, {}
    for turn, prompt in enumerate(prompts, 1):
        ids = bench.ids(prompt)
        ours[turn] = flops(lambda p=prompt: bench.ask(p, 1))  # type: ignore[misc]
        peers[turn] = flops(lambda p=prompt, i=ids: bench.official(p, i))  # type: ignore[misc]
        bench.ask(prompt, REPLY_TOKENS)
        pairs = zip(peers[turn], ours[turn], strict=True)
        columns = "".join(f"{p / 1e9:11.1f}{o / 1e9:10.1f}{p / o:7.1f}" for p, o in pairs)
        print(f"{turn:4}{columns}")
    names = ("flops_growth", "flops_growth_with_attention")
    figures = {}
    for suffix, counts in (("", ours), ("_peer", peers)):
        for name, second, tenth in zip(names, counts[2], counts[10], strict=True):
            figures[name + suffix] = tenth / second
    return figures


if __name__ == "__main__":
    run()
