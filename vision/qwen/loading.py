"""From a checkpoint to a network in memory: device, type, attention, quantization.

Nothing in a checkpoint is executed: ``trust_remote_code`` is False, weights are safetensors.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer, BitsAndBytesConfig, Qwen2_5_VLForConditionalGeneration

from vision.qwen.attention import Attention, choose
from vision.qwen.download import Checkpoint, find
from vision.qwen.errors import DeviceMissing, ModelTooLarge, ModelUnusable, PackageMissing
from vision.qwen.memory import GIB, forget_frames, free_bytes, is_out_of_memory
from vision.qwen.reporting import Report, weights_reported

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer

    from vision.settings import EngineSettings

log = logging.getLogger(__name__)

# Bytes of a quantized weight for each byte in half precision; some layers stay as they are.
SHRINKS_TO = {"none": 1.0, "int8": 0.6, "int4": 0.35}
BFLOAT16_CAPABILITY = (8, 0)
# Of a card's memory, so much is left to the KV cache and to what the network needs in passing.
CARD_ROOM = GIB
# Of each shard, this much is hashed at this many places.
SAMPLE_BYTES, SAMPLES = 65_536, 16


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network ready to run, and what it is."""

    checkpoint: Checkpoint
    model: Qwen2_5_VLForConditionalGeneration
    tokenizer: Tokenizer
    devices: tuple[torch.device, ...]  # all that hold weights; the first takes the embeddings
    attention: Attention
    end_ids: frozenset[int]  # tokens that end a reply
    fingerprint: str  # of everything that keys and values depend on
    notes: tuple[str, ...]  # sentences for the status line

    @property
    def device(self) -> torch.device:
        """Where prompts go in."""
        return self.devices[0]

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weights in memory, tied ones once."""
        # An AWQ checkpoint's are buffers.
        return sum(weight.nbytes for weight in (*self.model.parameters(), *self.model.buffers()))


def load(settings: EngineSettings, report: Report) -> Loaded:
    """Find, download and load the model. Raise ``EngineUnavailable`` when that cannot be."""
    checkpoint = find(settings.model, settings.revision, report)
    device = pick_device(settings.device)
    dtype = pick_dtype(settings.dtype, device, checkpoint)
    quantized = "quantization_config" in checkpoint.config
    quantization = None if quantized else quantization_config(settings.quantization, dtype)
    device_map = place(checkpoint, device, dtype, settings)
    attention = choose(settings.attention, device, dtype)
    with weights_reported(report):
        model = _from_pretrained(
            checkpoint,
            device,
            dtype=dtype,
            device_map=device_map,
            attn_implementation=attention.name,
            quantization_config=quantization,
        )
    model.train(mode=False).requires_grad_(requires_grad=False)
    devices = _devices(model)
    if torch.device("meta") in devices:  # accelerate left weights on the disk
        needed = _weight_bytes(checkpoint, dtype, settings.quantization)
        raise _too_large(checkpoint, device, needed, free_bytes(device))
    return Loaded(
        checkpoint=checkpoint,
        model=model,
        tokenizer=load_tokenizer(checkpoint),
        devices=devices,
        attention=attention,
        end_ids=_end_ids(model),
        fingerprint=fingerprint(checkpoint, dtype, settings.quantization),
        notes=(attention.note, *_placement_notes(devices), *_quantized_notes(quantized, settings)),
    )


def load_tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    """Load the checkpoint's tokenizer: the Rust one, without transformers around it."""
    try:
        wrapped = AutoTokenizer.from_pretrained(checkpoint.folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = "its tokenizer cannot be read"
        raise ModelUnusable(model=checkpoint.name, reason=reason) from error
    tokenizer: Tokenizer = wrapped.backend_tokenizer
    return tokenizer


def pick_device(wanted: str) -> torch.device:
    """Turn ``auto`` or a configured name into a device of this machine."""
    present = ["cpu"]
    if torch.backends.mps.is_available():
        present.insert(0, "mps")
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    present = [f"cuda:{card}" for card in range(cards)] + present
    if wanted == "auto":
        return torch.device(present[0])
    name = "cuda:0" if wanted == "cuda" else wanted
    if name not in present:
        raise DeviceMissing(device=wanted, present=", ".join(present))
    return torch.device(name)


def pick_dtype(wanted: str, device: torch.device, checkpoint: Checkpoint) -> torch.dtype:
    """Turn ``auto`` into the type that runs fastest on ``device`` and fits it."""
    if wanted != "auto":
        dtype: torch.dtype = getattr(torch, wanted)
        return dtype
    if device.type == "cuda":
        modern = torch.cuda.get_device_capability(device) >= BFLOAT16_CAPABILITY
        return torch.bfloat16 if modern else torch.float16
    if device.type == "mps":
        # float16 overflows on some pictures. Not tried on a Mac by us; numbers that overflow are
        # told to the user (LogitsNotFinite), with the other types to choose from.
        return torch.bfloat16
    # float32 is faster on most CPUs; bfloat16 takes half the memory.
    needed = _weight_bytes(checkpoint, torch.float32, "none")
    return torch.float32 if needed < 0.6 * free_bytes(device) else torch.bfloat16


def quantization_config(quantization: str, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    """Return bitsandbytes' settings. Raise ``PackageMissing`` where it is not installed."""
    if quantization == "none":
        return None
    if importlib.util.find_spec("bitsandbytes") is None:
        raise PackageMissing(purpose=f"Quantization to {quantization}", package="bitsandbytes")
    if quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


def place(
    checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, settings: EngineSettings
) -> str:
    """Return the ``device_map``: one device where the weights fit, several cards where they must.

    Raise ``ModelTooLarge`` before anything is loaded.
    """
    needed = _weight_bytes(checkpoint, dtype, settings.quantization)
    free = _room(device)
    unknown = device.type != "cuda" and free == 0  # macOS does not say
    if unknown or needed < free:
        return str(device)
    cards = torch.cuda.device_count() if device.type == "cuda" else 0
    spread = settings.device in ("auto", "cuda") and cards > 1
    together = sum(_room(torch.device("cuda", card)) for card in range(cards))
    if spread and needed < together:
        return "auto"
    raise _too_large(checkpoint, device, needed, together if spread else free)


def fingerprint(checkpoint: Checkpoint, dtype: torch.dtype, quantization: str) -> str:
    """Digest the configuration, a sample of the weights, and how they were loaded.

    A sample: hashing 15 GiB takes longer than loading them, and two networks that agree in some
    hundred places of each shard are the same.
    """
    digest = hashlib.sha256(f"{dtype} {quantization}".encode())
    digest.update((checkpoint.folder / "config.json").read_bytes())
    for shard in checkpoint.shards:
        size = shard.stat().st_size
        digest.update(f"{shard.name} {size}".encode())
        with shard.open("rb") as file:
            for place_ in range(SAMPLES):
                file.seek(size * place_ // SAMPLES)
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def _from_pretrained(
    checkpoint: Checkpoint,
    device: torch.device,
    **options: Any,  # Any: from_pretrained's own
) -> Qwen2_5_VLForConditionalGeneration:
    # transformers would otherwise look up chat templates and kernels of a hub's name.
    folder: Path = checkpoint.folder
    try:
        return Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            **{name: value for name, value in options.items() if value is not None},
        )
    except ImportError as error:  # an AWQ or GPTQ checkpoint names its package
        words = str(error).replace("`", " ").split()
        known = ("gptqmodel", "autoawq", "bitsandbytes", "accelerate")
        package = next((name for name in known if name in words), "gptqmodel")
        raise PackageMissing(purpose=checkpoint.name, package=package) from error
    except (RuntimeError, ValueError, OSError, MemoryError, SafetensorError) as error:
        forget_frames(error)
        if is_out_of_memory(error):
            needed = _weight_bytes(checkpoint, options["dtype"], "none")
            raise _too_large(checkpoint, device, needed, free_bytes(device)) from None
        # A file that is cut off, or a quantization that does not run here.
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelUnusable(model=checkpoint.name, reason=f"it does not load ({said})") from error


def _room(device: torch.device) -> int:
    """Return the bytes that weights may take on ``device``."""
    return free_bytes(device) - (CARD_ROOM if device.type == "cuda" else 0)


def _weight_bytes(checkpoint: Checkpoint, dtype: torch.dtype, quantization: str) -> float:
    """Estimate the weights' bytes in memory."""
    if "quantization_config" in checkpoint.config:  # AWQ: stays as it is stored
        return checkpoint.weight_bytes
    text = checkpoint.config.get("text_config") or {}
    keys = ("dtype", "torch_dtype")
    stored = next((c[k] for c in (checkpoint.config, text) for k in keys if c.get(k)), "bfloat16")
    stored_dtype: torch.dtype = getattr(torch, str(stored))
    scale = dtype.itemsize / stored_dtype.itemsize
    return checkpoint.weight_bytes * scale * SHRINKS_TO[quantization]


def _too_large(
    checkpoint: Checkpoint, device: torch.device, needed: float, free: float
) -> ModelTooLarge:
    return ModelTooLarge(
        model=checkpoint.name,
        device=str(device),
        needed_gib=needed / GIB,
        free_gib=free / GIB,
    )


def _devices(model: Qwen2_5_VLForConditionalGeneration) -> tuple[torch.device, ...]:
    first = next(model.get_input_embeddings().parameters()).device
    return tuple(dict.fromkeys([first, *(weight.device for weight in model.parameters())]))


def _placement_notes(devices: tuple[torch.device, ...]) -> Iterator[str]:
    if len(devices) > 1:
        yield f"The model is spread over {', '.join(map(str, devices))}."


def _quantized_notes(quantized: bool, settings: EngineSettings) -> Iterator[str]:
    if quantized and settings.quantization != "none":
        yield f"The checkpoint is quantized already; {settings.quantization} was not applied."


def _end_ids(model: Qwen2_5_VLForConditionalGeneration) -> frozenset[int]:
    ends = model.generation_config.eos_token_id
    if ends is None:
        ends = model.config.get_text_config().eos_token_id
    return frozenset(ends if isinstance(ends, list) else [ends])
