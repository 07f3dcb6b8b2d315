from __future__ import annotations

import pytest
import torch

from vision.qwen.kv import KVBuffer, KVShape
from vision.qwen.kv_pool import KVPool
from vision.qwen.patches import Grid
from vision.qwen.prompt import PictureKey, length, next_position, shared, whole

SHAPE = KVShape(heads=2, width=4, dtype=torch.float32, devices=(torch.device("cpu"),) * 3)
A, B = (PictureKey(letter * 64, Grid(1, 4, 4)) for letter in "ab")  # 4 tokens each


class NoShelf:
    """A shelf that keeps only the names of what it was given."""

    def __init__(self):
        self.saved = []

    def save(self, conversation, _stored):
        self.saved.append(conversation)

    def offer(self, _conversation, _keys, _already):
        return None

    def delete(self, _conversation):
        pass

    def delete_group(self, _group):
        pass


def write(buffer, count, value):
    """Write ``count`` positions, as a forward pass would."""
    for layer in range(len(SHAPE.devices)):
        states = torch.full((1, SHAPE.heads, count, SHAPE.width), float(value))
        buffer.update(states, -states, layer)
    buffer.advance(count)


def pool_of(positions=1_000, max_context=512):
    return KVPool(SHAPE, positions * SHAPE.position_bytes, max_context, NoShelf())


def run(pool, conversation, keys, value=1.0):
    """Run what the pool does not know of ``keys``; return how many positions that was."""
    keys = tuple(keys)
    buffer, cached = pool.open(conversation, keys, room=1)
    new = length(keys[cached:])
    write(buffer, new, value)
    pool.settle(keys)
    return new


def test_a_match_ends_before_a_different_picture_of_the_same_size():
    assert shared((7, A, 8), (7, B, 8)) == 1


def test_the_same_picture_at_another_size_is_another():
    assert shared((7, A, 8), (7, PictureKey(A.sha256, Grid(1, 4, 6)), 8)) == 1


@pytest.mark.parametrize(("positions", "keys"), [(0, 0), (1, 1), (2, 1), (4, 1), (5, 2), (6, 3)])
def test_half_a_picture_does_not_count(positions, keys):
    assert whole((7, A, 8), positions) == keys


def test_the_position_after_a_picture_follows_its_longer_side():
    assert next_position((7, PictureKey("c" * 64, Grid(1, 4, 10)), 8)) == 1 + 5 + 1


def test_positions_of_a_pass_that_failed_do_not_count():
    buffer = KVBuffer(SHAPE, 16)
    write(buffer, 3, 1.0)

    buffer.update(torch.ones(1, 2, 5, 4), torch.ones(1, 2, 5, 4), 0)  # one layer, then an error

    assert buffer.filled == 3
    assert buffer.get_seq_length() == 3
    keys, _ = buffer.update(torch.zeros(1, 2, 1, 4), torch.zeros(1, 2, 1, 4), 2)
    assert keys.shape[2] == 4


def test_appending_copies_nothing_that_was_there():
    buffer = KVBuffer(SHAPE, 16)
    addresses = [layer.memory.data_ptr() for layer in buffer.own_layers]

    write(buffer, 3, 1.0)
    keys, _ = buffer.update(torch.zeros(1, 2, 2, 4), torch.zeros(1, 2, 2, 4), 0)

    assert keys.data_ptr() == addresses[0]
    assert [layer.memory.data_ptr() for layer in buffer.own_layers] == addresses


def test_truncating_touches_no_memory():
    buffer = KVBuffer(SHAPE, 16)
    write(buffer, 8, 2.0)

    buffer.truncate(3)
    buffer.advance(5)

    assert all((view[0] == 2.0).all() for view in buffer.views())


def test_growing_keeps_what_was_written():
    buffer = KVBuffer(SHAPE, 16)
    write(buffer, 16, 2.5)

    buffer.grow(64)

    assert buffer.capacity == 64
    assert all((view[0] == 2.5).all() and (view[1] == -2.5).all() for view in buffer.views())


def test_dropping_the_buffer_frees_it_without_the_garbage_collector():
    import gc

    from torch.multiprocessing.reductions import StorageWeakRef

    buffer = KVBuffer(SHAPE, 16)
    reference = StorageWeakRef(buffer.layers[0].memory.untyped_storage())
    gc.disable()
    try:
        del buffer
        assert reference.expired()
    finally:
        gc.enable()


def test_a_parked_conversation_comes_back_as_it_was():
    pool = pool_of()
    run(pool, "a", [1, A, 2], value=1.0)
    run(pool, "b", [1, B, 2], value=2.0)

    new = run(pool, "a", [1, A, 2, 3], value=3.0)

    values = pool.buffer.views()[0][0, 0, :, 0].tolist()
    assert new == 1
    assert values == [1.0] * 6 + [3.0]


def test_the_last_position_always_runs():
    pool = pool_of()
    run(pool, "a", [1, 2, 3])

    assert run(pool, "a", [1, 2, 3]) == 1


def test_the_least_recently_used_goes_to_the_shelf_first():
    pool = pool_of(positions=256 + 34)
    for name in "abcd":
        run(pool, name, [ord(name), *range(10)])

    before = list(pool.shelf.saved)
    run(pool, "e", range(10))

    assert (before, pool.shelf.saved) == ([], ["a"])
    assert list(pool.parked) == ["b", "c", "d"]


def test_shelving_begins_with_the_latest_used():
    pool = pool_of(positions=256 + 34)
    for name in "abc":
        run(pool, name, [ord(name), *range(10)])

    pool.shelve(60.0)

    assert pool.shelf.saved == ["c", "b", "a"]
    assert pool.nbytes == 0


def test_shelving_without_time_gives_the_memory_back_all_the_same():
    pool = pool_of(positions=256 + 34)
    for name in "abc":
        run(pool, name, [ord(name), *range(10)])

    pool.shelve(0.0)

    assert pool.shelf.saved == []
    assert pool.nbytes == 0


def test_a_pool_that_may_keep_nothing_keeps_nothing():
    pool = pool_of(positions=0)

    run(pool, "a", [1, A, 2])

    assert pool.nbytes == 0


def test_a_reply_that_needs_more_than_the_cap_gets_it_for_as_long_as_it_runs():
    pool = pool_of(positions=100)

    buffer, _ = pool.open("a", tuple(range(280)), room=20)
    while_it_runs = pool.nbytes
    write(buffer, 280, 1.0)
    pool.settle(range(280))

    assert while_it_runs == 300 * SHAPE.position_bytes > pool.cap_bytes
    assert pool.nbytes == 0


def test_the_buffer_never_passes_the_context():
    pool = pool_of(max_context=300)

    buffer, _ = pool.open("a", tuple(range(280)), room=1_000)

    assert buffer.capacity == 300


def test_an_error_while_growing_leaves_no_half_grown_buffer(monkeypatch):
    pool = pool_of(positions=5_000, max_context=5_000)
    run(pool, "a", range(100))
    memory, calls = KVBuffer._memory, []

    def failing(self, capacity, device):
        calls.append(capacity)
        if len(calls) == 2:
            raise MemoryError
        return memory(self, capacity, device)

    monkeypatch.setattr(KVBuffer, "_memory", failing)
    with pytest.raises(MemoryError):
        pool.open("a", tuple(range(1_000)), room=1)

    assert pool.buffer is None
    assert run(pool, "a", range(1_000)) == 1_000


def test_the_buffers_addresses_are_announced_before_they_change():
    moves = []
    pool = KVPool(
        SHAPE, 10**9, 4_096, NoShelf(), on_move=lambda: moves.append(pool.buffer.capacity)
    )
    run(pool, "a", range(100))

    run(pool, "a", range(1_000))
    pool.release("a")

    assert moves == [256, 1024]
