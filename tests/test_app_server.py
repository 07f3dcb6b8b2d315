"""A whole assistant with its model on a server: what is saved, and what a user is told."""

import json
import re
from itertools import repeat
from pathlib import Path

import pytest
import yaml

from app.cli import main
from app.condition import Condition
from app.config import load
from app.page.i18n import Words
from app.page.panels import where
from bench.scripted_server import MODEL, ScriptedServer, cuts, fails, hangs, says
from tests.server_lab import QUICK, until
from vision.beside import WithReader
from vision.engine import Status
from vision.fake import FakeEngine
from vision.server import asking
from vision.server.access import KEY_VARIABLE, address_of
from vision.server.engine import ServerEngine
from vision.settings import EngineSettings

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
USAGE = {
    "prompt_tokens": 50,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 40},
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(asking, "PAUSES_S", (0.01, 0.02))


@pytest.fixture
def assistant_at(assistant_with, decoder):
    """Return a function that starts an assistant whose model is at an address."""

    def start(url, **settings):
        made = EngineSettings(url=url, **{**QUICK, **settings})
        return assistant_with(WithReader(ServerEngine(made, decoder, look_s=0.05), decoder))

    return start


def ended(run):
    assert run.ended.wait(60)
    return run.snapshot().turn


def test_a_turn_says_which_server_and_model_replied_at_what_cost(assistant_at, store):
    with ScriptedServer([says("Hel", "lo", usage=USAGE)]) as server:
        run = assistant_at(server.url).send(None, "Hi")
        ended(run)

    [turn] = store.turns(run.conversation_id)
    assert (turn.reply, turn.engine, turn.model) == ("Hello", "server", MODEL)
    assert (turn.usage["prompt_tokens"], turn.usage["cached_tokens"]) == (50, 40)


def test_what_there_is_of_a_cut_reply_is_saved_with_the_reason(assistant_at, store):
    with ScriptedServer([cuts("Hel", "lo")]) as server:
        run = assistant_at(server.url).send(None, "Hi")
        ended(run)

    [turn] = store.turns(run.conversation_id)
    assert (turn.reply, turn.finish_reason) == ("Hello", "error")
    assert turn.error["code"] == "ReplyCut"
    assert "the connection was lost" in turn.error["text"]


def test_a_stopped_reply_keeps_its_text_and_frees_the_server(assistant_at, store):
    with ScriptedServer([hangs("Hel"), says("next")]) as server:
        assistant = assistant_at(server.url)
        run = assistant.send(None, "Hi")
        until(lambda: run.reply == "Hel")

        assistant.stop(run.conversation_id)

        assert server.prompts[0].left.wait(60)
        assert (ended(run).reply, ended(run).finish_reason) == ("Hel", "cancelled")
        assert ended(assistant.send(None, "Again")).reply == "next"


def test_the_key_is_in_nothing_that_is_saved(assistant_at, store, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
    refusal = fails(400, {"error": {"message": "no model for sk-secret"}})
    with ScriptedServer([says("ok"), refusal, refusal]) as server:
        assistant = assistant_at(server.url)
        for _ in range(2):
            ended(assistant.send(None, "Hi"))

    assert len(server.prompts) >= 2
    saved = [path.read_bytes() for path in store.root.rglob("*") if path.is_file()]
    assert saved
    assert not any(b"sk-secret" in content for content in saved)


def test_a_server_that_is_started_after_the_page_needs_no_restart(assistant_at):
    with ScriptedServer() as server:
        pass
    assistant = assistant_at(server.url)
    assert assistant.condition().status.state == "failed"
    assert "cannot be reached" in str(assistant.condition().failure)

    with ScriptedServer(repeat(says("ok")), port=server.port):
        until(lambda: assistant.condition().ready)

        assert assistant.condition().failure is None
        assert ended(assistant.send(None, "Hi")).reply == "ok"


def test_a_server_that_went_away_leaves_the_composer_open(assistant_at):
    with ScriptedServer(repeat(says("ok"))) as server:
        assistant = assistant_at(server.url)
        ended(assistant.send(None, "Hi"))
    turn = ended(assistant.send(None, "Hi"))

    assert (turn.finish_reason, turn.error["code"]) == ("error", "ServerUnreachable")
    assert assistant.condition().status.state == "unloaded"  # the next prompt looks for it

    with ScriptedServer(repeat(says("ok")), port=server.port):
        assert ended(assistant.send(None, "Hi")).reply == "ok"


@pytest.mark.parametrize(
    ("engine", "device", "stays"),
    [
        ("server", "https://gpu.lan:8000", False),
        ("server", "http://192.168.1.9:8000", False),
        ("server", "http://127.0.0.1:8000", True),
        ("server", "http://localhost:8000", True),
        ("reader", "cpu", True),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_where_pictures_go(engine, device, stays, language):
    status = Status(engine, "ready", device=device)
    condition = Condition(status, FakeEngine.capabilities, (), None)

    told = [where(key, condition, Words(language)) for key in ("hint", "subline")]

    assert all((device in sentence) is not stays for sentence in told)


def test_a_prompt_from_the_command_line_goes_to_the_server(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with ScriptedServer([says("Hello", usage=USAGE)]) as server:
        code = main(["ask", "--engine", "server", "--url", server.url, "--json", "Hi"])

    turn = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (turn["model_output"], turn["engine"], turn["model"]) == ("Hello", "server", MODEL)


def test_the_command_line_says_that_a_server_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    code = main(["ask", "--engine", "server", "--url", "http://127.0.0.1:9/v1", "Hi"])

    assert code == 1
    assert "http://127.0.0.1:9 cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("snippet", re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL))
def test_the_guides_configs_are_configs(snippet, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(snippet)

    engine = load(file).engine

    assert engine.kind == "server"
    assert address_of(engine.url).loopback


def test_compose_publishes_nothing_beyond_this_machine():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    published = [port for service in services.values() for port in service["ports"]]

    assert {port.split(":")[0] for port in published} == {"127.0.0.1"}
