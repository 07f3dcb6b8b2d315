from __future__ import annotations

import errno
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from bench.random_checkpoint import build
from tests.qwen_lab import Lab, assistant, user
from vision.engine import Prompt
from vision.qwen.kv_pool import Stored
from vision.qwen.patches import Grid
from vision.qwen.prompt import PictureKey
from vision.qwen.snapshots import Rates, Snapshots

PICTURE = PictureKey("ab" * 32, Grid(1, 4, 6))
KEYS = (1, 2, PICTURE, 3, 4)  # 4 + 6 positions


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return build(tmp_path_factory.mktemp("model"))


def stored(keys=KEYS, positions=10, value=1.0):
    return Stored(keys, tuple(torch.full((2, 3, positions, 4), value) + i for i in range(2)))


def eager(folder, fingerprint="model", cap_bytes=10**9):
    """Snapshots for which loading always pays."""
    snapshots = Snapshots(folder, fingerprint, cap_bytes)
    snapshots.rates.prefill_tokens_s = 1e-6
    return snapshots


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_what_is_saved_is_what_is_offered(tmp_path, dtype):
    saved = Stored(KEYS, tuple(layer.to(dtype) for layer in stored().layers))
    eager(tmp_path / "kv").save("one", saved)

    offered = eager(tmp_path / "kv").offer("one", (*KEYS, 5), already=0)

    assert offered.keys == KEYS
    assert all(torch.equal(a, b) for a, b in zip(offered.layers, saved.layers, strict=True))


def test_another_conversations_snapshot_is_not_offered(tmp_path):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored())

    assert snapshots.offer("two", KEYS, already=0) is None


def test_a_snapshot_of_another_model_is_not_offered(tmp_path):
    eager(tmp_path / "kv", "one model").save("one", stored())

    assert eager(tmp_path / "kv", "another").offer("one", KEYS, already=0) is None


@pytest.mark.parametrize("place", [0.3, 0.7, 0.99])
def test_a_flipped_byte_is_noticed(tmp_path, place):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored(positions=10))
    [path] = (tmp_path / "kv").iterdir()
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x10
    path.write_bytes(data)

    assert snapshots.offer("one", KEYS, already=0) is None


def test_a_flipped_digit_in_a_key_is_noticed(tmp_path):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored())
    [path] = (tmp_path / "kv").iterdir()
    data = path.read_bytes()
    assert data.count(b"[1, 2, ") == 1
    path.write_bytes(data.replace(b"[1, 2, ", b"[1, 3, "))

    assert snapshots.offer("one", (1, 3, PICTURE, 3, 4), already=0) is None


@pytest.mark.parametrize("name", ["schema", "fingerprint", "next_position", "crc32"])
def test_each_fact_beside_the_tensors_must_match(tmp_path, name):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored())
    [path] = (tmp_path / "kv").iterdir()
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    save_file(tensors, path, {**metadata, name: "70"})

    assert metadata[name] != "70"
    assert snapshots.offer("one", KEYS, already=0) is None


def test_what_a_killed_process_left_half_written_counts_and_goes(tmp_path):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored())
    size = snapshots.nbytes
    half = tmp_path / "kv" / "0.half.tmp"
    half.write_bytes(b"half" * 100)
    os.utime(half, (0, 0))
    before = snapshots.nbytes
    snapshots.cap_bytes = size

    snapshots.save("one", stored())

    assert before == size + 400
    assert not half.exists()
    assert snapshots.offer("one", KEYS, already=0)


def test_a_cut_off_file_is_noticed(tmp_path):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored())
    [path] = (tmp_path / "kv").iterdir()
    path.write_bytes(path.read_bytes()[:-100])

    assert snapshots.offer("one", KEYS, already=0) is None


def test_positions_that_do_not_match_the_keys_are_noticed(tmp_path):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored(positions=9))

    assert snapshots.offer("one", KEYS, already=0) is None


def test_the_oldest_go_when_the_cap_is_passed(tmp_path):
    snapshots = eager(tmp_path / "kv")
    for age, name in enumerate("abc"):
        snapshots.save(name, stored())
        os.utime(snapshots._path(name), (age, age))
    snapshots.cap_bytes = 2 * snapshots._path("a").stat().st_size
    snapshots.save("d", stored())

    kept = [name for name in "abcd" if snapshots._path(name).exists()]

    assert kept == ["c", "d"]
    assert snapshots.nbytes <= snapshots.cap_bytes


def test_a_full_disk_costs_the_snapshot_only(tmp_path, monkeypatch):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored(value=1.0))

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        snapshots.save("one", stored(value=2.0))

    assert snapshots.offer("one", KEYS, already=0).layers[0][0, 0, 0, 0] == 1.0
    assert len(list((tmp_path / "kv").iterdir())) == 1


def test_only_the_owner_can_read_a_snapshot(tmp_path):
    snapshots = eager(tmp_path / "kv")
    snapshots.save("one", stored())

    assert (tmp_path / "kv").stat().st_mode & 0o077 == 0


def test_loading_is_skipped_where_running_is_faster():
    rates = Rates("cpu")
    rates.read_bytes_s, rates.prefill_tokens_s = 100e6, 1_000.0

    assert rates.loading_pays(nbytes=50_000_000, tokens=1_000)
    assert not rates.loading_pays(nbytes=500_000_000, tokens=1_000)


def test_a_prompt_of_a_few_tokens_says_nothing_about_speed():
    rates = Rates("cuda")
    before = rates.prefill_tokens_s

    rates.saw_prefill(1, 0.5)
    unchanged = rates.prefill_tokens_s
    rates.saw_prefill(1_000, 0.5)

    assert (unchanged, rates.prefill_tokens_s) == (before, 2_000.0)


def test_deleting_leaves_no_file(tmp_path):
    snapshots = eager(tmp_path / "kv")
    for name in "ab":
        snapshots.save(name, stored())
    (tmp_path / "kv" / "half.tmp").write_bytes(b"half")

    snapshots.delete("a")
    one_left = len(list((tmp_path / "kv").glob("*.safetensors")))
    snapshots.delete_group("")

    assert one_left == 1
    assert list((tmp_path / "kv").iterdir()) == []


def reopened(lab, checkpoint, **settings):
    """Another process's engine over the same folders, for which loading a snapshot pays."""
    lab.engine.unload()
    again = Lab(checkpoint, lab.root, **settings)
    again.runtime.snapshots.rates.prefill_tokens_s = 1e-6
    return again


def test_a_conversation_opened_again_runs_only_what_is_new(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path)
    ask = user("Read.", lab.picture(1, 300, 200))
    first = lab.agrees(Prompt((ask,), "one"))

    again = reopened(lab, checkpoint)
    second = again.agrees(Prompt((ask, assistant(first), user("Why?")), "one"))
    again.close()
    lab.close()

    assert second.usage.cached_tokens == first.usage.prompt_tokens + len(first.ids) - 1


def test_a_snapshot_of_other_weights_is_run_again(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path)
    ask = user("Read.", lab.picture(1))
    first = lab.agrees(Prompt((ask,), "one"))
    other = build(tmp_path / "other", seed=1)

    again = reopened(lab, other)
    second = again.agrees(Prompt((ask, assistant(first), user("Why?")), "one"))
    again.close()
    lab.close()

    assert second.usage.cached_tokens == 0


def test_clearing_a_conversation_deletes_its_snapshot(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path)
    for name in "ab":
        lab.ask(Prompt((user(f"Read, {name}."),), name))
    again = reopened(lab, checkpoint)

    released = again.engine.release("light", "a")
    again.close()
    lab.close()

    assert 0 < released.after["snapshots"] < released.before["snapshots"]


def test_a_deep_clear_deletes_the_snapshots_of_its_group(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path)
    names = ("anna/1", "anna/2", "bob/1")
    for name in names:
        lab.ask(Prompt((user(f"Read, {name}."),), name))
    again = reopened(lab, checkpoint)
    snapshots = again.runtime.snapshots

    again.engine.release("deep", "anna/1")
    left = [name for name in names if snapshots._path(name).exists()]
    again.close()
    released = again.engine.release("deep", "bob/2")
    lab.close()

    assert left == ["bob/1"]
    assert released.before["snapshots"] > released.after["snapshots"] == 0


def test_an_unloaded_engine_can_delete_snapshots(checkpoint, tmp_path):
    lab = Lab(checkpoint, tmp_path)
    lab.ask(Prompt((user("Read."),), "a"))
    lab.close()

    released = lab.engine.release("deep")

    assert released.before["snapshots"] > 0
    assert released.after["snapshots"] == 0
