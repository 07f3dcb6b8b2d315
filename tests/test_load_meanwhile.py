"""What one tab does while another is in the middle of something: found by the soak, each once."""

import errno
import shutil
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient

import app.exports
from app.exports import routes
from app.tmp_folder import TmpFolder
from app.uploads import Uploads
from history import selection
from history.errors import StorageFailed, TurnNotFound, reading
from history.export import export
from history.receipts import receipts
from vision.qwen.kv import KVShape
from vision.qwen.kv_pool import KVPool


@pytest.fixture
def conversation(store):
    made = store.create("kept").id
    for prompt in ("one", "two"):
        store.finish(made, replace(store.append(made, prompt=prompt), finish_reason="stop"))
    return made


def test_everything_is_exported_but_a_conversation_that_is_deleted_meanwhile(
    store, conversation, tmp_path, monkeypatch
):
    deleted = {conversation: None, "20260214-093012-gone": None}
    monkeypatch.setattr(selection, "everything", lambda _: deleted)

    done = export(store, tmp_path / "all.zip", "zip")

    assert (done.conversations, done.turns) == (1, 2)
    assert receipts(store).rows == ()  # there is none, and nothing is raised


def test_a_conversation_is_exported_without_a_turn_that_is_deleted_meanwhile(
    store, conversation, tmp_path, monkeypatch
):
    whole, looks = selection._whole, []

    def late(*args):
        looks.append(1)
        if len(looks) == 1:
            raise TurnNotFound(conversation=conversation, turn=2)
        return whole(*args)

    monkeypatch.setattr(selection, "_whole", late)

    done = export(store, tmp_path / "all.zip", "zip")

    assert (done.conversations, done.turns) == (1, 2)


def test_a_conversation_that_is_deleted_while_its_turns_are_read_is_left_out(
    store, conversation, tmp_path, monkeypatch
):
    """The store had found the folder, and then there was none."""
    real, gone = store.turns, store.create("gone").id

    def late(conversation_id):
        if conversation_id == gone:
            with reading(store.root):
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return real(conversation_id)

    monkeypatch.setattr(store, "turns", late)

    done = export(store, tmp_path / "all.json", "json")

    assert (done.conversations, done.turns) == (1, 2)


def test_an_export_does_not_leave_out_what_the_disk_refuses(
    store, conversation, tmp_path, monkeypatch
):
    def refused(_):
        with reading(store.root):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(store, "turns", refused)

    with pytest.raises(StorageFailed):
        export(store, tmp_path / "all.json", "json")


@pytest.fixture
def client(store, tmp_path):
    with TmpFolder(tmp_path / "tmp") as tmp:
        app_ = FastAPI()
        app_.include_router(routes(store, tmp.run / "exports"))
        yield TestClient(app_), tmp


def test_an_export_that_a_clear_deletes_as_it_is_made_is_made_again(
    client, conversation, monkeypatch
):
    asked, tmp = client
    made, real = [], app.exports.export

    def cleared(*args, **options):
        done = real(*args, **options)
        made.append(done.path)
        if len(made) == 1:
            tmp.empty()
        return done

    monkeypatch.setattr(app.exports, "export", cleared)

    answer = asked.get("/export/everything.zip")

    assert answer.content.startswith(b"PK")
    assert len(made) == 2


def test_a_clear_takes_no_export_away_that_is_being_sent(client, conversation, monkeypatch):
    asked, tmp = client
    opened = app.exports._opened

    def cleared(*args):
        file = opened(*args)
        tmp.empty()
        return file

    monkeypatch.setattr(app.exports, "_opened", cleared)

    answer = asked.get("/export/everything.zip")

    assert len(answer.content) == int(answer.headers["content-length"]) > 0
    assert answer.headers["content-disposition"] == 'attachment; filename="everything.zip"'
    assert not list((tmp.run / "exports").glob("*"))


def test_a_draft_whose_folder_is_cleared_as_it_is_written_is_written_again(
    tmp_path, decoder, red, monkeypatch
):
    uploads, real, written = Uploads(tmp_path / "uploads", decoder), Path.write_bytes, []

    def cleared(path, data):
        written.append(path)
        if len(written) == 1:
            shutil.rmtree(path.parent)
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", cleared)

    attached = uploads.add("red.png", red)

    assert uploads.get(attached.id, "red.png").data == red


class Changing(OrderedDict):
    """As it is when the engine's thread takes something out in the middle of a look."""

    looks = 0

    def values(self):
        self.looks += 1
        if self.looks == 1:
            raise KeyError("20260214-093012-k3f9")
        return super().values()


def test_the_memory_of_a_cache_can_be_asked_for_while_it_changes():
    shape = KVShape(1, 8, torch.float32, (torch.device("cpu"),))
    pool = KVPool(shape, 1 << 20, 512, shelf=None)
    pool.parked = Changing()

    assert pool.nbytes == 0
