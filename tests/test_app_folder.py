"""A folder read on the page: each receipt a conversation, paused, stopped, gone on with."""

import io

import pytest
from PIL import Image

from app.errors import PathMissing, PathOutside
from app.folder.errors import FolderBusy, FolderEmpty, FolderNameless
from app.folder.folders import Folders
from app.folder.names import folder_of, is_folder, tag_of
from app.intake import Upload
from app.tmp_folder import TmpFolder
from history import StorageFull
from tests.conftest import png
from tests.folder_lab import Script
from vision.errors import EngineFailed
from vision.fake import FakeEngine

WAIT_S = 30  # a backstop


def picture(width):
    return png(Image.new("RGB", (width, 8)))


def pdf(*widths):
    first, *others = (Image.new("RGB", (width, 60)) for width in widths)
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=others)
    return file.getvalue()


class Trip:
    """A folder called Trip that pictures are added to."""

    def __init__(self, folders):
        self.folders = folders
        self.tag = folders.open("Trip")

    def add(self, name, data):
        path = self.folders.place()
        path.write_bytes(data)
        self.folders.add_copy(self.tag, name, path)

    def add_pictures(self, *widths):
        for width in widths:
            self.add(f"{width}.png", picture(width))

    def until(self, is_so):
        """Wait until the folder stands so; return how it stands."""
        reading = self.folders._reading
        with reading._changed:
            assert reading._changed.wait_for(lambda: is_so(reading.progress()), WAIT_S)
        return reading.progress()

    def done(self):
        return self.until(lambda progress: progress.state == "done")


@pytest.fixture
def script(monkeypatch):
    script = Script()
    monkeypatch.setattr("app.worker.stream", script)
    return script


@pytest.fixture
def assistant(assistant_with, script):
    return assistant_with(FakeEngine())


@pytest.fixture
def tmp(tmp_path):
    with TmpFolder(tmp_path / "tmp") as tmp:
        yield tmp


@pytest.fixture
def folders(assistant, tmp, tmp_path):
    folders = Folders(assistant, tmp, tmp_path / "uploads", 1 << 20)
    yield folders
    folders.close()


@pytest.fixture
def trip(folders):
    return Trip(folders)


def names(store):
    return [turn.images[0].name for c in store.conversations() for turn in store.turns(c.id)]


def test_each_file_becomes_a_conversation_with_the_folders_name(trip, store):
    trip.add_pictures(10, 11)
    trip.done()

    conversations = store.conversations()
    merchants = sorted(each.title.partition(" · ")[0] for each in conversations)
    assert merchants == ["SHOP 10", "SHOP 11"]
    assert {each.tags for each in conversations} == {("Trip/",)}


def test_they_are_read_in_the_order_they_were_added(trip, script):
    trip.add_pictures(14, 10, 12)
    trip.done()

    assert script.widths == [14, 10, 12]


def test_the_pages_of_a_pdf_are_the_pictures_of_one_turn(trip, store):
    trip.add("invoice.pdf", pdf(80, 90))
    trip.done()

    [conversation] = store.conversations()
    [turn] = store.turns(conversation.id)
    assert [image.name for image in turn.images] == ["invoice-1.png", "invoice-2.png"]


def test_an_equal_file_is_read_once(trip, script):
    trip.add_pictures(10, 10, 11)
    progress = trip.done()

    assert (progress.done, progress.same) == (3, 1)
    assert script.widths == [10, 11]


def test_a_file_that_was_read_before_the_page_ended_is_not_read_again(
    trip, assistant, tmp, tmp_path, script
):
    trip.add_pictures(10, 11)
    trip.done()

    again = Trip(Folders(assistant, tmp, tmp_path / "uploads", 1 << 20))
    again.add_pictures(10, 11, 12)
    progress = again.done()

    assert progress.same == 2
    assert script.widths == [10, 11, 12]


def test_a_file_that_is_no_picture_is_named_while_the_others_are_read(trip, store):
    trip.add("notes.jpg", b"not much")
    trip.add("bad.pdf", b"%PDF-1.7 not much")
    trip.add_pictures(10)
    progress = trip.done()

    assert [(each.name, each.error["code"]) for each in progress.failures] == [
        ("notes.jpg", "ImageKindRefused"),
        ("bad.pdf", "PdfBroken"),
    ]
    assert names(store) == ["10.png"]


def test_a_file_beyond_the_limit_is_named(assistant, tmp, tmp_path):
    folders = Folders(assistant, tmp, tmp_path / "uploads", max_bytes=100)
    trip = Trip(folders)
    trip.add("large.png", b"x" * 101)

    [failure] = trip.done().failures
    assert failure.error["code"] == "ImageTooManyBytes"


def test_no_copy_is_left_of_what_was_read(trip, tmp):
    trip.add("notes.jpg", b"not much")
    trip.add_pictures(10)
    trip.done()

    assert list((tmp.run / "folder").iterdir()) == []


def test_what_waits_outlives_a_deep_clear(trip, tmp, script):
    script.may.clear()
    trip.add_pictures(10, 11)
    assert script.began.acquire(timeout=WAIT_S)

    tmp.empty()
    script.may.set()

    assert trip.done().failures == ()
    assert script.widths == [10, 11]


# Pause, resume, stop


def test_pausing_lets_the_receipt_under_way_end(trip, script, folders):
    script.may.clear()
    trip.add_pictures(10, 11)
    assert script.began.acquire(timeout=WAIT_S)

    folders.act(trip.tag, "pause")
    script.may.set()
    progress = trip.until(lambda progress: progress.done == 1)

    assert (progress.state, progress.left) == ("paused", 1)
    assert script.widths == [10]


def test_resuming_reads_the_rest(trip, script, folders):
    folders.act(trip.tag, "pause")
    trip.add_pictures(10, 11)

    folders.act(trip.tag, "resume")

    assert trip.done().done == 2
    assert script.widths == [10, 11]


def test_stopping_leaves_out_what_waits(trip, script, folders, store, tmp):
    trip.add_pictures(10)
    trip.done()
    script.may.clear()
    trip.add_pictures(11, 12)
    for _ in range(2):
        assert script.began.acquire(timeout=WAIT_S)

    folders.act(trip.tag, "stop")
    progress = trip.done()

    assert progress.done == 1
    assert names(store) == ["10.png"]
    assert list((tmp.run / "folder").iterdir()) == []


def test_what_was_stopped_can_be_read_again(trip, script, folders, store):
    script.may.clear()
    trip.add_pictures(10)
    assert script.began.acquire(timeout=WAIT_S)
    folders.act(trip.tag, "stop")
    trip.done()
    script.may.set()

    trip.add_pictures(10)
    trip.done()

    assert names(store) == ["10.png"]


# What is not one file's fault


def test_a_failing_engine_pauses_the_folder_with_the_reason(trip, script, store):
    script.readings[10] = [EngineFailed(), EngineFailed()]
    trip.add_pictures(10, 11)
    progress = trip.until(lambda progress: progress.problem is not None)

    assert (progress.state, progress.left, progress.problem["code"]) == (
        "paused",
        2,
        "EngineFailed",
    )
    assert store.conversations() == []


def test_the_file_that_met_it_is_the_first_when_it_goes_on(trip, script, folders):
    from tests.folder_lab import receipt

    script.readings[10] = [EngineFailed(), receipt("SHOP")]
    trip.add_pictures(10, 11)
    trip.until(lambda progress: progress.problem is not None)

    folders.act(trip.tag, "resume")
    progress = trip.done()

    assert progress.failures == ()
    assert script.widths == [10, 10, 11]


def test_a_file_that_fails_twice_does_not_hold_up_the_others(trip, script, folders):
    script.readings[10] = EngineFailed()
    trip.add_pictures(10, 11)
    trip.until(lambda progress: progress.problem is not None)

    folders.act(trip.tag, "resume")
    progress = trip.done()

    assert [failure.name for failure in progress.failures] == ["10.png"]
    assert script.widths == [10, 10, 11]


def test_a_full_disk_pauses_the_folder(trip, store, monkeypatch):
    def full():
        raise StorageFull(folder="/", free_mib=1, needed_mib=200)

    monkeypatch.setattr(store, "check_writable", full)
    trip.add_pictures(10)
    progress = trip.until(lambda progress: progress.problem is not None)

    assert progress.problem["code"] == "StorageFull"


def test_a_bug_is_that_files_failure(trip, script):
    script.readings[10] = KeyError("bug")
    trip.add_pictures(10, 11)
    trip.until(lambda progress: progress.problem is not None)
    trip.folders.act(trip.tag, "resume")

    assert [each.error["code"] for each in trip.done().failures] == ["UnexpectedFailure"]


def test_a_prompt_of_the_users_waits_for_one_receipt_only(trip, script, assistant):
    script.may.clear()
    trip.add_pictures(10, 11, 12)
    assert script.began.acquire(timeout=WAIT_S)

    run = assistant.send(None, "Hello", [Upload("mine.png", picture(20))])
    before = assistant.waiting_before(run)
    script.may.set()
    trip.done()

    assert before == 1
    assert script.widths[:2] == [10, 20]


def test_another_folder_is_refused_meanwhile(trip, script, folders):
    script.may.clear()
    trip.add_pictures(10)

    with pytest.raises(FolderBusy, match=r"Trip/ is still being read: 1 left"):
        folders.open("Other")


def test_how_long_it_takes_is_told_from_what_was_read(trip, script, folders):
    trip.add_pictures(10)
    trip.done()
    folders.act(trip.tag, "pause")
    trip.add_pictures(11, 12)
    progress = trip.until(lambda progress: progress.left == 2)

    [took] = folders._reading._took_s
    assert progress.seconds_left == pytest.approx(2 * took)


# Folders under ./uploads


@pytest.fixture
def uploads(tmp_path):
    (tmp_path / "uploads" / "march").mkdir(parents=True)
    return tmp_path / "uploads"


def test_a_folder_under_uploads_is_read_where_it_lies(folders, uploads, store):
    (uploads / "march" / "a.png").write_bytes(picture(10))
    (uploads / "march" / "b.pdf").write_bytes(pdf(80))
    (uploads / "march" / "notes.txt").write_text("no picture")

    tag = folders.add_place("uploads/march")
    trip = Trip.__new__(Trip)
    trip.folders = folders
    trip.done()

    assert tag == "march/"
    assert sorted(names(store)) == ["a.png", "b-1.png"]
    assert len(list((uploads / "march").iterdir())) == 3


def test_folders_under_uploads_are_offered(folders, uploads):
    (uploads / "a.png").write_bytes(picture(10))
    (uploads / "march" / "b.png").write_bytes(picture(10))

    assert folders.places() == {"uploads": 1, "uploads/march": 1}


@pytest.mark.parametrize(
    ("place", "refusal"),
    [
        ("uploads/../history", PathOutside),
        ("/etc", PathOutside),
        ("uploads/april", PathMissing),
        ("uploads/march", FolderEmpty),
    ],
)
def test_no_other_folder_is_read(folders, uploads, place, refusal):
    with pytest.raises(refusal):
        folders.add_place(place)


def test_a_link_leads_nowhere_else(folders, uploads, tmp_path):
    (tmp_path / "secret").mkdir()
    (uploads / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(PathOutside):
        folders.add_place("uploads/link")


# Names


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("March 2026", "March 2026/"),
        ("March 2026/", "March 2026/"),
        ("trips/Lisbon, 2026", "trips Lisbon 2026/"),
        ("三月，差旅", "三月 差旅/"),
        ("x" * 100, "x" * 59 + "/"),
        ("票" * 100, "票" * 29 + "/"),
    ],
)
def test_a_folders_name_is_a_tag_that_stays_as_it_is(store, name, tag):
    conversation = store.create()

    store.tag(conversation.id, [tag_of(name)])

    assert store.conversation(conversation.id).tags == (tag,)
    assert folder_of(store.conversation(conversation.id)) == tag
    assert tag_of(tag) == tag


@pytest.mark.parametrize("name", ["", " ", "///", ",", "\u202e"])
def test_a_folder_has_a_name(folders, name):
    with pytest.raises(FolderNameless):
        folders.open(name)


def test_a_tag_of_the_users_own_is_no_folder():
    assert not is_folder("urgent")
    assert not is_folder("/")
