"""Figures about turns and memory, in Prometheus' text."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.assistant import Assistant
from app.memory import gauges
from history import Turn

# Seconds to the first token: a short follow-up on a card to a page on a laptop's CPU.
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)
_TOKENS = {"prompt_tokens": "prompt", "cached_tokens": "cached", "image_tokens": "image",
           "new_tokens": "new"}  # fmt: skip


class Metrics:
    """Counts the turns of an assistant from now on, of the page and of programs."""

    def __init__(self, assistant: Assistant) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._turns = Counter(
            "second_look_turns",
            "Turns that ended, by the engine that replied and by why they ended.",
            ["engine", "finish_reason"],
            registry=self._registry,
        )
        self._tokens = Counter(
            "second_look_tokens",
            "Tokens of prompts, of those from the prefix cache and of pictures, and of replies.",
            ["engine", "kind"],
            registry=self._registry,
        )
        self._first_token = Histogram(
            "second_look_first_token_seconds",
            "From the engine's start on a prompt to the first piece of text.",
            ["engine"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Now(assistant))
        assistant.watch(self._count)

    def text(self) -> bytes:
        """Return all figures as they are now."""
        return generate_latest(self._registry)

    def _count(self, turn: Turn) -> None:
        engine = turn.engine or "none"
        self._turns.labels(engine, turn.finish_reason or "none").inc()
        for key, kind in _TOKENS.items():
            self._tokens.labels(engine, kind).inc(turn.usage.get(key, 0))
        if turn.reply and "first_token_ms" in turn.usage:
            self._first_token.labels(engine).observe(turn.usage["first_token_ms"] / 1e3)


class _Now(Collector):
    """What is measured when it is asked for."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def collect(self) -> Iterable[Metric]:
        condition = self._assistant.condition()
        yield GaugeMetricFamily(
            "second_look_ready", "1 while a prompt would be answered.", float(condition.ready)
        )
        yield GaugeMetricFamily(
            "second_look_queue_length",
            "Prompts that have not ended, the one under way included.",
            self._assistant.waiting(),
        )
        memory = GaugeMetricFamily(
            "second_look_memory_bytes",
            "Memory that we hold, by where it is and what for.",
            labels=["where", "bucket"],
        )
        total = GaugeMetricFamily(
            "second_look_memory_total_bytes", "All memory there is.", labels=["where"]
        )
        for gauge in gauges(condition.status):
            total.add_metric([gauge.kind], gauge.total_bytes)
            for bucket, size in gauge.buckets.items():
                memory.add_metric([gauge.kind, bucket], size)
        yield from (memory, total)
