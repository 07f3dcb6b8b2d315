"""A disk that refuses: each call that changes it fails once, in each kind of write.

After each failure the store is as it was before the write or as it should be after it, says so
in a sentence, leaves nothing behind, and the same write works when it is tried again.
"""

import errno
import hashlib
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import history
from history import HistoryError, StorageFailed, StorageFull, StorageReadOnly, Store, files
from tests.disk import Disk

PICTURE = b"bytes of a picture"
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def put(store, _conversation=None):
    store.put_image(PICTURE, SHA256, "png")


def put_twice(store, _conversation):
    put(store)
    put(store)


def rename(store, conversation):
    store.rename(conversation, "new name")


def finish(store, conversation, **changes):
    turn = replace(store.turn(conversation, 2), reply="42", **changes)
    store.finish(conversation, turn)


WRITES = {
    "create": lambda store, _: store.create("new"),
    "append": lambda store, conversation: store.append(conversation, prompt="new"),
    "finish": lambda store, conversation: finish(store, conversation, finish_reason="stop"),
    "save while open": finish,
    "rename": rename,
    "pin": lambda store, conversation: store.pin(conversation),
    "tag": lambda store, conversation: store.tag(conversation, ["a"]),
    "choose": lambda store, conversation: store.choose(conversation, 2),
    "append a version": lambda store, conversation: store.append(
        conversation, prompt="new", instead_of=2
    ),
    "rename over broken": rename,
    "put image": put,
    "put image twice": put_twice,
    "put image over broken": put,
    "put thumbnail": lambda store, _: store.put_thumbnail(SHA256, b"small"),
    "close open turns": lambda store, _: store.close_open_turns(),
}


def break_head(store, conversation):
    (store.root / conversation / "conversation.json").write_bytes(b"{")


def break_picture(store, _conversation):
    put(store)
    store.image_path(SHA256, "png").write_bytes(b"broken")


BEFORE = {
    "rename over broken": break_head,
    "put image over broken": break_picture,
    "close open turns": lambda store, _: store.close(),
}


@pytest.fixture
def begin(tmp_path):
    """Return a maker of stores that hold a finished turn and an open one."""

    def made(number=0):
        store = Store(tmp_path / f"history{number}")
        conversation = store.create("old name").id
        store.finish(
            conversation,
            replace(store.append(conversation, prompt="one"), reply="1", finish_reason="stop"),
        )
        store.append(conversation, prompt="two")
        return store, conversation

    return made


def state(store):
    """What another process sees of the store."""
    again = Store(store.root)
    listed = again.conversations()
    return [(each.title, each.turns, again.turns(each.id)) for each in listed]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_the_disk_refuses_changes_all_or_nothing(begin, name, error):
    write, fails = WRITES[name], 0
    while True:
        fails += 1
        store, conversation = begin(fails)
        if name in BEFORE:
            BEFORE[name](store, conversation)
        before = state(store)
        disk = Disk(fails, error)
        failure = None
        with disk.in_use():
            try:
                write(store, conversation)
            except HistoryError as caught:
                failure = caught
        if not disk.refused:
            break
        refused = disk.log[fails - 1]

        after = state(store)
        turns = store.turns(conversation)
        assert not any(turn.damaged for turn in turns), refused
        assert (turns[0].reply, turns[1].reply in ("", "42")) == ("1", True), refused
        if name in ("append", "append a version", "create") and failure:
            assert after == before, refused
        if not refused.startswith(("unlink", "rmdir")):
            left = list((store.root / ".stage").glob("*"))
            assert left == [], refused
        if failure:
            expected = StorageFull if error == errno.ENOSPC else StorageFailed
            assert isinstance(failure, expected), refused

        write(store, conversation)
        assert not any(turn.damaged for turn in store.turns(conversation)), refused
        store.close()

    assert fails > 4, "the write made no calls that could fail"
    assert failure is None


def test_a_picture_is_whole_or_absent_after_each_failure(begin):
    for fails in range(1, 20):
        store, conversation = begin(fails)
        with Disk(fails).in_use(), suppress(HistoryError):
            put_twice(store, conversation)
        path = store.image_path(SHA256, "png")
        assert not path.exists() or path.read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("error", "expected"),
    [(errno.EROFS, StorageReadOnly), (errno.EACCES, StorageReadOnly), (errno.EDQUOT, StorageFull)],
)
def test_a_refusal_is_said_in_its_own_sentence(begin, error, expected):
    store, conversation = begin()

    with Disk(1, error).in_use(), pytest.raises(expected):
        store.append(conversation, prompt="x")


# Order


def order(write, begin):
    """The calls of a write that decide what a power cut leaves."""
    store, conversation = begin()
    with Disk().in_use() as disk:
        write(store, conversation)
    return [call for call in disk.log if call.split()[0] in ("write", "fsync", "link", "replace")]


def test_an_appended_turn_is_on_the_disk_before_it_has_a_name(begin):
    assert order(WRITES["append"], begin) == [
        "write file", "fsync file", "link .tmp", "fsync folder",
    ]  # fmt: skip


def test_a_finished_turn_is_on_the_disk_before_it_replaces_the_open_one(begin):
    assert order(WRITES["finish"], begin) == [
        "write file", "fsync file", "replace .tmp", "fsync folder",
    ]  # fmt: skip


def test_a_picture_is_on_the_disk_before_it_has_a_name(begin):
    assert order(put, begin) == [
        "write file", "fsync file", "fsync folder", "replace .tmp", "fsync folder",
    ]  # fmt: skip


def test_a_picture_that_was_there_is_made_sure_of(begin):
    store, conversation = begin()
    put(store)

    assert order(put, lambda: (store, conversation)) == ["fsync old file", "fsync folder"]


# Other disks


def test_a_disk_that_writes_a_few_bytes_at_a_time_gets_all_of_them(begin, monkeypatch):
    write = os.write
    store, conversation = begin()

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, content: write(handle, content[:7]))
        store.append(conversation, prompt="x" * 1_000)

    assert store.turn(conversation, 3).prompt == "x" * 1_000


@pytest.fixture
def no_links(monkeypatch):
    def refused(*arguments, **keywords):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)


def test_a_disk_without_links_holds_turns(begin, no_links):
    store, conversation = begin()

    assert store.append(conversation, prompt="three").id == 3
    assert [turn.prompt for turn in store.turns(conversation)] == ["one", "two", "three"]
    assert list((store.root / ".stage").iterdir()) == []


def test_a_disk_without_links_overwrites_nothing(begin, no_links, tmp_path):
    staged = files.stage(tmp_path / "stage", b"new")
    taken = tmp_path / "taken"
    taken.write_bytes(b"old")

    with pytest.raises(FileExistsError):
        files.publish(staged, taken)

    assert taken.read_bytes() == b"old"


def test_a_number_taken_meanwhile_is_left_alone(begin, monkeypatch):
    store, conversation = begin()
    link, other = os.link, Store(store.root)

    def late(*arguments, **keywords):
        monkeypatch.setattr(os, "link", link)
        other.append(conversation, prompt="first")
        link(*arguments, **keywords)

    monkeypatch.setattr(os, "link", late)

    assert store.append(conversation, prompt="second").id == 4
    assert [turn.prompt for turn in store.turns(conversation)][2:] == ["first", "second"]


def test_signals_in_the_middle_of_calls_lose_nothing(begin):
    store, conversation = begin()
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.siginterrupt(signal.SIGALRM, True)  # calls end early, with EINTR or a short write
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(40):
            store.append(conversation, prompt=f"{number} " + "x" * 200_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert rung
    prompts = [turn.prompt.split()[0] for turn in store.turns(conversation)[2:]]
    assert prompts == [str(number) for number in range(40)]


LIMITED = """
import resource, sys
from pathlib import Path
from history import StorageFailed, Store

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
store = Store(Path(sys.argv[1]))
store.append(sys.argv[2], prompt="small")
try:
    store.append(sys.argv[2], prompt="x" * 100_000)
except StorageFailed as error:
    print(error)
"""


def test_a_limit_of_the_system_on_files_loses_only_what_is_over_it(begin):
    store, conversation = begin()

    said = subprocess.run(
        [sys.executable, "-S", "-c", LIMITED, store.root, conversation],
        env={"PYTHONPATH": str(Path(history.__file__).parents[1])},
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip

    assert "File too large" in said
    assert [turn.prompt for turn in store.turns(conversation)] == ["one", "two", "small"]
