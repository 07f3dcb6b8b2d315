"""The page's named endpoints, as ``gradio_client`` sees them; and OpenAI's client beside it."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import openai
import pytest
from PIL import Image

from app.assistant import Assistant
from app.engines import Candidate
from app.intake import Upload
from history import Store
from tests.api_lab import TOKEN, page_served, user
from tests.browser import chromium, opened, reply, send
from vision.engine import SamplingParams
from vision.images import Decoder
from vision.reader.engine import ReaderEngine

# Gradio 6.31's queue asks pandas for what pandas 4 will not have.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# Of a program's own, in a process of its own: gradio_client 2.7 leaves sockets open at its end.
CALLS = """
import json, sys
from gradio_client import Client, handle_file
url, folder, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"} if token else {}
client = Client(url, verbose=False, analytics_enabled=False, download_files=folder, headers=headers)
def filled(value):
    if isinstance(value, list):
        return [filled(each) for each in value]
    return handle_file(value["file"]) if isinstance(value, dict) else value
print(json.dumps(client.view_api(return_format="dict", print_info=False)), flush=True)
for line in sys.stdin:
    name, values, named = json.loads(line)
    try:
        told = {"said": client.predict(*map(filled, values), api_name=name, **named)}
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(told), flush=True)
"""


class Program:
    """Calls endpoints through ``gradio_client``."""

    def __init__(self, process):
        self._process = process
        self.endpoints = json.loads(process.stdout.readline())["named_endpoints"]

    def call(self, name, *values, **named):
        self._process.stdin.write(json.dumps([name, values, named]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def said(self, name, *values, **named):
        told = self.call(name, *values, **named)
        assert "said" in told, told
        return told["said"]

    def refused(self, name, *values, **named):
        return self.call(name, *values, **named)["error"]


@contextlib.contextmanager
def program(url, folder, token=""):
    """Yield a program that is connected to ``url``."""
    process = subprocess.Popen(
        [sys.executable, "-c", CALLS, url, str(folder / "down"), token],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip
    with process:
        yield Program(process)
        process.kill()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def assistant(folder, decoder):
    store = Store(folder / "history")
    started = Assistant(
        [Candidate(lambda: ReaderEngine(decoder))], store, Decoder(), SamplingParams()
    )
    started.start()
    started.wait_until_loaded()
    yield started
    started.close()
    store.close()


@pytest.fixture(scope="module")
def url(assistant, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CHROME", "none")  # the job "html" can do without: drawing takes seconds
        with page_served(assistant, folder, api=True) as address:
            yield address


@pytest.fixture(scope="module")
def client(url, folder):
    with program(url, folder) as connected:
        yield connected


@pytest.fixture(scope="module")
def picture(folder, receipt):
    path = folder / "receipt.png"
    path.write_bytes(receipt)
    return {"file": str(path)}


def test_both_clients_read_the_same_receipt(url, client, picture, receipt):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as other:
        completion = other.chat.completions.create(
            model="second-look", messages=[user("What is the total?", receipt)]
        )

    read = client.said("/receipt", picture)

    assert "8.16" in completion.choices[0].message.content
    assert read["receipts"][0]["total"]["value"] == "8.16"
    assert read["receipts"][0]["merchant"]["value"] == "CORNER SHOP LTD"


def test_only_the_five_are_named(client):
    assert client.endpoints.keys() == {"/ask", "/receipt", "/html", "/clear", "/export"}


def test_a_question_is_answered_without_being_saved(client, assistant, picture):
    before = assistant.store.conversations()

    answer = client.said("/ask", "What is the total?", [picture])

    assert "8.16" in answer["reply"]
    assert (answer["finish_reason"], answer["engine"]) == ("stop", "reader")
    assert assistant.store.conversations() == before


def test_a_saved_question_is_gone_on_with(client, assistant, picture):
    first = client.said("/ask", "What is the total?", [picture], True)

    second = client.said("/ask", "Who is the merchant?", conversation=first["conversation"])

    assert "CORNER SHOP LTD" in second["reply"]
    assert [turn.prompt for turn in assistant.store.turns(first["conversation"])] == [
        "What is the total?",
        "Who is the merchant?",
    ]


def test_html_answers_as_the_job_does(client, picture):
    made = client.said("/html", picture)

    assert (made["job"], made["finish_reason"]) == ("html", "stop")
    assert {"html", "scores", "lines"} <= made.keys()


def test_a_picture_that_is_none_is_refused(client, folder):
    (folder / "text.png").write_text("not a picture")

    assert "This is a file of the kind TXT" in client.refused(
        "/receipt", {"file": str(folder / "text.png")}
    )


def test_a_clear_says_what_it_released(client):
    receipt = client.said("/clear", "medium")

    assert receipt["level"] == "medium"
    assert receipt["after"]["lines"] == 0


def test_a_deep_clear_is_confirmed_first(client):
    assert "not confirmed" in client.refused("/clear", "deep")


def test_there_is_no_other_level(client):
    assert "no level 'all'" in client.refused("/clear", "all")


def test_history_is_exported_as_a_file(client, assistant):
    run = assistant.send(None, "What is the weather?")
    run.ended.wait(60)

    path = Path(client.said("/export", "everything.json"))

    assert path.name == "everything.json"
    assert "What is the weather?" in path.read_text(encoding="utf-8")


def test_a_photo_is_exported_with_where_it_was_taken_only_if_asked(client, assistant):
    taken, photo = Image.Exif(), io.BytesIO()
    taken[0x10F] = "CanaryCam"
    Image.new("RGB", (32, 32), "red").save(photo, "JPEG", exif=taken.tobytes())
    run = assistant.send(None, "Where?", [Upload("a.jpg", photo.getvalue())])
    assert run.ended.wait(60)
    name = f"{run.conversation_id}.zip"

    files = [
        Path(client.said("/export", name, *asked)).read_bytes()
        for asked in ((), (False,), ("false",), (True,))
    ]

    assert [b"CanaryCam" in file for file in files] == [False, False, False, True]


@pytest.mark.parametrize("name", ["everything.exe", "../../etc.zip", "", "20200101-000000-aaaa.md"])
def test_there_is_no_other_export(client, name):
    assert client.refused("/export", name).startswith("AppError")


def answered(url, api_name, *data):
    """Call an endpoint as no client of Gradio's would; return what the queue says at its end."""
    config = httpx.get(f"{url}/config").json()["dependencies"]
    [number] = [each["id"] for each in config if each["api_name"] == api_name]
    body = {"fn_index": number, "data": data, "session_hash": f"test-{api_name}"}
    assert httpx.post(f"{url}/gradio_api/queue/join", json=body).status_code == 200
    stream = f"{url}/gradio_api/queue/data?session_hash=test-{api_name}"
    with httpx.stream("GET", stream, timeout=60) as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                event = json.loads(line[5:])
                if event["msg"] == "process_completed":
                    return event
    raise AssertionError


META = {"_type": "gradio.FileData"}


@pytest.mark.parametrize(
    "file",
    [
        {"path": "{secret}", "meta": META},
        {"path": "{secret}"},
        {"path": "http://127.0.0.1:9/x.png", "meta": META},
        {"path": "http://127.0.0.1:9/x.png", "url": "http://127.0.0.1:9/x.png", "meta": META},
        {"path": "{uploads}/../../secret.png"},
        "{secret}",
        None,
        5,
        {},
    ],
    ids=str,
)
def test_a_file_that_was_not_uploaded_is_not_read(url, folder, receipt, file):
    (folder / "secret.png").write_bytes(receipt)
    [run] = (folder / "tmp").glob("run-*")
    filled = json.loads(
        json.dumps(file)
        .replace("{secret}", str(folder / "secret.png"))
        .replace("{uploads}", str(run / "uploads"))
    )

    event = answered(url, "receipt", filled, False)

    assert not event["success"]
    assert "Upload the picture" in event["output"]["error"]


def test_the_endpoints_demand_the_token_too(assistant, folder, picture, monkeypatch, tmp_path):
    monkeypatch.setenv("SECOND_LOOK_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with page_served(assistant, tmp_path, api=True) as url:
        with program(url, folder) as stranger:
            assert "Send the token" in stranger.refused("/ask", "?")
            assert "401" in stranger.refused("/receipt", picture)
        with program(url, folder, TOKEN) as friend:
            assert friend.said("/receipt", picture)["job"] == "receipt"


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/metrics", "/v1/openapi.json"])
def test_none_of_it_is_there_unless_config_says_so(plain, path):
    assert httpx.get(plain + path).status_code == 404


def test_no_endpoint_is_named_unless_config_says_so(plain):
    events = httpx.get(f"{plain}/config").json()["dependencies"]

    assert {event["api_visibility"] for event in events} == {"private"}
    assert httpx.get(f"{plain}/gradio_api/info").status_code == 404


def test_nothing_is_uploaded_gradio_s_way_unless_config_says_so(plain):
    assert httpx.post(f"{plain}/gradio_api/upload", files={"files": b"x"}).status_code == 404


@pytest.fixture(scope="module")
def plain(assistant, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with page_served(assistant, folder) as address:
            yield address


@pytest.mark.browser
def test_the_page_works_as_without_programs(url):
    with chromium() as browser:
        page = opened(browser, url)
        send(page, "What is the total?")
        said = reply(page)
        errors = page.errors

    assert "no picture" in said
    assert errors == []
