"""A writer killed at random: what it was told is kept is kept, and nothing is half there."""

import hashlib
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import history
from history import Store

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


def killed_writer(root, delay_s, *arguments):
    """Run the writer, kill it some time after its first turn; return its reports."""
    writer = subprocess.Popen(
        [sys.executable, "-S", "-c", WRITER, root, *arguments],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(history.__file__).parents[1])},
    )
    with writer:
        first = writer.stdout.readline()
        killer = threading.Timer(delay_s, writer.kill)
        killer.start()
        reports = first + writer.stdout.read()
        killer.join()
    return [line.decode().split() for line in reports.splitlines()]


def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path):
    chance = random.Random(4)  # the same kills each time
    root = tmp_path / "history"
    acknowledged, left_open = 0, 0
    for kill in range(KILLS):
        known = [each.id for each in Store(root).conversations()]
        going_on = [chance.choice(known)] if known and kill % 3 else []

        reports = killed_writer(root, chance.uniform(0, 0.08), *going_on)

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
    assert acknowledged > 2 * KILLS
    assert left_open > 0, "no kill fell between a prompt and its reply: the test is too gentle"
