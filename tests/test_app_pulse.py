"""What a tab is told of its conversation, every few seconds."""

import os
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.pulse import Pulse, pulse_routes


@pytest.fixture
def conversation(store):
    made = store.create("name").id
    store.finish(made, replace(store.append(made, prompt="?"), reply="!", finish_reason="stop"))
    return made


@pytest.mark.parametrize("name", ["\0", "..", ".trash", "a" * 5_000, "20260101-000000-aaaa"])
def test_what_is_no_conversation_has_no_stamp(store, conversation, name):
    app = FastAPI()
    app.include_router(pulse_routes(Pulse(store)))

    with TestClient(app) as client:
        answer = client.get("/pulse", params={"c": name})

    assert (answer.status_code, answer.json()["stamp"]) == (200, "")


def test_a_change_that_its_folders_time_does_not_show_is_told(store, conversation):
    pulse, folder = Pulse(store), store.root / conversation
    before, time = pulse.stamps(conversation).turns, folder.stat()

    store.rename(conversation, "another")
    os.utime(folder, ns=(time.st_atime_ns, time.st_mtime_ns))  # as a coarse clock has it

    assert pulse.stamps(conversation).turns not in ("", before)


def test_a_correction_is_told_apart_from_what_else_a_tab_shows(store, conversation):
    pulse = Pulse(store)
    before = pulse.beat(conversation)

    store.correct(conversation, 1, {"receipts.0.total": "8.16"})

    now = pulse.beat(conversation)
    assert now["stamp"] == before["stamp"] != ""
    assert now["corrections"] not in ("", before["corrections"])


def test_what_has_not_changed_for_long_is_read_once(store, conversation, monkeypatch):
    pulse, read = Pulse(store), []
    os.utime(store.root / conversation, (1, 1))
    monkeypatch.setattr(pulse, "_read", lambda name: read.append(name) or "stamp")

    assert [pulse.stamps(conversation) for _ in range(3)] == ["stamp"] * 3
    assert len(read) == 1
