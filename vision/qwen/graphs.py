"""One decode step as a CUDA graph, for each of a few lengths.

At one token a pass, launching kernels takes longer than running them: 6 to 8 ms a token at 28
layers. A graph replays them all at once, but with fixed addresses and shapes. So the step writes
into the static KV buffer at an index held in a tensor, and attends over a *bucket*: the smallest
power of two that holds the filled positions, the rest masked. Graphs die with the buffer's
addresses (``forget``) and are captured again when needed.

Everything but the capture itself also runs on a CPU, where tests compare it with ``Network``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

if TYPE_CHECKING:
    from vision.qwen.decoding import Network
    from vision.qwen.kv import KVBuffer

log = logging.getLogger(__name__)

SMALLEST_BUCKET = 512
WARM_UP_RUNS = 2  # before a capture, so that libraries have set up their workspaces


class _FixedLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer of the buffer with fixed addresses: written at an index, read as a bucket."""

    is_sliding = False

    def __init__(self, memory: Tensor, index: Tensor, bucket: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.memory = memory[..., :bucket, :]
        self.keys, self.values = self.memory  # where transformers looks for them
        self.index = index
        self.bucket = bucket
        self.is_initialized = True

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Do nothing: the memory is there from the start."""

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        *_args: Any,  # Any: whatever transformers' Cache passes on
        **_kwargs: Any,
    ) -> tuple[Tensor, Tensor]:
        """Write one position; return the bucket."""
        keys, values = self.memory
        keys.index_copy_(2, self.index, key_states)
        values.index_copy_(2, self.index, value_states)
        return keys, values

    def get_seq_length(self) -> int:
        """Return 0: positions and mask are given, nobody may rely on this."""
        return 0

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002 - their name
        """Return the length and the offset of the keys that ``update`` returns."""
        return self.bucket, 0

    def get_max_length(self) -> int:
        """Return the bucket."""
        return self.bucket


class StaticStep:
    """One decode step over ``buffer`` with fixed addresses and shapes."""

    def __init__(self, network: Network, buffer: KVBuffer, bucket: int) -> None:
        device = network.device
        self.network = network
        self.bucket = bucket
        self.token_id = torch.zeros(1, dtype=torch.long, device=device)
        self.position_ids = torch.zeros(3, 1, 1, dtype=torch.long, device=device)
        self.index = torch.zeros(1, dtype=torch.long, device=device)
        self.places = torch.arange(bucket, device=device)
        self.cache = Cache(
            layers=[_FixedLayer(layer.memory, self.index, bucket) for layer in buffer.own_layers]
        )

    # Made in the middle of a capture, the tensors may be written in inference mode only.
    @torch.inference_mode()
    def set_inputs(self, token_id: int, position: int, index: int) -> None:
        """Say which token runs, at which position, and where in the buffer it is written."""
        self.token_id.fill_(token_id)
        self.position_ids.fill_(position)
        self.index.fill_(index)

    @torch.inference_mode()
    def run(self) -> Tensor:
        """Run the step kernel by kernel; return logits of shape (1, V)."""
        model = self.network.model
        # A ready mask of four dimensions is taken as it is.
        # Source: transformers 5.23, masking_utils._preprocess_mask_arguments.
        mask = (self.places <= self.index)[None, None, None]
        output = model.model.language_model(
            inputs_embeds=model.get_input_embeddings()(self.token_id)[None],
            attention_mask=mask,
            position_ids=self.position_ids,
            past_key_values=self.cache,
            use_cache=True,
        )
        logits: Tensor = model.lm_head(output.last_hidden_state[0])
        return logits


class DecodeGraphs:
    """Captured steps by bucket, for one buffer at a time. CUDA only."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.graphs: dict[int, tuple[torch.cuda.CUDAGraph, StaticStep, Tensor]] = {}
        self.failed: set[int] = set()  # buckets that could not be captured
        self.pool: Any = None  # Any: torch's handle of the memory that all graphs share
        self.stream: Any = None  # Any: the torch.cuda.Stream that all are captured on

    def step(self, token_id: int, position: int, buffer: KVBuffer) -> Tensor | None:
        """Run one token by replaying its bucket's graph; extend ``buffer`` in place.

        The logits of shape (1, V) are overwritten by the next step. None where the filled
        positions are too many for a whole bucket, or where its capture failed, now or before: then
        the eager way must be taken.
        """
        bucket = bucket_of(buffer.filled + 1)
        if bucket > buffer.capacity or bucket in self.failed:
            return None
        if bucket not in self.graphs:
            try:
                self.capture(buffer, bucket)
            except RuntimeError as error:  # out of memory while capturing says so in other words
                log.warning("decode step not captured bucket=%d reason=%s", bucket, error)
                self.failed.add(bucket)
                return None
        graph, static, logits = self.graphs[bucket]
        static.set_inputs(token_id, position, buffer.filled)
        graph.replay()
        buffer.advance(1)
        return logits

    def warm(self, buffer: KVBuffer, longest: int) -> Iterator[int]:
        """Capture the buckets up to ``longest`` positions; yield each when it is ready."""
        bucket = SMALLEST_BUCKET
        while bucket <= min(longest, buffer.capacity):
            self.capture(buffer, bucket)
            yield bucket
            bucket *= 2

    @torch.inference_mode()
    def capture(self, buffer: KVBuffer, bucket: int) -> None:
        """Record the step of one bucket. What it writes lies after the filled positions."""
        static = StaticStep(self.network, buffer, bucket)
        static.set_inputs(0, 0, min(buffer.filled, bucket - 1))
        with (
            # Else torch.cuda.graph would record a stream of the current device, whichever that is.
            torch.cuda.device(self.network.device),
            # A capture that fails leaves its stream the current one; this takes it back.
            torch.cuda.stream(torch.cuda.current_stream(self.network.device)),
            _under_sdpa(self.network.model),
        ):
            if self.pool is None:
                self.pool = torch.cuda.graph_pool_handle()
                self.stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                for _ in range(WARM_UP_RUNS):
                    static.run()
            torch.cuda.current_stream().wait_stream(self.stream)
            graph = torch.cuda.CUDAGraph()
            # Graphs of one pool share memory if they share the stream. Other threads may ask how
            # full the card is meanwhile: "global" would give the capture up for that.
            # Source: torch 2.13, torch.cuda.graph.
            with torch.cuda.graph(
                graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"
            ):
                logits = static.run()
        self.graphs[bucket] = (graph, static, logits)

    def forget(self) -> None:
        """Drop all graphs: the buffer's addresses are about to change, or its memory to go."""
        if self.graphs:
            torch.cuda.synchronize(self.network.device)
        self.graphs.clear()
        self.failed.clear()
        self.pool = self.stream = None


def bucket_of(positions: int) -> int:
    """Return the smallest bucket that holds ``positions``."""
    bucket = SMALLEST_BUCKET
    while bucket < positions:
        bucket *= 2
    return bucket


@contextmanager
def _under_sdpa(model: Any) -> Iterator[None]:
    """Let attention be SDPA meanwhile: FlashAttention takes lengths, not a mask over a bucket."""
    config = model.config.get_text_config()
    implementation = config._attn_implementation  # noqa: SLF001 - read so by every layer
    config._attn_implementation = "sdpa"  # noqa: SLF001
    try:
        yield
    finally:
        config._attn_implementation = implementation  # noqa: SLF001
