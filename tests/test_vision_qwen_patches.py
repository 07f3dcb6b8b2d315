import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from vision.qwen.patches import FACTOR, PATCH_VALUES, Grid, grid_for, pixel_values

MIN_PIXELS = 56 * 56
MAX_PIXELS = 1280 * 28 * 28


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)


def official(rgb: np.ndarray, **kwargs) -> dict[str, torch.Tensor]:
    processor = Qwen2VLImageProcessorPil(min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)
    return processor(images=[rgb], return_tensors="pt", input_data_format="channels_last", **kwargs)


@pytest.mark.parametrize("size", [(28, 28), (56, 28), (280, 420), (840, 1148)])
def test_patches_equal_the_official_processors_within_a_millionth(size):
    rgb = noise(*size)

    values = pixel_values(rgb)

    expected = official(rgb, do_resize=False)["pixel_values"]
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-6)


def test_every_byte_value_is_normalised_within_a_millionth():
    rgb = np.arange(28 * 28 * 3, dtype=np.uint32).astype(np.uint8).reshape(28, 28, 3)

    values = pixel_values(rgb)

    assert len(np.unique(rgb)) == 256
    expected = official(rgb, do_resize=False)["pixel_values"]
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-6)


def test_a_picture_resized_by_bicubic_gives_the_official_pipelines_tensors():
    photo = Image.fromarray(noise(1_210, 907)).resize((1_600, 1_199), Image.Resampling.BILINEAR)
    grid = grid_for(photo.width, photo.height, MIN_PIXELS, MAX_PIXELS)

    values = pixel_values(np.asarray(photo.resize(grid.size, Image.Resampling.BICUBIC)))

    expected = official(np.asarray(photo))
    assert expected["image_grid_thw"].tolist() == [list(grid)]
    torch.testing.assert_close(values, expected["pixel_values"], rtol=0, atol=1e-6)


def test_an_array_of_a_mirrored_view_is_read_as_it_looks():
    rgb = noise(56, 84)

    assert torch.equal(pixel_values(rgb[:, ::-1]), pixel_values(rgb[:, ::-1].copy()))


def test_the_array_is_not_written_to():
    rgb = noise(56, 56)
    before = rgb.copy()

    pixel_values(rgb).zero_()

    assert np.array_equal(rgb, before)


sides = st.integers(1, 6_000)
budgets = st.sampled_from([200_704, 501_760, 1_003_520, 12_845_056])


@given(sides, sides, budgets)
@settings(deadline=None)
def test_grids_equal_the_official_processors(width, height, max_pixels):
    if max(width, height) / min(width, height) > 200:
        return
    processor = Qwen2VLImageProcessorPil()
    theirs = processor.get_number_of_image_patches(
        height, width, {"min_pixels": MIN_PIXELS, "max_pixels": max_pixels}
    )

    grid = grid_for(width, height, MIN_PIXELS, max_pixels)

    # The two official functions differ below one token's side; ours is qwen_vl_utils'.
    if min(width, height) >= FACTOR:
        assert grid.patches == theirs


@given(sides, sides, budgets)
@settings(deadline=None)
def test_a_grid_is_whole_image_tokens(width, height, max_pixels):
    if max(width, height) / min(width, height) > 200:
        return

    grid = grid_for(width, height, MIN_PIXELS, max_pixels)

    assert grid.t == 1
    assert grid.h % 2 == grid.w % 2 == 0
    assert min(grid) > 0
    assert grid.tokens * 4 == grid.patches == grid.h * grid.w
    assert grid.size == (grid.w * 14, grid.h * 14)


def test_a_grid_has_as_many_patches_as_its_pixels_give():
    grid = grid_for(907, 604, MIN_PIXELS, MAX_PIXELS)
    width, height = grid.size

    assert pixel_values(noise(width, height)).shape == (grid.patches, PATCH_VALUES)


def test_a_narrow_strip_keeps_one_token_of_height():
    assert grid_for(28_000, 140, 3_136, 100_352) == Grid(1, 2, 320)


def test_a_12_megapixel_photo_takes_1230_tokens():
    assert grid_for(4_000, 3_000, 3_136, 1_003_520).tokens == 1_230


def in_a_fresh_process(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_without_torchvision_the_import_leaves_no_trace_of_one():
    code = """
import sys
import vision.qwen.patches
assert not [name for name in sys.modules if name.split(".")[0] == "torchvision"]
from transformers.utils import is_torchvision_available
from importlib.util import find_spec
assert is_torchvision_available() == (find_spec("torchvision") is not None)
print(vision.qwen.patches.grid_for(28, 28, 784, 784))
"""
    assert in_a_fresh_process(code) == "Grid(t=1, h=2, w=2)"


def test_with_torchvision_loaded_the_real_one_stays():
    code = """
import sys
from types import ModuleType
names = ["torchvision", "torchvision.io", "torchvision.transforms"]
real = {name: ModuleType(name) for name in names}
real["torchvision"].io, real["torchvision"].transforms = real[names[1]], real[names[2]]
real["torchvision.transforms"].InterpolationMode = None
sys.modules.update(real)
import vision.qwen.patches
print(all(sys.modules[name] is module for name, module in real.items()))
"""
    assert in_a_fresh_process(code) == "True"
