"""SIGTERM in every state: the process ends with 0, and each turn says how it ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from history import Store
from history.verify import verify

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")

WAIT_S = 60  # a backstop: a process that takes this long has failed
ROOT = Path(__file__).parents[1]

# The server and the assistant of the page without the page itself, which takes seconds to import.
PROGRAM = """
import signal, socket, sys, threading
from dataclasses import replace
from pathlib import Path
import uvicorn
from fastapi import FastAPI
import history.export
from app import exports
from app.assistant import Assistant
from app.clear import Clearing
from app.config import ClearConfig
from app.engines import Candidate
from app.shutdown import Server
from app.tmp_folder import TmpFolder
from history import Store
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

state = sys.argv[1]
forever, there = threading.Event(), threading.Event()

def hang(*_):
    there.set()
    forever.wait()

class Engine(FakeEngine):
    def load(self, report):
        super().load(report)
        if state == "loading":
            hang()
    def release(self, level, conversation=None):
        hang()

def pace():
    there.set()
    threading.Event().wait(0.01)

store = Store(Path("history"))
engine = Engine(["word " * 100_000], pace=pace)
sampling = SamplingParams(max_new_tokens=8_192)
assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), sampling)
assistant.start()
tmp = TmpFolder(Path("tmp"))
app = FastAPI()
app.include_router(exports.routes(store, tmp.run / "exports"))
bound = socket.create_server(("127.0.0.1", 0))
uvicorn_config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
server = Server(uvicorn_config, assistant)
if state in ("loading", "queued", "generating"):
    assistant.send(None, "One")
if state == "queued":
    assistant.send(None, "Two")
if state == "clearing":
    assistant.wait_until_loaded()
    Clearing(assistant, tmp, ClearConfig()).start("light", None)
    there.wait()
    assistant.send(None, "One")
if state == "exporting":
    kept = store.create().id
    store.finish(kept, replace(store.append(kept, prompt="kept"), finish_reason="stop"))
    history.export._add = hang
    import http.client
    asking = http.client.HTTPConnection("127.0.0.1", bound.getsockname()[1])
    threading.Thread(target=lambda: asking.request("GET", "/export/everything.zip"), daemon=True).start()
if state == "idle":
    assistant.wait_until_loaded()
    there.set()

def tell():
    there.wait()
    while not server.started:
        threading.Event().wait(0.01)
    print("there", flush=True)

threading.Thread(target=tell, daemon=True).start()
signal.signal(signal.SIGTERM, signal.default_int_handler)  # as app.cli does
try:
    server.serve_until_told(bound)
except KeyboardInterrupt:
    pass
"""  # noqa: E501
# In each state: the prompts that must be there, and that each was closed.
STATES = {
    "idle": [],
    "loading": ["One"],
    "generating": ["One"],
    "queued": ["One", "Two"],
    "clearing": ["One"],
    "exporting": ["kept"],
}


@pytest.mark.parametrize("state", STATES)
def test_every_turn_is_closed_and_the_process_ends_with_0(tmp_path, state):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, state],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "there\n", program.communicate()

    program.send_signal(signal.SIGTERM)
    _, said = program.communicate(timeout=WAIT_S)

    store = Store(tmp_path / "history")
    turns = [turn for each in store.conversations() for turn in store.turns(each.id)]
    assert program.returncode == 0, said
    assert sorted(turn.prompt for turn in turns) == STATES[state]
    expected = "stop" if state == "exporting" else "cancelled"
    assert [turn.finish_reason for turn in turns] == [expected] * len(turns)
    assert [fault for fault in verify(store).faults if "stage" not in str(fault)] == []
    assert not list(tmp_path.glob("**/*.zip"))
    store.close()
