"""What a token of a reply costs: ``generate`` against our decode, without drafts in either.

The medium random network, in float32, after a prompt of some 800 tokens. A CPU is bound by its
arithmetic here, so both ways are near each other; on a card the host's work is what differs
(``bench/gpu.py``).

``decode_ms`` and ``decode_ms_peer``: CPU milliseconds a token; ``decode_ratio``: peer over ours.
``drafted_ratio``: passes that drafts saved on the same reply, whose text a random network repeats.
"""

from __future__ import annotations

from itertools import islice, pairwise
from statistics import median
from time import process_time
from typing import Any

from transformers.generation.streamers import BaseStreamer

from bench.medium import Bench, medium
from vision.engine import Message, Prompt, SamplingParams
from vision.qwen.decoding import Decode, Passes
from vision.qwen.lookup import Lookup
from vision.qwen.prompt import next_position
from vision.qwen.sampling import Sampler

TOKENS = 64


class Clock(BaseStreamer):
    """Notes the CPU time of each token; ``generate`` first tells it of the prompt."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, value: Any) -> None:  # Any: BaseStreamer's own
        """Note a token."""
        del value
        self.times.append(process_time())

    def end(self) -> None:
        """Do nothing."""

    @property
    def ms(self) -> float:
        """CPU milliseconds from one token to the next, the median; the first comes of a prefill."""
        return 1e3 * median(later - sooner for sooner, later in pairwise(self.times[2:]))


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    with medium() as bench:
        pictures = (bench.picture(0), bench.picture(1))
        prompt = Prompt((Message("user", "Read both.", pictures),), "bench")
        ids = bench.ids(prompt)
        peer = Clock()
        bench.official(prompt, ids, TOKENS, peer)
        ours, drafted = _ours(bench, prompt)
    print(f"{TOKENS} tokens after {ids.shape[1]}, CPU ms a token")
    print(f"generate {peer.ms:6.1f}")
    print(f"ours     {ours.ms:6.1f}")
    print(f"passes   {drafted.passes} for {drafted.tokens} tokens with drafts")
    return {
        "decode_ms": ours.ms,
        "decode_ms_peer": peer.ms,
        "decode_ratio": peer.ms / ours.ms,
        "drafted_ratio": drafted.tokens / drafted.passes,
    }


def _ours(bench: Bench, prompt: Prompt) -> tuple[Clock, Passes]:
    """Return the times of plain decode, and the passes of decode with drafts."""
    bench.ask(prompt, 1)
    runtime = bench.engine._runtime  # noqa: SLF001 - a measure looks inside
    assert runtime is not None
    keys = runtime.builder.build(prompt).keys
    buffer, _ = runtime.pool.open(prompt.conversation, keys, TOKENS + 1)
    filled, position = buffer.filled, next_position(keys[:-1])
    [last] = [key for key in keys[-1:] if isinstance(key, int)]
    text_ids = [key for key in keys if isinstance(key, int)]

    def decode(lookup: Lookup | None, clock: Clock, passes: Passes) -> None:
        buffer.truncate(filled)
        clock.put(None)
        logits = runtime.network.extend([last], position, buffer)
        sampler = Sampler(SamplingParams())
        drafts = (lambda: lookup) if lookup is not None else None
        steps = Decode(runtime.network, buffer, sampler, drafts, passes=passes)
        for choice in islice(steps.tokens(logits, position + 1), TOKENS):
            clock.put(choice)

    clock, passes = Clock(), Passes()
    decode(None, clock, Passes())
    decode(Lookup(text_ids), Clock(), passes)
    return clock, passes


if __name__ == "__main__":
    run()
