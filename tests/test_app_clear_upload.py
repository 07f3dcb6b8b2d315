"""A deep clear while the page is receiving an upload, over HTTP."""

import gc
import http.client
import json

import pytest

from app.clear import Clearing
from tests.browser import served
from vision.fake import FakeEngine

WAIT_S = 20  # a backstop: a test that waits this long has failed

pytestmark = [
    # Gradio 6.31 leaves sockets and event loops of its own to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _its_garbage_is_collected_here():
    yield
    gc.collect()


def test_an_upload_under_way_arrives_whole(assistant_with, tmp_path, monkeypatch, red):
    monkeypatch.chdir(tmp_path)
    made = []

    def noted(*args):
        made.append(Clearing(*args))
        return made[0]

    monkeypatch.setattr("app.serve.Clearing", noted)
    picture = red + b"x" * 3_000_000
    with served(assistant_with(FakeEngine()), tmp_path) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=WAIT_S)
        connection.putrequest("POST", "/uploads")
        connection.putheader("x-name", "big.png")
        connection.putheader("content-length", str(len(picture)))
        connection.endheaders()
        connection.send(picture[:2_000_000])

        made[0].start("deep", None, confirmed=True).result(WAIT_S)

        connection.send(picture[2_000_000:])
        [file] = json.loads(connection.getresponse().read())["files"]
        connection.close()
        arrived = (made[0].tmp.uploads / file["id"] / "picture").read_bytes()

    assert arrived == picture
