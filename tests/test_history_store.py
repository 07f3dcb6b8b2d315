"""Conversations on disk: begun, continued, listed, renamed, found broken."""

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import history
from history import (
    ConversationNotFound,
    HistoryError,
    ImageRef,
    NameRefused,
    RecordTooNew,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
    Store,
    TurnNotFound,
    files,
    listing,
    names,
)
from history.record import seal, unseal

IMAGE = ImageRef("a" * 64, "png", 4, 3, "shot.png")
OUTSIDE = [
    "..", ".", "", "/etc", "../images", "images/.", ".stage", "20260214-093012-k3f9/..",
    "20260214-093012-k3f9\n", "20260214-093012-K3F9", "20260214-093012-k3f9\x00", "x" * 10**6,
    "\u0662\u0660260214-093012-k3f9", "\ud800",
]  # fmt: skip


@pytest.fixture
def root(tmp_path):
    return tmp_path / "history"


@pytest.fixture
def store(root):
    store = Store(root)
    yield store
    store.close()


@pytest.fixture
def conversation(store):
    return store.create().id


def end(store, conversation, turn, reply="42"):
    done = replace(turn, reply=reply, finish_reason="stop", latency_ms=3.5)
    store.finish(conversation, done)
    return done


def change(path, **changes):
    """Rewrite a record with other values, sealed as if we had written it."""
    path.write_bytes(seal(unseal(path.read_bytes()) | changes))


def settle(folder):
    """Let a folder's last change be long ago."""
    os.utime(folder, (1_700_000_000, 1_700_000_000))


def program(code, *arguments):
    """Start a program that uses this package and talks through its pipes."""
    environment = {"PYTHONPATH": str(Path(history.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-S", "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )


# Begun, and continued.


def test_a_store_that_is_only_looked_at_makes_nothing(root, store):
    assert store.conversations() == []
    assert not root.exists()


def test_a_conversation_is_named_by_its_time(conversation):
    assert re.fullmatch(r"20\d{6}-\d{6}-[0-9a-z]{4}", conversation)


def test_a_turn_is_one_file_in_its_conversations_folder(root, store, conversation):
    store.append(conversation, prompt="one")
    store.append(conversation, prompt="two")

    written = sorted(path.name for path in (root / conversation).iterdir())
    assert written == ["0001.json", "0002.json", "conversation.json"]


def test_a_prompt_is_on_disk_before_its_reply(root, store, conversation):
    store.append(conversation, prompt="What is this?", images=[IMAGE], params={"seed": 1})

    [turn] = Store(root).turns(conversation)
    assert (turn.prompt, turn.images, turn.finish_reason) == ("What is this?", (IMAGE,), None)


def test_a_finished_turn_comes_back_as_it_was_given(root, store, conversation):
    turn = store.append(conversation, prompt="What is this?", images=[IMAGE], job="receipt")
    done = end(store, conversation, turn)

    assert Store(root).turn(conversation, 1) == done


def test_a_conversation_goes_on_in_another_store(root, store, conversation):
    end(store, conversation, store.append(conversation, prompt="one"))

    again = Store(root)
    end(again, conversation, again.append(conversation, prompt="two"))

    assert [turn.prompt for turn in store.turns(conversation)] == ["one", "two"]


def test_turns_beyond_9999_stay_in_order(root, store, conversation):
    end(store, conversation, store.append(conversation, prompt="first"))
    path = root / conversation / "9999.json"
    path.write_bytes((root / conversation / "0001.json").read_bytes())
    change(path, id=9999)

    end(store, conversation, store.append(conversation, prompt="next"))

    assert [turn.id for turn in store.turns(conversation)] == [1, 9999, 10_000]


def test_the_files_are_for_their_owner_alone(root, store, conversation):
    store.append(conversation, prompt="secret")

    for path in [root, *root.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_nothing_stays_staged(root, store, conversation):
    end(store, conversation, store.append(conversation, prompt="one"))
    store.rename(conversation, "name")

    assert list((root / ".stage").iterdir()) == []


def test_a_deleted_turn_does_not_come_back_when_its_reply_ends(root, store, conversation):
    turn = store.append(conversation, prompt="one")
    (root / conversation / "0001.json").unlink()

    with pytest.raises(TurnNotFound):
        end(store, conversation, turn)
    assert store.turns(conversation) == []


# Listed


def test_the_conversation_last_written_to_comes_first(store, monkeypatch):
    seconds = iter(range(10, 60))
    monkeypatch.setattr(names, "now", lambda: f"2026-02-14T09:30:{next(seconds)}.000Z")
    first, second = store.create("first").id, store.create("second").id
    end(store, first, store.append(first, prompt="late"))

    times = [each.updated_at for each in store.conversations()]
    assert [each.id for each in store.conversations()] == [first, second]
    assert times == sorted(times, reverse=True)


def test_a_list_shows_title_count_cover_and_times(store, conversation):
    end(store, conversation, store.append(conversation, prompt="Hello there"))
    last = store.append(conversation, prompt="And this?", images=[IMAGE])

    [shown] = store.conversations()

    assert (shown.title, shown.turns, shown.cover) == ("Hello there", 2, IMAGE)
    assert shown.created_at <= shown.updated_at == last.timestamp


def test_a_name_goes_before_the_first_prompt_until_it_is_taken_away(store, conversation):
    store.append(conversation, prompt="Hello there")

    store.rename(conversation, "Groceries")
    assert store.conversation(conversation).title == "Groceries"
    store.rename(conversation, "")
    assert store.conversation(conversation).title == "Hello there"


def test_renaming_keeps_the_system_prompt(store):
    conversation = store.create(system_prompt="Be brief.").id

    store.rename(conversation, "name")

    assert store.conversation(conversation).system_prompt == "Be brief."


def test_renaming_keeps_keys_that_this_version_does_not_know(root, store, conversation):
    path = root / conversation / "conversation.json"
    change(path, pinned=True)

    store.rename(conversation, "name")

    assert json.loads(path.read_bytes())["pinned"] is True


def test_a_conversation_can_be_pinned_until_it_is_no_longer(store, conversation):
    assert not store.conversation(conversation).pinned

    store.pin(conversation)
    assert store.conversation(conversation).pinned
    store.pin(conversation, False)
    assert not store.conversation(conversation).pinned


def test_tags_are_short_lines_each_once(store, conversation):
    store.tag(conversation, ["发票", " work\n", "work", "", "x" * 100])

    assert store.conversation(conversation).tags == ("发票", "work", "x" * 59 + "…")


def test_what_nobody_chose_is_not_in_the_file(root, store, conversation):
    path = root / conversation / "conversation.json"
    before = path.read_bytes()

    store.pin(conversation)
    store.tag(conversation, ["a"])
    store.pin(conversation, False)
    store.tag(conversation, [])

    assert path.read_bytes() == before


def test_a_head_with_a_value_of_the_wrong_kind_costs_only_itself(root, store, conversation):
    store.append(conversation, prompt="Hello there")
    for wrong in ({"pinned": 1}, {"tags": "a"}, {"tags": [1]}, {"choice": {"tip": "1", "of": 1}}):
        change(root / conversation / "conversation.json", **wrong)

        assert store.conversation(conversation).title == "Hello there"
        assert len(store.turns(conversation)) == 1


def test_a_conversation_that_did_not_change_is_not_read_again(
    root, store, conversation, monkeypatch
):
    end(store, conversation, store.append(conversation, prompt="one"))
    settle(root / conversation)
    before = store.conversations()
    monkeypatch.setattr(files, "read", None)

    assert store.conversations() == before


def test_what_another_process_writes_is_listed_at_once(root, store, conversation):
    settle(root / conversation)
    assert store.conversation(conversation).turns == 0

    Store(root).append(conversation, prompt="from elsewhere")

    assert store.conversation(conversation).turns == 1


def test_a_list_keeps_nothing_of_deleted_conversations(root, store, conversation):
    settle(root / conversation)
    store.conversations()
    (root / conversation / "conversation.json").unlink()
    (root / conversation).rmdir()

    assert store.conversations() == []
    assert store._listing._seen == {}


# Names from outside


@pytest.mark.parametrize("name", OUTSIDE, ids=range(len(OUTSIDE)))
def test_a_name_that_is_not_ours_touches_no_path(store, conversation, name):
    turn = store.append(conversation, prompt="one")

    for use in (
        lambda: store.turns(name),
        lambda: store.conversation(name),
        lambda: store.turn(name, 1),
        lambda: store.append(name, prompt="x"),
        lambda: store.finish(name, turn),
        lambda: store.rename(name, "x"),
        lambda: store.image_path(name, "png"),
        lambda: store.image_path("a" * 64, name),
        lambda: store.thumbnail_path(name),
        lambda: store.put_image(b"", name, "png"),
        lambda: store.put_thumbnail(name, b""),
    ):
        with pytest.raises(NameRefused) as caught:
            use()
        str(caught.value).encode("ascii")


def test_a_conversation_that_does_not_exist_is_said_to(store):
    for use in (
        lambda: store.turns("20260214-093012-k3f9"),
        lambda: store.conversation("20260214-093012-k3f9"),
        lambda: store.append("20260214-093012-k3f9", prompt="x"),
        lambda: store.rename("20260214-093012-k3f9", "x"),
    ):
        with pytest.raises(ConversationNotFound):
            use()


def test_a_link_to_a_folder_elsewhere_is_no_conversation(root, store, conversation, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (root / conversation).rename(elsewhere)
    (root / conversation).symlink_to(elsewhere)

    assert store.conversations() == []
    with pytest.raises(ConversationNotFound):
        store.append(conversation, prompt="x")


# Found broken


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "edited": lambda path: path.write_bytes(path.read_bytes().replace(b"two", b"TWO")),
    "not UTF-8": lambda path: path.write_bytes(b"\xff" * 100),
    "someone else's": lambda path: path.write_bytes(b'{"role": "user"}'),
    "a link": lambda path: (path.rename(path.with_suffix(".x")), path.symlink_to("0002.x")),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "another turn": lambda path: path.write_bytes(path.with_name("0001.json").read_bytes()),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_broken_turn_keeps_its_place_and_says_so(root, store, conversation, damage):
    for prompt in ("one", "two", "three"):
        end(store, conversation, store.append(conversation, prompt=prompt))
    damage(root / conversation / "0002.json")

    turns = store.turns(conversation)

    assert [turn.prompt for turn in turns] == ["one", "", "three"]
    assert turns[1].damaged
    assert turns[1].error["code"] == "TurnDamaged"
    assert conversation in turns[1].error["text"]


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_broken_turn_hides_no_conversation(root, store, conversation, damage):
    for prompt in ("one", "two"):
        end(store, conversation, store.append(conversation, prompt=prompt))
    other = store.create("other").id
    damage(root / conversation / "0002.json")

    assert {each.id: each.turns for each in store.conversations()} == {conversation: 2, other: 0}
    assert store.close_open_turns() == 0


def test_a_broken_turns_number_is_not_given_again(root, store, conversation):
    end(store, conversation, store.append(conversation, prompt="one"))
    (root / conversation / "0001.json").write_bytes(b"")

    assert store.append(conversation, prompt="two").id == 2
    assert (root / conversation / "0001.json").read_bytes() == b""


def test_a_broken_conversation_file_costs_only_the_name(root, store):
    conversation = store.create("Groceries").id
    end(store, conversation, store.append(conversation, prompt="Hello there"))
    (root / conversation / "conversation.json").write_bytes(b"{")

    [shown] = store.conversations()

    assert (shown.title, shown.turns) == ("Hello there", 1)
    assert shown.created_at[:10].replace("-", "") == conversation[:8]


def test_a_broken_conversation_file_is_set_aside_before_it_is_written(root, store, conversation):
    (root / conversation / "conversation.json").write_bytes(b"{")

    store.rename(conversation, "Groceries")

    [kept] = (root / ".quarantine").iterdir()
    assert kept.read_bytes() == b"{"
    assert kept.name.startswith(f"{conversation}-conversation.json.")
    assert store.conversation(conversation).title == "Groceries"


def test_a_conversation_whose_own_file_is_missing_can_be_named(root, store, conversation):
    (root / conversation / "conversation.json").unlink()

    store.rename(conversation, "Groceries")

    assert store.conversation(conversation).title == "Groceries"


def test_strangers_files_are_left_alone(root, store, conversation):
    end(store, conversation, store.append(conversation, prompt="one"))
    strangers = [
        root / "notes.txt", root / "backup" / "0001.json", root / "__init__.py",
        root / conversation / "0001.json~", root / conversation / "00002.json",
        root / conversation / "0000.json", root / conversation / "notes.json",
    ]  # fmt: skip
    for path in strangers:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")

    assert [each.turns for each in store.conversations()] == [1]
    assert store.close_open_turns() == 0
    assert store.append(conversation, prompt="two").id == 2
    assert {path.read_text() for path in strangers} == {"mine"}


def test_a_newer_turn_is_shown_but_not_written(root, store, conversation):
    store.append(conversation, prompt="from the future")
    path = root / conversation / "0001.json"
    change(path, schema=2, mood="good")
    store.close()
    before = path.read_bytes()

    turn = store.turn(conversation, 1)

    assert (turn.prompt, turn.extra) == ("from the future", {"mood": "good"})
    with pytest.raises(RecordTooNew, match="schema is 2, ours is 1"):
        end(store, conversation, turn)
    assert store.close_open_turns() == 0
    assert path.read_bytes() == before


def test_a_newer_turn_that_is_not_understood_is_not_called_damaged(root, store, conversation):
    store.append(conversation, prompt="x")
    change(root / conversation / "0001.json", schema=2, user_input={"blocks": []})

    assert store.turn(conversation, 1).error["code"] == "RecordTooNew"


def test_a_newer_conversation_file_is_shown_but_not_written(root, store, conversation):
    path = root / conversation / "conversation.json"
    change(path, schema=2, title="future", system_prompt=["blocks"])

    assert store.conversation(conversation).title == "future"
    with pytest.raises(RecordTooNew):
        store.rename(conversation, "now")


# Left open


OPEN_A_TURN = """
import sys
from dataclasses import replace
from pathlib import Path
from history import Store

store = Store(Path(sys.argv[1]))
turn = store.append(sys.argv[2], prompt="left open")
store.finish(sys.argv[2], replace(turn, reply="as far as it"))
print(turn.id, flush=True)
sys.stdin.read()
"""


def test_an_open_turn_is_left_to_the_process_that_has_it(root, store, conversation):
    with program(OPEN_A_TURN, root, conversation) as other:
        other.stdout.readline()

        assert store.close_open_turns() == 0
        assert store.turn(conversation, 1).finish_reason is None
        other.kill()


def test_an_open_turn_of_a_killed_process_is_closed_with_what_there_was(root, store, conversation):
    mine = store.append(conversation, prompt="mine, still open")
    with program(OPEN_A_TURN, root, conversation) as other:
        other.stdout.readline()
        other.kill()

    assert store.close_open_turns() == 1

    turn = store.turn(conversation, 2)
    assert (turn.finish_reason, turn.reply) == ("error", "as far as it")
    assert turn.error["code"] == "TurnInterrupted"
    assert store.turn(conversation, mine.id).finish_reason is None


def test_a_turn_that_holds_the_word_open_is_not_closed(store, conversation):
    turn = store.append(conversation, prompt="x", fields={"finish_reason": None})
    done = end(store, conversation, turn)

    assert store.close_open_turns() == 0
    assert store.turn(conversation, 1) == done


@pytest.mark.parametrize("finish_reason", ["stop", None])
def test_a_turn_written_between_the_look_and_the_hold_is_left_alone(
    root, store, conversation, monkeypatch, finish_reason
):
    turn = store.append(conversation, prompt="x")
    written = replace(turn, reply="42", finish_reason=finish_reason)
    hold = files.hold

    def written_first(path):
        monkeypatch.setattr(files, "hold", hold)
        descriptor = os.open(path, os.O_RDONLY)  # the file that was there at the look
        store.finish(conversation, written)
        return descriptor

    monkeypatch.setattr(files, "hold", written_first)

    assert Store(root).close_open_turns() == 0
    assert store.turn(conversation, 1) == written


def test_what_a_killed_process_left_staged_is_swept_when_it_is_old(root, store, conversation):
    left = root / ".stage" / "left.tmp"
    folder = root / ".stage" / "folder.tmp"
    young = root / ".stage" / "young.tmp"
    for path in (left, folder / "conversation.json", young):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    settle(left)
    settle(folder)

    store.close_open_turns()

    assert list((root / ".stage").iterdir()) == [young]


# Room


def test_a_turn_is_refused_before_the_disk_is_full(store, conversation, monkeypatch):
    open_turn = store.append(conversation, prompt="one")
    monkeypatch.setattr(Store, "free_bytes", lambda _: 199 << 20)

    for use in (
        lambda: store.append(conversation, prompt="two"),
        lambda: store.put_image(b"x", "a" * 64, "png"),
        store.create,
    ):
        with pytest.raises(StorageFull, match="199 MiB are free"):
            use()

    end(store, conversation, open_turn)
    assert [turn.reply for turn in store.turns(conversation)] == ["42"]


def test_free_room_is_that_of_the_disk_even_before_there_is_a_folder(tmp_path):
    free = Store(tmp_path / "not" / "there").free_bytes()

    assert free == pytest.approx(os.statvfs(tmp_path).f_bavail * 4096, rel=0.2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights_is_read_only(root, store, conversation):
    end(store, conversation, store.append(conversation, prompt="one"))
    root.chmod(0o500)

    try:
        with pytest.raises(StorageReadOnly):
            store.append(conversation, prompt="two")
        assert len(store.turns(conversation)) == 1
        assert store.close_open_turns() == 0
    finally:
        root.chmod(0o700)


def test_a_read_only_disk_can_be_read(root, store, conversation, monkeypatch):
    end(store, conversation, store.append(conversation, prompt="one"))
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(StorageReadOnly, match="read-only"):
        store.check_writable()
    assert len(store.turns(conversation)) == 1
    assert len(store.conversations()) == 1


def test_a_root_that_cannot_be_read_is_said_to(root, store):
    root.write_text("a file in its place")

    with pytest.raises(StorageFailed, match="cannot be used: Not a directory"):
        store.conversations()
    with pytest.raises(HistoryError):
        store.create()


# Several at once


def test_threads_that_append_at_once_each_get_their_own_turn(root, store, conversation):
    def write(name):
        for number in range(40):
            end(store, conversation, store.append(conversation, prompt=f"{name}{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    turns = store.turns(conversation)
    assert [turn.id for turn in turns] == list(range(1, 81))
    for name in "ab":
        own = [turn.prompt for turn in turns if turn.prompt[0] == name]
        assert own == [f"{name}{number}" for number in range(40)]


APPEND_MANY = """
import sys
from pathlib import Path
from history import Store

store = Store(Path(sys.argv[1]))
sys.stdin.readline()
print(*(store.append(sys.argv[2], prompt=sys.argv[3]).id for _ in range(100)))
"""


def test_processes_that_append_at_once_each_get_their_own_turn(root, store, conversation):
    programs = [program(APPEND_MANY, root, conversation, name) for name in "ab"]
    for each in programs:
        each.stdin.write("go\n")
        each.stdin.flush()
    given = [list(map(int, each.communicate()[0].split())) for each in programs]

    assert sorted(given[0] + given[1]) == list(range(1, 201))
    for name, ids in zip("ab", given, strict=True):
        assert {store.turn(conversation, each).prompt for each in ids} == {name}


def test_a_list_read_while_turns_are_written_shows_whole_turns_only(root, store, conversation):
    with program(APPEND_MANY, root, conversation, "x" * 100_000) as other:
        other.stdin.write("go\n")
        other.stdin.flush()
        looks = 0
        while other.poll() is None:
            turns = store.turns(conversation)
            assert [turn.prompt for turn in turns] == ["x" * 100_000] * len(turns)
            looks += 1

    assert looks > 1
    assert len(store.turns(conversation)) == 100


def test_the_package_needs_nothing_but_the_standard_library():
    code = "import sys, history; print(*{name.partition('.')[0] for name in sys.modules})"

    loaded = set(program(code).communicate()[0].split())

    assert loaded - sys.stdlib_module_names <= {"history", "__main__", "__mp_main__"}


def test_a_listing_reads_three_files_a_conversation(store, conversation, monkeypatch):
    for number in range(20):
        end(store, conversation, store.append(conversation, prompt=str(number), images=[IMAGE]))
    opened = []
    read = files.read
    monkeypatch.setattr(listing.files, "read", lambda path: opened.append(path.name) or read(path))

    store.conversation(conversation)

    assert sorted(opened) == ["0001.json", "0020.json", "conversation.json"]
