from __future__ import annotations

import json
import logging
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from types import ModuleType

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from bench.random_checkpoint import build
from vision.qwen import attention, loading
from vision.qwen.download import find
from vision.qwen.errors import (
    DeviceMissing,
    ModelNotHere,
    ModelTooLarge,
    ModelUnusable,
    PackageMissing,
)
from vision.qwen.loading import fingerprint, load
from vision.qwen.reporting import download_bar
from vision.settings import EngineSettings

CPU = torch.device("cpu")
CARD = torch.device("cuda", 0)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return build(tmp_path_factory.mktemp("model"))


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def nothing(_progress):
    pass


def test_a_folder_is_loaded_in_full_precision_on_a_cpu(checkpoint):
    loaded = load(EngineSettings(model=str(checkpoint)), nothing)

    assert (loaded.device, loaded.model.dtype) == (CPU, torch.float32)
    assert loaded.attention.name == "sdpa"
    assert loaded.end_ids == {
        loaded.tokenizer.token_to_id("<|im_end|>"),
        loaded.tokenizer.token_to_id("<|endoftext|>"),
    }


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_configured_type_is_taken(checkpoint, dtype):
    loaded = load(EngineSettings(model=str(checkpoint), dtype=dtype), nothing)

    assert loaded.model.dtype == getattr(torch, dtype)


def test_loading_counts_every_weight(checkpoint):
    seen = []

    load(EngineSettings(model=str(checkpoint)), seen.append)

    assert [p.done for p in seen] == list(range(1, seen[-1].total + 1))
    assert {p.stage for p in seen} == {"weights"}


def test_the_hubs_older_flat_configuration_gives_the_same_network(checkpoint, copy):
    config = json.loads((checkpoint / "config.json").read_text())
    text = config.pop("text_config")
    rope = text.pop("rope_parameters")
    flat = {key: value for key, value in text.items() if key not in ("model_type", "layer_types")}
    scaling = {"type": "mrope", "mrope_section": rope["mrope_section"]}
    flat |= {"rope_scaling": scaling, "rope_theta": rope["rope_theta"], "torch_dtype": "float32"}
    config["vision_config"]["model_type"] = "qwen2_5_vl"
    (copy / "config.json").write_text(json.dumps({**config, **flat}))
    ids = torch.arange(20)[None]

    logits = [
        load(EngineSettings(model=str(folder)), nothing).model(input_ids=ids).logits
        for folder in (checkpoint, copy)
    ]

    assert torch.equal(*logits)


def test_code_in_a_checkpoint_is_never_run(copy, tmp_path):
    ran = tmp_path / "ran"
    (copy / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: pass\n")
    for name in ("config.json", "tokenizer_config.json"):
        content = json.loads((copy / name).read_text())
        autos = {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"}
        autos["AutoTokenizer"] = ["evil.Evil", "evil.Evil"]
        (copy / name).write_text(json.dumps({**content, "auto_map": autos}))

    load(EngineSettings(model=str(copy)), nothing)

    assert not ran.exists()


def test_loading_prints_nothing(checkpoint, capfd):
    load(EngineSettings(model=str(checkpoint)), nothing)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["/nowhere", "./nowhere", "~/nowhere", "one/two/three", "word"])
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(ModelNotHere, match="there is no such folder") as missing:
        find(name, "", nothing)

    assert missing.value.values["model"] == name


def test_offline_a_model_that_is_not_here_says_so(tmp_path):
    script = (
        "from vision.qwen.download import find\n"
        "from vision.qwen.errors import ModelNotHere\n"
        "try:\n    find('Qwen/Qwen2.5-VL-7B-Instruct', '', print)\n"
        "except ModelNotHere as error:\n    print(error)\n"
    )
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""}

    output = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert output.startswith(
        "The model Qwen/Qwen2.5-VL-7B-Instruct is not on this machine: it coul"
    )
    assert len(output.splitlines()) == 1


def test_a_cached_model_is_found_without_the_network(checkpoint, tmp_path):
    commit = "a" * 40
    cached = tmp_path / "hub" / "models--Someone--Tiny"
    shutil.copytree(checkpoint, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    script = (
        "from vision.qwen.download import find\n"
        "import socket\n"
        "socket.socket.connect = None\n"
        "print(find('Someone/Tiny', '', print).revision)\n"
    )
    environment = {"HF_HOME": str(tmp_path), "PATH": ""}

    output = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert output.strip() == commit


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ("config.json", "config.json is missing"),
        ("model.safetensors", "model.safetensors is missing"),
        ("tokenizer.json", "its tokenizer is missing"),
    ],
)
def test_a_folder_that_lacks_a_file_says_which(copy, removed, reason):
    (copy / removed).unlink()

    with pytest.raises(ModelUnusable, match=reason):
        find(str(copy), "", nothing)


def test_a_shard_that_is_missing_is_named(copy):
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    (copy / "model.safetensors").rename(copy / "model-1.safetensors")

    with pytest.raises(ModelUnusable, match=r"model-2\.safetensors is missing"):
        find(str(copy), "", nothing)


def test_pickled_weights_are_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")

    with pytest.raises(ModelUnusable, match="pickled"):
        find(str(copy), "", nothing)


def test_another_kind_of_model_is_refused_by_its_kind(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))

    with pytest.raises(ModelUnusable, match="it is a llama, not a qwen2_5_vl"):
        find(str(copy), "", nothing)


def test_a_broken_tokenizer_is_refused(copy):
    (copy / "tokenizer.json").write_text("{")

    with pytest.raises(ModelUnusable, match="its tokenizer cannot be read"):
        load(EngineSettings(model=str(copy)), nothing)


def test_a_device_that_is_not_here_is_named(checkpoint):
    with pytest.raises(DeviceMissing, match="cuda:7 is not on this machine; there is") as missing:
        load(EngineSettings(model=str(checkpoint), device="cuda:7"), nothing)

    assert "cpu" in str(missing.value)


def test_a_model_larger_than_the_memory_is_refused_before_loading(checkpoint, monkeypatch):
    monkeypatch.setattr(loading, "free_bytes", lambda _device: 1_000_000)

    with pytest.raises(ModelTooLarge, match=r"needs 0\.0 GiB for its weights; cpu has 0\.0 GiB"):
        load(EngineSettings(model=str(checkpoint), dtype="float32"), nothing)


def test_half_precision_is_chosen_where_full_does_not_fit(checkpoint, monkeypatch):
    found = find(str(checkpoint), "", nothing)
    monkeypatch.setattr(loading, "free_bytes", lambda _device: 3_000_000)

    assert loading.pick_dtype("auto", CPU, found) == torch.bfloat16


@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_quantization_without_its_package_says_what_to_install(
    checkpoint, monkeypatch, quantization
):
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(PackageMissing, match="bitsandbytes") as missing:
        load(EngineSettings(model=str(checkpoint), quantization=quantization), nothing)

    assert "pip install bitsandbytes" in missing.value.hint


def test_the_fingerprint_knows_the_weights_apart(checkpoint, tmp_path):
    found = find(str(checkpoint), "", nothing)
    other = find(str(build(tmp_path / "other", seed=1)), "", nothing)
    again = find(str(build(tmp_path / "again")), "", nothing)
    of = [fingerprint(c, torch.float32, "none") for c in (found, other, again)]

    assert of[0] != of[1]
    assert of[0] == of[2]
    assert of[0] != fingerprint(found, torch.bfloat16, "none")


def test_download_progress_counts_the_bytes_of_all_files():
    seen = []
    bar = download_bar(seen.append)(desc="Reconstructing (incomplete total...)", total=0, unit="B")

    bar.total = 100
    bar.update(30)
    bar.update(70)
    bar.close()

    assert [(p.stage, p.done, p.total, p.unit) for p in seen] == [
        ("download", 30, 100, "bytes"),
        ("download", 100, 100, "bytes"),
    ]


def test_the_bar_of_files_is_not_taken_for_bytes():
    seen = []
    bar = download_bar(seen.append)(desc="Fetching 5 files", total=5)

    bar.update(1)
    bar.close()

    assert seen == []


def test_eager_attention_is_taken_where_configured(checkpoint):
    loaded = load(EngineSettings(model=str(checkpoint), attention="eager"), nothing)

    assert loaded.model.config._attn_implementation == "eager"


def test_flash_attention_on_a_cpu_falls_back_and_says_why():
    chosen = attention.choose("flash_attention_2", CPU, torch.float32)

    assert chosen.name == "sdpa"
    assert "needs an NVIDIA card" in chosen.note


def test_an_sdpa_that_computes_otherwise_is_not_used(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(attention, "_sdpa", lambda query, _key, _value: query)

    chosen = attention.choose("auto", CPU, torch.float32)

    assert chosen.name == "eager"
    assert "SDPA differs from the formula" in chosen.note


@pytest.mark.parametrize(
    ("capability", "dtype", "reason"),
    [
        ((7, 5), torch.float16, "this one has 7.5"),
        ((8, 0), torch.float32, "needs half precision, this is float32"),
        ((8, 9), torch.bfloat16, "flash-attn is not installed"),
    ],
)
def test_a_card_that_cannot_run_flash_attention_is_told_why(monkeypatch, capability, dtype, reason):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(attention.importlib.util, "find_spec", lambda _name: None)

    obstacle = attention.flash_obstacle(torch.device("cuda"), dtype)

    assert reason in obstacle


def flash_attn(monkeypatch, attend):
    """Put a flash_attn package in place whose function takes and returns (B, S, H, D)."""
    package = ModuleType("flash_attn")
    if attend is not None:
        package.flash_attn_func = attend
    monkeypatch.setitem(sys.modules, "flash_attn", package)


def by_sdpa(query, key, value, *, causal):
    assert causal
    rows = (tensor.transpose(1, 2) for tensor in (query, key, value))
    return scaled_dot_product_attention(*rows, is_causal=True, enable_gqa=True).transpose(1, 2)


def test_a_flash_attention_that_agrees_with_sdpa_is_taken(monkeypatch):
    flash_attn(monkeypatch, by_sdpa)

    assert attention.flash_disagrees(CPU, torch.bfloat16) is None


def raising(*_, causal):
    raise RuntimeError("no kernel image is available")


@pytest.mark.parametrize(
    ("attend", "reason"),
    [
        (lambda query, *_, **__: query, "it differs from SDPA by"),
        (lambda query, *_, **__: query * torch.nan, "it differs from SDPA by nan"),
        (raising, r"failed its self-check \(no kernel image"),
        (None, "does not load"),
    ],
    ids=["another result", "not a number", "an error", "another package of that name"],
)
def test_a_flash_attention_that_gives_other_numbers_is_not_taken(monkeypatch, attend, reason):
    flash_attn(monkeypatch, attend)

    assert re.search(reason, attention.flash_disagrees(CPU, torch.bfloat16))


def test_a_flash_attention_that_transformers_does_not_take_is_no_reason_to_fetch_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (8, 9))
    monkeypatch.setattr(attention.importlib.util, "find_spec", lambda _name: True)

    obstacle = attention.flash_obstacle(torch.device("cuda"), torch.bfloat16)

    assert "must be 2.3.3 or newer" in obstacle


def test_a_file_of_weights_that_is_cut_off_is_refused(copy):
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])

    with pytest.raises(ModelUnusable, match="it does not load"):
        load(EngineSettings(model=str(copy)), nothing)


def quantized(copy):
    """Make a checkpoint say that it is an AWQ one."""
    config = json.loads((copy / "config.json").read_text())
    awq = {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True}
    (copy / "config.json").write_text(json.dumps({**config, "quantization_config": awq}))
    return str(copy)


def test_an_awq_checkpoint_without_its_package_says_what_to_install(copy):
    with pytest.raises(PackageMissing) as missing:
        load(EngineSettings(model=quantized(copy)), nothing)

    assert "pip install gptqmodel" in missing.value.hint


def test_an_awq_checkpoint_is_not_quantized_again(copy):
    with pytest.raises(PackageMissing, match="gptqmodel"):  # not bitsandbytes
        load(EngineSettings(model=quantized(copy), quantization="int4"), nothing)


@pytest.fixture
def two_cards(monkeypatch):
    """Two cards with so much free memory, in GiB."""

    def cards(*free_gib):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(free_gib))
        monkeypatch.setattr(
            loading, "free_bytes", lambda device: int(free_gib[device.index or 0] * loading.GIB)
        )

    return cards


@pytest.mark.parametrize(
    ("device", "free_gib", "placed"),
    [("auto", (20, 20), "cuda:0"), ("auto", (12, 12), "auto"), ("cuda", (3, 20), "auto")],
)
def test_a_model_too_large_for_one_card_goes_on_all(
    checkpoint, two_cards, monkeypatch, device, free_gib, placed
):
    two_cards(*free_gib)
    monkeypatch.setattr(loading, "_weight_bytes", lambda *_: 16 * loading.GIB)
    found = find(str(checkpoint), "", nothing)
    settings = EngineSettings(device=device)

    assert loading.place(found, CARD, torch.bfloat16, settings) == placed


@pytest.mark.parametrize(
    ("device", "free_gib"), [("auto", (8, 8)), ("cuda:0", (16.5, 90)), ("auto", (16.5,))]
)
def test_a_card_keeps_room_for_more_than_weights(
    checkpoint, two_cards, monkeypatch, device, free_gib
):
    two_cards(*free_gib)
    monkeypatch.setattr(loading, "_weight_bytes", lambda *_: 16 * loading.GIB)
    found = find(str(checkpoint), "", nothing)

    with pytest.raises(ModelTooLarge):
        loading.place(found, CARD, torch.bfloat16, EngineSettings(device=device))


def test_a_model_that_was_left_on_the_disk_in_part_is_refused(checkpoint, tmp_path, monkeypatch):
    from accelerate import disk_offload

    whole = loading._from_pretrained

    def in_part(*args, **options):
        model = whole(*args, **options)
        disk_offload(model.model.language_model.layers[2], str(tmp_path / "disk"))
        return model

    monkeypatch.setattr(loading, "_from_pretrained", in_part)
    with pytest.raises(ModelTooLarge):
        load(EngineSettings(model=str(checkpoint)), nothing)


def test_weights_kept_in_buffers_are_counted(checkpoint):
    loaded = load(EngineSettings(model=str(checkpoint)), nothing)
    before = loaded.weight_bytes

    loaded.model.register_buffer("qweight", torch.zeros(1_000, dtype=torch.int32))

    assert loaded.weight_bytes == before + 4_000


def test_settings_are_not_changed_by_loading(checkpoint):
    settings = EngineSettings(model=str(checkpoint))

    load(settings, nothing)

    assert settings == replace(EngineSettings(), model=str(checkpoint))
