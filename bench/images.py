"""A 12-megapixel JPEG from its bytes to the model's patches: the official way against ours.

The official way decodes all pixels in this process (``qwen_vl_utils.fetch_image``), resizes, and
runs transformers' processor. Ours decodes in the worker process under limits, as small a draft as
is exact enough, and normalises and cuts in one pass. Both make patches of one and the same grid.

``ms_12mp_ratio``: CPU time, official over ours; the worker's time counts as ours, its start not.
``draft_mean_error``, ``draft_max_error``: how far the patches differ, in normalised units, of which
one level of 255 is about 0.015.
"""

import random
import resource
from collections.abc import Callable
from io import BytesIO
from time import process_time

import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from vision.images import Decoder
from vision.qwen.patches import grid_for, pixel_values
from vision.settings import EngineSettings

WIDTH, HEIGHT = 4_000, 3_000
MIN_PIXELS, MAX_PIXELS = EngineSettings().min_pixels, EngineSettings().max_pixels
RUNS = 15


def photo() -> bytes:
    """Draw a receipt on a grainy, unevenly lit table, as a phone would take it."""
    draw = random.Random(12)
    light = Image.linear_gradient("L").resize((WIDTH, HEIGHT)).point(lambda value: 60 + value // 3)
    grain = Image.effect_noise((WIDTH, HEIGHT), 24).filter(ImageFilter.GaussianBlur(1))
    picture = Image.merge("RGB", [light, grain, Image.blend(light, grain, 0.4)])
    paper = ImageDraw.Draw(picture)
    paper.rectangle((1_100, 150, 2_900, 2_850), fill=(236, 233, 226))
    for row in range(36):
        goods = draw.choice(("Milk", "Bread", "Butter", "Cheese"))
        text = f"{goods} {row}    {draw.random() * 30:.2f}"
        paper.text((1_200, 200 + 72 * row), text, (40, 40, 44), ImageFont.load_default(56))
    file = BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def official(data: bytes, processor: Qwen2VLImageProcessorPil) -> Tensor:
    """Make patches as the official demo does."""
    from qwen_vl_utils import fetch_image

    picture = fetch_image(
        {"image": Image.open(BytesIO(data)), "min_pixels": MIN_PIXELS, "max_pixels": MAX_PIXELS}
    )
    values: Tensor = processor(images=[picture], return_tensors="pt")["pixel_values"]
    return values


def ours(data: bytes, decoder: Decoder) -> Tensor:
    """Make patches as the engine does."""
    grid = grid_for(WIDTH, HEIGHT, MIN_PIXELS, MAX_PIXELS)
    return pixel_values(decoder.decode(data, grid.size).rgb)


def milliseconds(run: Callable[[], object]) -> float:
    """Return this process's CPU time of one run, the mean of several."""
    run()
    start = process_time()
    for _ in range(RUNS):
        run()
    return (process_time() - start) / RUNS * 1e3


def worker_milliseconds(data: bytes) -> float:
    """Return the worker's CPU time of one decode, its start taken off."""
    start = _spent_by_worker(lambda decoder: decoder.warm())
    both = _spent_by_worker(lambda decoder: [ours(data, decoder) for _ in range(RUNS)])
    return (both - start) / RUNS * 1e3


def _spent_by_worker(use: Callable[[Decoder], object]) -> float:
    """Return the CPU seconds of a worker over its life: known once it has ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Decoder() as decoder:
        use(decoder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(_args: object = None) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that CPU time is what one picture costs, not how it is shared
    try:
        return _measured(photo())
    finally:
        torch.set_num_threads(threads)


def _measured(data: bytes) -> dict[str, float]:
    processor = Qwen2VLImageProcessorPil(min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)
    with Decoder() as decoder:
        here = milliseconds(lambda: ours(data, decoder))
        off = (ours(data, decoder) - official(data, processor)).abs()
    worker = worker_milliseconds(data)
    peer = milliseconds(lambda: official(data, processor))
    grid = grid_for(WIDTH, HEIGHT, MIN_PIXELS, MAX_PIXELS)
    print(
        f"a JPEG of {WIDTH} x {HEIGHT}, {len(data) / 1e6:.1f} MB, to {grid.tokens:,} image tokens"
    )
    print(f"official   {peer:7.1f} ms CPU")
    print(f"ours       {here + worker:7.1f} ms CPU, {worker:.1f} of them in the worker")
    print(f"difference {off.mean():.4f} mean, {off.max():.3f} at most, normalised")
    return {
        "ms_12mp_ratio": peer / (here + worker),
        "ms_12mp": here + worker,
        "ms_12mp_peer": peer,
        "draft_mean_error": float(off.mean()),
        "draft_max_error": float(off.max()),
    }


if __name__ == "__main__":
    run()
