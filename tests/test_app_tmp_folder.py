import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.clear import clear_beside
from app.errors import TmpNotOurs, TmpUnusable
from app.tmp_folder import TAG, TmpFolder, snapshot_bytes
from app.uploads import Uploads


@pytest.fixture
def root(tmp_path):
    return tmp_path / "tmp"


@pytest.fixture
def tmp(root):
    with TmpFolder(root) as opened:
        yield opened


@pytest.fixture
def victim(tmp_path):
    """Something outside ./tmp that must survive."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    return folder


def upload(tmp, name="photo.png", data=b"x" * 1000, sha="a" * 64):
    path = tmp.uploads / sha / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return old(path.parent) / name


def old(path):
    """Make a path look as if nothing had happened to it for an hour."""
    os.utime(path, (1, 1))
    return path


def test_everything_inside_goes_and_is_counted(tmp, root):
    upload(tmp)
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "file").write_bytes(b"y" * 500)

    emptied = tmp.empty()

    assert (emptied.files, emptied.freed_bytes, emptied.left) == (2, 1500, ())
    assert tmp.size_bytes() == 0
    assert sorted(path.name for path in root.iterdir()) == [TAG, tmp.run.name]


def test_a_second_emptying_finds_nothing(tmp):
    upload(tmp)
    tmp.empty()

    assert tmp.empty().files == 0


def test_the_next_upload_has_its_place(tmp):
    upload(tmp)
    tmp.empty()

    assert upload(tmp).read_bytes() == b"x" * 1000


def test_a_link_is_removed_and_what_it_leads_to_is_not(tmp, root, victim):
    (root / "folder").symlink_to(victim)
    (root / "file").symlink_to(victim / "diary.txt")
    (root / "nested").mkdir()
    (root / "nested" / "up").symlink_to("..")

    tmp.empty()

    assert (victim / "diary.txt").read_text() == "mine"
    assert not (root / "folder").is_symlink()


def test_a_hard_link_goes_without_counting_bytes_that_stay(tmp, root, victim):
    (root / "hard").hardlink_to(victim / "diary.txt")

    emptied = tmp.empty()

    assert (emptied.files, emptied.freed_bytes) == (1, 0)
    assert (victim / "diary.txt").read_text() == "mine"


def test_a_folder_swapped_for_a_link_in_the_middle_harms_nobody(tmp, root, victim, monkeypatch):
    (root / "folder").mkdir()
    (root / "folder" / "diary.txt").write_text("ours")
    look = os.stat

    def swap_after_the_look(path, *args, **options):
        state = look(path, *args, **options)
        if "dir_fd" in options and stat.S_ISDIR(state.st_mode):
            os.rename(path, "moved", src_dir_fd=options["dir_fd"], dst_dir_fd=options["dir_fd"])
            os.symlink(victim, path, dir_fd=options["dir_fd"])
        return state

    monkeypatch.setattr(os, "stat", swap_after_the_look)
    emptied = tmp.empty()
    monkeypatch.undo()

    assert (victim / "diary.txt").read_text() == "mine"
    assert emptied.left == ("folder",)


def test_links_swapped_in_while_it_is_emptied_harm_nobody(tmp, root, victim):
    stop = threading.Event()

    def swap():
        place, turn = root / "place", 0
        while not stop.is_set():
            turn += 1
            try:
                if turn % 2:
                    place.symlink_to(victim)
                    place.unlink()
                else:
                    place.mkdir()
                    (place / "diary.txt").write_text("ours")
            except OSError:
                continue

    swapper = threading.Thread(target=swap)
    swapper.start()
    for _ in range(50):
        tmp.empty()
    stop.set()
    swapper.join()

    assert [path.name for path in victim.iterdir()] == ["diary.txt"]
    assert (victim / "diary.txt").read_text() == "mine"


def test_the_depth_of_a_tree_is_no_limit(tmp, root):
    descriptor = os.open(root, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)

    assert tmp.empty().left == ()
    assert not (root / "d").exists()


def test_an_upload_under_way_ends_well(tmp):
    tmp.uploads.mkdir()
    with (tmp.uploads / "tmpabc").open("wb") as arriving:
        arriving.write(b"half, ")

        emptied = tmp.empty()

        arriving.write(b"whole")
    (tmp.uploads / "tmpabc").rename(upload(tmp))

    assert emptied.left == (f"{tmp.run.name}/uploads/tmpabc",)
    assert upload(tmp, data=b"").parent.is_dir()


def test_a_picture_that_was_attached_just_now_is_left_before_its_tab_holds_it(tmp, decoder, red):
    uploads = Uploads(tmp.uploads, decoder)
    attached = uploads.add("red.png", red)

    emptied = tmp.empty("another tab")

    assert uploads.get(attached.id, "red.png").data == red
    assert uploads.thumbnail(attached.id).exists()
    assert emptied.left == (f"{tmp.run.name}/uploads/{attached.id}",)


def test_a_picture_that_comes_while_all_is_deleted_is_left(tmp, decoder, red, monkeypatch):
    uploads = Uploads(tmp.uploads, decoder)
    upload(tmp)
    made, listed = [], os.listdir

    def attach_first(folder):
        if not made and "a" * 64 in listed(folder):
            made.append(uploads.add("red.png", red))
        return listed(folder)

    monkeypatch.setattr(os, "listdir", attach_first)
    tmp.empty("another tab")

    assert uploads.get(made[0].id, "red.png").data == red


def test_a_tabs_own_picture_goes_however_lately_it_came(tmp, decoder, red):
    uploads = Uploads(tmp.uploads, decoder)
    attached = uploads.add("red.png", red)
    tmp.hold("me", uploads.files(attached.id))

    assert tmp.empty("me").files == 2
    assert not uploads.file(attached.id).exists()


def test_what_arrived_long_ago_and_nobody_holds_goes(tmp):
    tmp.uploads.mkdir()
    (tmp.uploads / "tmpabc").write_bytes(b"a closed tab's")
    old(tmp.uploads / "tmpabc")

    assert tmp.empty().files == 1


def test_an_export_being_written_is_left_and_named(tmp):
    tmp.exports.mkdir()
    with (tmp.exports / "all.zip").open("wb") as export:
        export.write(b"first")
        (tmp.exports / "done.zip").write_bytes(b"finished")

        emptied = tmp.empty()

        export.write(b", second")

    assert emptied.left == (f"{tmp.run.name}/exports/all.zip",)
    assert (tmp.exports / "all.zip").read_bytes() == b"first, second"
    assert not (tmp.exports / "done.zip").exists()


def test_another_tabs_attached_picture_is_left(tmp):
    mine, theirs = upload(tmp, sha="a" * 64), upload(tmp, sha="b" * 64)
    tmp.hold("me", [mine])
    tmp.hold("them", [theirs])

    tmp.empty("me")

    assert theirs.exists()
    assert not mine.exists()


def test_a_tab_that_sent_its_picture_holds_nothing(tmp):
    path = upload(tmp)
    tmp.hold("them", [path])

    tmp.hold("them", [])
    tmp.empty("me")

    assert not path.exists()


def test_a_second_page_keeps_its_uploads(tmp, root):
    with TmpFolder(root) as second:
        path = upload(second)
        upload(tmp)

        tmp.empty()

        assert path.exists()
        assert tmp.size_bytes() == 0


def test_the_command_leaves_a_running_page_alone(tmp, root):
    path = upload(tmp)
    (root / "kv").mkdir()
    (root / "kv" / "a.safetensors").write_bytes(b"k" * 700)

    receipt, running = clear_beside(root, "deep", dry_run=False)

    assert path.exists()
    assert running == 1
    assert receipt.before["snapshots"] == 700
    assert snapshot_bytes(root) == 0


def test_a_dry_run_deletes_nothing(root):
    TmpFolder(root).close()
    (root / "file").write_bytes(b"z" * 300)

    receipt, running = clear_beside(root, "deep", dry_run=True)

    assert (receipt.before["tmp"], running) == (300, 0)
    assert (root / "file").exists()


def test_what_a_killed_page_left_goes_at_the_next_start(root):
    killed = (
        "import os, sys; from pathlib import Path; from app.tmp_folder import TmpFolder\n"
        "tmp = TmpFolder(Path(sys.argv[1])); tmp.uploads.mkdir()\n"
        "(tmp.uploads / 'tmpabc').write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run(
        [sys.executable, "-c", killed, str(root)], cwd=Path(__file__).parents[1], check=False
    )
    assert len(list(root.glob("run-*/uploads/tmpabc"))) == 1

    with TmpFolder(root) as tmp:
        assert [path.name for path in root.glob("run-*")] == [tmp.run.name]


def test_snapshots_outlive_a_restart(root):
    TmpFolder(root).close()
    (root / "kv").mkdir()
    (root / "kv" / "a.safetensors").write_bytes(b"kept")

    TmpFolder(root).close()

    assert (root / "kv" / "a.safetensors").read_bytes() == b"kept"


def test_a_folder_of_somebody_elses_is_refused(tmp_path):
    (tmp_path / "thesis.odt").write_text("mine")

    with pytest.raises(TmpNotOurs, match=r"holds 1 files or folders .* such as thesis.odt"):
        TmpFolder(tmp_path)

    assert (tmp_path / "thesis.odt").read_text() == "mine"


def test_a_folder_that_lost_its_mark_is_not_emptied(tmp, root):
    path = upload(tmp)
    (root / TAG).unlink()

    with pytest.raises(TmpUnusable):
        tmp.empty()

    assert path.exists()


def test_the_folder_may_be_a_link_to_another_disk(tmp_path):
    (tmp_path / "big-disk").mkdir()
    (tmp_path / "tmp").symlink_to(tmp_path / "big-disk")

    with TmpFolder(tmp_path / "tmp") as tmp:
        path = upload(tmp)
        tmp.empty()

        assert not path.exists()
        assert (tmp_path / "tmp").is_symlink()
        assert tmp.root == Path(tmp_path / "big-disk")
