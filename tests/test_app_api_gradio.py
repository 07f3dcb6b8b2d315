"""The page's named endpoints, as ``gradio_client`` sees them; and OpenAI's client beside it."""

import json
from pathlib import Path

import httpx
import openai
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.assistant import Assistant
from app.engines import Candidate
from history import Store
from tests.api_lab import TOKEN, user
from tests.browser import chromium, opened, reply, send, served
from vision.engine import SamplingParams
from vision.images import Decoder
from vision.reader.engine import ReaderEngine


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
        with served(assistant, folder, api=True) as address:
            yield address


def client_of(url, folder, **options):
    return Client(
        url, verbose=False, analytics_enabled=False, download_files=str(folder / "down"), **options
    )


@pytest.fixture(scope="module")
def client(url, folder):
    connected = client_of(url, folder)
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def picture(folder, receipt):
    path = folder / "receipt.png"
    path.write_bytes(receipt)
    return str(path)


def test_both_clients_read_the_same_receipt(url, client, picture, receipt):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as other:
        completion = other.chat.completions.create(
            model="second-look", messages=[user("What is the total?", receipt)]
        )

    read = client.predict(handle_file(picture), api_name="/receipt")

    assert "8.16" in completion.choices[0].message.content
    assert read["receipts"][0]["total"]["value"] == "8.16"
    assert read["receipts"][0]["merchant"]["value"] == "CORNER SHOP LTD"


def test_only_the_five_are_named(client):
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]

    assert named.keys() == {"/ask", "/receipt", "/html", "/clear", "/export"}


def test_a_question_is_answered_without_being_saved(client, assistant, picture):
    before = assistant.store.conversations()

    answer = client.predict("What is the total?", [handle_file(picture)], api_name="/ask")

    assert "8.16" in answer["reply"]
    assert (answer["finish_reason"], answer["engine"]) == ("stop", "reader")
    assert assistant.store.conversations() == before


def test_a_saved_question_is_gone_on_with(client, assistant, picture):
    first = client.predict("What is the total?", [handle_file(picture)], True, api_name="/ask")

    second = client.predict(
        "Who is the merchant?", conversation=first["conversation"], api_name="/ask"
    )

    assert "CORNER SHOP LTD" in second["reply"]
    assert [turn.prompt for turn in assistant.store.turns(first["conversation"])] == [
        "What is the total?",
        "Who is the merchant?",
    ]


def test_html_answers_as_the_job_does(client, picture):
    made = client.predict(handle_file(picture), api_name="/html")

    assert (made["job"], made["finish_reason"]) == ("html", "stop")
    assert {"html", "scores", "lines"} <= made.keys()


def test_a_clear_says_what_it_released(client):
    receipt = client.predict("medium", api_name="/clear")

    assert receipt["level"] == "medium"
    assert receipt["after"]["lines"] == 0


def test_a_deep_clear_is_confirmed_first(client):
    with pytest.raises(AppError, match="not confirmed"):
        client.predict("deep", api_name="/clear")


def test_history_is_exported_as_a_file(client, assistant):
    run = assistant.send(None, "What is the weather?")
    run.ended.wait(10)

    path = Path(client.predict("everything.json", api_name="/export"))

    assert path.name == "everything.json"
    assert "What is the weather?" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["everything.exe", "../../etc.zip", "", "20200101-000000-aaaa.md"])
def test_there_is_no_other_export(client, name):
    with pytest.raises(AppError):
        client.predict(name, api_name="/export")


def answered(url, api_name, *data):
    """Call an endpoint as no client of Gradio's would; return what the queue says at its end."""
    config = httpx.get(f"{url}/config").json()["dependencies"]
    [number] = [each["id"] for each in config if each["api_name"] == api_name]
    body = {"fn_index": number, "data": data, "session_hash": f"test-{api_name}"}
    assert httpx.post(f"{url}/gradio_api/queue/join", json=body).status_code == 200
    stream = f"{url}/gradio_api/queue/data?session_hash=test-{api_name}"
    with httpx.stream("GET", stream, timeout=20) as events:
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
    known = {"Authorization": f"Bearer {TOKEN}"}
    with served(assistant, tmp_path, api=True) as url:
        stranger, friend = client_of(url, folder), client_of(url, folder, headers=known)
        with pytest.raises(AppError, match="Send the token"):
            stranger.predict("?", api_name="/ask")
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            stranger.predict(handle_file(picture), api_name="/receipt")

        assert friend.predict(handle_file(picture), api_name="/receipt")["job"] == "receipt"
        stranger.close(), friend.close()


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/metrics", "/v1/openapi.json"])
def test_none_of_it_is_there_unless_config_says_so(plain, path):
    assert httpx.get(plain + path).status_code == 404


def test_no_endpoint_is_named_unless_config_says_so(plain):
    assert httpx.get(f"{plain}/gradio_api/info").json()["named_endpoints"] == {}


def test_nothing_is_uploaded_gradio_s_way_unless_config_says_so(plain):
    assert httpx.post(f"{plain}/gradio_api/upload", files={"files": b"x"}).status_code == 404


@pytest.fixture(scope="module")
def plain(assistant, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with served(assistant, folder) as address:
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
