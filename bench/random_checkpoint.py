"""Qwen2.5-VL checkpoints with random weights, written by the real classes' ``save_pretrained``.

Speed, memory and equality do not depend on what the weights say. ``TINY`` starts in a second, for
tests and for trying the page: ``python -m bench.random_checkpoint FOLDER`` and then
``python -m app --engine qwen --model FOLDER``. ``MEDIUM`` has about 280 million parameters, for the
measures.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLConfig

# In the real tokenizer's order: the first is number 151,643 there.
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

# Source: tokenizer_config.json of Qwen/Qwen2.5-VL-7B-Instruct (Apache-2.0).
CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}"
    "{{ message['content'] }}<|im_end|>\n{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}"
    "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}"
    "<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# Source: tokenizer.json of Qwen2.5: how text is cut before byte pairs are merged.
PRE_TOKENS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# What the small vocabulary is learnt from: enough for words of the tests to be several bytes long.
LESSON = (
    "You are a helpful assistant. What is the total of this receipt? The total is 12.50 in all.",
    "<table><tr><td>Item</td><td>Price</td></tr></table>\n| Item | Price |\n| --- | --- |\n",
    "system\nuser\nassistant\n\n\nDescribe the picture, compare both pictures, and read the text.",
    "这张小票的合计是多少？请把表格写成网页。",
)


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes of a network; defaults are those of ``TINY``."""

    width: int = 96
    layers: int = 3
    heads: int = 4
    kv_heads: int = 2
    mlp: int = 192
    vision_width: int = 64
    vision_layers: int = 4
    vision_heads: int = 4
    vision_mlp: int = 96
    full_attention: tuple[int, ...] = (1, 3)
    tied: bool = True
    spread: float = 0.08  # of the weights; wide enough that every picture changes the reply


TINY = Geometry()
MEDIUM = Geometry(
    width=1024,
    layers=16,
    heads=8,
    kv_heads=2,
    mlp=2816,
    vision_width=768,
    vision_layers=12,
    vision_heads=12,
    vision_mlp=2048,
    full_attention=(2, 5, 8, 11),
    spread=0.02,
)


def config_of(geometry: Geometry, first_special: int, vocabulary: int) -> Qwen2_5_VLConfig:
    """Build the configuration; ``first_special`` is the id of ``<|endoftext|>``."""
    from transformers import Qwen2_5_VLConfig

    special = {name: first_special + i for i, name in enumerate(SPECIAL_TOKENS)}
    half_head = geometry.width // geometry.heads // 2
    across = half_head * 3 // 8  # the real split of a head of 128 is 16, 24, 24
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": geometry.width,
            "intermediate_size": geometry.mlp,
            "num_hidden_layers": geometry.layers,
            "num_attention_heads": geometry.heads,
            "num_key_value_heads": geometry.kv_heads,
            "max_position_embeddings": 32_768,
            "initializer_range": geometry.spread,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1_000_000.0,
                "mrope_section": [half_head - 2 * across, across, across],
            },
            "bos_token_id": special["<|endoftext|>"],
            "eos_token_id": special["<|im_end|>"],
            "tie_word_embeddings": geometry.tied,
        },
        vision_config={
            "depth": geometry.vision_layers,
            "hidden_size": geometry.vision_width,
            "intermediate_size": geometry.vision_mlp,
            "num_heads": geometry.vision_heads,
            "out_hidden_size": geometry.width,
            "fullatt_block_indexes": list(geometry.full_attention),
            "initializer_range": geometry.spread,
        },
        image_token_id=special["<|image_pad|>"],
        video_token_id=special["<|video_pad|>"],
        vision_start_token_id=special["<|vision_start|>"],
        vision_end_token_id=special["<|vision_end|>"],
        tie_word_embeddings=geometry.tied,
    )


def write_tokenizer(folder: Path, vocabulary: int = 512) -> int:
    """Learn a byte-level BPE with the real special tokens; return the id of the first of them."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRE_TOKENS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        LESSON,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    first_special = tokenizer.get_vocab_size()
    tokenizer.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer.save(str(folder / "tokenizer.json"))
    write_tokenizer_config(folder)
    return first_special


def write_tokenizer_config(folder: Path) -> None:
    """Write what stands beside ``tokenizer.json`` in a real checkpoint."""
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "chat_template": CHAT_TEMPLATE,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": list(SPECIAL_TOKENS[1:]),
        "model_max_length": 131_072,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")


def write_weights(
    folder: Path, geometry: Geometry, first_special: int, vocabulary: int, seed: int = 0
) -> None:
    """Write config, weights and the picture processor's settings, the same for the same seed."""
    import torch
    from transformers import GenerationConfig, Qwen2_5_VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    config = config_of(geometry, first_special, vocabulary)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=[first_special + 2, first_special], pad_token_id=first_special
    )
    model.save_pretrained(folder)
    Qwen2VLImageProcessorPil(min_pixels=3_136, max_pixels=12_845_056).save_pretrained(folder)


def build(folder: Path, geometry: Geometry = TINY, seed: int = 0) -> Path:
    """Write a whole checkpoint with a small tokenizer into ``folder``, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    first_special = write_tokenizer(folder)
    # A multiple of 64, as real vocabularies are: some ids have no token.
    vocabulary = -(-(first_special + len(SPECIAL_TOKENS)) // 64) * 64
    write_weights(folder, geometry, first_special, vocabulary, seed)
    return folder


def main() -> int:
    """Write a checkpoint where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=["tiny", "medium"], default="tiny")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    build(args.folder, TINY if args.size == "tiny" else MEDIUM, args.seed)
    print(args.folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
