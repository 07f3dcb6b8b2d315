import os
import platform
import subprocess
import sys

import psutil
import pytest

from app.memory import Gauge, gauges, room_bytes, trim
from vision.engine import Status

MIB = 1 << 20


def host(used_mib, **buckets_mib):
    buckets = {name: size * MIB for name, size in buckets_mib.items()}
    return Gauge("host", 1_000 * MIB, used_mib * MIB, buckets)


def test_without_a_card_the_machines_memory_is_measured():
    [gauge] = gauges(Status("reader", "ready", memory={"lines": 1_000}))

    assert gauge.kind == "host"
    assert gauge.total_bytes == psutil.virtual_memory().total
    assert gauge.buckets["lines"] == 1_000
    assert sum(gauge.buckets.values()) <= psutil.Process().memory_info().rss * 1.5


def test_with_a_card_the_engines_buckets_are_the_cards():
    status = Status(
        "qwen", "ready", memory={"kv": 5 * MIB}, card_bytes=100 * MIB, card_used_bytes=40 * MIB
    )

    card, machine = gauges(status)

    assert (card.kind, card.share, card.buckets) == ("card", 0.4, {"kv": 5 * MIB})
    assert machine.buckets.keys() == {"process"}


def test_what_is_on_disk_is_not_memory():
    [gauge] = gauges(Status("qwen", "ready", memory={"kv": 10, "snapshots": 99, "tmp": 99}))

    assert gauge.buckets.keys() == {"kv", "process"}


@pytest.mark.parametrize(
    ("used_mib", "alarm"),
    [(799, ""), (800, "yellow"), (919, "yellow"), (920, "red"), (1_000, "red")],
)
def test_the_colours_begin_at_80_and_92_percent(used_mib, alarm):
    assert host(used_mib).alarm == alarm


def test_nothing_is_advised_while_there_is_room():
    assert host(500, kv=400).advice == ""


def test_caches_are_given_back_before_weights():
    assert host(950, kv=300, weights=500).advice == "medium"


def test_weights_are_given_back_where_caches_are_small():
    assert host(950, kv=10, weights=500).advice == "unload"


def test_other_programs_are_named_where_nothing_of_ours_would_help():
    assert host(950, kv=10, process=100).advice == "others"


def test_a_prompt_may_reuse_what_kv_caches_hold():
    status = Status(
        "qwen", "ready", memory={"kv": 5, "weights": 9}, card_bytes=100, card_used_bytes=60
    )

    assert room_bytes(status) == 45


def test_memory_can_be_handed_back_to_the_system():
    trim()


# Threads that hold memory all at once, and then what glibc says of its heaps.
_HEAPS = """
import ctypes, threading
from app.memory import few_arenas

{begin}
library = ctypes.CDLL(None)
together = threading.Barrier(13)
def hold():
    held = [bytes(5_000) for _ in range(50)]
    together.wait()
    together.wait()
threads = [threading.Thread(target=hold) for _ in range(12)]
for thread in threads:
    thread.start()
together.wait()
library.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, out)
library.fflush(out)
together.wait()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc")
@pytest.mark.parametrize(("begin", "few"), [("few_arenas()", True), ("", False)])
def test_threads_share_two_heaps_where_they_would_have_one_each(begin, few):
    script = [sys.executable, "-c", _HEAPS.format(begin=begin)]
    environment = {name: said for name, said in os.environ.items() if "MALLOC" not in name}

    said = subprocess.run(
        script, capture_output=True, check=True, text=True, env=environment
    ).stdout

    assert (1 <= said.count("<heap nr=") <= 2) is few
