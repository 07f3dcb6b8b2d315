"""What the door lets in: to nobody the sign-in page, to each user their own room, and no other."""

import re
from http.cookies import SimpleCookie

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.access.door import COOKIE, Door
from app.access.lockout import FREE, Lockout
from app.access.rooms import Room, Rooms
from app.config import ConfigError, ServerConfig
from app.guard import Guard, own_hosts
from app.routes import PAGE
from app.serve import check_closed
from tests.access_lab import PASSWORDS, accounts_at
from tests.api_lab import TOKEN, no_page

HOST = "127.0.0.1:7860"
ORIGIN = f"http://{HOST}"
SOCKET = f"ws://{HOST}/"  # a test client's own would have another host
# What the page, programs and Gradio ask for; none of it is for who is not signed in.
CLOSED = (
    "/theme.css", "/assets/a.js", "/config", "/gradio_api/queue/data", "/gradio_api/file=/a.png",
    "/pictures/a.png", "/thumbnails/a.webp", "/export/everything.zip", "/uploads/a.webp", "/pulse",
    "/page/style.css", "/page/account.js", "/page/../serve.py", "/page/%2e%2e/serve.py", "/metrics",
    "/v1/models", "/mcp", "/account", "/sign-in/", "/sign-in/x", "/healthz/", "/examples/a",
    "/folder", "/presets", "/clear/held", "/nothing-there",
)  # fmt: skip


def room(name):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await no_page(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": name})
            await send({"type": "websocket.close"})
        else:
            await PlainTextResponse(f"the room of {name}")(scope, receive, send)

    return app


def door(accounts, token="", lockout=None, state="ready"):
    rooms = Rooms(lambda name: Room(room(name or "programs")), [""] if token else ("anna", "bob"))
    return Door(rooms, accounts, PAGE / "static", lambda: state, token, lockout)


def client_of(app, **headers):
    guarded = Guard(app, own_hosts("127.0.0.1", 7860))
    given = {"origin": ORIGIN, **headers}
    return TestClient(guarded, base_url=ORIGIN, headers=given, follow_redirects=False)


def sign_in(client, name="anna", password=None, **more):
    return client.post(
        "/sign-in", data={"name": name, "password": password or PASSWORDS.get(name, "x"), **more}
    )


@pytest.fixture
def accounts(tmp_path):
    return accounts_at(tmp_path)


@pytest.fixture
def client(accounts):
    return client_of(door(accounts))


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE"])
def test_nothing_answers_who_is_not_signed_in(client, path, method):
    answer = client.request(method, path)

    assert answer.status_code == 401
    assert "room" not in answer.text


def test_a_socket_is_closed_to_who_is_not_signed_in(client):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET) as socket:
        socket.receive_text()


def test_a_page_leads_to_the_sign_in_and_back(client):
    asked = client.get("/?c=20260214-093012-k3f9")
    assert asked.status_code == 303

    page = client.get(asked.headers["location"])
    following = re.search(r'name="next" value="([^"]*)"', page.text)[1]

    assert sign_in(client, next=following).headers["location"] == "/?c=20260214-093012-k3f9"


@pytest.mark.parametrize(
    "following",
    ["//evil.example", "http://evil.example", "/\\evil.example", "/?c=../x", "javascript:alert(1)",
     "/export/everything.zip", "/?c=a\r\nset-cookie: a=b", ""],
)  # fmt: skip
def test_a_sign_in_leads_to_the_page_alone(client, following):
    assert sign_in(client, next=following).headers["location"] == "/"


def test_each_user_is_in_their_own_room(accounts):
    for name in ("anna", "bob"):
        client = client_of(door(accounts))
        sign_in(client, name)

        assert client.get("/anything").text == f"the room of {name}"
        with client.websocket_connect(SOCKET) as socket:
            assert socket.receive_text() == name


def test_a_cookie_is_kept_from_scripts_and_other_sites(client):
    cookie = SimpleCookie(sign_in(client).headers["set-cookie"])[COOKIE]

    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    assert not cookie["secure"]
    assert len(cookie.value) >= 43


def test_a_cookie_that_came_over_https_goes_only_there(accounts):
    client = client_of(door(accounts), origin=f"https://{HOST}")

    assert SimpleCookie(sign_in(client).headers["set-cookie"])[COOKIE]["secure"]


@pytest.mark.parametrize("forged", ["", "anna", "a" * 43, '{"user": "anna"}'])
def test_a_cookie_that_was_not_given_out_opens_nothing(client, forged):
    client.cookies.set(COOKIE, forged)

    assert client.get("/pulse").status_code == 401


def test_a_sign_out_ends_the_session_for_a_stolen_cookie_too(client):
    sign_in(client)
    stolen = client.cookies[COOKIE]

    answer = client.post("/sign-out")

    assert '"cache", "storage"' in answer.headers["clear-site-data"]
    client.cookies.set(COOKIE, stolen)
    assert client.get("/pulse").status_code == 401


def test_another_password_ends_the_sessions_before_it(client, tmp_path):
    sign_in(client)
    assert client.get("/pulse").status_code == 200

    accounts_at(tmp_path, {"anna": "another one altogether"})

    assert client.get("/pulse").status_code == 401


def test_a_user_who_was_removed_is_out_at_once(client, accounts):
    sign_in(client)

    accounts.remove("anna")

    assert client.get("/pulse").status_code == 401


def test_where_the_file_of_users_cannot_be_read_nobody_comes_in(client, tmp_path):
    sign_in(client)

    (tmp_path / "users.json").chmod(0o644)

    assert client.get("/pulse").status_code == 401
    assert sign_in(client).status_code == 401


def test_a_user_who_was_added_since_the_start_comes_in(client, tmp_path):
    with client:
        accounts_at(tmp_path, {"carl": "a third one, and long"})

        answer = sign_in(client, "carl", "a third one, and long")

        assert answer.status_code == 303
        assert client.get("/pulse").text == "the room of carl"


def test_a_program_of_a_user_who_was_added_since_the_start_comes_in(client, tmp_path):
    with client:
        added = accounts_at(tmp_path, {"carl": "a third one, and long"})
        bearer = {"authorization": f"Bearer {added.new_token('carl')}"}

        assert client.get("/v1/models", headers=bearer).text == "the room of carl"
        added.remove("carl")
        assert client.get("/v1/models", headers=bearer).status_code == 401


def test_a_room_is_made_once_and_for_nobody_who_is_not_let_in(accounts):
    made = []
    rooms = Rooms(lambda name: made.append(name) or Room(room(name)), ())
    with client_of(Door(rooms, accounts, PAGE / "static", lambda: "ready")) as client:
        sign_in(client, "anna", "wrong")
        sign_in(client, "eve")
        client.get("/v1/models", headers={"authorization": "Bearer x"})
        before = list(made)
        for _ in range(2):
            sign_in(client)
            client.get("/pulse")

    assert (before, made) == ([], ["anna"])


def test_where_a_room_cannot_be_made_one_is_told_and_may_try_again(accounts):
    full = [OSError(28, "No space left on device")] * 2

    def make(name):
        if full:
            raise full.pop()
        return Room(room(name))

    with client_of(Door(Rooms(make, ()), accounts, PAGE / "static", lambda: "ready")) as client:
        answer = sign_in(client)
        bearer = {"authorization": f"Bearer {accounts.new_token('anna')}"}
        program = client.get("/v1/models", headers=bearer)

        assert (answer.status_code, program.status_code) == (503, 503)
        assert COOKIE not in client.cookies
        assert "cannot be opened now; the log says why" in answer.text
        assert program.text in answer.text
        assert sign_in(client).status_code == 303


def test_rooms_end_with_the_server_whenever_they_were_made(accounts):
    told = []

    def make(name):
        async def app(scope, receive, send):
            assert scope["type"] == "lifespan"
            await no_page(scope, receive, send)
            told.append(name)

        return Room(app)

    with client_of(Door(Rooms(make, ["bob"]), accounts, PAGE / "static", lambda: "ready")) as each:
        sign_in(each)
        assert told == []

    assert sorted(told) == ["anna", "bob"]


def test_of_a_user_who_was_removed_all_that_goes_on_is_stopped(accounts, tmp_path):
    stopped = []
    rooms = Rooms(lambda name: Room(room(name), lambda: stopped.append(name)), ("anna", "bob"))
    client = client_of(Door(rooms, accounts, PAGE / "static", lambda: "ready"))
    sign_in(client, "bob")
    (tmp_path / "users.json").chmod(0o644)
    client.get("/pulse")  # nobody comes in, and nobody was removed
    (tmp_path / "users.json").chmod(0o600)
    client.get("/pulse")

    accounts.remove("anna")
    before = list(stopped)
    client.get("/pulse")
    client.get("/pulse")

    assert (before, stopped) == ([], ["anna"])


def test_a_wrong_password_says_no_more_than_a_wrong_name(client):
    one, other = sign_in(client, "anna", "wrong"), sign_in(client, "eve", "wrong")

    assert one.status_code == other.status_code == 401
    assert one.text.replace('value="anna"', "") == other.text.replace('value="eve"', "")


def test_after_wrong_passwords_not_even_the_right_one_is_looked_at(accounts):
    now = [0.0]
    client = client_of(door(accounts, lockout=Lockout(lambda: now[0])))
    for _ in range(FREE):
        assert sign_in(client, "anna", "wrong").status_code == 401

    refused = sign_in(client)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert "Try again in 5 seconds." in refused.text
    now[0] = 5.0
    assert sign_in(client).status_code == 303


def test_the_page_speaks_chinese(client):
    page = client.get("/sign-in", headers={"accept-language": "zh-CN"})

    assert '<html lang="zh">' in page.text
    assert "登录" in page.text


@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "'\"&<b>", "{name}", "\x00"])
def test_what_was_typed_stays_text_on_the_page(client, hostile):
    page = sign_in(client, hostile, "wrong", next=hostile).text

    assert "<script" not in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"name=anna",
        b"\xff" * 100,
        b"name=" + b"a" * 9_000,
        b"&".join([b"a=b"] * 8),
        b"{}",
        b"name[]=a",
    ],
)
def test_a_form_that_is_none_is_a_wrong_password(client, body):
    kind = {"content-type": "application/x-www-form-urlencoded"}

    assert client.post("/sign-in", content=body, headers=kind).status_code == 401


@pytest.mark.parametrize("headers", [{"origin": "null"}, {"origin": "http://evil.example"},
                                     {"sec-fetch-site": "cross-site"}])  # fmt: skip
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_another_site_signs_nobody_in_or_out(client, headers, path):
    answer = client.post(
        path, data={"name": "anna", "password": PASSWORDS["anna"]}, headers=headers
    )

    assert answer.status_code == 403
    assert not answer.cookies


def test_the_sign_in_page_runs_nothing_and_sends_only_here(client):
    page = client.get("/sign-in")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script" not in policy + page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/page/sign-in.css", "/page/icon.svg"])
def test_what_the_sign_in_page_needs_is_open(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("state", "status"), [("ready", 200), ("unloaded", 200), ("loading", 503), ("failed", 503)]
)
def test_whether_it_lives_is_open_and_nothing_more(accounts, state, status):
    answer = client_of(door(accounts, state=state)).get("/healthz")

    assert (answer.status_code, answer.json()) == (status, {"status": state})


def test_a_user_s_token_opens_their_room(accounts, client):
    token = accounts.new_token("bob")

    answer = client.get("/v1/models", headers={"authorization": f"Bearer {token}"})

    assert answer.text == "the room of bob"


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}"]
)
def test_another_token_opens_none(client, sent):
    assert client.get("/v1/models", headers={"authorization": sent}).status_code == 401


def test_a_wrong_token_is_not_mended_by_a_cookie(client):
    sign_in(client)

    assert client.get("/pulse", headers={"authorization": "Bearer x"}).status_code == 401


def test_without_users_the_server_s_token_opens_all_and_nothing_else_does(accounts):
    client = client_of(door(accounts, token=TOKEN))

    assert [client.get(path).status_code for path in ("/", "/v1/models", "/page/icon.svg")] == [
        401
    ] * 3
    assert [client.get(path).status_code for path in ("/sign-in", "/healthz")] == [404, 200]
    known = client.get("/v1/models", headers={"authorization": f"Bearer {TOKEN}"})
    assert known.text == "the room of programs"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "look.example.org"])  # noqa: S104
def test_no_other_host_is_served_without_a_user_or_a_token(host, tmp_path, monkeypatch):
    monkeypatch.delenv("SECOND_LOOK_TOKEN", raising=False)
    nobody = accounts_at(tmp_path, {"anna": PASSWORDS["anna"]})
    nobody.remove("anna")

    with pytest.raises(ConfigError, match=r"without a password.*python -m app password"):
        check_closed(ServerConfig(host=host), nobody)
    check_closed(ServerConfig(host=host), accounts_at(tmp_path))


def test_with_a_token_programs_may_be_served_on_any_host(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_TOKEN", TOKEN)
    nobody = accounts_at(tmp_path, {"anna": PASSWORDS["anna"]})
    nobody.remove("anna")

    check_closed(ServerConfig(host="192.168.1.4", api=True), nobody)


def test_a_token_that_is_nobody_s_does_not_go_with_users(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_TOKEN", TOKEN)

    with pytest.raises(ConfigError, match="a token must say whose it is"):
        check_closed(ServerConfig(), accounts_at(tmp_path))
