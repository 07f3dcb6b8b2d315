"""Two users of one server: what the one has, the other can neither see, stop, change nor delete."""

import contextlib
import hashlib
import re
import shutil
import threading

import httpx
import pytest

from app.assistant import Assistant
from app.clear import Clearing
from app.config import ClearConfig
from app.engines import Candidate
from app.errors import EngineShared, StillReplying
from app.intake import Upload
from app.tmp_folder import TmpFolder
from history import NotFound, Store
from tests.access_lab import PASSWORDS, accounts_at, signed_in, users_served
from tests.api_lab import WAIT_S
from tests.conftest import RECEIPT, drawn
from tests.server_lab import until
from vision.engine import Released, SamplingParams
from vision.fake import FakeEngine
from vision.images import Decoder

CANARY = "heron-4711"  # in all that anna has: her words, her pictures' names, her tags
SECRET = drawn((*RECEIPT, CANARY))


class Held(FakeEngine):
    """Replies at once, but to a prompt that says "hold": that waits until it may go on."""

    def __init__(self):
        super().__init__(["That is what you said."])
        self.reached, self.go_on, self.released = threading.Event(), threading.Event(), []

    def stream(self, prompt, params, cancel):
        if "hold" in prompt.messages[-1].text:
            self.reached.set()
            assert self.go_on.wait(WAIT_S * 6)
        yield from super().stream(prompt, params, cancel)

    def release(self, level, conversation=None):
        self.released.append((level, conversation))
        return Released(level, {}, {}, 0.0)


class Server:
    """A server for anna and bob; anna has a conversation, a picture, a draft, a preset."""

    def __init__(self, served, engine, folder, assistant, stack):
        self.url, self.routes = served.url, served.routes
        self.engine, self.folder, self.assistant = engine, folder, assistant
        self.anna, self.bob = (
            stack.enter_context(contextlib.closing(signed_in(self.url, name)))
            for name in ("anna", "bob")
        )
        self.conversation = ""
        headers = {"x-name": f"{CANARY}.png"}
        [self.draft] = self.anna.post("/uploads", content=SECRET, headers=headers).json()["files"]
        self.conversation = self.send(self.anna, f"{CANARY} ?", self.draft)
        [self.draft] = self.anna.post("/uploads", content=SECRET, headers=headers).json()["files"]
        preset = {"name": CANARY, "prompt": CANARY, "job": None}
        self.preset = self.anna.put("/presets", json=preset).json()
        self.sha256 = hashlib.sha256(SECRET).hexdigest()

    def events(self):
        return self.anna.get("/config").json()["dependencies"]

    def parts(self):
        return self.anna.get("/config").json()["components"]

    def call(self, client, event, detail, session="tab"):
        """Call one of the page's functions from a tab that shows anna's conversation."""
        detailed = {part["id"] for part in self.parts() if part["type"] == "radio"}
        return client.post(
            "/gradio_api/run/predict",
            json={
                "fn_index": event["id"],
                "data": [
                    "auto" if each in detailed else self.conversation for each in event["inputs"]
                ],
                "event_data": detail,
                "session_hash": session,
                "trigger_id": event["targets"][0][0] if event["targets"] else None,
            },
        )

    def send(self, client, text, *files):
        event = self.event("send")
        before = self.conversations(client)
        detail = {"draft": {"text": text, "files": files}}
        assert self.call(client, event, detail).status_code == 200
        [made] = set(self.conversations(client)) - set(before)
        return made

    def anna_holds(self):
        """Have anna send what the engine is to hold; return its run."""
        self.engine.reached.clear()
        self.engine.go_on.clear()
        event = self.event("send")
        self.call(self.anna, event, {"draft": {"text": f"hold {CANARY}"}}, session="other")
        assert self.engine.reached.wait(WAIT_S)
        [run] = self.assistant._runs.all()
        return run

    def event(self, name):
        return next(each for each in self.events() if each["api_name"] in (name, f"page_{name}"))

    def conversations(self, client):
        kept = client.get("/export/everything.json")
        return re.findall(r"[0-9]{8}-[0-9]{6}-[0-9a-z]{4}", kept.text)

    def kept(self):
        """Return all files that anna has, with their content."""
        own = (self.folder / "history" / "users" / "anna").rglob("*")
        return {
            path: path.read_bytes() for path in own if path.is_file() and ".index" not in path.parts
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("users")
    engine, decoder = Held(), Decoder()
    store = Store(folder / "history")
    assistant = Assistant([Candidate(lambda: engine)], store, decoder, SamplingParams())
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.chdir(folder)
        assistant.start()
        assistant.wait_until_loaded()
        served = stack.enter_context(users_served(assistant, folder, api=True, mcp=True))
        server = Server(served, engine, folder, assistant, stack)
        yield server
        engine.go_on.set()
    assistant.close()


def test_who_owns_it_sees_it(server):
    turn = f"{server.conversation}/1"

    seen = {
        path: server.anna.get(path)
        for path in (
            f"/pictures/{server.sha256}.png", f"/uploads/{server.draft['id']}.webp",
            f"/export/{server.conversation}.json", f"/turn/{turn}", f"/inside/{turn}", "/presets",
        )
    }  # fmt: skip

    assert {path: answer.status_code for path, answer in seen.items()} == dict.fromkeys(seen, 200)
    assert CANARY in seen[f"/turn/{turn}"].text
    assert CANARY in seen["/presets"].text


# Streams that have no end; what they say is asked for below.
ACTIONS = ("delete", "undo")
LEVELS = ("deep", "unload")
STREAMS = ("/gradio_api/heartbeat/{session_hash}", "/gradio_api/queue/data")
# These wait for the engine, which anna's reply has.
WAITING = ("receipt", "follow")
FILLS = {
    "c": "{conversation}", "conversation": "{conversation}", "turn": "1", "number": "1",
    "what": "{conversation}", "format": "json", "sha256": "{sha256}", "upload_id": "{draft}",
    "name": "mine", "act": "stop", "path:path": "index.js", "model:path": "second-look",
    "api_name": "predict", "event_id": "{conversation}", "session_hash": "tab", "run": "1",
    "component_id": "1", "segment_id": "1", "ext": "ts", "id": "1", "environment": "client",
    "type": "component", "file_name": "a", "size": "1", "key": "x", "url_path:path": "x",
    "path_or_url:path": "{folder}/history/users/anna/presets.json",
}  # fmt: skip


def test_no_route_gives_one_user_anything_of_another(server):
    own = {
        "conversation": server.conversation,
        "sha256": server.sha256,
        "draft": server.draft["id"],
        "folder": str(server.folder),
    }
    # What is asked for does not say what is looked for: some answers repeat it.
    body = {"name": server.conversation, "tag": server.conversation, "event_id": "x",
            "session_hash": "tab", "fn_index": 0, "data": [server.conversation],
            "html": "<p>mine</p>", "path": "title",
            "conversation": server.conversation, "turn": 1, "model": "second-look",
            "messages": [{"role": "user", "content": "?"}], "prompt": "?"}  # fmt: skip
    asked = {"c": server.conversation, "tag": "uploads", "ids": server.conversation, "turn": 1,
             "session_hash": "tab"}  # fmt: skip
    headers = {"x-second-look-conversation": server.conversation, "x-name": "a.png"}
    before, answers = server.kept(), []

    for method, template in sorted(server.routes):
        if template in STREAMS:
            continue
        path = re.sub(r"{([^}]*)}", lambda found: FILLS[found[1]].format(**own), template)
        for ending in ("png", "csv", "html") if "{format}" in template else ("",):
            given = re.sub(r"\.json$", f".{ending}", path) if ending else path
            answers.append(
                server.bob.request(method, given, params=asked, json=body, headers=headers)
            )

    assert len(answers) >= 120
    assert [answer.url.path for answer in answers if CANARY in answer.text] == []
    assert [answer.url.path for answer in answers if SECRET in answer.content] == []
    assert server.kept() == before


def test_every_event_of_the_page_leaves_another_user_alone(server):
    conversation, files = server.conversation, [{"id": server.draft["id"], "name": "a.png"}]
    details = [
        {"id": conversation, "action": action, "turn": 1, "title": "mine", "pinned": True,
         "tags": "mine", "text": "more",
         "draft": {"place": conversation, "text": "more", "files": files},
         "level": level, "confirmed": True, "keep": "mine", "trash": conversation, "turns": 1,
         "skipped": 0, "query": "heron", "kind": "fake", "job": "receipt"}
        for action, level in zip(ACTIONS, LEVELS, strict=True)
    ]  # fmt: skip
    before = server.kept()
    snapshot = server.folder / "tmp" / "kv" / "hers.safetensors"
    snapshot.parent.mkdir(exist_ok=True)
    snapshot.touch()
    held = server.anna_holds()

    answers = [
        server.call(server.bob, event, detail)
        for event in server.events()
        if event["api_name"].removeprefix("page_").rstrip("_0123456789") not in WAITING
        for detail in details
    ]

    assert not any(CANARY in answer.text for answer in answers)
    assert not held.cancel.is_set()
    assert not held.ended.is_set()
    server.engine.go_on.set()
    assert held.ended.wait(WAIT_S)
    server.assistant.with_engine(lambda _: None).result(WAIT_S)  # after bob's clears
    assert server.anna.get(f"/uploads/{server.draft['id']}.webp").status_code == 200
    assert snapshot.exists()
    assert held.snapshot().turn.finish_reason == "stop"
    after = server.kept()
    assert {path: after.get(path) for path in before} == before


def test_another_s_tab_gives_nothing_of_what_it_shows(server):
    """``session_hash`` is chosen by the browser: bob takes the one of anna's tab."""
    server.call(server.anna, server.event("open"), {"id": server.conversation}, session="hers")
    hers = server.call(server.anna, server.event("tick"), {}, session="hers")
    his = server.call(server.bob, server.event("tick"), {}, session="hers")

    assert CANARY in hers.text
    assert CANARY not in his.text


def test_a_program_adds_to_no_other_user_s_conversation(server):
    token = accounts_at(server.folder, {}).new_token("bob")
    headers = {
        "authorization": f"Bearer {token}",
        "x-second-look-conversation": server.conversation,
    }
    asked = {"model": "second-look", "messages": [{"role": "user", "content": "?"}]}

    answer = httpx.post(f"{server.url}/v1/chat/completions", json=asked, headers=headers)

    assert answer.status_code == 404
    del headers["x-second-look-conversation"]
    assert httpx.post(f"{server.url}/v1/chat/completions", json=asked, headers=headers).is_success


# Of one assistant, shared


@pytest.fixture
def shared(tmp_path):
    """Return the engine and, for each user, an assistant that shares it."""
    engine = Held()
    root = Assistant(
        [Candidate(lambda: engine)], Store(tmp_path / "h"), Decoder(), SamplingParams()
    )
    root.start()
    root.wait_until_loaded()
    users = {name: root.of(name, Store(tmp_path / name)) for name in PASSWORDS}
    yield engine, users["anna"], users["bob"]
    engine.go_on.set()
    root.close()


def twins(anna, bob):
    """Give both users a conversation of the same name; return it."""
    conversation = anna.store.create("Twin").id
    (anna.store.root / conversation).parent.mkdir(exist_ok=True)
    shutil.copytree(anna.store.root / conversation, bob.store.root / conversation)
    return conversation


def test_conversations_of_one_name_are_replied_to_apart(shared):
    engine, anna, bob = shared
    conversation = twins(anna, bob)

    runs = [anna.send(conversation, "hold anna"), bob.send(conversation, "bob")]
    bob.stop(conversation)
    assert engine.reached.wait(WAIT_S)
    assert anna.run(conversation) is runs[0]
    with pytest.raises(StillReplying):
        anna.send(conversation, "again")
    engine.go_on.set()

    assert all(run.ended.wait(WAIT_S) for run in runs)
    assert [run.snapshot().turn.finish_reason for run in runs] == ["stop", "cancelled"]
    assert [turn.prompt for turn in anna.store.turns(conversation)] == ["hold anna"]
    assert [turn.prompt for turn in bob.store.turns(conversation)] == ["bob"]


def test_the_engine_knows_conversations_of_one_name_apart(shared):
    engine, anna, bob = shared
    conversation = twins(anna, bob)

    for user in (anna, bob):
        assert user.send(conversation, "?").ended.wait(WAIT_S)

    assert [prompt.conversation for prompt in engine.prompts] == [
        f"anna/{conversation}", f"bob/{conversation}"
    ]  # fmt: skip


def test_all_users_wait_in_one_queue(shared):
    engine, anna, bob = shared
    first = anna.send(None, "hold")
    assert engine.reached.wait(WAIT_S)

    second = bob.send(None, "?")

    assert bob.waiting_before(second) == 1
    assert bob.waiting() == 2
    assert bob.run(first.conversation_id) is None
    engine.go_on.set()
    assert second.ended.wait(WAIT_S)
    assert first.ended.is_set()


@pytest.mark.parametrize("level", ["light", "medium", "deep"])
def test_a_clear_is_of_one_user(shared, tmp_path, level):
    engine, anna, bob = shared
    for user in (anna, bob):
        assert user.send(None, "?").ended.wait(WAIT_S)
    [own] = [each.id for each in bob.store.conversations()]
    with (
        TmpFolder(tmp_path / "tmp", shared=True) as hers,
        TmpFolder(tmp_path / "tmp", shared=True) as his,
    ):
        kept = [hers.uploads / "a.png", tmp_path / "tmp" / "kv" / "a.safetensors"]
        gone = his.exports / "b.png"
        for file in (*kept, gone):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x")

        Clearing(bob, his, ClearConfig()).start(level, own, confirmed=True).result(WAIT_S)

        assert all(file.exists() for file in kept)
        assert gone.exists() is (level != "deep")
    assert engine.released == [(level, f"bob/{own}")]  # his group, and no other
    assert len(anna.store.conversations()) == 1


@pytest.mark.parametrize("level", ["light", "medium", "deep"])
def test_a_clear_without_a_conversation_is_of_one_user_too(shared, tmp_path, level):
    engine, _, bob = shared
    with TmpFolder(tmp_path / "tmp", shared=True) as his:
        Clearing(bob, his, ClearConfig()).start(level, None, confirmed=True).result(WAIT_S)

    assert engine.released == [(level, "bob/")]


def test_no_user_takes_the_engine_from_the_others(shared, tmp_path):
    _, anna, _ = shared
    with TmpFolder(tmp_path / "tmp", shared=True) as tmp:
        clearing = Clearing(anna, tmp, ClearConfig())

        assert not anna.can_switch
        assert "unload" not in clearing.levels()
        with pytest.raises(EngineShared):
            anna.switch("reader")
        with pytest.raises(EngineShared):
            clearing.start("unload", None)


def test_a_user_is_told_of_their_own_turns_alone(shared):
    _, anna, bob = shared
    told = []
    bob.watch(told.append)

    for user in (anna, bob):
        assert user.send(None, f"of {user.owner}").ended.wait(WAIT_S)

    until(lambda: told)
    assert [turn.prompt for turn in told] == ["of bob"]


def test_a_picture_of_another_is_not_there(shared):
    _, anna, bob = shared
    run = anna.send(None, "?", [Upload("a.png", SECRET)])
    assert run.ended.wait(WAIT_S)
    sha256 = hashlib.sha256(SECRET).hexdigest()

    assert anna.store.image_path(sha256, "png").is_file()
    assert not bob.store.thumbnail_path(sha256).exists()
    with pytest.raises(NotFound):
        bob.store.turns(run.conversation_id)
