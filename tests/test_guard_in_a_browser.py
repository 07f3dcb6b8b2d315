"""A page of another site in a real Chromium: what it asks of us changes nothing, and reads nothing.

It is served under ``localhost`` with a port of its own, and asks ``127.0.0.1``: to a browser that
is another site. What reached us, and how it was answered, is counted here, not in the browser.
"""

import contextlib

import pytest

from app.assistant import Assistant
from app.config import Config, TmpConfig
from app.engines import Candidate
from app.guard import own_hosts
from app.serve import application
from history import Store
from tests.api_lab import listening, running
from tests.browser import MARKS, WAIT_MS, chromium
from tests.hostile import listening as another_site
from tests.server_lab import until
from vision.engine import SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

pytestmark = MARKS

CANARY = "heron-4711"
# Each shape asks under a path of its own, "{n}", where the path does not matter.
SHAPES = """
<form id=f0 target=t method=post action="{u}/uploads?{n}"><input name=a value=b></form><script>f0.submit()</script>
<form id=f1 target=t method=post enctype=multipart/form-data action="{u}/import?{n}"><input name=a></form><script>f1.submit()</script>
<form id=f2 target=t method=post enctype=text/plain action="{u}/gradio_api/run/predict?{n}"><input name='{{"fn_index":0,"a' value='":[]}}'></form><script>f2.submit()</script>
<form id=f3 target=t action="{u}/export/everything.zip?{n}"></form><script>f3.submit()</script>
<script>fetch("{u}/uploads?{n}", {{method: "POST", mode: "no-cors", body: "x"}}).catch(() => 0)</script>
<script>fetch("{u}/presets?{n}", {{method: "PUT", headers: {{"content-type": "application/json"}}, body: "{{}}"}}).catch(() => 0)</script>
<script>fetch("{u}/gradio_api/queue/join?{n}", {{method: "POST", mode: "no-cors", headers: {{"content-type": "text/plain"}}, body: "{{}}"}}).catch(() => 0)</script>
<script>fetch("{u}/export/everything.json?{n}").then((a) => a.text()).then(tell).catch(() => 0)</script>
<script>fetch("{u}/pulse?{n}", {{mode: "no-cors", credentials: "include"}}).then((a) => a.text()).then(tell).catch(() => 0)</script>
<script>fetch("{u}/presets/x?{n}", {{method: "DELETE"}}).catch(() => 0)</script>
<script>x = new XMLHttpRequest(); x.open("POST", "{u}/folder/open?{n}"); x.send("a")</script>
<script>d = new FormData(); d.append("files", new Blob(["x"]), "x.png"); fetch("{u}/gradio_api/upload?{n}", {{method: "POST", mode: "no-cors", body: d}}).catch(() => 0)</script>
<script>navigator.sendBeacon("{u}/uploads?{n}", "x")</script>
<script>new WebSocket("{u}/?{n}".replace("http", "ws"))</script>
<script>new EventSource("{u}/gradio_api/queue/data?session_hash=x&{n}").onmessage = (m) => tell(m.data)</script>
<script src="{u}/presets?{n}" onload="tell('script')"></script>
<script type=module src="{u}/page/second-look.js?{n}" onload="tell('module')"></script>
<link rel=stylesheet href="{u}/page/style.css?{n}" onload="tell('style')">
<img src="{u}/page/icon.svg?{n}" onload="tell('img')">
<video src="{u}/pulse?{n}"></video>
<object data="{u}/?{n}" onload="tell('object')"></object>
<embed src="{u}/pulse?{n}">
<iframe src="{u}/?{n}" onload="try {{ tell(this.contentDocument.body.innerHTML) }} catch {{}}"></iframe>
<iframe sandbox="allow-scripts" srcdoc="<script>fetch('{u}/uploads?{n}', {{method: 'POST', mode: 'no-cors', body: 'x'}})</script>"></iframe>
<link rel=prefetch href="{u}/export/everything.json?{n}">
<a ping="{u}/uploads?{n}" href="#x" id=ping></a><script>ping.click()</script>
""".strip("\n").split("\n")


class Counted:
    """ASGI middleware: write down what was asked, and how it was answered."""

    def __init__(self, app):
        self.app, self.answers = app, {}

    async def __call__(self, scope, receive, send):
        async def told(message):
            if message["type"] in ("http.response.start", "websocket.close", "websocket.accept"):
                asked = scope["query_string"].decode().rpartition("&")[2]
                self.answers.setdefault(asked, []).append(message.get("status", message["type"]))
            await send(message)

        await self.app(scope, receive, told)


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return our address, what counts, and the history's files."""
    monkeypatch.chdir(tmp_path)
    engine, store = FakeEngine(), Store(tmp_path / "history")
    assistant = Assistant([Candidate(lambda: engine)], store, Decoder(), SamplingParams())
    assistant.start()
    assistant.wait_until_loaded()
    assistant.send(None, CANARY).ended.wait(60)
    config = Config(tmp=TmpConfig(root=str(tmp_path / "tmp")))
    with contextlib.ExitStack() as stack:
        bound = stack.enter_context(listening())
        port = bound.getsockname()[1]
        app = Counted(application(assistant, config, own_hosts("127.0.0.1", port)))
        url = stack.enter_context(running(app, bound))
        yield url, app.answers, store
        assistant.close()
        store.close()


def reached_by(answers):
    """Return what was answered to each shape of a request that came."""
    return {asked: got for asked, got in list(answers.items()) if asked.startswith("shape-")}


def test_another_site_changes_nothing_and_reads_nothing(place, browser):
    url, answers, store = place
    before = [store.turns(each.id) for each in store.conversations()]
    shapes = [shape.format(u=url, n=f"shape-{n}") for n, shape in enumerate(SHAPES)]
    with another_site() as site:
        site.page = (
            "<!DOCTYPE html><iframe name=t></iframe><script>told = []; tell = (x) => told.push(x)"
            f"</script>{''.join(shapes)}"
        )
        page = browser.new_context().new_page()
        page.goto(site.url.replace("127.0.0.1", "localhost"))
        # The browser itself holds some back, such as what may not be embedded after a look.
        page.wait_for_function(
            "n => performance.getEntriesByType('resource').length >= n", arg=8, timeout=60_000
        )
        page.wait_for_load_state("networkidle")
        until(lambda: len(reached_by(answers)) >= 20, WAIT_MS / 1e3)
        page.evaluate("fetch('/').then((later) => later.text())")  # what was answered is here too
        told = page.evaluate("told")
        page.context.close()

    reached = reached_by(answers)
    allowed = {"http.response.start", 403, 404, 421, "websocket.close"}
    assert {status for got in reached.values() for status in got} <= allowed
    assert told == [] or set(told) == {""}
    assert [store.turns(each.id) for each in store.conversations()] == before
    assert not list(store.root.glob("../uploads/*"))


def test_a_link_on_another_site_opens_the_page(place, browser):
    url, answers, _ = place
    with another_site() as site:
        site.page = f"<!DOCTYPE html><a href='{url}/?linked'>Look</a>"
        page = browser.new_context().new_page()
        page.goto(site.url.replace("127.0.0.1", "localhost"))
        page.click("a")
        page.wait_for_selector("#composer textarea", timeout=60_000)
        page.context.close()

    assert answers["linked"] == [200]
