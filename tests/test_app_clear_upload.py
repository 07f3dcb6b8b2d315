"""A deep clear while the page is receiving an upload, over HTTP."""

import gc
import http.client
import json
import threading
from pathlib import Path

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


HEAD = (
    b'--cut\r\nContent-Disposition: form-data; name="files"; filename="big.png"\r\n'
    b"Content-Type: image/png\r\n\r\n"
)


def test_an_upload_under_way_arrives_whole(assistant_with, tmp_path, monkeypatch, red):
    monkeypatch.chdir(tmp_path)
    made = []

    def noted(*args):
        made.append(Clearing(*args))
        return made[0]

    monkeypatch.setattr("app.serve.Clearing", noted)
    picture = red + b"x" * 3_000_000
    body = HEAD + picture + b"\r\n--cut--\r\n"
    with served(assistant_with(FakeEngine()), tmp_path) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=WAIT_S)
        connection.putrequest("POST", "/gradio_api/upload")
        connection.putheader("content-type", "multipart/form-data; boundary=cut")
        connection.putheader("content-length", str(len(body)))
        connection.endheaders()
        connection.send(body[:2_000_000])
        arriving = _first_in(made[0].tmp.uploads)

        receipt = made[0].start("deep", None, confirmed=True).result(WAIT_S)

        connection.send(body[2_000_000:])
        [path] = json.loads(connection.getresponse().read())
        connection.close()
        arrived = Path(path).read_bytes()

    assert receipt.left == (f"{made[0].tmp.run.name}/uploads/{arriving}",)
    assert arrived == picture


def _first_in(uploads):
    """Return the name of the file that is being received, once it is there."""
    look = threading.Event()
    for _ in range(WAIT_S * 100):
        for path in uploads.glob("tmp*"):
            return path.name
        look.wait(0.01)
    raise AssertionError("no upload began")
