"""A disk that fails at any step of a turn: it is said, nothing is lost, and the next turn works."""

import errno
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.assistant import Assistant
from app.engines import Candidate
from app.errors import TmpUnusable
from app.exports import routes
from app.intake import Upload
from app.uploads import Uploads
from history import HistoryError, Store
from history.verify import verify
from tests.disk import Disk
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

WAIT_S = 60  # a backstop: a test that waits this long has failed
ROOT = Path(__file__).parents[1]


class Shared(Decoder):
    """Outlives the assistants that close it."""

    def close(self):
        """Stay."""

    def end(self):
        super().close()


@pytest.fixture(scope="module")
def shared():
    decoder = Shared()
    yield decoder
    decoder.end()


@contextmanager
def assistant_of(store, decoder):
    engine = FakeEngine(["Red."])
    assistant = Assistant([Candidate(lambda: engine)], store, decoder, SamplingParams())
    assistant.start()
    assistant.wait_until_loaded()
    yield assistant
    assistant.close()


def ended(run):
    assert run.ended.wait(WAIT_S)
    return run


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS], ids=errno.errorcode.get)
def test_a_turn_that_the_disk_refuses_at_any_step_is_told_and_the_next_works(
    tmp_path, shared, red, error
):
    """Send, store the picture, save, reply, save again: each call refused once."""
    fails, endings = 0, set()
    while True:
        fails += 1
        store = Store(tmp_path / f"history{fails}")
        with assistant_of(store, shared) as assistant:
            first = ended(assistant.send(None, "Before", [Upload("red.png", red)]))
            disk = Disk(fails, error)
            with disk.in_use():
                try:
                    run = ended(assistant.send(first.conversation_id, "Colour?"))
                    endings.add("not saved" if run.failure else "saved")
                    assert (
                        run.snapshot().turn.reply == "Red."
                    )  # on the page, whatever the disk does
                except HistoryError as refused:
                    endings.add("refused" if refused.hint else "refused without a way out")
            if not disk.refused:
                break
            step = disk.log[fails - 1]
            saved = store.turns(first.conversation_id)
            assert (saved[0].prompt, saved[0].reply) == ("Before", "Red."), step
            after = ended(assistant.send(first.conversation_id, "And now?"))
            assert after.failure is None, step
        assert not [turn for turn in store.turns(first.conversation_id) if turn.damaged], step
        store.close()
        again = Store(store.root)
        again.close_open_turns()  # as the next start does
        assert not [fault for fault in verify(again).faults if "stage" not in str(fault)], step
        again.close()

    assert endings == {"refused", "not saved", "saved"}
    assert fails > 10


def test_a_picture_that_the_disk_refuses_at_any_step_begins_no_turn(tmp_path, shared, red):
    fails = 0
    while True:
        fails += 1
        store = Store(tmp_path / f"history{fails}")
        with assistant_of(store, shared) as assistant:
            disk = Disk(fails, errno.ENOSPC)
            refused = None
            with disk.in_use():
                try:
                    ended(assistant.send(None, "Colour?", [Upload("red.png", red)]))
                except HistoryError as caught:
                    refused = caught
            if not disk.refused:
                break
            if refused:
                assert [each for each in store.conversations() if each.turns] == []
            run = ended(assistant.send(None, "Colour?", [Upload("red.png", red)]))
            assert run.failure is None, disk.log[fails - 1]
        store.close()
    assert fails > 10


FULL = """
import resource, signal, sys
from pathlib import Path
from app.assistant import Assistant
from app.engines import Candidate
from history import HistoryError, Store
from history.verify import verify
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path("history"))
engine = FakeEngine(["word " * 20_000], piece=4_000)
sampling = SamplingParams(max_new_tokens=9_999)
assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), sampling)
assistant.start(); assistant.wait_until_loaded()
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
run = assistant.send(None, "Go on"); assert run.ended.wait(60)
print(len(run.snapshot().turn.reply), type(run.failure).__name__)
[saved] = store.turns(run.conversation_id)
print(saved.prompt, saved.finish_reason)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
run = assistant.send(None, "Again"); assert run.ended.wait(60)
print(run.failure, len(store.turns(run.conversation_id)[0].reply))
assistant.close(); store.close()
print([str(fault) for fault in verify(Store(Path("history"))).faults])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_reply_that_does_not_fit_stays_on_the_page_and_the_next_is_saved(tmp_path):
    """The system's own limit, so that the index's database meets it as well."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [sys.executable, "-c", FULL],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0].startswith("100000 Storage")
    assert lines[1] == "Go on None"  # the prompt is there, and that it has no end
    assert lines[2] == "None 100000"
    assert "Traceback" not in done.stderr


def test_a_draft_that_the_disk_has_no_room_for_is_refused_in_a_sentence(
    tmp_path, decoder, red, monkeypatch
):
    uploads = Uploads(tmp_path / "uploads", decoder)

    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(TmpUnusable, match="No space left on device"):
        uploads.add("red.png", red)

    assert list((tmp_path / "uploads").iterdir()) == []


def test_an_export_that_the_disk_has_no_room_for_is_refused_in_a_sentence(tmp_path, store):
    app = FastAPI()
    app.include_router(routes(store, tmp_path / "exports"))
    client = TestClient(app, raise_server_exceptions=False)
    store.append(store.create().id, prompt="one")
    client.get("/export/everything.zip")  # so that the folder is there
    (tmp_path / "exports").rmdir()
    (tmp_path / "exports").write_text("a file where the folder was")

    answer = client.get("/export/everything.zip")

    assert answer.status_code == 507
    assert "cannot be used for temporary files" in answer.json()["detail"]


def test_an_import_that_the_disk_has_no_room_for_is_refused_in_a_sentence(tmp_path, store):
    app = FastAPI()
    app.include_router(routes(store, tmp_path / "exports"))
    (tmp_path / "exports").write_text("a file where the folder was")

    answer = TestClient(app).post("/import", content=b"PK")

    assert answer.json()["error"]["code"] == "TmpUnusable"


def test_an_import_that_is_too_large_is_refused_in_a_sentence(tmp_path, store, monkeypatch):
    monkeypatch.setattr("app.exports.MAX_ARCHIVE_BYTES", 10)
    monkeypatch.setattr("history.archive.MAX_ARCHIVE_BYTES", 10)
    app = FastAPI()
    app.include_router(routes(store, tmp_path / "exports"))

    answer = TestClient(app).post("/import", content=b"PK" * 10, headers={"x-name": "mine.zip"})

    assert answer.json()["error"]["code"] == "ImportRefused"
    assert answer.json()["error"]["values"]["file"] == "mine.zip"
