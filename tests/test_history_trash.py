"""Deleted, brought back, and gone for ever."""

import fcntl
import hashlib
import os
import threading
from dataclasses import replace

import pytest

from history import (
    ConversationNotFound,
    ImageRef,
    PlaceTaken,
    Store,
    TrashNotFound,
    TurnNotFound,
    files,
    names,
)

CANARY = b"the picture that must not stay"
SHA256 = hashlib.sha256(CANARY).hexdigest()


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "history")
    yield store
    store.close()


@pytest.fixture
def conversation(store):
    return filled(store)


def filled(store, *, picture=CANARY):
    """Begin a conversation of three turns, the second with a picture."""
    conversation = store.create("name").id
    sha256 = hashlib.sha256(picture).hexdigest()
    store.put_image(picture, sha256, "png")
    store.put_thumbnail(sha256, b"small")
    for prompt in ("one", "two", "three"):
        images = [ImageRef(sha256, "png", 1, 1)] if prompt == "two" else []
        turn = store.append(conversation, prompt=prompt, images=images)
        store.finish(conversation, replace(turn, reply=prompt, finish_reason="stop"))
    return conversation


def prompts(store, conversation):
    return [turn.prompt for turn in store.turns(conversation)]


def everything(root):
    """Every file below a folder, with its bytes and the folders without any."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
        if not path.is_relative_to(root / ".trash") and not path.is_relative_to(root / ".stage")
    }


# One turn


def test_a_deleted_turn_leaves_the_others_as_they_are(store, conversation):
    before = everything(store.root / conversation)

    store.trash.delete_turn(conversation, 2)

    assert prompts(store, conversation) == ["one", "three"]
    after = everything(store.root / conversation)
    assert after.pop("0002.gone")
    assert before.pop("0002.json")
    assert after == before


@pytest.mark.parametrize("turn_id", [1, 2, 3])
def test_a_turn_comes_back_byte_for_byte(store, conversation, turn_id):
    before = everything(store.root)

    store.trash.delete_turn(conversation, turn_id)
    store.trash.undo()

    assert everything(store.root) == before
    assert store.trash.entries() == []


def test_the_number_of_a_deleted_turn_is_not_given_again(store, conversation):
    store.trash.delete_turn(conversation, 3)
    store.purge(older_than_days=0)

    assert store.append(conversation, prompt="four").id == 4


def test_a_deleted_turn_is_named_so_that_a_list_of_files_tells_what_it_was(store, conversation):
    gone = store.trash.delete_turn(conversation, 2)

    assert gone.id.endswith(f".{conversation}.0002.json")
    assert (gone.conversation_id, gone.turn_id) == (conversation, 2)
    assert store.trash.entries() == [gone]


def test_a_damaged_turn_can_be_deleted_as_well(store, conversation):
    (store.root / conversation / "0002.json").write_bytes(b"{")

    store.trash.delete_turn(conversation, 2)
    store.trash.undo()

    assert (store.root / conversation / "0002.json").read_bytes() == b"{"


def test_a_turn_that_is_not_there_cannot_be_deleted(store, conversation):
    with pytest.raises(TurnNotFound):
        store.trash.delete_turn(conversation, 9)
    assert not (store.root / conversation / "0009.gone").exists()


def test_a_reply_that_ends_after_its_turn_was_deleted_writes_nothing(store, conversation):
    turn = store.append(conversation, prompt="four")
    store.trash.delete_turn(conversation, turn.id)

    with pytest.raises(TurnNotFound):
        store.finish(conversation, replace(turn, finish_reason="stop"))
    assert prompts(store, conversation) == ["one", "two", "three"]
    assert store._open._held == {}


def test_an_open_turn_that_came_back_can_still_be_finished(store, conversation):
    turn = store.append(conversation, prompt="four")
    store.trash.delete_turn(conversation, turn.id)
    store.trash.undo()

    assert Store(store.root).close_open_turns() == 0
    store.finish(conversation, replace(turn, finish_reason="stop"))


# A conversation


def test_a_deleted_conversation_is_in_no_list(store, conversation):
    store.trash.delete_conversation(conversation)

    assert store.conversations() == []
    with pytest.raises(ConversationNotFound):
        store.turns(conversation)


def test_a_conversation_comes_back_byte_for_byte(store, conversation):
    store.trash.delete_turn(conversation, 1)
    before = everything(store.root)

    store.trash.delete_conversation(conversation)
    store.trash.undo()

    assert everything(store.root) == before


def test_a_reply_that_ends_after_its_conversation_was_deleted_writes_nothing(store, conversation):
    turn = store.append(conversation, prompt="four")
    store.trash.delete_conversation(conversation)

    with pytest.raises(ConversationNotFound):
        store.finish(conversation, replace(turn, finish_reason="stop"))
    assert not (store.root / conversation).exists()
    assert store._open._held == {}


def test_a_turn_of_a_deleted_conversation_waits_for_its_conversation(store, conversation):
    turn = store.trash.delete_turn(conversation, 2)
    store.trash.delete_conversation(conversation)

    with pytest.raises(ConversationNotFound):
        store.trash.undo(turn.id)
    store.trash.undo()
    store.trash.undo()
    assert prompts(store, conversation) == ["one", "two", "three"]


# Undo


def test_what_was_deleted_last_comes_back_first_whatever_the_clock_says(
    store, conversation, monkeypatch
):
    for turn_id, year in ((1, 2026), (2, 2024), (3, 2025)):
        clock = type(
            "Clock", (), {"now": lambda zone, year=year: REAL.now(zone).replace(year=year)}
        )
        clock.strptime = REAL.strptime
        monkeypatch.setattr(names, "datetime", clock)
        store.trash.delete_turn(conversation, turn_id)

    assert [store.trash.undo().turn_id for _ in range(3)] == [3, 2, 1]


REAL = names.datetime


def test_what_is_named_comes_back(store, conversation):
    first = store.trash.delete_turn(conversation, 1)
    store.trash.delete_turn(conversation, 2)

    store.trash.undo(first.id)

    assert prompts(store, conversation) == ["one", "three"]


def test_there_is_nothing_to_undo_in_a_new_store(store):
    with pytest.raises(TrashNotFound):
        store.trash.undo()


def test_nothing_is_overwritten_by_what_comes_back(store, conversation):
    store.trash.delete_turn(conversation, 2)
    path = store.root / conversation / "0002.json"
    path.write_bytes(b"somebody's")

    with pytest.raises(PlaceTaken):
        store.trash.undo()
    assert path.read_bytes() == b"somebody's"
    path.unlink()
    store.trash.undo()
    assert prompts(store, conversation) == ["one", "two", "three"]


def test_no_conversation_is_overwritten_by_one_that_comes_back(store, conversation):
    store.trash.delete_conversation(conversation)
    (store.root / conversation).mkdir()

    with pytest.raises(PlaceTaken):
        store.trash.undo()
    assert len(store.trash.entries()) == 1


def test_strangers_in_the_trash_are_left_alone(store, conversation):
    store.trash.delete_turn(conversation, 2)
    stranger = store.root / ".trash" / "notes.txt"
    stranger.write_text("mine")

    assert store.purge(older_than_days=0) == 1
    assert stranger.read_text() == "mine"


# Gone for ever


def found(root, canary):
    return [path for path in root.rglob("*") if path.is_file() and canary in path.read_bytes()]


def test_what_was_deleted_lately_stays_when_the_trash_is_emptied_of_old_things(store, conversation):
    store.trash.delete_turn(conversation, 2)

    assert store.purge() == 0
    store.trash.undo()
    assert prompts(store, conversation) == ["one", "two", "three"]


def test_what_was_deleted_a_month_ago_goes(store, conversation):
    entry = store.trash.delete_turn(conversation, 2)
    path = store.root / ".trash" / entry.id
    path.rename(path.with_name(path.name.replace(path.name[:8], "20240101")))

    assert store.purge() == 1
    assert store.trash.entries() == []


def test_all_goes_on_request_whatever_the_clock_says(store, conversation, monkeypatch):
    later = type("Clock", (), {"now": lambda zone: REAL.now(zone).replace(year=2099)})
    later.strptime = REAL.strptime
    monkeypatch.setattr(names, "datetime", later)
    store.trash.delete_turn(conversation, 2)
    monkeypatch.setattr(names, "datetime", REAL)

    assert store.purge() == 0
    assert store.purge(older_than_days=0) == 1


def test_after_a_purge_no_copy_of_a_conversation_is_left(store, conversation):
    store.trash.delete_conversation(conversation)
    store.purge(older_than_days=0)

    assert found(store.root, b"three") == found(store.root, CANARY) == []
    assert found(store.root, b"small") == []
    assert list((store.root / ".stage").iterdir()) == []


def test_after_a_purge_no_copy_of_a_turn_is_left(store, conversation):
    store.trash.delete_turn(conversation, 2)
    store.purge(older_than_days=0)

    assert found(store.root, b'"two"') == found(store.root, CANARY) == []
    assert prompts(store, conversation) == ["one", "three"]


def test_one_thing_alone_can_be_removed_for_ever(store, conversation):
    first = store.trash.delete_turn(conversation, 1)
    second = store.trash.delete_turn(conversation, 2)

    assert store.purge(trash_id=second.id) == 1
    assert store.trash.entries() == [first]


# Pictures


def age(store):
    for path in (store.root / "images").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.mark.parametrize("where", ["shown", "version", "trash", "damaged", "set aside"])
def test_a_picture_that_something_refers_to_stays(store, conversation, where):
    age(store)
    path = store.root / conversation / "0002.json"
    if where == "version":
        store.append(conversation, prompt="another", instead_of=1)
    elif where == "trash":
        store.trash.delete_conversation(conversation)
    elif where == "damaged":
        path.write_bytes(path.read_bytes()[:400])
    elif where == "set aside":
        (store.root / ".quarantine").mkdir()
        path.rename(store.root / ".quarantine" / "0002.json.1234")

    assert store.remove_unused_pictures(grace_s=0).pictures == 0
    assert store.image_path(SHA256, "png").exists()


def test_a_picture_of_two_conversations_stays_until_both_are_gone(store, conversation):
    other = filled(store)
    store.trash.delete_conversation(conversation)
    store.purge(older_than_days=0)
    assert store.image_path(SHA256, "png").exists()

    store.trash.delete_conversation(other)
    store.purge(older_than_days=0)
    assert list((store.root / "images").iterdir()) == []


def test_a_picture_that_nothing_refers_to_goes_with_its_thumbnail_after_a_day(store):
    store.put_image(CANARY, SHA256, "png")
    store.put_thumbnail(SHA256, b"small")
    assert store.remove_unused_pictures().pictures == 0
    age(store)

    assert store.remove_unused_pictures(dry_run=True).pictures == 1
    removed = store.remove_unused_pictures()

    assert (removed.pictures, removed.bytes) == (1, len(CANARY) + len(b"small"))
    assert list((store.root / "images").iterdir()) == []


def test_strangers_among_the_pictures_are_left_alone(store, conversation):
    stranger = store.root / "images" / "holiday.png"
    stranger.write_text("mine")
    age(store)

    store.remove_unused_pictures(grace_s=0)

    assert stranger.read_text() == "mine"


def test_the_pictures_of_others_stay_when_one_conversation_is_purged(store, conversation):
    store.put_image(b"not yet in a turn", hashlib.sha256(b"not yet in a turn").hexdigest(), "png")
    store.trash.delete_conversation(conversation)

    store.purge(older_than_days=0)

    assert len(list((store.root / "images").iterdir())) == 1


def test_pictures_that_are_being_added_hold_up_their_removal(store):
    with store.adding():
        store.put_image(CANARY, SHA256, "png")
        folder = os.open(store.root / "images", os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(folder)
        remover = threading.Thread(target=store.remove_unused_pictures, args=(0,))
        remover.start()
        conversation = store.create().id
        store.append(conversation, prompt="x", images=[ImageRef(SHA256, "png", 1, 1)])
    remover.join()

    assert store.image_path(SHA256, "png").exists()


@pytest.mark.parametrize("what", ["turn", "conversation"])
def test_what_comes_back_holds_up_the_removal_of_its_pictures(
    store, conversation, what, monkeypatch
):
    step = "publish" if what == "turn" else "move"
    moved, real = [], getattr(files, step)

    def while_it_moves(*args):
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        real(*args)
        moved.append(args)

    if what == "turn":
        store.trash.delete_turn(conversation, 2)
    else:
        store.trash.delete_conversation(conversation)
    folder = os.open(store.root / "images", os.O_RDONLY)
    monkeypatch.setattr(files, step, while_it_moves)
    store.trash.undo()
    os.close(folder)

    assert len(moved) == 1
    assert prompts(store, conversation) == ["one", "two", "three"]


def test_two_can_add_pictures_at_once(store):
    with store.adding(), Store(store.root).adding():
        store.put_image(CANARY, SHA256, "png")


def test_a_conversation_is_changed_by_one_at_a_time(store, conversation):
    # Each reads the file, changes one thing and writes it: nothing of the others is lost.
    changes = [
        lambda: [store.rename(conversation, f"{number}") for number in range(20)],
        lambda: [store.pin(conversation) for _ in range(20)],
        lambda: [store.tag(conversation, ["a"]) for _ in range(20)],
    ]
    threads = [threading.Thread(target=each) for each in changes]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    shown = store.conversation(conversation)
    assert (shown.title, shown.pinned, shown.tags) == ("19", True, ("a",))
