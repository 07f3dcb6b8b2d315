"""A page that is told to leave: what is written is whole, the open turn is closed, and soon."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from history import Store

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

# The real command, with an engine that replies for ever, or hangs, and a prompt under way.
PROGRAM = """
import sys, threading, time
import app.serve as serve
from app.assistant import Assistant
from app.cli import main
from app.engines import Candidate
from history import Store
from pathlib import Path
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

hangs = sys.argv.pop() == "hangs"

run = None

def pace():
    time.sleep(60 if hangs and run and run.reply else 0.005)

store = Store(Path("history"))
engine = FakeEngine(["word " * 100_000], pace=pace)
sampling = SamplingParams(max_new_tokens=8_192)
assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), sampling)
serve.assistant_for = lambda config: assistant
real = serve.application

def application(*args):
    global run
    run = assistant.send(None, "Go on")
    return real(*args)

serve.application = application
sys.exit(main(["--port", "0", "--no-browser"]))
"""


@pytest.fixture
def started(tmp_path):
    """Return a function that starts a page, and waits until its reply has begun."""
    programs = []

    def start(engine):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, engine],
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        programs.append(program)
        line = program.stdout.readline()
        return program, int(line.split()[2].rpartition(":")[2])

    yield start
    for program in programs:
        program.kill()
        program.communicate()


def followed(port):
    """Follow the page as a browser does: a stream that does not end by itself."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/gradio_api/heartbeat/abc")
            response = connection.getresponse()
        except ConnectionError:
            continue  # it says its address before it listens
        assert response.status == 200
        response.read(1)
        return connection
    pytest.fail("it never listened")


@pytest.mark.parametrize("engine", ["replies", "hangs"])
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_open_turn_is_closed_and_the_page_ends_with_0(started, tmp_path, sign, engine):
    program, port = started(engine)
    connection = followed(port)

    program.send_signal(sign)
    code = program.wait(timeout=60)

    connection.close()
    store = Store(tmp_path / "history")
    [conversation] = store.conversations()
    [turn] = store.turns(conversation.id)
    assert code == 0
    assert turn.finish_reason == "cancelled"
    assert turn.reply.startswith("word")
    assert list((tmp_path / "tmp").glob("run-*")) == []


def test_the_command_line_ends_as_softly(tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.partition("serve.assistant_for")[0] + ASKING, "replies"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    begun = program.stdout.read(4)
    reader = threading.Thread(target=program.stdout.read)
    reader.start()

    program.send_signal(signal.SIGTERM)
    code = program.wait(timeout=60)
    reader.join()
    program.stdout.close()

    store = Store(tmp_path / "history")
    [turn] = store.turns(store.conversations()[0].id)
    assert begun == "word"
    assert code == 0
    assert turn.finish_reason == "cancelled"


ASKING = """
import app.ask
app.ask.assistant_for = lambda config: assistant
sys.exit(main(["ask", "Go on"]))
"""
