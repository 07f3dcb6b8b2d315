"""The medium random network, our engine over it, and the official demo's way beside it.

The official way is that of Qwen2.5-VL's ``web_demo_mm.py``: for each turn all pictures of the
conversation go through the processor again, and all of its tokens through ``generate``. It is given
the very token ids that ours runs, so that both do the same turn.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import process_time
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from bench.random_checkpoint import MEDIUM, build
from vision.engine import Chunk, Image, Message, Prompt, SamplingParams
from vision.images import Decoder
from vision.qwen.engine import QwenEngine
from vision.settings import EngineSettings

WIDTH, HEIGHT = 1_120, 1_008
MAX_PIXELS = 28 * 28 * 360  # 20 x 18 image tokens a picture


@dataclass(frozen=True, slots=True)
class Bench:
    """An engine, and the same network for the official way."""

    engine: QwenEngine
    processor: Any  # Any: transformers' processors are untyped
    root: Path

    @property
    def model(self) -> Any:
        """Return the network that the engine runs."""
        assert self.engine._runtime is not None  # noqa: SLF001 - a measure looks inside
        return self.engine._runtime.network.model  # noqa: SLF001

    def picture(self, seed: int) -> Image:
        """Draw a photo-like JPEG."""
        rough = np.random.default_rng(seed).integers(0, 256, (14, 16, 3), np.uint8)
        buffer = io.BytesIO()
        Pillow.fromarray(rough).resize((WIDTH, HEIGHT), Pillow.Resampling.BICUBIC).save(
            buffer, "JPEG", quality=90
        )
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        path = self.root / f"{digest}.jpg"
        path.write_bytes(buffer.getvalue())
        return Image(digest, path, WIDTH, HEIGHT)

    def ask(self, prompt: Prompt, tokens: int) -> Chunk:
        """Run our engine; return the last chunk."""
        params = SamplingParams(max_new_tokens=tokens)
        *_, last = self.engine.stream(prompt, params, Event())
        return last

    def ids(self, prompt: Prompt) -> torch.Tensor:
        """Return the prompt's token ids, of shape (1, S)."""
        assert self.engine._runtime is not None  # noqa: SLF001
        builder = self.engine._runtime.builder  # noqa: SLF001
        ids: list[int] = []
        for key in builder.build(prompt).keys:
            ids += [key] if isinstance(key, int) else [builder.special.image_pad] * key.tokens
        return torch.tensor([ids])

    def official(
        self, prompt: Prompt, ids: torch.Tensor, tokens: int = 1, streamer: Any = None
    ) -> None:
        """Run a turn the official way; ``streamer`` is told of each token."""
        images = [image for message in prompt.messages for image in message.images]
        opened = [Pillow.open(image.path).convert("RGB") for image in images]
        pixels = dict(self.processor(images=opened, return_tensors="pt")) if opened else {}
        pad = self.model.config.image_token_id
        self.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            mm_token_type_ids=(ids == pad).int(),
            **pixels,
            max_new_tokens=tokens,
            do_sample=False,
            streamer=streamer,
        )


@contextmanager
def medium(**settings: Any) -> Iterator[Bench]:
    """Build the medium network in a temporary folder and load it."""
    with TemporaryDirectory() as folder, Decoder() as decoder, one_thread():
        root = Path(folder)
        checkpoint = build(root / "model", MEDIUM)
        bench = load(root, checkpoint, decoder, **settings)
        yield bench
        bench.engine.unload()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: then CPU time is what work costs, not how threads wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def load(root: Path, checkpoint: Path, decoder: Decoder, **settings: Any) -> Bench:
    """Load an engine over ``checkpoint``, in full precision on the CPU."""
    chosen = EngineSettings(
        model=str(checkpoint),
        device="cpu",
        dtype="float32",
        max_pixels=MAX_PIXELS,
        max_context=8_192,
        **settings,
    )
    engine = QwenEngine(chosen, decoder, root / "tmp")
    engine.load(lambda _progress: None)
    size = {"shortest_edge": chosen.min_pixels, "longest_edge": MAX_PIXELS}
    processor = Qwen2VLImageProcessorPil.from_pretrained(checkpoint, size=size)
    return Bench(engine, processor, root)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return this process's CPU time, of all its threads, for ``work``."""
    start = process_time()
    work()
    return process_time() - start


def reply(chunk: Chunk) -> Message:
    """Return a reply as the next turn's history has it."""
    return Message("assistant", "a reply", token_ids=chunk.token_ids)
