"""A tiny random Qwen2.5-VL, an engine over it, and the official way to compare it with.

The reference shares nothing with the engine but the weights: transformers' own chat template,
tokenizer, picture processor and forward pass, all of the prompt again for each token.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import numpy as np
import torch
from PIL import Image as Pillow
from transformers import AutoTokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from vision.engine import Chunk, Image, Message, Prompt, SamplingParams, Usage
from vision.images import Decoder
from vision.qwen.engine import QwenEngine
from vision.qwen.runtime import Runtime
from vision.settings import EngineSettings

# A reply's place in the rendered template: one token that no text of a test can make.
HOLE = "<|quad_start|>"


@dataclass(slots=True)
class Outcome:
    """A whole reply."""

    text: str = ""
    chunks: list[Chunk] = field(default_factory=list)

    @property
    def last(self) -> Chunk:
        return self.chunks[-1]

    @property
    def ids(self) -> tuple[int, ...]:
        return self.last.token_ids

    @property
    def usage(self) -> Usage:
        assert self.last.usage is not None
        return self.last.usage

    @property
    def notices(self) -> list[str]:
        return [chunk.notice for chunk in self.chunks if chunk.notice]

    @property
    def ran(self) -> int:
        """Positions of the prompt that were run, not taken from a cache."""
        return self.usage.prompt_tokens - self.usage.cached_tokens


def collect(chunks: Iterable[Chunk], each: Callable[[], None] | None = None) -> Outcome:
    """Read a reply to its end; call ``each`` at every chunk."""
    outcome = Outcome()
    for chunk in chunks:
        outcome.chunks.append(chunk)
        outcome.text += chunk.text
        if each is not None:
            each()
    return outcome


class Lab:
    """Makes pictures, asks the engine, and asks the reference."""

    def __init__(self, checkpoint: Path, root: Path, **settings: object) -> None:
        chosen = {"max_context": 2_048, "max_pixels": 28 * 28 * 90, "kv_cache_mib": 64}
        self.settings = EngineSettings(model=str(checkpoint), **{**chosen, **settings})
        self.root = root
        self.each: Callable[[], None] | None = None
        self.decoder = Decoder()
        self.engine = QwenEngine(self.settings, self.decoder, root / "tmp")
        self.engine.load(lambda _progress: None)
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        self.processor = Qwen2VLImageProcessorPil.from_pretrained(checkpoint)

    def close(self) -> None:
        self.engine.unload()
        self.decoder.close()

    @property
    def runtime(self) -> Runtime:
        assert self.engine._runtime is not None
        return self.engine._runtime

    def picture(self, seed: int = 0, width: int = 90, height: int = 70) -> Image:
        """Draw a picture that no other seed gives."""
        rough = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
        buffer = io.BytesIO()
        Pillow.fromarray(rough).resize((width, height), Pillow.Resampling.BICUBIC).save(
            buffer, "PNG"
        )
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        path = self.root / f"{digest}.png"
        path.write_bytes(buffer.getvalue())
        return Image(digest, path, width, height)

    def ask(
        self, prompt: Prompt, tokens: int = 6, cancel: Event | None = None, **params: object
    ) -> Outcome:
        """Run the engine to the end."""
        chosen = SamplingParams(max_new_tokens=tokens, **params)
        return collect(self.engine.stream(prompt, chosen, cancel or Event()), self.each)

    def inputs(self, prompt: Prompt) -> dict[str, torch.Tensor]:
        """Make the official inputs, with the ids of earlier replies where they stand."""
        rendered = self.tokenizer.apply_chat_template(
            [_official(message) for message in prompt.messages],
            tokenize=False,
            add_generation_prompt=not prompt.resume,
        )
        if prompt.resume:
            rendered = rendered.removesuffix("<|im_end|>\n")
        images = [image for message in prompt.messages for image in message.images]
        pixels = self._pixels(images) if images else {}
        grids = iter(pixels["image_grid_thw"].prod(dim=-1) // 4 if images else [])
        replies = iter(message.token_ids for message in prompt.messages if message.token_ids)
        pad, hole = self.tokenizer.convert_tokens_to_ids(["<|image_pad|>", HOLE])
        ids: list[int] = []
        for token_id in self.tokenizer(rendered).input_ids:
            if token_id == pad:
                ids += [pad] * int(next(grids))
            else:
                ids += next(replies) if token_id == hole else [token_id]
        return {"input_ids": torch.tensor([ids]), **pixels}

    def _pixels(self, images: list[Image]) -> dict[str, torch.Tensor]:
        least, most = self.settings.min_pixels, self.settings.max_pixels
        size = {"shortest_edge": least, "longest_edge": most}
        opened = [Pillow.open(image.path).convert("RGB") for image in images]
        return dict(self.processor(images=opened, return_tensors="pt", size=size))

    @torch.inference_mode()
    def reference(self, prompt: Prompt, tokens: int = 6) -> tuple[tuple[int, ...], list[float]]:
        """Return the reply by full recompute, and the log-probability of each token."""
        model = self.runtime.network.model
        inputs = self.inputs(prompt)
        begun = prompt.messages[-1].token_ids if prompt.resume else ()
        pad = self.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        reply: list[int] = []
        logprobs: list[float] = []
        while len(reply) < tokens:
            ids = inputs["input_ids"]
            logits = model(**inputs, mm_token_type_ids=(ids == pad).int()).logits[0, -1]
            token_id = int(logits.argmax())
            if token_id in self.runtime.loaded.end_ids:
                break
            reply.append(token_id)
            logprobs.append(float(logits.log_softmax(-1)[token_id]))
            inputs["input_ids"] = torch.cat([ids, torch.tensor([[token_id]])], dim=1)
        model.model.rope_deltas = None
        return (*begun, *reply), logprobs

    def agrees(self, prompt: Prompt, tokens: int = 6) -> Outcome:
        """Ask both; assert that they reply alike, token for token. Return the engine's reply."""
        outcome = self.ask(prompt, tokens, logprobs=True)
        ids, logprobs = self.reference(prompt, tokens)
        assert outcome.ids == ids
        np.testing.assert_allclose(outcome.last.logprobs, logprobs, atol=1e-4)
        return outcome


def _official(message: Message) -> dict[str, object]:
    text = HOLE if message.token_ids else message.text
    if not message.images:
        return {"role": message.role, "content": text}
    parts: list[dict[str, object]] = [{"type": "image"} for _ in message.images]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": text}]}


def user(text: str, *images: Image) -> Message:
    return Message("user", text, images)


def assistant(outcome: Outcome) -> Message:
    return Message("assistant", outcome.text, token_ids=outcome.ids)
