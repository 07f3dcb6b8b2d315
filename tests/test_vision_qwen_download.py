"""A model fetched from a hub: a real HTTP server on this machine, huggingface_hub as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.random_checkpoint import build

COMMIT = "c" * 40
FIND = """
import json, sys
from vision.qwen.download import find
from vision.errors import EngineUnavailable
seen = []
try:
    found = find(sys.argv[1], "", lambda p: seen.append([p.stage, p.done, p.total, p.unit]))
    print(json.dumps({"folder": str(found.folder), "revision": found.revision, "seen": seen}))
except EngineUnavailable as error:
    print(json.dumps({"error": str(error), "code": error.code}))
"""


class Hub(ThreadingHTTPServer):
    """Serves one repository; breaks off in the middle of weights as often as it is told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.wanted = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.files = {**self.wanted, "README.md": b"Not for a program."}
        self.requests = 0
        self.break_offs = 0
        self.sent: dict[str, list[tuple[int, int]]] = {}  # by file: from where, how many bytes

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """What huggingface_hub 2.4 asks of a hub."""

    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        self.server.requests += 1
        path = self.path.split("?")[0]
        name = path.rsplit("/", 1)[-1]
        if path.startswith("/api/models/Someone/Tiny"):
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": sha256(data).hexdigest()}
                for name, data in self.server.files.items()
            ]
            siblings = [{"rfilename": name} for name in self.server.files]
            info = {"id": "Someone/Tiny", "sha": COMMIT, "siblings": siblings}
            self.reply(json.dumps(tree if "/tree/" in path else info).encode(), body=body)
        elif path.startswith("/Someone/Tiny/resolve/") and name in self.server.files:
            self.reply_file(name, body=body)
        else:
            self.reply(b"{}", status=404, body=body)

    def reply(self, data: bytes, *, status: int = 200, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def reply_file(self, name: str, *, body: bool) -> None:
        data = self.server.files[name]
        asked = self.headers.get("Range", "bytes=0-")
        start = int(asked.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if not body:
            return
        rest = data[start:]
        if name.endswith(".safetensors") and self.server.break_offs:
            self.server.break_offs -= 1
            rest = rest[: len(rest) // 2]
            self.close_connection = True
        self.server.sent.setdefault(name, []).append((start, len(rest)))
        self.wfile.write(rest)


@pytest.fixture
def hub(tmp_path):
    server = Hub(build(tmp_path / "served"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(hub, home, model="Someone/Tiny"):
    environment = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ".",
    }
    done = subprocess.run(
        [sys.executable, "-c", FIND, model],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_a_download_is_whole_and_reports_its_bytes(hub, tmp_path):
    fetched = fetch(hub, tmp_path / "home")

    folder = Path(fetched["folder"])
    assert fetched["revision"] == COMMIT
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == hub.wanted
    stages = {tuple(entry[::3]) for entry in fetched["seen"]}
    total = sum(map(len, hub.wanted.values()))
    assert stages == {("download", "bytes")}
    assert fetched["seen"][-1][1:3] == [total, total]
    done = [entry[1] for entry in fetched["seen"]]
    assert done == sorted(done)


def test_a_download_that_broke_off_goes_on_where_it_stopped(hub, tmp_path):
    # huggingface_hub writes 10 MB at a time.
    hub.files["model.safetensors"] = weights = os.urandom(30_000_000)
    hub.break_offs = 1

    fetched = fetch(hub, tmp_path / "home")

    first, second = hub.sent["model.safetensors"]
    assert (Path(fetched["folder"]) / "model.safetensors").read_bytes() == weights
    assert first[0] == 0
    assert 10_000_000 <= second[0] <= first[1] == len(weights) // 2


def test_nothing_goes_to_the_network_when_all_of_it_is_there(hub, tmp_path):
    fetch(hub, tmp_path / "home")
    hub.requests = 0

    again = fetch(hub, tmp_path / "home")

    assert again["revision"] == COMMIT
    assert again["seen"] == []
    assert hub.requests == 0


def test_a_line_that_breaks_off_again_and_again_is_one_sentence(hub, tmp_path):
    hub.break_offs = 99

    refused = fetch(hub, tmp_path / "home")

    assert refused["code"] == "ModelNotHere"
    assert "it could not be downloaded" in refused["error"]
    assert "\n" not in refused["error"]


def test_a_name_that_no_hub_knows_is_one_sentence(hub, tmp_path):
    refused = fetch(hub, tmp_path / "home", "Someone/Nothing")

    assert refused["code"] == "ModelNotHere"
    assert refused["error"].startswith("The model Someone/Nothing is not on this machine: it could")
    assert "\n" not in refused["error"]
