"""How much memory there is, and giving it back.

What keeps tensors alive after a clear: a suspended generator until it is closed, the frames of a
kept exception, a log record with ``exc_info``. The engine's own code therefore closes, clears and
never logs tracebacks of a failed forward pass.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

import torch

GIB = 1024**3
# Where torch 2.13 raises a plain RuntimeError: c10/core/impl/alloc_cpu.cpp, MPSAllocator.mm, the
# driver, and the workspaces of NVIDIA's libraries.
OUT_OF_MEMORY = (
    "DefaultCPUAllocator",
    "MPS backend out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


def free_bytes(device: torch.device) -> int:
    """Return what can still be allocated on ``device``; 0 where the system does not say."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        # What the allocator keeps for itself is free for us.
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    [available] = [line.split()[1] for line in lines if line.startswith("MemAvailable")]
    return int(available) * 1024


def reserved_bytes(devices: Sequence[torch.device]) -> int:
    """Return what the allocator holds on cards without using it; 0 on a CPU."""
    cards = [device for device in devices if device.type == "cuda"]
    return sum(torch.cuda.memory_reserved(d) - torch.cuda.memory_allocated(d) for d in cards)


def card_bytes(devices: Sequence[torch.device]) -> tuple[int, int]:
    """Return all memory of the cards among ``devices``, and what is taken of it, by whomever."""
    cards = [torch.cuda.mem_get_info(d) for d in devices if d.type == "cuda"]
    total = sum(all_of_it for _, all_of_it in cards)
    return total, total - sum(free for free, _ in cards)


def start_peak(device: torch.device) -> None:
    """Begin to watch the most memory in use."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_bytes(device: torch.device) -> int:
    """Return the most memory in use since ``start_peak``; 0 where the device cannot tell."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def give_back(devices: Sequence[torch.device]) -> None:
    """Return the allocator's unused blocks to the device."""
    if any(device.type == "cuda" for device in devices):
        for device in devices:
            torch.cuda.synchronize(device)
        torch.cuda.empty_cache()
    elif any(device.type == "mps" for device in devices):
        torch.mps.empty_cache()


def forget_frames(error: BaseException) -> None:
    """Clear the frames that ``error`` came through, whose variables are tensors."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether ``error`` is an allocation that failed, on a card or in the machine's memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)
