"""A first small pass through everything, so that a user's first turn does not pay for it.

Libraries choose kernels, allocators take their first blocks, the decoding process starts, and on
a card the CUDA graphs of decode are captured.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch

from vision.engine import Progress
from vision.qwen import vision_tower
from vision.qwen.kv import KVBuffer, KVShape
from vision.qwen.patches import PATCH_VALUES, Grid
from vision.qwen.runtime import Runtime

log = logging.getLogger(__name__)

GRID = Grid(1, 8, 8)
# Graphs for conversations up to here are captured at load; longer ones when they come.
LONGEST_WARM = 4_096


def warm_up(runtime: Runtime, report: Callable[[Progress], None]) -> None:
    """Run a small picture and two tokens; capture graphs where there are any."""
    report(Progress("warm-up"))
    runtime.decoder.warm()
    network = runtime.network
    tower = network.model.model.visual.patch_embed.proj.weight
    pixels = torch.zeros(GRID.patches, PATCH_VALUES, device=tower.device)
    [embeddings] = vision_tower.encode(network.model, pixels, [GRID])
    buffer = KVBuffer(KVShape.of(network.model), GRID.tokens + 1)
    positions = torch.arange(GRID.tokens).expand(3, -1)
    network.run(embeddings.to(network.device), positions, buffer)
    network.extend([0], GRID.tokens, buffer)
    if runtime.graphs is not None:
        _capture(runtime, report)


def _capture(runtime: Runtime, report: Callable[[Progress], None]) -> None:
    """Capture decode's graphs over the buffer that the first conversation will use."""
    assert runtime.graphs is not None
    longest = min(LONGEST_WARM, runtime.max_context)
    try:
        buffer, _ = runtime.pool.open("", (0,), longest)
        for bucket in runtime.graphs.warm(buffer, longest):
            report(Progress("warm-up", bucket, longest, "tokens"))
    except RuntimeError as error:  # an operation that cannot be captured here, or no memory
        log.warning("decode runs without CUDA graphs reason=%s", error)
        runtime.graphs.forget()
        runtime.graphs = None
