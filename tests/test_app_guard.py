from ipaddress import ip_address

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.guard import Guard, own_hosts

HOST = "127.0.0.1:7860"
ORIGIN = f"http://{HOST}"


@pytest.fixture
def client():
    app = FastAPI()

    @app.get("/page")
    def page() -> str:
        return "ours"

    @app.post("/change")
    def change() -> str:
        return "changed"

    @app.websocket("/socket")
    async def socket(connection: WebSocket) -> None:
        await connection.accept()
        await connection.close()

    return TestClient(Guard(app, own_hosts("127.0.0.1", 7860)), base_url=ORIGIN)


def test_our_page_is_served(client):
    assert client.get("/page").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1:80", ""])
def test_another_host_name_is_refused(client, host):
    assert client.get("/page", headers={"host": host}).status_code == 421


def test_a_change_from_our_page_is_taken(client):
    headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}

    assert client.post("/change", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_change_from_elsewhere_is_refused(client, headers):
    assert client.post("/change", headers=headers).status_code == 403


# A test client's own address of a socket would have another host.
SOCKET = f"ws://{HOST}/socket"


def test_a_socket_from_our_page_is_taken(client):
    with client.websocket_connect(SOCKET, headers={"origin": ORIGIN}):
        pass


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example"}])
def test_a_socket_from_elsewhere_is_refused(client, headers):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
        pass


def test_a_machine_that_listens_everywhere_has_its_addresses_and_no_name():
    hosts = own_hosts("0.0.0.0", 7860)  # noqa: S104

    assert {"127.0.0.1:7860", "localhost:7860"} <= hosts
    names = {host.rpartition(":")[0].strip("[]") for host in hosts} - {"localhost"}
    assert all(ip_address(name) for name in names)


def test_names_that_config_toml_gives_are_served_with_the_port_and_without():
    hosts = own_hosts("0.0.0.0", 7860, ["look.example.org", "b.example:8443"])  # noqa: S104

    assert {"look.example.org", "look.example.org:7860", "b.example:8443"} <= hosts
    assert not {"b.example", "b.example:7860"} & hosts


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://look.example.org", 200),
        ("https://127.0.0.1:7860", 403),
        ("https://evil.example", 403),
    ],
)
def test_behind_a_proxy_the_page_is_the_one_that_was_asked_for(origin, status):
    app = FastAPI()
    app.post("/change")(lambda: "changed")
    hosts = own_hosts("127.0.0.1", 7860, ["look.example.org"])
    client = TestClient(Guard(app, hosts), base_url="http://look.example.org")

    assert client.post("/change", headers={"origin": origin}).status_code == status


def test_an_answer_to_a_bug_has_the_headers_too():
    async def broken(scope, receive, send):
        raise ZeroDivisionError

    guard = Guard(broken, own_hosts("127.0.0.1", 7860))
    answer = TestClient(guard, base_url=ORIGIN, raise_server_exceptions=False).get("/")

    assert answer.status_code == 500
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_the_browser_is_told_to_load_nothing_from_outside(client):
    policy = client.get("/page").headers["content-security-policy"]

    assert "img-src 'self' data: blob:" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_browser_is_told_not_to_guess_types(client):
    assert client.get("/page").headers["x-content-type-options"] == "nosniff"
