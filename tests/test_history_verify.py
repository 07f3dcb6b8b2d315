"""Verify names each fault and no other; repair mends what can be mended and deletes nothing."""

import hashlib
import os
from dataclasses import replace

import pytest

from history import ImageRef, Store
from history.record import seal, unseal
from history.repair import repair
from history.verify import verify


def picture(number):
    return f"picture {number}".encode()


def ref(number):
    return ImageRef(hashlib.sha256(picture(number)).hexdigest(), "png", 1, 1)


def filled(root, conversations=12):
    """A store in which all is well, with versions, a trash and a turn under way."""
    store = Store(root)
    for number in range(conversations):
        conversation = store.create(f"name {number}").id
        for turn_number in range(3):
            store.put_image(picture(number), ref(number).sha256, "png")
            store.put_thumbnail(ref(number).sha256, b"small")
            turn = store.append(conversation, prompt=f"{turn_number}", images=[ref(number)])
            store.finish(conversation, replace(turn, reply="x", finish_reason="stop"))
    first, second, *_ = sorted(each.id for each in store.conversations())
    store.append(first, prompt="under way", instead_of=2)
    store.trash.delete_turn(second, 2)
    store.trash.delete_conversation(store.create("gone").id)
    store.index.sync()
    (root / "notes.txt").write_text("a file in the root is nobody's concern")
    return store


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    store = filled(tmp_path_factory.mktemp("sound") / "history")
    yield store
    store.close()


@pytest.fixture
def store(tmp_path):
    store = filled(tmp_path / "history")
    yield store
    store.close()


def change(path, **changes):
    path.write_bytes(seal(unseal(path.read_bytes()) | changes))


def plant(store):
    """Plant 12 faults; return the kind and the file of each."""
    root = store.root
    folders = [root / each for each in sorted(each.id for each in store.conversations())]

    def of(number, name):
        return folders[number] / name

    def cut(path):
        path.write_bytes(path.read_bytes()[:100])

    def linked(path):
        path.rename(root / "elsewhere")
        path.symlink_to(root / "elsewhere")

    left = root / ".stage" / "left.tmp"
    left.write_bytes(b"half")
    os.utime(left, (1_700_000_000, 1_700_000_000))
    number_of = {(root / each.id): int(each.title[5:]) for each in store.conversations()}
    missing, broken = (ref(number_of[folders[each]]).sha256 for each in (9, 10))
    (root / "images" / f"{missing}.png").unlink()
    (root / "images" / f"{broken}.png").write_bytes(b"other bytes")
    cut(of(2, "0002.json"))
    of(3, "0001.json").write_bytes(b"\xff\xfe")
    change(of(4, "0003.json"), id=2)
    linked(of(5, "0002.json"))
    of(6, "conversation.json").write_bytes(b"{")
    of(7, "conversation.json").unlink()
    of(8, "0001.json~").write_text("an editor's copy")
    change(of(8, "0003.json"), finish_reason=None)
    cut(of(1, "0002.gone"))
    planted = {
        ("left over", ".stage/left.tmp"), ("picture missing", f"images/{missing}.png"),
        ("picture damaged", f"images/{broken}.png"),
    }  # fmt: skip
    return planted | {
        (kind, str(of(number, name).relative_to(root)))
        for kind, number, name in (
            ("turn damaged", 2, "0002.json"), ("turn damaged", 3, "0001.json"),
            ("turn damaged", 4, "0003.json"), ("turn damaged", 5, "0002.json"),
            ("conversation damaged", 6, "conversation.json"),
            ("conversation without its file", 7, "conversation.json"),
            ("not ours", 8, "0001.json~"), ("turn open", 8, "0003.json"),
            ("mark damaged", 1, "0002.gone"),
        )
    }  # fmt: skip


def everything(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_store_in_which_all_is_well_has_no_fault(sound):
    report = verify(sound)

    assert report.faults == ()
    assert (report.conversations, report.turns, report.pictures) == (12, 36, 12)


def test_verify_names_each_of_twelve_faults(store):
    planted = plant(store)

    found = {(fault.kind, fault.file) for fault in verify(store).faults}

    assert len(planted) == 12
    assert found == planted


def test_verify_changes_nothing(store):
    plant(store)
    before = everything(store.root)

    verify(store)

    assert everything(store.root) == before


def test_repair_is_a_look_unless_it_is_told_otherwise(store):
    plant(store)
    before = everything(store.root)

    repair(store, verify(store).faults)

    assert everything(store.root) == before


def test_after_a_repair_only_what_cannot_be_mended_is_left(store):
    plant(store)

    done = repair(store, verify(store).faults, dry_run=False)

    left = {fault.kind for fault in verify(store).faults}
    assert left == {each.fault.kind for each in done if not each.mended}
    assert left == {"picture missing"}


def test_repair_deletes_nothing_but_what_was_half_written(store):
    plant(store)
    before = sorted(everything(store.root).values())

    repair(store, verify(store).faults, dry_run=False)

    after = list(everything(store.root).values())
    lost = [content for content in before if content not in after]
    assert len(lost) == 2
    assert b"half" in lost  # the other is the open turn, as it was before it was closed


def test_what_is_still_good_is_as_it_was_after_a_repair(store):
    plant(store)
    before = {c.id: [t for t in store.turns(c.id) if not t.damaged] for c in store.conversations()}

    repair(store, verify(store).faults, dry_run=False)

    for conversation, turns in before.items():
        kept = [turn for turn in store.turns(conversation) if turn.finish_reason == "stop"]
        assert kept == [turn for turn in turns if turn.finish_reason == "stop"]


def test_a_number_that_a_repair_set_aside_is_not_given_again(store):
    conversation = store.conversations()[-1].id
    (store.root / conversation / "0003.json").write_bytes(b"{")

    repair(store, verify(store).faults, dry_run=False)

    assert store.append(conversation, prompt="next").id > 3


def test_a_newer_version_of_a_file_is_no_fault(store):
    conversation = store.conversations()[3].id
    change(store.root / conversation / "0003.json", schema=2, user_input={"blocks": []})
    change(store.root / conversation / "conversation.json", schema=2, id=["x"])

    assert verify(store).faults == ()


@pytest.mark.parametrize(("follows", "mended"), [(2, True), (-7, False), (3, False)])
def test_a_turn_that_follows_nothing_is_named(store, follows, mended):
    conversation = next(c.id for c in store.conversations() if len(store.turns(c.id)) == 3)
    (store.root / conversation / "0002.json").unlink()
    change(store.root / conversation / "0003.json", follows=follows)

    [fault] = verify(store).faults

    assert (fault.kind, fault.file) == ("turn follows nothing", f"{conversation}/0003.json")
    [done] = repair(store, [fault], dry_run=False)
    assert done.mended is mended
    assert (verify(store).faults == ()) is mended


def test_a_folder_that_is_none_is_named(store):
    (store.root / "20200101-000000-aaaa").write_text("x")
    (store.root / ".trash" / "notes").write_text("x")
    (store.root / "images" / "holiday.png").write_text("x")

    assert {fault.file for fault in verify(store).faults} == {
        "20200101-000000-aaaa", ".trash/notes", "images/holiday.png",
    }  # fmt: skip
