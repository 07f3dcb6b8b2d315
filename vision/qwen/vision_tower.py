"""Pictures through the model's vision tower, with few large attention calls.

Most layers of the tower attend only within windows of 8 x 8 patches. Under SDPA transformers
5.23 calls attention once for each window of each layer: thousands of times for one picture.
Windows of one length can share a call, and a picture has at most four lengths: inside, right
edge, lower edge, corner. So the tower is walked here with the model's own layers, windows
grouped by length. On a CPU, in float32, the result is the model's own to the bit.

FlashAttention takes all windows in one call already: there, under eager attention, and where the
tower is spread over several devices, the model's own forward runs.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vision.qwen.patches import MERGE, PATCH, Grid

UNIT = MERGE * MERGE  # patches of an image token: they lie beside each other and move together


@torch.inference_mode()
def encode(model: Any, pixel_values: Tensor, grids: list[Grid]) -> list[Tensor]:
    """Return each picture's embeddings, of shape (image tokens, D), one picture at a time.

    ``pixel_values`` holds the patches of all pictures, in the order of ``grids``. ``model`` is a
    ``Qwen2_5_VLForConditionalGeneration``; Any, because transformers' modules are untyped.
    """
    assert pixel_values.shape[0] == sum(grid.patches for grid in grids)
    visual = model.model.visual
    run = _encode_grouped if can_group(visual) else _encode_ungrouped
    pictures = torch.split(pixel_values, [grid.patches for grid in grids])
    return [run(visual, picture, grid) for picture, grid in zip(pictures, grids, strict=True)]


def can_group(visual: Any) -> bool:
    """Tell whether the tower is on one device and under SDPA, where grouping is right and pays."""
    devices = {parameter.device for parameter in visual.parameters()}
    on_one = len(devices) == 1 and torch.device("meta") not in devices  # meta: offloaded weights
    return on_one and visual.config._attn_implementation == "sdpa"  # noqa: SLF001, no public name


@dataclass(frozen=True, slots=True)
class _Windows:
    """Where a picture's patches stand while the tower runs: window after window."""

    order: Tensor  # (P,) patches, raster order of image tokens -> window order
    back: Tensor  # (P / 4,) image tokens, window order -> raster order
    positions: Tensor  # (P, 2) row and column of each patch, in window order
    groups: list[Tensor]  # for each length: (windows, length), places in window order


def _windows(grid: Grid, side: int, device: torch.device) -> _Windows:
    """Lay windows of ``side`` x ``side`` image tokens over ``grid``.

    Source: transformers 5.23, vision_utils.get_vision_window_index and get_vision_position_ids.
    """
    rows, columns = torch.meshgrid(
        torch.arange(grid.h // MERGE), torch.arange(grid.w // MERGE), indexing="ij"
    )
    window = (rows // side * -(-grid.w // MERGE // side) + columns // side).flatten()
    tokens = window.argsort(stable=True)
    corners = torch.stack((rows.flatten(), columns.flatten()), dim=-1)[tokens] * MERGE
    within = torch.cartesian_prod(torch.arange(MERGE), torch.arange(MERGE))
    lengths = window.bincount() * UNIT
    starts = lengths.cumsum(0) - lengths
    groups = [
        starts[lengths == length, None] + torch.arange(length)
        for length in sorted(set(lengths.tolist()))
    ]
    return _Windows(
        order=(tokens[:, None] * UNIT + torch.arange(UNIT)).flatten().to(device),
        back=tokens.argsort().to(device),
        positions=(corners[:, None] + within).flatten(0, 1).to(device),
        groups=[group.to(device) for group in groups],
    )


def _encode_grouped(visual: Any, pixel_values: Tensor, grid: Grid) -> Tensor:
    """Walk the tower. Source: transformers 5.23, Qwen2_5_VisionTransformerPretrainedModel."""
    assert grid.t == 1, "pictures only: a video's frames would need windows of their own"
    inv_freq = visual.rotary_pos_emb.inv_freq
    windows = _windows(grid, visual.config.window_size // PATCH // MERGE, inv_freq.device)
    whole = [torch.arange(grid.patches, device=inv_freq.device)[None]]
    cos, sin = _rotation(windows.positions, inv_freq)
    hidden = visual.patch_embed(pixel_values.to(inv_freq.device))[windows.order]  # (P, D)
    for layer, block in enumerate(visual.blocks):
        groups = whole if layer in visual.config.fullatt_block_indexes else windows.groups
        hidden = hidden + _attend(block.attn, block.norm1(hidden), cos, sin, groups)
        hidden = hidden + block.mlp(block.norm2(hidden))
    embeddings: Tensor = visual.merger(hidden)[windows.back]
    return embeddings


def _encode_ungrouped(visual: Any, pixel_values: Tensor, grid: Grid) -> Tensor:
    """Run the tower's own forward."""
    device = pixel_values.device
    output = visual(pixel_values.to(visual.dtype), grid_thw=torch.tensor([grid], device=device))
    # transformers before 5 returned the embeddings themselves.
    embeddings: Tensor = getattr(output, "pooler_output", output)
    return embeddings


def _rotation(positions: Tensor, inv_freq: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of shape (P, 1, D of a head): a quarter rows, a quarter columns."""
    angles = (positions[..., None].float() * inv_freq.float()).flatten(1)
    angles = torch.cat((angles, angles), dim=-1)[:, None]
    return angles.cos(), angles.sin()


def _rotate(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn queries or keys of shape (P, H, D) by their patch's position, in float32."""
    first, second = heads.float().chunk(2, dim=-1)
    turned = heads.float() * cos + torch.cat((-second, first), dim=-1) * sin
    return turned.to(heads.dtype)


def _attend(attn: Any, hidden: Tensor, cos: Tensor, sin: Tensor, groups: list[Tensor]) -> Tensor:
    """Attend within each window, all windows of one length in one call."""
    query, key, value = attn.qkv(hidden).unflatten(-1, (3, attn.num_heads, -1)).unbind(1)
    query, key = _rotate(query, cos, sin), _rotate(key, cos, sin)
    mixed = torch.empty_like(value)  # (P, H, D)
    for group in groups:
        q, k, v = (heads[group].transpose(1, 2) for heads in (query, key, value))
        mixed[group] = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    projected: Tensor = attn.proj(mixed.flatten(1))
    return projected
