"""What only a card can show: correctness on CUDA, first token, follow-ups, decode, memory.

Runs on a bare machine with torch, transformers 5 and annotated-types, in the checkout:
``python -m bench.gpu``; no network, no weights. Networks are random, at the real geometry of 3B and
7B: speed and memory do not depend on what weights say. Each section stands alone; one that fails
says so and the next runs. ``--device cpu --sizes tiny`` tries the bench itself without a card.
"""

from __future__ import annotations

import abc
import argparse
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from bench.random_checkpoint import TINY, Geometry, config_of, write_tokenizer

if TYPE_CHECKING:
    from vision.engine import Chunk, Image, Message, Prompt
    from vision.qwen.engine import QwenEngine
    from vision.qwen.runtime import Runtime

SIZES = {
    "tiny": TINY,
    "3b": Geometry(
        width=2_048, layers=36, heads=16, kv_heads=2, mlp=11_008,
        vision_width=1_280, vision_layers=32, vision_heads=16, vision_mlp=3_420,
        full_attention=(7, 15, 23, 31), spread=0.02,
    ),
    "7b": Geometry(
        width=3_584, layers=28, heads=28, kv_heads=4, mlp=18_944,
        vision_width=1_280, vision_layers=32, vision_heads=16, vision_mlp=3_420,
        full_attention=(7, 15, 23, 31), tied=False, spread=0.02,
    ),
}  # fmt: skip
VOCABULARY = {"tiny": 512, "3b": 151_936, "7b": 152_064}
GIB = 1024**3
PICTURE = (1_120, 896)  # 40 x 32 image tokens


def prepare() -> None:
    """Make up for what a bare machine lacks: ``qwen_vl_utils``, and our version of transformers."""
    if importlib.util.find_spec("qwen_vl_utils") is None:
        module: Any = ModuleType("qwen_vl_utils")
        module.smart_resize = _transformers_smart_resize()
        sys.modules["qwen_vl_utils"] = module
        print("qwen_vl_utils is not here; transformers' smart_resize takes its place")
    from vision.qwen import graphs, kv

    for layer in (kv._BufferLayer, graphs._FixedLayer):  # noqa: SLF001 - named like ours, or not
        _answer_as_before(layer)


def _transformers_smart_resize() -> Callable[..., tuple[int, int]]:
    for name in ("image_processing_pil_qwen2_vl", "image_processing_qwen2_vl"):
        with suppress(ImportError):
            module = importlib.import_module(f"transformers.models.qwen2_vl.{name}")
            return cast("Callable[..., tuple[int, int]]", module.smart_resize)
    raise ImportError("transformers has no smart_resize where it was looked for")


def _answer_as_before(layer: Any) -> None:
    """Let a cache layer answer what earlier versions of transformers 5 ask of it."""
    for name in layer.__abstractmethods__:  # get_max_cache_shape, before it was get_max_length
        setattr(layer, name, layer.get_max_length)
    abc.update_abstractmethods(layer)
    sizes = layer.get_mask_sizes
    # Earlier the argument was the positions themselves, not how many they are.
    layer.get_mask_sizes = lambda self, query: sizes(
        self, query if isinstance(query, int) else query.shape[0]
    )


class Drawn:
    """Takes the place of ``vision.images.Decoder``: pixels drawn from the picture's own bytes."""

    def warm(self) -> None:
        """Do nothing."""

    def decode(self, data: bytes, size: tuple[int, int]) -> Any:
        """Return pixels of ``size``, width first, that depend on ``data``."""
        rows = np.random.default_rng(list(data)).integers(
            0, 256, (size[1] // 14, size[0] // 14, 3), np.uint8
        )
        rgb = np.ascontiguousarray(rows.repeat(14, 0).repeat(14, 1))
        facts = ModuleType("picture")
        facts.sha256 = hashlib.sha256(data).hexdigest()  # type: ignore[attr-defined]
        decoded: Any = ModuleType("decoded")
        decoded.picture, decoded.rgb = facts, rgb
        return decoded


@dataclass(frozen=True, slots=True)
class Card:
    """One engine on the device under test."""

    device: torch.device
    root: Path
    engine: QwenEngine

    @property
    def runtime(self) -> Runtime:
        """Return what the engine holds."""
        runtime = self.engine._runtime  # noqa: SLF001 - a measure looks inside
        assert runtime is not None
        return runtime

    @property
    def model(self) -> Any:
        """Return the network."""
        return self.runtime.network.model

    def picture(self, seed: int) -> Image:
        """Return a picture by its seed."""
        from vision.engine import Image

        data = seed.to_bytes(4, "big")
        digest = hashlib.sha256(data).hexdigest()
        path = self.root / digest
        path.write_bytes(data)
        return Image(digest, path, *PICTURE)

    def user(self, text: str, *seeds: int) -> Message:
        """Return a user's message with pictures."""
        from vision.engine import Message

        return Message("user", text, tuple(self.picture(seed) for seed in seeds))

    def ask(self, prompt: Prompt, tokens: int, **params: Any) -> Chunk:
        """Run a turn to its end; return the last chunk."""
        from vision.engine import SamplingParams

        chosen = SamplingParams(max_new_tokens=tokens, **params)
        *_, last = self.engine.stream(prompt, chosen, Event())
        return last

    def sync(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def milliseconds(self, work: Callable[[], object]) -> float:
        """Time ``work`` on the wall, the device's work included."""
        self.sync()
        start = perf_counter()
        work()
        self.sync()
        return (perf_counter() - start) * 1e3

    @property
    def allocated(self) -> int:
        """Return the device bytes in use."""
        return torch.cuda.memory_allocated(self.device) if self.device.type == "cuda" else 0


def build(size: str, device: torch.device, dtype: torch.dtype, root: Path) -> Card:
    """Make a random network of ``size`` on the device, and an engine over it."""
    from tokenizers import Tokenizer
    from transformers import Qwen2_5_VLForConditionalGeneration

    from vision.qwen.attention import choose
    from vision.qwen.download import Checkpoint
    from vision.qwen.engine import QwenEngine
    from vision.qwen.loading import Loaded
    from vision.qwen.runtime import start
    from vision.qwen.snapshots import Snapshots
    from vision.qwen.warm_up import warm_up
    from vision.settings import EngineSettings

    first_special = write_tokenizer(root)
    config = config_of(SIZES[size], first_special, VOCABULARY[size])
    attention = choose("auto", device, dtype)
    config._attn_implementation = attention.name  # noqa: SLF001 - as from_pretrained sets it
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            model = Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(before)
    model.train(mode=False).requires_grad_(requires_grad=False)
    settings = EngineSettings(model=size, max_context=16_384)
    tokenizer = Tokenizer.from_file(str(root / "tokenizer.json"))
    loaded = Loaded(
        Checkpoint(size, root, "", {}, ()),
        model, tokenizer, (device,), attention,
        end_ids=frozenset(),  # a random network may say them: replies should be whole
        fingerprint=size, notes=(attention.note,),
    )  # fmt: skip
    decoder = cast("Any", Drawn())
    engine = QwenEngine(settings, decoder, root / "tmp")
    engine._runtime = start(settings, loaded, decoder, Snapshots(root / "kv", size, GIB))  # noqa: SLF001
    warm_up(engine._runtime, lambda _progress: None)  # noqa: SLF001
    print(f"{size}: {loaded.weight_bytes / GIB:.2f} GiB of weights; {attention.note}")
    return Card(device, root, engine)


def machine(device: torch.device) -> dict[str, float]:
    """Say what this machine is, and measure its memory's bandwidth and its arithmetic."""
    for package in ("torch", "transformers", "flash-attn", "tokenizers"):
        with suppress(importlib.metadata.PackageNotFoundError):
            print(package, importlib.metadata.version(package))
    if device.type != "cuda":
        return {}
    print(torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device))
    card = Card(device, Path(), cast("Any", None))
    source = torch.empty(GIB, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    matrix = torch.randn(8_192, 8_192, dtype=torch.bfloat16, device=device)
    for _ in range(3):
        target.copy_(source)
        torch.mm(matrix, matrix)
    copy_ms = card.milliseconds(lambda: [target.copy_(source) for _ in range(20)]) / 20
    mm_ms = card.milliseconds(lambda: [torch.mm(matrix, matrix) for _ in range(20)]) / 20
    figures = {"bandwidth_gb_s": 2 * GIB / copy_ms / 1e6, "tflops": 2 * 8_192**3 / mm_ms / 1e9}
    print(f"bandwidth {figures['bandwidth_gb_s']:.0f} GB/s, {figures['tflops']:.0f} TFLOP/s bf16")
    return figures


def full_recompute(card: Card, prompt: Prompt, tokens: int) -> tuple[int, ...]:
    """Reply greedily with everything run again for each token, by the model's own forward."""
    from vision.qwen.patches import pixel_values
    from vision.qwen.prompt import PictureKey

    builder, built = card.runtime.builder, card.runtime.builder.build(prompt)
    ids: list[int] = []
    pixels, grids = [], []
    for key in built.keys:
        if isinstance(key, PictureKey):
            ids += [builder.special.image_pad] * key.tokens
            data = built.images[key].path.read_bytes()
            pixels.append(pixel_values(Drawn().decode(data, key.grid.size).rgb, card.device))
            grids.append(list(key.grid))
        else:
            ids.append(key)
    images: dict[str, torch.Tensor] = {}
    if pixels:
        grid = torch.tensor(grids, device=card.device)
        images = {"pixel_values": torch.cat(pixels), "image_grid_thw": grid}
    reply: list[int] = []
    typed = "mm_token_type_ids" in inspect.signature(card.model.forward).parameters
    with torch.inference_mode():
        for _ in range(tokens):
            row = torch.tensor([[*ids, *reply]], device=card.device)
            if typed:
                images["mm_token_type_ids"] = (row == builder.special.image_pad).int()
            logits = card.model(input_ids=row, **images).logits
            reply.append(int(logits[0, -1].argmax()))
    card.model.model.rope_deltas = None
    return tuple(reply)


def correctness(device: torch.device) -> dict[str, float]:
    """Compare replies with a full recompute, in float32, over turns of two conversations."""
    from vision.engine import Message, Prompt

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    same = checked = 0
    with TemporaryDirectory() as folder:
        card = build("tiny", device, torch.float32, Path(folder))
        messages: dict[str, list[Message]] = {"a": [], "b": []}
        for turn in range(6):
            name = "ab"[turn % 2]
            seeds = [turn] if turn in (0, 1, 4) else []
            messages[name].append(card.user(f"Read line {turn}.", *seeds))
            prompt = Prompt(tuple(messages[name]), name)
            ids = card.ask(prompt, 24).token_ids
            expected = full_recompute(card, prompt, 24)
            same += sum(a == b for a, b in zip(ids, expected, strict=False))
            checked += 24
            messages[name].append(Message("assistant", "", token_ids=ids))
        card.engine.unload()
    print(f"correctness: {same} of {checked} tokens equal a full recompute in float32")
    return {"tokens_equal": same / checked}


def speed(card: Card, size: str, bandwidth_gb_s: float) -> dict[str, float]:
    """Measure first token, follow-up and decode, with and without graphs, and ``generate``."""
    from vision.engine import Message, Prompt

    figures: dict[str, float] = {}
    for seed in (0, 1):  # the first warms kernels of these shapes
        card.engine.release("medium")
        ask = Prompt((card.user("Read it.", seed),), "a")
        figures["first_token_ms"] = card.milliseconds(lambda p=ask: card.ask(p, 1))  # type: ignore[misc]
    long = [card.user("Compare.", 0, 1, 2)]
    last = card.ask(Prompt(tuple(long), "b"), 8)
    for _ in range(3):
        long += [Message("assistant", "", token_ids=last.token_ids), card.user("More " * 40)]
        follow = Prompt(tuple(long), "b")
        figures["follow_up_ms"] = card.milliseconds(lambda p=follow: card.ask(p, 1))  # type: ignore[misc]
        last = card.ask(follow, 8)
    graphs = card.runtime.graphs
    ways = {"graphs": graphs, "eager": None} if graphs else {"eager": None}
    for name, way in ways.items():
        card.runtime.graphs = way
        ms = _decode_ms(card, follow)
        figures[f"decode_{name}_tok_s"] = 1e3 / ms
        if bandwidth_gb_s:
            figures[f"decode_{name}_share"] = _read_bytes(card) / ms / 1e6 / bandwidth_gb_s
    card.runtime.graphs = graphs
    if card.device.type == "cuda" and (graphs is None or graphs.failed):
        print("  the decode step was not captured; see the warnings above")
    figures["verify_33_ms"] = _verify_ms(card, follow)
    figures["generate_tok_s"] = 1e3 / _generate_ms(card)
    print(f"{size}: prompt of {last.usage.prompt_tokens if last.usage else 0} tokens")
    for name, figure in figures.items():
        print(f"  {name:22} {figure:9.2f}")
    return {f"{size}_{name}": figure for name, figure in figures.items()}


def _read_bytes(card: Card) -> int:
    """Return the bytes of the weights that one token reads: the layers' and the head's."""
    layers: int = sum(
        weight.nbytes for weight in card.model.model.language_model.layers.parameters()
    )
    return layers + int(card.model.lm_head.weight.nbytes)


def _decode_ms(card: Card, prompt: Prompt, tokens: int = 128) -> float:
    """Time a token of a reply, drafts off: the difference of a long reply and a short one."""
    params = {"temperature": 1e-3, "top_k": 1}
    card.ask(prompt, tokens, **params)
    times = [card.milliseconds(lambda n=n: card.ask(prompt, n, **params)) for n in (1, tokens + 1)]  # type: ignore[misc]
    return (times[1] - times[0]) / tokens


def _verify_ms(card: Card, prompt: Prompt, tokens: int = 33) -> float:
    """Time the pass that checks a whole draft: what it must save to pay, beside a token's time."""
    card.ask(prompt, tokens)
    network, buffer = card.runtime.network, card.runtime.pool.buffer
    assert buffer is not None
    filled = buffer.filled - tokens

    def verify() -> None:
        buffer.truncate(filled)
        network.extend([0] * tokens, filled, buffer)

    verify()
    ms = min(card.milliseconds(verify) for _ in range(5))
    card.engine.release("light")  # the buffer no longer holds what the pool says
    return ms


def _generate_ms(card: Card, tokens: int = 64) -> float:
    """Time a token of transformers' ``generate`` after 2,000 tokens of text."""
    ids = torch.randint(0, 400, (1, 2_000), device=card.device)

    def generate(count: int) -> None:
        card.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
        )

    generate(2)
    times = [card.milliseconds(lambda n=n: generate(n)) for n in (1, tokens + 1)]  # type: ignore[misc]
    return (times[1] - times[0]) / tokens


def attentions(card: Card, size: str) -> dict[str, float]:
    """Compare the prefill of one picture under each attention that runs here."""
    from vision.engine import Prompt

    figures: dict[str, float] = {}
    names = ["sdpa", "eager"]
    if card.runtime.loaded.attention.name == "flash_attention_2":
        names.insert(0, "flash_attention_2")
    for name in names:
        card.model.set_attn_implementation(name)
        for seed in (10, 11):
            card.engine.release("medium")
            prompt = Prompt((card.user("Read it.", seed),), "a")
            ms = card.milliseconds(lambda p=prompt: card.ask(p, 1))  # type: ignore[misc]
        figures[f"{size}_first_token_{name}_ms"] = ms
        print(f"  first token under {name:18} {ms:9.2f} ms")
    card.model.set_attn_implementation(card.runtime.loaded.attention.name)
    return figures


def memory(card: Card, size: str, turns: int) -> dict[str, float]:
    """Watch the device's memory over turns with pictures, and after each kind of clear."""
    from vision.engine import Message, Prompt

    card.engine.release("medium")
    card.sync()
    baseline = card.allocated
    messages: list[Message] = []
    most = 0
    for turn in range(turns):
        if turn % 8 == 0:
            messages = []
        messages.append(card.user(f"Line {turn}?", *([100 + turn] if turn % 4 == 0 else [])))
        last = card.ask(Prompt(tuple(messages), f"c{turn // 8}"), 16)
        messages.append(Message("assistant", "", token_ids=last.token_ids))
        most = max(most, card.allocated)
        if turn % 10 == 9:
            print(
                f"  turn {turn + 1}: {card.allocated / GIB:.2f} GiB, {card.engine.status().memory}"
            )
    left = {}
    for level in ("light", "medium", "deep"):
        released = card.engine.release(cast("Any", level))
        card.sync()
        left[level] = card.allocated - baseline
        print(f"  {level}: {released.seconds * 1e3:.1f} ms, {left[level]} bytes over the baseline")
    return {f"{size}_memory_most_gib": most / GIB, f"{size}_left_bytes": left["medium"]}


def shortage(card: Card, size: str) -> dict[str, float]:
    """Let memory run out: a reply with smaller pictures, or a clear error, and then as before."""
    if card.device.type != "cuda":
        return {}
    from vision.engine import Prompt, SamplingParams
    from vision.errors import EngineFailed

    prompt, params = (
        Prompt((card.user("Read both.", 20, 21),), "a"),
        SamplingParams(max_new_tokens=4),
    )
    _, total = torch.cuda.mem_get_info(card.device)
    before = card.ask(prompt, 4).token_ids
    for room_mib in (128, 512, 768, 1_024):
        card.engine.release("deep")
        most = (card.allocated + room_mib * 1024**2) / total
        torch.cuda.set_per_process_memory_fraction(most, card.device)
        try:
            chunks = list(card.engine.stream(prompt, params, Event()))
            said = [chunk.notice for chunk in chunks if chunk.notice] or ["it fits"]
        except EngineFailed as error:
            said = [str(error)]
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0, card.device)
        print(f"  {room_mib} MiB beside the weights: {said[0]}")
    card.engine.release("deep")
    again = card.ask(prompt, 4).token_ids
    print(f"  afterwards {'the same reply' if again == before else 'ANOTHER REPLY'}")
    return {f"{size}_same_after_shortage": float(again == before)}


def whole(size: str, device: torch.device, bandwidth_gb_s: float, turns: int) -> dict[str, float]:
    """Measure one size."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    before = torch.cuda.memory_allocated(device) if device.type == "cuda" else 0
    with TemporaryDirectory() as folder:
        card = build(size, device, dtype, Path(folder))
        figures = tried(lambda: speed(card, size, bandwidth_gb_s))
        figures |= tried(lambda: attentions(card, size))
        figures |= tried(lambda: memory(card, size, turns))
        figures |= tried(lambda: shortage(card, size))
        card.engine.unload()
        left = card.allocated - before
    print(f"{size}: {left} bytes left after unloading")
    return {**figures, f"{size}_unload_left_bytes": left}


def tried(section: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Run a section; where it fails, say so and go on: the machine is lent for minutes."""
    try:
        return section()
    except Exception:  # noqa: BLE001 - the top of a bench, and each section stands alone
        traceback.print_exc()
        return {}


def run(arguments: Sequence[str] = ()) -> dict[str, float]:
    """Run all sections, print what they find, and return the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sizes", nargs="*", default=["3b", "7b"], choices=SIZES)
    parser.add_argument("--turns", type=int, default=50)
    args = parser.parse_args(list(arguments))
    logging.basicConfig(level=logging.WARNING)
    prepare()
    device = torch.device(args.device, 0) if args.device == "cuda" else torch.device(args.device)
    figures = tried(lambda: machine(device))
    bandwidth = figures.get("bandwidth_gb_s", 0.0)
    figures |= tried(lambda: correctness(device))
    for size in args.sizes:
        figures |= tried(lambda s=size: whole(s, device, bandwidth, args.turns))  # type: ignore[misc]
    return figures


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:])))
