"""``python -m history``: each command, as text and as JSON, with its exit code."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import history
from history import ImageRef, Store
from history.cli import main

PICTURE = b"bytes of a picture"
IMAGE = ImageRef(hashlib.sha256(PICTURE).hexdigest(), "png", 4, 3, "shot.png")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "history")


@pytest.fixture
def conversation(store):
    conversation = store.create("Groceries").id
    store.put_image(PICTURE, IMAGE.sha256, "png")
    for prompt, reply in (("Total?", "12.50 咖啡"), ("A page", "```html\n<p>x</p>\n```")):
        images = [IMAGE] if prompt == "Total?" else []
        turn = store.append(conversation, prompt=prompt, images=images, job="receipt")
        fields = {"total": "12.50"} if images else {}
        done = replace(turn, reply=reply, finish_reason="stop", fields=fields, latency_ms=3.5)
        store.finish(conversation, done)
    return conversation


@pytest.fixture
def run(store, capsys):
    """Return a runner of a command: its exit code, and what it printed."""

    def ran(*words):
        code = main([*map(str, words), "--root", str(store.root)])
        return code, capsys.readouterr().out

    return ran


@pytest.fixture
def told(run):
    """Return a runner of a command that succeeds: the JSON that it printed."""

    def ran(*words):
        code, out = run(*words, "--json")
        assert code == 0
        return json.loads(out)

    return ran


def test_list_shows_conversations(run, told, store, conversation):
    store.pin(conversation)
    store.tag(conversation, ["food"])

    [listed] = told("list")
    assert (listed["id"], listed["turns"], listed["tags"]) == (conversation, 2, ["food"])
    code, out = run("list")
    assert code == 0
    assert f"{conversation}  " in out
    assert "* Groceries  #food" in out


def test_show_prints_a_conversation_or_a_turn(run, told, conversation):
    assert len(told("show", conversation)["turns"]) == 2
    assert told("show", f"{conversation}/1")["turns"][0]["model_output"] == "12.50 咖啡"
    assert "> [shot.png] Total?\n\n12.50 咖啡" in run("show", conversation)[1]


def test_search_prints_hits(run, told, conversation):
    [hit] = told("search", "咖啡", "--job", "receipt", "--picture", "--total-from", "10")
    assert (hit["conversation_id"], hit["turn_id"], hit["where"]) == (conversation, 1, "reply")
    assert f"{conversation}/1  Groceries\n    12.50 咖啡" in run("search", "咖啡")[1]
    assert told("search", "nowhere") == []


@pytest.mark.parametrize("ending", ["zip", "json", "md", "html"])
def test_export_writes_a_file(told, conversation, tmp_path, ending):
    done = told("export", conversation, "--out", tmp_path / f"out.{ending}")

    assert (done["turns"], done["path"]) == (2, str(tmp_path / f"out.{ending}"))
    assert (tmp_path / f"out.{ending}").stat().st_size > 100


def test_import_takes_it_over(run, told, store, conversation, tmp_path):
    told("export", "--out", tmp_path / "out.zip")
    told("delete", conversation)

    assert "would be added" in run("import", tmp_path / "out.zip", "--dry-run")[1]
    assert store.conversations() == []
    assert told("import", tmp_path / "out.zip")["conversations"] == {conversation: conversation}
    assert f"skipped {conversation}: it is here" in run("import", tmp_path / "out.zip")[1]


def test_rename_names_pins_then_tags(told, conversation):
    assert told("rename", conversation, "Food")["title"] == "Food"
    assert told("rename", conversation, "--pin", "--tags", "a", "b")["tags"] == ["a", "b"]
    shown = told("rename", conversation, "--no-pin", "--tags")
    assert (shown["title"], shown["pinned"], shown["tags"]) == ("Food", False, [])


def test_delete_moves_to_the_trash_whence_undo_brings_it_back(told, store, conversation):
    gone = told("delete", f"{conversation}/1")
    assert [turn.id for turn in store.turns(conversation)] == [2]

    assert [each["id"] for each in told("undo", "--list")] == [gone["id"]]
    assert told("undo") == gone
    assert [turn.id for turn in store.turns(conversation)] == [1, 2]


def test_verify_says_by_its_exit_code_whether_all_is_well(run, store, conversation, tmp_path):
    assert run("verify")[0] == 0

    (store.root / conversation / "0001.json").write_bytes(b"{")
    code, out = run("verify", "--json")
    assert code == 1
    [fault] = json.loads(out)["faults"]
    assert fault["file"] == f"{conversation}/0001.json"

    assert main(["verify", "--root", str(tmp_path / "nowhere")]) == 2


def test_repair_mends_only_when_told_to(run, told, store, conversation):
    (store.root / conversation / "0001.json").write_bytes(b"{")

    assert "--apply" in run("repair")[1]
    assert run("verify")[0] == 1
    assert told("repair", "--apply")["applied"] is True
    assert run("verify")[0] == 0


def test_gc_removes_what_nothing_refers_to(told, store, conversation):
    told("delete", conversation)

    assert told("gc", "--dry-run", "--days", "0")["trash"] == 1
    assert store.has_image(IMAGE)
    assert told("gc", "--days", "0")["trash"] == 1
    assert not store.has_image(IMAGE)


def test_what_was_found_goes_to_files(told, conversation, tmp_path):
    assert told("receipts", "--out", tmp_path / "a.csv")["rows"][0]["total"] == "12.50"
    assert told("receipts", conversation, "--out", tmp_path / "a.xlsx")["rows"]
    [page] = told("pages", "--out", tmp_path / "pages")["files"]
    assert Path(page).read_text() == "<p>x</p>\n"
    assert len(told("plot", f"{conversation}/1", "--out", tmp_path / "p.png")["turns"]) == 1
    assert {"a.csv", "a.xlsx", "p.png", "p.svg"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "words",
    [["show", "x"], ["show", "20260214-093012-k3f9"], ["show", "../.."], ["delete", "a/b"],
     ["undo"], ["undo", "../x"], ["replay", "20260214-093012-k3f9"], ["export", "--out", "x.pdf"],
     ["import", __file__]],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_sentence(words, store, capsys):
    assert main([*words, "--root", str(store.root), "--json"]) == 1

    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert json.loads(said.out)["error"]["code"]
    assert "Traceback" not in said.err


def test_a_file_that_is_not_there_is_said_to_be(store, capsys, tmp_path):
    assert main(["import", str(tmp_path / "x.zip"), "--root", str(store.root)]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_command_that_is_none_ends_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2


def program(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "history", *map(str, words)],
        env={"PYTHONPATH": str(Path(history.__file__).parents[1]), **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_runs_as_a_program_while_another_writes(store, conversation):
    store.append(conversation, prompt="under way")

    done = program("list", "--root", store.root)

    assert (done.returncode, "Groceries" in done.stdout) == (0, True)


def test_a_terminal_that_knows_no_chinese_is_no_reason_to_fail(store, conversation):
    done = program("show", conversation, "--root", store.root, PYTHONIOENCODING="ascii")

    assert (done.returncode, "12.50 ??" in done.stdout) == (0, True)


def test_replay_hands_over_to_the_application(store, conversation, monkeypatch):
    ran = []

    def execv(*words):
        ran.append(words)
        raise SystemExit(0)

    monkeypatch.setattr("os.execv", execv)

    with pytest.raises(SystemExit):
        main(["replay", f"{conversation}/2", "--root", str(store.root), "--json"])

    assert ran == [(
        sys.executable,
        [sys.executable, "-m", "app", "replay", f"{conversation}/2", "--json", "--root",
         str(store.root)],
    )]  # fmt: skip
