"""Writers with one precaution left out: the checks of this suite must notice each.

A kill shows what the kernel has; a power cut only what was waited for. So there are two checks:
what a reader sees after any call was the last one, and what of it the disk has.
"""

import errno
import os
from contextlib import suppress
from dataclasses import replace

import pytest

from history import HistoryError, Store, files
from tests.disk import Disk


class Unsure:
    """Follows the calls of a write, and says which names and bytes a power cut may take."""

    def __init__(self, monkeypatch):
        self.names, self.bytes = set(), set()  # folders, inodes: written to, not yet waited for
        for name in ("write", "fsync", "link", "replace", "rename", "mkdir"):
            monkeypatch.setattr(os, name, self.wrapped(name, getattr(os, name)))

    def wrapped(self, name, call):
        def called(*arguments, **keywords):
            if name == "write":
                self.bytes.add(os.fstat(arguments[0]).st_ino)
            elif name == "fsync":
                inode = os.fstat(arguments[0]).st_ino
                self.bytes.discard(inode)
                self.names.discard(inode)
            result = call(*arguments, **keywords)
            if name in ("link", "replace", "rename"):
                self.names.add(os.stat(os.path.dirname(arguments[1])).st_ino)  # noqa: PTH116, PTH120
            elif name == "mkdir":
                self.names.add(os.stat(os.path.dirname(arguments[0])).st_ino)  # noqa: PTH116, PTH120
            return result

        return called


def without_a_temporary_file(monkeypatch):
    def in_place(staged, path):
        content = staged.read_bytes()
        path.unlink(missing_ok=True)
        files._write_new(path, content)
        files.sync_folder(path.parent)

    monkeypatch.setattr(files, "publish", in_place)
    monkeypatch.setattr(files, "replace", in_place)


def without_fsync_of_the_file(monkeypatch):
    def written(path, content):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, content)
        os.close(descriptor)

    monkeypatch.setattr(files, "_write_new", written)


def without_fsync_of_the_folder(monkeypatch):
    monkeypatch.setattr(files, "sync_folder", lambda _: None)


MUTANTS = [without_a_temporary_file, without_fsync_of_the_file, without_fsync_of_the_folder]
WRITES = {
    "append": lambda store, conversation, _: store.append(conversation, prompt="new"),
    "finish": lambda store, conversation, turn: store.finish(
        conversation, replace(turn, reply="42" * 5_000, finish_reason="stop")
    ),
    "rename": lambda store, conversation, _: store.rename(conversation, "name"),
    "delete": lambda store, conversation, _: store.trash.delete_turn(conversation, 1),
}


def begun(root):
    store = Store(root)
    conversation = store.create().id
    store.finish(
        conversation,
        replace(store.append(conversation, prompt="one"), reply="1", finish_reason="stop"),
    )
    turn = store.append(conversation, prompt="two")
    store.trash.delete_conversation(store.create().id)  # so that there is a trash
    return store, conversation, turn


def whole_after_every_call(tmp_path, write):
    """Tell whether a reader sees whole files only, whichever call was the last."""
    for fails in range(1, 30):
        store, conversation, turn = begun(tmp_path / f"kill{fails}")
        disk = Disk(fails, errno.EIO)
        with disk.in_use(), suppress(HistoryError, OSError):
            write(store, conversation, turn)
        again = Store(store.root)
        turns = again.turns(conversation)
        ids = [turn.id for turn in turns if not turn.damaged]
        store.close()
        if ids[-1:] < [2] or any(turn.damaged for turn in turns):
            return False
        if not disk.refused:
            return True
    return True


def on_the_disk_when_acknowledged(tmp_path, write):
    """Tell whether a power cut right after the call could take nothing of it."""
    store, conversation, turn = begun(tmp_path / "cut")
    with pytest.MonkeyPatch.context() as patch:
        unsure = Unsure(patch)
        write(store, conversation, turn)
    store.close()
    return not unsure.names and not unsure.bytes


def keeps_its_promises(tmp_path, write):
    return on_the_disk_when_acknowledged(tmp_path, write) and whole_after_every_call(
        tmp_path, write
    )


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_writer_keeps_its_promises(tmp_path, write):
    assert keeps_its_promises(tmp_path, write)


@pytest.mark.parametrize("write", ["append", "finish"])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_writer_without_a_precaution_is_caught(tmp_path, monkeypatch, mutant, write):
    mutant(monkeypatch)

    assert not keeps_its_promises(tmp_path, WRITES[write])
