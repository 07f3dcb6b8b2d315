"""A disk that refuses while something is deleted, brought back, purged or imported.

After each failure every turn is where it was or where it should be, whole; and the same command
given again ends as if nothing had happened.
"""

import errno
import hashlib
from contextlib import suppress
from dataclasses import replace

import pytest

from history import HistoryError, ImageRef, NotFound, StorageRefused, Store
from history.export import export
from history.importing import import_file
from tests.disk import Disk

PICTURE = b"bytes of a picture"
IMAGE = ImageRef(hashlib.sha256(PICTURE).hexdigest(), "png", 1, 1)


@pytest.fixture
def begin(tmp_path):
    """Return a maker of stores that hold a conversation of three turns and one of one."""

    def made(number):
        store = Store(tmp_path / f"history{number}")
        for prompts in (["one", "two", "three"], ["other"]):
            conversation = store.create("name").id
            store.put_image(PICTURE, IMAGE.sha256, "png")
            for prompt in prompts:
                turn = store.append(conversation, prompt=prompt, images=[IMAGE])
                store.finish(conversation, replace(turn, reply="x", finish_reason="stop"))
            if len(prompts) > 1:
                named = conversation
        export(store, store.root.with_suffix(".zip"), "zip")
        return store, named

    return made


def delete_all(store, conversation):
    store.trash.delete_turn(conversation, 2)
    store.trash.delete_conversation(conversation)


def import_back(store, _conversation):
    import_file(store, store.root.with_suffix(".zip"))


# Name: what comes before, the command, and the prompts that are there after it.
WAYS = {
    "delete a turn": (
        lambda *_: None,
        lambda store, conversation: store.trash.delete_turn(conversation, 2),
        ["one", "other", "three"],
    ),
    "delete a conversation": (
        lambda *_: None,
        lambda store, conversation: store.trash.delete_conversation(conversation),
        ["other"],
    ),
    "bring a turn back": (
        lambda store, conversation: store.trash.delete_turn(conversation, 2),
        lambda store, _: store.trash.undo(),
        ["one", "other", "three", "two"],
    ),
    "bring a conversation back": (
        delete_all,
        lambda store, _: store.trash.undo(
            next((each.id for each in store.trash.entries() if each.turn_id is None), "none")
        ),
        ["one", "other", "three"],
    ),
    "purge": (
        delete_all,
        lambda store, _: store.purge(older_than_days=0),
        ["other"],
    ),
    "remove pictures": (
        lambda *_: None,
        lambda store, _: store.remove_unused_pictures(grace_s=0),
        ["one", "other", "three", "two"],
    ),
    "import": (
        lambda store, conversation: (delete_all(store, conversation), store.purge(0)),
        import_back,
        ["one", "other", "three", "two"],
    ),
}


def prompts(store):
    turns = [turn for each in store.conversations() for turn in store.turns(each.id)]
    assert not any(turn.damaged for turn in turns)
    assert all(store.has_image(image) for turn in turns for image in turn.images)
    return sorted(turn.prompt for turn in turns)


def everywhere(store):
    """The prompts of all turns, in the trash too."""
    found = {turn.prompt for each in store.conversations() for turn in store.turns(each.id)}
    for path in (store.root / ".trash").rglob("*.json"):
        found |= {word for word in ("one", "two", "three", "other")
                  if f'"{word}"'.encode() in path.read_bytes()}  # fmt: skip
    return found


def attempted(command, store, conversation):
    """Give a command; return the error that it raised, if any."""
    try:
        command(store, conversation)
    except HistoryError as caught:
        return caught
    return None


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("way", WAYS)
def test_what_the_disk_refuses_to_move_is_here_or_there(begin, way, error):
    before, command, after = WAYS[way]
    fails, failures = 0, 0
    while True:
        fails += 1
        store, conversation = begin(fails)
        before(store, conversation)
        there = everywhere(store)
        disk = Disk(fails, error)
        with disk.in_use():
            failed = attempted(command, store, conversation)
        if not disk.refused:
            break
        refused = disk.log[fails - 1]
        failures += failed is not None
        assert failed is None or isinstance(failed, StorageRefused), refused

        prompts(store)
        if way != "purge":
            assert everywhere(store) >= there, refused
        with suppress(NotFound):  # it was done, only not known to be on the disk
            command(store, conversation)
        assert prompts(store) == after, refused

    assert fails > 2, "the command made no calls that could fail"
    assert failures > 0


def test_nothing_is_left_of_a_purge_that_was_refused_once(begin):
    for fails in range(1, 30):
        store, conversation = begin(fails)
        store.trash.delete_conversation(conversation)
        store.trash.delete_conversation(store.conversations()[0].id)
        with Disk(fails).in_use():
            failed = attempted(lambda store, _: store.purge(older_than_days=0), store, "")

        store.purge(older_than_days=0)
        store.remove_unused_pictures(grace_s=0)

        assert [path for path in store.root.rglob("*") if path.is_file()] == [], failed
