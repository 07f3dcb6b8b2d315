"""From a picture's pixels to the patches that the model's vision tower takes.

A picture is scaled so that both sides are multiples of 28, then cut into patches of 14 x 14
pixels; 2 x 2 patches become one image token. Which size that is, ``qwen_vl_utils`` decides, so
that grids equal the official pipeline's. Decoding and scaling happen elsewhere (``vision.images``,
in a worker process): what comes here is an RGB array of exactly that size.

``pixel_values`` does in one pass what the official processor does in five (rescale, normalise,
transpose, repeat, reshape) and gives the same numbers.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PATCH = 14  # pixels along a patch's side
MERGE = 2  # patches along an image token's side
FACTOR = PATCH * MERGE
CHANNELS = 3
FRAMES = 2  # a still picture is a video of one frame, shown twice
PATCH_VALUES = CHANNELS * FRAMES * PATCH * PATCH  # 1,176

# What CLIP was trained with. Source: transformers 5.23, image_utils.OPENAI_CLIP_MEAN and _STD.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@contextmanager
def _torchvision_stub() -> Iterator[None]:
    """Stand in for torchvision while ``qwen_vl_utils`` is imported, and leave no trace.

    qwen_vl_utils 0.0.14 imports torchvision without declaring it and needs it for video only.
    Beside a CPU-only torch its wheel breaks transformers, so it is often absent, or present and
    broken. The stub must be gone before transformers looks for torchvision.
    """
    if "torchvision" in sys.modules:  # it is there and works
        yield
        return
    names = ("torchvision", "torchvision.io", "torchvision.transforms")
    stub: Any = ModuleType(names[0])  # Any: attributes are set that a bare module has not
    stub.io, stub.transforms = (ModuleType(name) for name in names[1:])
    stub.transforms.InterpolationMode = None
    sys.modules.update(zip(names, (stub, stub.io, stub.transforms), strict=True))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


with _torchvision_stub():
    from qwen_vl_utils import smart_resize


class Grid(NamedTuple):
    """How many patches a picture is in time, height and width: its ``image_grid_thw``."""

    t: int  # 1 for a still picture
    h: int  # even
    w: int  # even

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels, that the picture is scaled to."""
        return self.w * PATCH, self.h * PATCH

    @property
    def patches(self) -> int:
        """P, the rows of the picture's ``pixel_values``."""
        return self.t * self.h * self.w

    @property
    def tokens(self) -> int:
        """Image tokens the picture takes in a prompt."""
        return self.patches // (MERGE * MERGE)


def grid_for(width: int, height: int, min_pixels: int, max_pixels: int) -> Grid:
    """Return the grid of a picture of ``width`` x ``height`` upright pixels.

    The picture must be at most 200 times as long as wide, which the intake sees to.
    """
    resized = smart_resize(height, width, FACTOR, min_pixels=min_pixels, max_pixels=max_pixels)
    # A narrow strip at a small budget: qwen_vl_utils 0.0.14 rounds its short side down to 0,
    # transformers' own smart_resize to one token, a little over the budget then.
    high, wide = (max(FACTOR, side) for side in resized)
    return Grid(1, high // PATCH, wide // PATCH)


def pixel_values(rgb: NDArray[np.uint8], device: torch.device | str = "cpu") -> Tensor:
    """Normalise and cut an array of shape (height, width, 3) into patches.

    The result has shape (P, 1176), in float32 on ``device``; patches come in the model's order,
    the four of an image token beside each other. Bytes, not floats, travel to the device.
    """
    height, width, channels = rgb.shape
    assert channels == CHANNELS
    assert height % FACTOR == 0
    assert width % FACTOR == 0
    # torch warns of arrays that cannot be written to, as Pillow's are.
    pixels = torch.from_numpy(np.require(rgb, requirements=["C", "W"])).to(device)
    blocks = pixels.view(height // FACTOR, MERGE, PATCH, width // FACTOR, MERGE, PATCH, CHANNELS)
    # (token row, token column, patch row, patch column, channel, pixel row, pixel column)
    patches = blocks.permute(0, 3, 1, 4, 6, 2, 5).reshape(-1, CHANNELS, 1, PATCH * PATCH)
    mean, std = (torch.tensor(v, device=device).view(1, -1, 1, 1) * 255 for v in (MEAN, STD))
    values = patches.to(torch.float32).sub_(mean).div_(std)
    return values.expand(-1, -1, FRAMES, -1).reshape(-1, PATCH_VALUES)
