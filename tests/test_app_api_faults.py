"""Requests that nobody should send, and what they are told."""

import base64
import json

import httpx
import pytest

from tests.api_lab import TOKEN, data_uri, programs_served, user
from vision.fake import FakeEngine
from vision.images import Limits

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def engine():
    return FakeEngine(["Yes."])


@pytest.fixture
def client(assistant_with, engine, tmp_path):
    engine.prompts.clear()
    with (
        programs_served(assistant_with(engine), tmp_path, max_upload_mib=1) as url,
        httpx.Client(base_url=url) as opened,
    ):
        yield opened


def asked(content, **more):
    return {"model": "second-look", "messages": [{"role": "user", "content": content}], **more}


def pictured(url):
    return asked([{"type": "image_url", "image_url": {"url": url}}])


def told(answer):
    """Return the status and the sentence of an error in OpenAI's shape."""
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return answer.status_code, error["message"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x.png",
        "https://example.com/x.png",
        "file:///etc/hostname",
        "/etc/hostname",
        "ftp://example.com/x.png",
        "",
    ],
)
def test_no_address_is_fetched(client, engine, address):
    status, message = told(client.post(CHAT, json=pictured(address)))

    assert status == 400
    assert "no address is ever fetched here" in message
    assert engine.prompts == []


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("data:image/png;base64", "it has no comma"),
        ("data:image/png;base64,!!!!", "it is not base64"),
        ("data:image/png;base64,", "This file is empty"),
        ("data:image/png,not%20a%20picture", "This is a file of the kind TXT"),
        (f"data:image/png;base64,{base64.b64encode(b'GIF89a').decode()}", "damaged"),
    ],
)
def test_a_data_uri_without_a_picture_is_refused(client, uri, reason):
    status, message = told(client.post(CHAT, json=pictured(uri)))

    assert status == 400
    assert reason in message


def test_what_a_data_uri_says_it_is_does_not_count(client, engine, red):
    uri = data_uri(red).replace("image/png", "text/html")

    assert client.post(CHAT, json=pictured(uri)).status_code == 200
    assert len(engine.prompts[0].messages[0].images) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not JSON"),
        (b"", "body: Field required"),
        (b"[]", "body: Input should be a valid dictionary"),
        (b"\xff", "parsing the body"),
        (b"[" * 100_000, "parsing the body"),
        (b'{"model": "second-look"}', "messages: Field required"),
        (b'{"model": "second-look", "messages": []}', "messages: "),
        (b'{"model": "second-look", "messages": [{"role": "tool"}]}', "messages.0: "),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else "",
)
def test_a_body_that_is_no_request_is_refused(client, body, message):
    answer = client.post(CHAT, content=body, headers={"content-type": "application/json"})

    status, said = told(answer)
    assert status == 400
    assert message in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 2.5},
        {"temperature": "0.5"},
        {"top_p": 0},
        {"max_tokens": 0},
        {"seed": -1},
        {"stop": ["a"] * 5},
        {"stop": ""},
        {"n": 2},
        {"tools": [{"type": "function"}]},
        {"response_format": {"type": "json_object"}},
        {"stream": "yes"},
    ],
    ids=str,
)
def test_what_is_not_offered_is_named(client, wrong):
    answer = client.post(CHAT, json=asked("?", **wrong))

    assert told(answer)[0] == 400
    assert answer.json()["error"]["param"].startswith(next(iter(wrong)))


def test_what_is_not_known_is_not_read(client):
    assert client.post(CHAT, json=asked("?", user="me", store=True)).status_code == 200


def test_a_megabyte_of_text_comes_to_the_engine_whole(client, engine):
    text = "long " * 210_000

    assert client.post(CHAT, json=asked(text)).status_code == 200
    assert engine.prompts[0].messages[0].text == text


def test_half_a_character_is_marked(client, engine):
    body = json.dumps(asked("a\ud800b \U0001f600"))  # half an emoji, and a whole one

    answer = client.post(CHAT, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 200
    assert engine.prompts[0].messages[0].text == "a\ufffdb \U0001f600"


def test_a_body_that_says_it_is_too_large_is_refused(client):
    answer = client.post(CHAT, content=b"x" * (2 << 20 | 1))

    assert told(answer) == (
        413,
        "The request is larger than 2,097,152 bytes. Send smaller pictures, or fewer.",
    )


@pytest.mark.parametrize("path", [CHAT, "/v1/jobs/text"])
def test_a_body_that_turns_out_too_large_is_refused(client, path):
    pieces = (b"x" * 65_536 for _ in range(40))

    answer = client.post(path, content=pieces, headers={"content-type": "application/json"})

    assert told(answer)[0] == 413


def test_a_form_that_turns_out_too_large_is_refused(client):
    answer = client.post("/v1/jobs/text", files={"image": b"x" * (3 << 20)})

    assert told(answer)[0] == 413


def test_a_picture_over_the_limit_is_refused_like_the_page_s(
    assistant_with, engine, tmp_path, monkeypatch, receipt
):
    assistant = assistant_with(engine)
    monkeypatch.setattr(assistant.decoder, "limits", Limits(max_bytes=1_000))
    with programs_served(assistant, tmp_path) as url:
        answer = httpx.post(f"{url}/v1/jobs/text", files={"image": receipt})

    assert told(answer)[0] == 400
    assert "bytes; the limit is 1,000" in told(answer)[1]


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/", "/v1/jobs/none", "/v1/models/x/y"])
def test_what_there_is_not_is_not_found(client, path):
    assert told(client.get(path))[0] == 404


def test_another_method_is_refused(client):
    assert told(client.get(CHAT))[0] == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [CHAT, "/v1/jobs/text"])
def test_another_site_s_page_gets_no_reply(client, engine, headers, path):
    answer = client.post(path, json=asked("?"), headers=headers)

    assert answer.status_code in (403, 421)
    assert engine.prompts == []


@pytest.mark.parametrize("conversation", ["20200101-000000-aaaa", "../../etc", "x", "%00"])
def test_a_conversation_that_is_not_there_is_not_found(client, conversation):
    headers = {"X-Second-Look-Conversation": conversation}

    assert told(client.post(CHAT, json=asked("?"), headers=headers))[0] == 404


def test_what_history_could_not_keep_is_not_saved(client, store):
    messages = [user("?"), {"role": "assistant", "content": "Yes."}, user("Why?")]

    answer = client.post(
        CHAT,
        json={"model": "second-look", "messages": messages},
        headers={"X-Second-Look-Save": "true"},
    )

    assert told(answer)[0] == 400
    assert store.conversations() == []


def test_the_last_word_is_the_user_s(client):
    messages = [{"role": "assistant", "content": "Hello."}]

    status, message = told(client.post(CHAT, json={"model": "second-look", "messages": messages}))

    assert (status, message) == (400, "The last message must be the user's.")


def test_nothing_to_reply_to_is_refused(client):
    assert told(client.post(CHAT, json=asked("  ")))[0] == 400


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (CHAT, {}, 401),
        (CHAT, {"authorization": f"Bearer {TOKEN}"}, 400),
        (CHAT, {"authorization": f"Bearer {TOKEN}x"}, 401),
        (CHAT, {"authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        (CHAT, {"authorization": f"Basic {TOKEN}"}, 401),
        (CHAT, {"authorization": TOKEN}, 401),
        (CHAT, {"authorization": "Bearer \xe9"}, 401),
        ("/v1/nothing", {}, 401),
        ("/mcp", {}, 401),
    ],
)
def test_the_token_is_demanded(assistant_with, tmp_path, monkeypatch, path, headers, status):
    monkeypatch.setenv("SECOND_LOOK_TOKEN", TOKEN)
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    with programs_served(assistant_with(FakeEngine()), tmp_path, mcp=True) as url:
        answer = httpx.post(f"{url}{path}", content=json.dumps([]), headers=raw)

    assert answer.status_code == status


def test_only_health_needs_no_token(assistant_with, tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_TOKEN", TOKEN)
    with programs_served(assistant_with(FakeEngine()), tmp_path) as url:
        open_ = {
            p: httpx.get(f"{url}{p}").status_code for p in ("/healthz", "/metrics", "/v1/models")
        }

    assert open_ == {"/healthz": 200, "/metrics": 401, "/v1/models": 401}
