"""./tmp is deleted while the page runs: drafts, exports and clears go on."""

import fcntl
import os
import shutil

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.clear import Clearing
from app.config import ClearConfig
from app.errors import TmpNotOurs, UploadGone
from app.exports import routes
from app.tmp_folder import TAG, TmpFolder
from app.uploads import Uploads
from vision.fake import FakeEngine

WAIT_S = 60  # a backstop: a test that waits this long has failed


@pytest.fixture
def root(tmp_path):
    return tmp_path / "tmp"


@pytest.fixture
def tmp(root):
    with TmpFolder(root) as opened:
        yield opened


def test_a_draft_takes_pictures_again(tmp, root, decoder, red):
    uploads = Uploads(tmp.uploads, decoder)
    before = uploads.add("before.png", red)
    shutil.rmtree(root)

    after = uploads.add("after.png", red)

    assert uploads.get(after.id, "after.png").data == red
    with pytest.raises(UploadGone):
        uploads.get(before.id, "before.png")


def test_history_is_exported_again(tmp, root, store):
    store.append(store.create().id, prompt="one")
    app = FastAPI()
    app.include_router(routes(store, tmp.run / "exports"))
    shutil.rmtree(root)

    assert TestClient(app).get("/export/everything.zip").content.startswith(b"PK")


def test_what_is_held_is_said_and_cleared(tmp, root, decoder, red, assistant_with):
    clearing = Clearing(assistant_with(FakeEngine()), tmp, ClearConfig())
    shutil.rmtree(root)
    uploads = Uploads(tmp.uploads, decoder)
    tmp.hold("me", uploads.files(uploads.add("red.png", red).id))

    held = clearing.held()
    receipt = clearing.start("deep", None, confirmed=True, tab="me").result(WAIT_S)

    assert held["tmp"] >= len(red)
    assert receipt.after["tmp"] == 0
    assert (root / TAG).exists()


def test_the_folder_is_held_again_against_a_second_page(tmp, root):
    shutil.rmtree(root)
    tmp.size_bytes()

    descriptor = os.open(tmp.run, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_what_somebody_put_there_meanwhile_is_not_touched(tmp, root):
    shutil.rmtree(root)
    root.mkdir()
    (root / "thesis.odt").write_text("mine")

    with pytest.raises(TmpNotOurs):
        tmp.empty()

    assert (root / "thesis.odt").read_text() == "mine"
