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


def test_a_socket_from_elsewhere_is_refused(client):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/socket", headers={"origin": "http://evil.example"}),
    ):
        pass


@pytest.mark.parametrize("path", ["/gradio_api/proxy=http://a", "/gradio_api/file=http://a/b.png"])
def test_nothing_is_fetched_for_a_page(client, path):
    assert client.get(path).status_code == 404


def test_the_browser_is_told_to_load_nothing_from_outside(client):
    policy = client.get("/page").headers["content-security-policy"]

    assert "img-src 'self' data: blob:" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_browser_is_told_not_to_guess_types(client):
    assert client.get("/page").headers["x-content-type-options"] == "nosniff"
