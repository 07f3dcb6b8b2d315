import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from torch.multiprocessing.reductions import StorageWeakRef

from vision.qwen.patches import Grid
from vision.qwen.vision_cache import VisionCache

KIB = torch.ones(256)  # 1 KiB
A, B, C = ((name, Grid(1, 2, 2)) for name in "abc")


def test_a_kept_picture_is_found_again():
    cache = VisionCache(4096)

    cache.put(A, KIB)

    assert torch.equal(cache.get(A), KIB)
    assert cache.bytes == 1024


def test_the_same_picture_at_another_grid_is_another_entry():
    cache = VisionCache(4096)
    cache.put(("a", Grid(1, 2, 2)), KIB)

    assert cache.get(("a", Grid(1, 4, 4))) is None


def test_the_least_recently_used_goes_first():
    cache = VisionCache(2048)
    cache.put(A, KIB)
    cache.put(B, KIB)
    cache.get(A)

    cache.put(C, KIB)

    assert [key in cache for key in (A, B, C)] == [True, False, True]


def test_a_picture_larger_than_the_cache_drives_nothing_out():
    cache = VisionCache(1024)
    cache.put(A, KIB)

    cache.put(B, torch.ones(257))

    assert A in cache
    assert B not in cache


def test_a_cache_of_zero_bytes_keeps_nothing():
    cache = VisionCache(0)

    cache.put(A, KIB)

    assert len(cache) == cache.bytes == 0


def test_a_picture_put_again_is_counted_once():
    cache = VisionCache(4096)

    cache.put(A, KIB)
    cache.put(A, torch.zeros(512))

    assert cache.bytes == 2048
    assert cache.get(A).shape == (512,)


def test_a_view_does_not_keep_the_storage_it_came_from():
    many = torch.ones(100, 256)
    storage = StorageWeakRef(many.untyped_storage())
    cache = VisionCache(4096)

    cache.put(A, many[3])
    del many

    assert storage.expired()
    assert cache.get(A).untyped_storage().nbytes() == cache.bytes == 1024


def test_release_gives_back_every_byte():
    cache = VisionCache(4096)
    cache.put(A, torch.ones(256))
    cache.put(B, torch.ones(512))
    storages = [StorageWeakRef(cache.get(key).untyped_storage()) for key in (A, B)]

    released = cache.release()

    assert released == 3072
    assert cache.bytes == len(cache) == 0
    assert all(storage.expired() for storage in storages)


def test_release_of_a_group_leaves_what_another_asked_about():
    cache = VisionCache(4096)
    cache.put(A, torch.ones(256), "anna/")
    cache.put(B, torch.ones(512), "anna/")
    cache.get(B, "bob/")

    released = [cache.release(group) for group in ("carl/", "anna/", "bob/")]

    assert released == [0, 1024, 2048]
    assert cache.bytes == len(cache) == 0


def test_room_is_made_before_a_picture_is_taken_in(monkeypatch):
    cache = VisionCache(1024)
    cache.put(A, torch.ones(256))
    held = []

    def own(embeddings, *, move):
        held.append(cache.bytes)
        return embeddings

    monkeypatch.setattr("vision.qwen.vision_cache._own", own)
    cache.put(B, torch.ones(256))

    assert held == [0]


# The "meta" device stands for a GPU: it has no bytes, but tensors are on it or not. What cannot be
# copied from it is replaced by a CPU tensor of the same size.
@pytest.fixture
def device(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "cpu", lambda self: torch.zeros(self.shape, dtype=self.dtype))
    return torch.device("meta")


def test_on_a_short_device_embeddings_are_kept_in_cpu_memory(device):
    short = False
    cache = VisionCache(4096, short=lambda: short)
    cache.put(A, torch.ones(256, device=device))
    short = True

    cache.put(B, torch.ones(256, device=device))

    assert [cache.get(key).device.type for key in (A, B)] == ["meta", "cpu"]
    assert cache.bytes == 2048


class AnyOperations(RuleBasedStateMachine):
    """Whatever is done to a cache, it counts what it holds and stays below its cap."""

    def __init__(self):
        super().__init__()
        self.cache = VisionCache(10_000)

    @rule(name=st.sampled_from("abcdef"), floats=st.integers(0, 3_000))
    def put(self, name, floats):
        self.cache.put((name, Grid(1, 2, 2)), torch.zeros(floats))

    @rule(name=st.sampled_from("abcdef"))
    def get(self, name):
        self.cache.get((name, Grid(1, 2, 2)))

    @rule()
    def release(self):
        self.cache.release()

    @invariant()
    def counted(self):
        held = sum(e.untyped_storage().nbytes() for e in self.cache._entries.values())
        assert self.cache.bytes == held <= self.cache.cap_bytes


TestAnyOperations = AnyOperations.TestCase


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 1_000)), min_size=1))
def test_the_latest_picture_is_always_found(puts):
    cache = VisionCache(4_000)

    for name, floats in puts:
        cache.put((name, Grid(1, 2, 2)), torch.zeros(floats))

    assert (puts[-1][0], Grid(1, 2, 2)) in cache
