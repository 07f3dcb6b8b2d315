"""A writer killed at random: what it was told is kept is kept, and nothing is half there."""

import hashlib
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import history
from history import Store
from history.verify import verify

KILLS = 30

# It reports on its pipe only what the store has acknowledged.
WRITER = """
import hashlib, os, sys
from dataclasses import replace
from pathlib import Path
from history import ImageRef, Store

store = Store(Path(sys.argv[1]))
conversation = sys.argv[2] if len(sys.argv) > 2 else store.create().id
while True:
    picture = os.urandom(50_000)
    sha256 = hashlib.sha256(picture).hexdigest()
    store.put_image(picture, sha256, "bin")
    image = ImageRef(sha256, "bin", 1, 1)
    turn = store.append(conversation, prompt=sha256 * 300, images=[image])
    os.write(1, f"opened {conversation} {turn.id} {sha256}\\n".encode())
    store.finish(conversation, replace(turn, reply=sha256 * 300, finish_reason="stop"))
    os.write(1, f"closed {conversation} {turn.id} {sha256}\\n".encode())
"""


# It deletes and brings back, and adds turns between; what it holds for done it reports.
DELETER = """
import os, random, sys
from dataclasses import replace
from pathlib import Path
from history import Store

store, conversation, chance = Store(Path(sys.argv[1])), sys.argv[2], random.Random(sys.argv[3])
while True:
    turn = store.append(conversation, prompt="new")
    store.finish(conversation, replace(turn, reply="x", finish_reason="stop"))
    os.write(1, f"there {turn.id}\\n".encode())
    chosen = chance.choice(store.turns(conversation)).id
    store.trash.delete_turn(conversation, chosen)
    os.write(1, f"gone {chosen}\\n".encode())
    if chance.random() < 0.5:
        store.trash.undo()
        os.write(1, f"there {chosen}\\n".encode())
    if chance.random() < 0.1:
        store.trash.delete_conversation(conversation)
        store.trash.undo()
"""


def killed_writer(root, chance, *arguments, code=WRITER):
    """Run the writer, kill it soon after one of its first reports; return its reports."""
    writer = subprocess.Popen(
        [sys.executable, "-S", "-c", code, root, *arguments],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(history.__file__).parents[1])},
    )
    with writer:
        # By reports, not by time alone: a disk may be slow.
        first = b"".join(writer.stdout.readline() for _ in range(chance.randint(1, 8)))
        killer = threading.Timer(chance.uniform(0, 0.01), writer.kill)
        killer.start()
        reports = first + writer.stdout.read()
        killer.join()
    return [line.decode().split() for line in reports.splitlines()]


@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.timeout(1_800)])]
)
def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path, kills):
    chance = random.Random(4)  # the same kills each time
    root = tmp_path / "history"
    acknowledged, left_open = 0, 0
    for kill in range(kills):
        known = [each.id for each in Store(root).conversations()]
        going_on = [chance.choice(known)] if known and kill % 3 else []

        reports = killed_writer(root, chance, *going_on)

        store = Store(root)
        for what, conversation, turn_id, sha256 in reports:
            turn = store.turn(conversation, int(turn_id))
            assert turn.prompt == sha256 * 300
            assert (turn.finish_reason, turn.reply) == ("stop", sha256 * 300) or what == "opened"
            picture = store.image_path(sha256, "bin").read_bytes()
            assert hashlib.sha256(picture).hexdigest() == sha256
        closed = store.close_open_turns()
        assert closed in (0, 1)
        acknowledged += len(reports)
        left_open += closed

    store = Store(root)
    for conversation in store.conversations():
        turns = store.turns(conversation.id)
        assert not any(turn.damaged for turn in turns)
        assert all(turn.finish_reason for turn in turns)
        assert [turn.id for turn in turns] == list(range(1, len(turns) + 1))
    for picture in os.scandir(root / "images"):
        assert hashlib.sha256(Path(picture).read_bytes()).hexdigest() == Path(picture).stem
    assert acknowledged > 2 * kills
    assert left_open > 0, "no kill fell between a prompt and its reply: the test is too gentle"


@pytest.mark.parametrize(
    "kills", [15, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1_800)])]
)
def test_a_killed_deleter_loses_nothing_and_gives_no_number_twice(tmp_path, kills):
    chance = random.Random(5)
    store = Store(tmp_path / "history")
    conversation = store.create().id
    state, given = {}, set()
    for kill in range(kills):
        reports = killed_writer(store.root, chance, conversation, str(kill), code=DELETER)

        known = set(given)
        for what, turn_id in reports:
            if what == "there" and int(turn_id) not in state:
                assert int(turn_id) not in known, "a number was given twice"
                given.add(int(turn_id))
            state[int(turn_id)] = what
        if not (store.root / conversation).exists():
            store.trash.undo()  # killed between the two
        live = {turn.id for turn in Store(store.root).turns(conversation)}
        trash = {each.turn_id for each in store.trash.entries()}
        assert live | trash >= state.keys()
        # All but the one that was under way are where they were said to be.
        wrong = {turn for turn, what in state.items() if (turn in live) is (what == "gone")}
        assert len(wrong) <= 1
        for turn_id in wrong:
            state[turn_id] = "there" if turn_id in live else "gone"
        given |= live | trash

    assert len(given) > kills
    assert [fault.kind for fault in verify(store).faults if fault.kind != "turn open"] == []


MANY = """
import sys
from dataclasses import replace
from pathlib import Path
from history import Store

store = Store(Path(sys.argv[1]))
for number in range(1_000):
    turn = store.append(sys.argv[2], prompt=f"{sys.argv[3]}{number}")
    store.finish(sys.argv[2], replace(turn, reply="x", finish_reason="stop"))
"""


@pytest.mark.slow
def test_two_processes_write_a_thousand_turns_each(tmp_path):
    store = Store(tmp_path / "history")
    conversation = store.create().id
    writers = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", MANY, store.root, conversation, name],
            env={"PYTHONPATH": str(Path(history.__file__).parents[1])},
        )
        for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]

    turns = store.turns(conversation)
    assert [turn.id for turn in turns] == list(range(1, 2_001))
    for name in "ab":
        own = [turn.prompt for turn in turns if turn.prompt[0] == name]
        assert own == [f"{name}{number}" for number in range(1_000)]


FILLING = """
import sys
from dataclasses import replace
from pathlib import Path
from history import StorageFull, Store, store as module

module.MIN_FREE_MIB = 0
store = Store(Path(sys.argv[1]))
conversation = store.create().id
saved = []
try:
    while True:
        turn = store.append(conversation, prompt="x" * 20_000)
        store.finish(conversation, replace(turn, reply="y" * 20_000, finish_reason="stop"))
        saved.append(turn.id)
except StorageFull:
    pass
turns = store.turns(conversation)
assert not any(turn.damaged for turn in turns)
assert {turn.id for turn in turns if turn.reply} >= set(saved)
for turn_id in saved[:5]:
    try:
        store.trash.delete_turn(conversation, turn_id)
    except StorageFull:
        (store.root / conversation / f"{turn_id:04}.json").unlink()  # not even a mark fits
store.purge(older_than_days=0)
last = store.append(conversation, prompt="there is room again")
assert store.turn(conversation, last.id).prompt == "there is room again"
print(len(saved))
"""


def test_a_disk_that_fills_loses_nothing_and_can_be_written_to_again(tmp_path):
    mount = f'mount -t tmpfs -o size=1m none {tmp_path} && exec {sys.executable} -S -c "$0" $1'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, FILLING, tmp_path / "history"],
        env={"PYTHONPATH": str(Path(history.__file__).parents[1]), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine lets nobody mount")

    assert done.stderr == ""
    assert int(done.stdout) > 5
