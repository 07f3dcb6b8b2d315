"""Every route there is, found by walking the application: who may ask, and what it never does."""

import asyncio
import contextlib
import http.client
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from app.assistant import Assistant
from app.config import Config, ServerConfig, TmpConfig
from app.engines import Candidate
from app.guard import Guard, own_hosts
from app.narrow import Narrow
from app.serve import application
from history import Store
from tests.api_lab import listening, running
from tests.hostile import Listener
from tests.hostile import listening as nobody_asks
from tests.routes_lab import routes_of
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

SECRET = "badger-0815"  # noqa: S105  in a file outside all folders of ours
WANTED = {
    "content-security-policy": "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# What a request of another site looks like, but for "{url}", our own address: each is refused.
ELSEWHERE = {
    "another site": {"origin": "http://evil.example"},
    "a sandboxed frame": {"origin": "null"},
    "another port here": {"origin": "http://127.0.0.1:3000"},
    "our name without a port": {"origin": "http://127.0.0.1"},
    "another scheme": {"origin": "file://"},
    "an extension": {"origin": "chrome-extension://abcdefgh"},
    "a name that begins like ours": {"origin": "{url}.evil.example"},
    "a name that ends like ours": {"origin": "http://evil.example/{url}"},
    "ours in capitals": {"origin": "HTTP://127.0.0.1:1"},
    "an empty origin": {"origin": ""},
    "another of our names": {"origin": "http://localhost:{port}"},
    "a picture elsewhere": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    "a script elsewhere": {"sec-fetch-site": "cross-site", "sec-fetch-dest": "script"},
    "a fetch elsewhere": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
    "a frame elsewhere": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate",
                          "sec-fetch-dest": "iframe"},
    "an object elsewhere": {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate",
                            "sec-fetch-dest": "object"},
    "a site beside": {"sec-fetch-site": "same-site", "origin": "{url}"},
    "a word nobody knows": {"sec-fetch-site": "elsewhere"},
}  # fmt: skip
HOSTS = ("evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1",
         "127.0.0.1.evil.example:{port}", "localhost.evil.example:{port}", "0.0.0.0:{port}",
         "LOCALHOST:{port}", "[::]:{port}",
         "2130706433:{port}", "127.1:{port}", "127.0.0.1:{port}@evil.example", "")  # fmt: skip


class Place:
    """A server with all there is turned on, its routes, and whom nobody should ask."""

    def __init__(self, url: str, app: object, folder: Path, outside: Listener) -> None:
        self.url, self.port, self.app = url, url.rpartition(":")[2], app
        self.routes = sorted(routes_of(app))
        self.folder, self.outside = folder, outside
        self.client = httpx.Client(base_url=url, timeout=60)

    def filled(self, template: str, value: str = "1") -> str:
        return re.sub(r"{[^}]*}", value, template)

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        """Ask; of an answer without an end, only how it begins is read."""
        with self.client.stream(method, path, **more) as answer:
            if "event-stream" not in answer.headers.get("content-type", ""):
                answer.read()
            else:
                answer._content = b""
            return answer


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    engine = FakeEngine()
    store = Store(folder / "history")
    assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), SamplingParams())
    config = Config(
        tmp=TmpConfig(root=str(folder / "tmp")), server=ServerConfig(api=True, mcp=True)
    )
    apps: list[object] = []
    with pytest.MonkeyPatch.context() as patch, listening() as bound, nobody_asks() as outside:
        patch.chdir(folder)
        hosts = own_hosts("127.0.0.1", bound.getsockname()[1])
        assistant.start()
        assistant.wait_until_loaded()

        def made() -> object:
            apps.append(application(assistant, config, hosts))
            return apps[0]

        with running(made, bound, factory=True) as url:
            httpx.get(url, timeout=60)
            place = Place(url, apps[0], folder, outside)
            yield place
            place.client.close()
    assistant.close()


def test_the_walk_finds_the_routes_of_all_that_is_served(place):
    paths = {path for _, path in place.routes}

    assert len(place.routes) >= 120
    assert {"/export/{what}.{format}", "/v1/chat/completions", "/mcp", "/uploads",
            "/gradio_api/queue/join", "/gradio_api/upload"} <= paths  # fmt: skip


def reached(place, headers, kind="http"):
    """Return which of all routes the guard lets such a request reach."""
    through = []

    async def inside(scope, receive, send):
        through.append((scope["method"], scope["path"]))

    async def nothing(_=None):
        return {}

    async def ask_all():
        guard = Guard(inside, own_hosts("127.0.0.1", int(place.port)))
        for method, path in place.routes:
            scope = {"type": kind, "method": method, "path": place.filled(path), "headers": raw}
            await guard(scope, nothing, nothing)

    named = {"host": f"127.0.0.1:{place.port}", **headers}
    given = {name: value.format(url=place.url, port=place.port) for name, value in named.items()}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    asyncio.run(ask_all())
    return through


def test_the_guard_is_the_outermost_of_what_is_served(place):
    assert isinstance(place.app, Guard)
    assert len(reached(place, {})) == len(place.routes)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("shape", ELSEWHERE)
def test_no_route_is_reached_from_another_site(place, shape, kind):
    assert reached(place, ELSEWHERE[shape], kind) == []


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", HOSTS)
def test_no_route_is_reached_under_another_name(place, host, kind):
    assert reached(place, {"host": host}, kind) == []


def test_a_request_with_two_names_is_refused(place):
    connection = http.client.HTTPConnection("127.0.0.1", int(place.port), timeout=60)
    with contextlib.closing(connection):
        connection.putrequest("GET", "/", skip_host=True)
        for host in (f"127.0.0.1:{place.port}", "evil.example"):
            connection.putheader("host", host)
        connection.endheaders()

        assert connection.getresponse().status in (400, 421)


def test_a_link_on_another_site_may_lead_to_the_page_and_no_further(place):
    link = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }

    assert sorted(reached(place, link)) == [("GET", "/"), ("HEAD", "/")]


def test_every_answer_tells_the_browser_what_it_may_do(place):
    # A route of each kind; of each Gradio's are many.
    gradio = [route for route in place.routes if route[1].startswith("/gradio_api/")]
    ours = [route for route in place.routes if route not in gradio]
    asked = [*((*route, {}) for route in (*ours, *gradio[::5])), ("GET", "/nothing-there", {}),
             ("POST", "/v1/models", {}), ("BREW", "/", {}), ("GET", "/", {"host": "evil.example"}),
             ("GET", "/", {"origin": "null"})]  # fmt: skip

    seen, bare = set(), []
    for method, path, headers in asked:
        answer = place.ask(method, place.filled(path), headers=headers)
        seen.add(answer.status_code)
        if any(value not in answer.headers.get(name, "") for name, value in WANTED.items()):
            bare.append((method, path, answer.status_code))

    assert bare == []
    assert {200, 403, 404, 405, 421, 422} <= seen


# What the server must not do for anybody: fetch, or read what lies elsewhere


class Watch:
    """Writes down whom this process looks up or connects to, while it looks."""

    def __init__(self) -> None:
        self.on, self.seen = False, []
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple) -> None:
        if self.on and event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
            self.seen.append(repr(args[1:] if event == "socket.connect" else args))

    @contextlib.contextmanager
    def watching(self, *wanted: str) -> Iterator[list[str]]:
        found: list[str] = []
        self.on, self.seen = True, []
        yield found
        self.on = False
        found += [each for each in self.seen if any(name in each for name in wanted)]


def files(place: Place) -> list[object]:
    """Return what could make a server fetch an address, or read a file that is none of ours."""
    secret = place.folder / "secret.txt"
    secret.write_text(SECRET)
    named = [(f"{place.outside.url}/x.png", "http://outside.invalid/x.png"), (str(secret), "")]
    return [
        {"path": path, "url": url, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
        for path, url in named
    ]


def test_the_watch_sees_who_is_asked(place):
    watch = Watch()
    with watch.watching(str(place.outside.port)) as seen:
        before = place.outside.connections
        httpx.get(place.outside.url)

    assert seen
    assert place.outside.connections == before + 1


def test_no_event_fetches_or_reads_what_it_is_given(place):
    config = place.client.get("/config").json()
    before, answers, watch = place.outside.connections, [], Watch()
    with watch.watching(f"{place.outside.port})", "outside.invalid") as asked:
        for event in config["dependencies"]:
            for file in files(place):
                body = {
                    "fn_index": event["id"],
                    "data": [file] * len(event["inputs"]),
                    "event_data": {"files": [file], "file": file, "draft": {"files": [file]}},
                    "session_hash": "tab",
                }
                answers.append(place.ask("POST", "/gradio_api/run/predict", json=body))
                if event["api_visibility"] != "public":
                    continue
                name = f"/gradio_api/call/{event['api_name']}"
                begun = place.ask("POST", name, json={"data": body["data"]})
                answers.append(place.client.get(f"{name}/{begun.json()['event_id']}"))

    assert len(answers) > 2 * 45
    assert asked == []
    assert place.outside.connections == before
    assert not [answer for answer in answers if SECRET in answer.text or "root:" in answer.text]


def test_no_route_fetches_or_reads_what_it_is_given(place):
    before, answers, watch = place.outside.connections, [], Watch()
    with watch.watching(f"{place.outside.port})", "outside.invalid") as asked:
        for file in files(place):
            name = file["path"]
            for method, path in place.routes:
                if "heartbeat" in path or path == "/gradio_api/queue/data":
                    continue  # no end, and nothing that is named
                answers.append(
                    place.ask(
                        method,
                        place.filled(path, name.replace("?", "%3F")),
                        params=dict.fromkeys(("url", "path", "file", "c", "tag", "ids"), name),
                        json={"url": name, "path": name, "name": name, "prompt": name,
                              "data": [file], "fn_index": 0, "html": f"<img src='{name}'>",
                              "messages": [{"role": "user", "content": [
                                  {"type": "image_url", "image_url": {"url": name}}]}],
                              "model": "second-look"},
                        headers={"x-name": "a.png", "referer": name},
                    )
                )  # fmt: skip

    assert len(answers) > 2 * 110
    assert asked == []
    assert place.outside.connections == before
    assert not [each for each in answers if SECRET in each.text or "root:x" in each.text]


@pytest.mark.parametrize(
    "name",
    ["{secret}", "{link}", "/etc/passwd", "/proc/self/environ", "{uploads}/../../../secret.txt",
     "{uploads}/..%2f..%2f..%2fsecret.txt", "{uploads}/%2e%2e/%2e%2e/%2e%2e/secret.txt",
     "%2e%2e/secret.txt", "../secret.txt", "secret.txt", "./secret.txt", "{uploads}/%00",
     "file://{secret}", "//{secret}", "{uploads}", "{uploads}/", "http://outside.invalid/a.png",
     "http:/outside.invalid/a.png", "HTTP://outside.invalid/", "{history}"],
)  # fmt: skip
@pytest.mark.parametrize(
    "route", ["/gradio_api/file=", "/gradio_api/file/", "/file=", "/gradio_api//file="]
)
def test_a_file_that_was_not_made_for_a_program_is_not_served(place, route, name):
    [run] = [path for path in (place.folder / "tmp").glob("run-*") if path.is_dir()]
    link = run / "uploads" / "link.txt"
    link.parent.mkdir(exist_ok=True)
    (place.folder / "secret.txt").write_text(SECRET)
    if not link.is_symlink():
        link.symlink_to(place.folder / "secret.txt")
    asked = name.format(
        secret=place.folder / "secret.txt", link=link, uploads=run / "uploads",
        history=place.folder / "history" / ".index" / "turns.sqlite",
    )  # fmt: skip

    # By hand: a client would mend the path first.
    connection = http.client.HTTPConnection("127.0.0.1", int(place.port), timeout=60)
    with contextlib.closing(connection):
        connection.putrequest("GET", f"{route}{asked}")
        connection.endheaders()
        answer = connection.getresponse()

        assert (answer.status, SECRET in answer.read().decode()) == (404, False)


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.svg", "a.png"])
def test_a_file_that_was_uploaded_here_is_given_to_be_saved_and_never_shown(place, name):
    [path] = place.client.post("/gradio_api/upload", files={"files": (name, b"mine")}).json()

    answer = place.ask("GET", f"/gradio_api/file={path}")

    assert answer.content == b"mine"
    assert answer.headers.get_list("content-disposition") == ["attachment"]
    assert answer.headers.get_list("content-security-policy") == ["sandbox; default-src 'none'"]


CLOSED = (
    "/monitoring", "/monitoring/summary", "/gradio_api/info", "/openapi.json", "/docs", "/redoc",
    "/gradio_api/openapi.json", "/gradio_api/deep_link", "/gradio_api/vibe-code", "/logout",
    "/gradio_api/runs", "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/file=/a",
    "/gradio_api/proxy=x", "/gradio_api/component_server", "/login", "/gradio_api/dev/reload",
    "/gradio_api/custom_component/1/client/a/b", "/gradio_api/startup-events", "/manifest.json",
    "/gradio_api/token", "/gradio_api/app_id", "/gradio_api/user", "/assets/../app.py",
    "/static/js/../../app.py", "/static/js/..%2f..%2fapp.py", "/svelte/a.js",
)  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_of_gradio_only_what_the_page_asks_for_is_there(path, method):
    reached = []

    async def gradio(scope, receive, send):
        reached.append(scope["path"])

    asked = TestClient(Narrow(gradio)).request(method, path)

    assert (asked.status_code, reached) == (404, [])
