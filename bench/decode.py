"""What a token of a reply costs: ``generate`` against our decode, without drafts in either.

The medium random network, in float32, after a prompt of some 800 tokens. A CPU is bound by its
arithmetic here, so both ways are near each other; on a card the host's work is what differs
(``bench/gpu.py``).

``decode_ms`` and ``decode_ms_peer``: CPU milliseconds a token; ``decode_ratio``: peer over ours.
``drafted_ratio``: passes that drafts saved on the same reply, whose text a random network repeats.
"""

from __future__ import annotations

from itertools import islice

from bench.medium import Bench, cpu_seconds, medium
from vision.engine import Message, Prompt, SamplingParams
from vision.qwen.decoding import Decode, Passes
from vision.qwen.lookup import Lookup
from vision.qwen.prompt import next_position
from vision.qwen.sampling import Sampler

TOKENS = 48


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    with medium() as bench:
        prompt = Prompt(
            (Message("user", "Read both.", (bench.picture(0), bench.picture(1))),), "bench"
        )
        ids = bench.ids(prompt)
        one, many = (
            cpu_seconds(lambda n=n: bench.official(prompt, ids, n))  # type: ignore[misc]
            for n in (1, TOKENS + 1)
        )
        plain, drafted = _ours(bench, prompt)
    peer_ms, ours_ms = (many - one) / TOKENS * 1e3, plain / TOKENS * 1e3
    print(f"{TOKENS} tokens after {ids.shape[1]}, CPU ms a token")
    print(f"generate {peer_ms:6.1f}")
    print(f"ours     {ours_ms:6.1f}")
    print(f"passes   {drafted.passes} for {drafted.tokens} tokens with drafts")
    return {
        "decode_ms": ours_ms,
        "decode_ms_peer": peer_ms,
        "decode_ratio": peer_ms / ours_ms,
        "drafted_ratio": drafted.tokens / drafted.passes,
    }


def _ours(bench: Bench, prompt: Prompt) -> tuple[float, Passes]:
    """Return the CPU seconds of plain decode, and the passes of decode with drafts."""
    bench.ask(prompt, 1)
    runtime = bench.engine._runtime  # noqa: SLF001 - a measure looks inside
    assert runtime is not None
    keys = runtime.builder.build(prompt).keys
    buffer, _ = runtime.pool.open(prompt.conversation, keys, TOKENS + 1)
    filled, position = buffer.filled, next_position(keys[:-1])
    [last] = [key for key in keys[-1:] if isinstance(key, int)]
    text_ids = [key for key in keys if isinstance(key, int)]

    def decode(lookup: Lookup | None, passes: Passes) -> None:
        buffer.truncate(filled)
        logits = runtime.network.extend([last], position, buffer)
        sampler = Sampler(SamplingParams())
        drafts = (lambda: lookup) if lookup is not None else None
        steps = Decode(runtime.network, buffer, sampler, drafts, passes=passes)
        list(islice(steps.tokens(logits, position + 1), TOKENS + 1))

    passes = Passes()
    seconds = cpu_seconds(lambda: decode(None, Passes()))
    decode(Lookup(text_ids), passes)
    return seconds, passes


if __name__ == "__main__":
    run()
