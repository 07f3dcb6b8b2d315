"""Which attention runs, decided once at load, with the reason for the status line.

``auto`` takes FlashAttention 2 where the card, the type of the weights and the package allow it,
and only after it has given the same numbers as SDPA on a small input; otherwise SDPA, otherwise
transformers' own eager attention. Only an installed ``flash_attn`` counts: transformers would
fetch a kernel from a hub in its place, and nothing here goes to the network unasked.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers.utils.import_utils import is_flash_attn_2_available

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

Name = Literal["flash_attention_2", "sdpa", "eager"]
# Ampere; FlashAttention 2 has no kernels for older cards.
FLASH_CAPABILITY = (8, 0)
# Two kernels in bfloat16 differ in the last bits of numbers around 1.
TOLERANCE = 2e-2


@dataclass(frozen=True, slots=True)
class Attention:
    """The attention in use, and why."""

    name: Name
    note: str  # a sentence for the status line


def choose(wanted: str, device: torch.device, dtype: torch.dtype) -> Attention:
    """Decide for ``device`` and ``dtype``; never raise, say why a better one was not taken."""
    if wanted == "eager":
        return Attention("eager", "Attention: eager, as configured; the slowest.")
    obstacle = "sdpa is configured" if wanted == "sdpa" else flash_obstacle(device, dtype)
    if obstacle is None:
        log.info("FlashAttention2 ready")
        return Attention("flash_attention_2", "Attention: FlashAttention 2 ready.")
    slower = ", 30 to 50 % slower than FlashAttention 2 on long prompts" * (device.type == "cuda")
    trouble = sdpa_obstacle(device, dtype)
    if trouble is None:
        return Attention("sdpa", f"Attention: SDPA{slower}; {obstacle}.")
    log.warning("attention falls back to eager reason=%s", trouble)
    return Attention("eager", f"Attention: eager, the slowest; {obstacle}, and {trouble}.")


def flash_obstacle(device: torch.device, dtype: torch.dtype) -> str | None:
    """Return why FlashAttention 2 cannot run here, or None when it can and agrees with SDPA."""
    if device.type != "cuda":
        return f"FlashAttention 2 needs an NVIDIA card, this is {device.type}"
    capability = torch.cuda.get_device_capability(device)
    if capability < FLASH_CAPABILITY:
        had = ".".join(map(str, capability))
        return f"FlashAttention 2 needs a card of capability 8.0, this one has {had}"
    if dtype not in (torch.float16, torch.bfloat16):
        return f"FlashAttention 2 needs half precision, this is {dtype}".replace("torch.", "")
    if importlib.util.find_spec("flash_attn") is None:
        return "the package flash-attn is not installed"
    # What transformers does not take, it would replace with a kernel from a hub.
    if not is_flash_attn_2_available():
        return "transformers does not take the installed flash-attn: it must be 2.3.3 or newer"
    return flash_disagrees(device, dtype)


def flash_disagrees(device: torch.device, dtype: torch.dtype) -> str | None:
    """Return why the installed flash-attn is not to be used, or None when it agrees with SDPA."""
    try:
        flash_attn_func = importlib.import_module("flash_attn").flash_attn_func
    except (ImportError, OSError, AttributeError) as error:
        # Built for another torch, it lacks a symbol; FlashAttention 4 alone lacks the function.
        return f"the package flash-attn does not load ({error})"
    query, key, value = _sample(device, dtype)
    expected = _sdpa(query, key, value)
    rows = (tensor.transpose(1, 2) for tensor in (query, key, value))  # (B, S, H, D) there
    try:
        difference = (flash_attn_func(*rows, causal=True).transpose(1, 2) - expected).abs().max()
    except RuntimeError as error:
        return f"flash-attn failed its self-check ({error})"
    if difference.item() <= TOLERANCE:  # in this order: not-a-number agrees with nothing
        return None
    return f"flash-attn failed its self-check: it differs from SDPA by {difference.item():.3f}"


def sdpa_obstacle(device: torch.device, dtype: torch.dtype) -> str | None:
    """Return why SDPA cannot run here, or None when it agrees with the formula."""
    query, key, value = _sample(device, dtype)
    scores = query.float() @ key.float().repeat_interleave(2, 1).transpose(2, 3)
    mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=device).tril()
    weights = (scores * query.shape[-1] ** -0.5).masked_fill(~mask, -torch.inf).softmax(-1)
    expected = weights @ value.float().repeat_interleave(2, 1)
    try:
        difference = (_sdpa(query, key, value).float() - expected).abs().max().item()
    except RuntimeError as error:
        return f"SDPA failed its self-check ({error})"
    return None if difference <= TOLERANCE else f"SDPA differs from the formula by {difference:.3f}"


def _sample(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Make queries of four heads, keys and values of two, of shape (B, H, S, D)."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((1, 4, 64, 64), (1, 2, 64, 64), (1, 2, 64, 64))
    query, key, value = (
        torch.randn(shape, generator=generator).to(device, dtype) for shape in shapes
    )
    return query, key, value


def _sdpa(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    key, value = (tensor.repeat_interleave(2, dim=1) for tensor in (key, value))
    return scaled_dot_product_attention(query, key, value, is_causal=True)
