"""Users who are added, changed and removed while a real server runs: nothing is started again."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.access.accounts import Accounts
from app.assistant import Assistant
from app.engines import Candidate
from history import Store
from tests.access_lab import PASSWORDS, QUICK, signed_in, users_served
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

WAIT_S = 60  # a backstop: what is waited for comes much sooner
CARLS = "a third one, and long"


class Held(FakeEngine):
    """Replies at once, but to a prompt that says "hold": that one when it is cancelled."""

    def __init__(self):
        super().__init__(["That is what you said."])
        self.reached = threading.Event()

    def stream(self, prompt, params, cancel):
        if "hold" in prompt.messages[-1].text:
            self.reached.set()
            assert cancel.wait(WAIT_S)
        yield from super().stream(prompt, params, cancel)


class Server:
    """A server that began with anna alone, and its file of users."""

    def __init__(self, url, engine, folder):
        self.url, self.engine, self.folder = url, engine, folder
        self.accounts = Accounts(folder / "users.json", QUICK)

    @contextlib.contextmanager
    def client(self, name, password=""):
        with contextlib.closing(signed_in(self.url, name, password)) as client:
            yield client

    def ask(self, token, prompt):
        asked = {"model": "second-look", "messages": [{"role": "user", "content": prompt}]}
        headers = {"authorization": f"Bearer {token}", "x-second-look-save": "true"}
        return httpx.post(
            f"{self.url}/v1/chat/completions", json=asked, headers=headers, timeout=WAIT_S
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("users")
    engine, decoder = Held(), Decoder()
    store = Store(folder / "history")
    assistant = Assistant([Candidate(lambda: engine)], store, decoder, SamplingParams())
    passwords = {"anna": PASSWORDS["anna"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assistant.start()
        assistant.wait_until_loaded()
        with users_served(assistant, folder, passwords, api=True) as served:
            yield Server(served.url, engine, folder)
    assistant.close()


@pytest.fixture
def carl(server):
    """Add carl while the server runs; return the token of his programs."""
    server.accounts.set_password("carl", CARLS)
    yield server.accounts.new_token("carl")
    if "carl" in server.accounts.all():
        server.accounts.remove("carl")


def test_who_was_added_signs_in_sends_and_has_a_history_of_their_own(server, carl):
    with server.client("anna") as hers, server.client("carl", CARLS) as his:
        page = his.get("/")
        answer = server.ask(carl, "Is this mine?")

        assert page.status_code == answer.status_code == 200
        assert his.get("/account").json()["user"] == "carl"
        assert "Is this mine?" in his.get("/export/everything.json").text
        assert "Is this mine?" not in hers.get("/export/everything.json").text
    assert any((server.folder / "history" / "users" / "carl").glob("*/0001.json"))


def test_another_password_ends_the_sessions_there_were(server, carl):
    with server.client("carl", CARLS) as his, server.client("anna") as hers:
        assert his.get("/pulse").status_code == 200

        server.accounts.set_password("carl", CARLS[::-1])

        assert his.get("/pulse").status_code == 401
        assert hers.get("/pulse").status_code == 200
        with server.client("carl", CARLS[::-1]) as again:
            assert again.get("/pulse").status_code == 200


def test_another_token_takes_the_place_of_the_one_before(server, carl):
    other = server.accounts.new_token("carl")

    assert server.ask(carl, "?").status_code == 401
    assert server.ask(other, "?").status_code == 200


def test_who_was_removed_is_out_at_once_and_the_reply_under_way_ends(server, carl):
    with (
        server.client("carl", CARLS) as his,
        server.client("anna") as hers,
        ThreadPoolExecutor() as pool,
    ):
        server.engine.reached.clear()
        held = pool.submit(server.ask, carl, "hold this")
        assert server.engine.reached.wait(WAIT_S)

        server.accounts.remove("carl")

        assert (
            his.get("/pulse").status_code == his.get("/export/everything.json").status_code == 401
        )
        assert server.ask(carl, "?").status_code == 401
        assert held.result(WAIT_S).status_code == 503  # stopped from outside
        assert hers.get("/pulse").status_code == 200
    assert any((server.folder / "history" / "users" / "carl").glob("*/0001.json"))


def test_who_is_added_again_finds_what_was_there(server, carl):
    server.ask(carl, "Before I was removed")
    server.accounts.remove("carl")
    httpx.get(f"{server.url}/healthz")

    server.accounts.set_password("carl", CARLS)

    with server.client("carl", CARLS) as again:
        assert "Before I was removed" in again.get("/export/everything.json").text
