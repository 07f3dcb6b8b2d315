"""What opening an old conversation costs to its first token: all again, or from what was kept.

Six turns with three pictures on the medium random network, in float32. The peer is the official
demo's way: all pictures and tokens again. Ours is asked four times: with nothing kept, with the
picture embeddings, with the KV cache parked beside another conversation's, and after a restart
with the snapshot on disk (the file is in the system's cache then: a cold disk takes longer).

``reopen_ratio``: CPU seconds of the official way over ours from the snapshot.
``snapshot_save_ms``, ``snapshot_mib``: what writing it took.
"""

from __future__ import annotations

from time import perf_counter

from bench.medium import Bench, cpu_seconds, load, medium, reply
from vision.engine import Message, Prompt

PICTURES = {1: 2, 4: 1}  # by turn
TURNS = 6
QUESTION = "What is the total of this receipt? Read the text again, line"
MIB = 1024**2


def conversation(bench: Bench) -> tuple[Message, ...]:
    """Hold the conversation; return its messages."""
    messages: list[Message] = []
    drawn = 0
    for turn in range(1, TURNS + 1):
        count = PICTURES.get(turn, 0)
        pictures = tuple(bench.picture(drawn + i) for i in range(count))
        drawn += count
        messages.append(Message("user", f"{QUESTION} {turn}.", pictures))
        messages.append(reply(bench.ask(Prompt(tuple(messages), "old"), 16)))
    return tuple(messages)


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    seconds: dict[str, float] = {}
    other = Prompt((Message("user", "Another conversation."),), "other")
    with medium() as bench:
        history = conversation(bench)
        # Another question each time, or the one before would have been run already.
        parked, pictures, nothing, snapshot = (
            Prompt((*history, Message("user", f"{QUESTION} {way}.")), "old") for way in range(4)
        )
        ids = bench.ids(snapshot)
        bench.ask(other, 1)
        seconds["parked in memory"] = cpu_seconds(lambda: bench.ask(parked, 1))
        bench.engine.release("light")
        seconds["pictures kept"] = cpu_seconds(lambda: bench.ask(pictures, 1))
        bench.engine.release("medium")
        seconds["nothing kept"] = cpu_seconds(lambda: bench.ask(nothing, 1))
        start = perf_counter()
        bench.engine.unload()
        save_ms = (perf_counter() - start) * 1e3
        snapshot_mib = bench.engine.release("light", "none").after["snapshots"] / MIB
        decoder = bench.engine._decoder  # noqa: SLF001 - a measure looks inside
        again = load(bench.root, bench.root / "model", decoder)
        seconds["snapshot"] = cpu_seconds(lambda: again.ask(snapshot, 1))
        seconds["official way"] = cpu_seconds(lambda: again.official(snapshot, ids))
        again.engine.unload()
    print(f"{ids.shape[1]} tokens to the first of the reply, CPU seconds")
    for way, took in seconds.items():
        print(f"{way:18} {took:7.3f}")
    print(f"snapshot of {snapshot_mib:.0f} MiB written, model unloaded, in {save_ms:.0f} ms")
    return {
        "reopen_ratio": seconds["official way"] / seconds["snapshot"],
        "reopen_parked_ratio": seconds["official way"] / seconds["parked in memory"],
        "reopen_pictures_ratio": seconds["official way"] / seconds["pictures kept"],
        "snapshot_save_ms": save_ms,
        "snapshot_mib": snapshot_mib,
    }


if __name__ == "__main__":
    run()
