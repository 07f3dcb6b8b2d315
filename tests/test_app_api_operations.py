"""``/healthz`` and ``/metrics``."""

import threading

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api_lab import WAIT_S, Gate, programs_served
from vision.errors import EngineFailed, EngineUnavailable
from vision.fake import FakeEngine


class NoCard(EngineUnavailable):
    text = "There is no card."
    way_out = "Buy one."


class Broken(EngineFailed):
    text = "It broke."


@pytest.fixture
def served_by(assistant_with, tmp_path):
    """Return a function that serves an engine; it returns a function that gets a path."""
    stack = []

    def start(engine, *, loaded=True):
        assistant = assistant_with(engine, loaded=loaded)
        serving = programs_served(assistant, tmp_path)
        url = serving.__enter__()
        stack.append(serving)

        def get(path):
            return httpx.get(url + path)

        get.url, get.assistant = url, assistant
        return get

    yield start
    for serving in stack:
        serving.__exit__(None, None, None)


def figures(get):
    """Return the value of each figure, by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(get("/metrics").text)
        for sample in family.samples
    }


def ask(get, text="?"):
    body = {"model": "second-look", "messages": [{"role": "user", "content": text}]}
    return httpx.post(f"{get.url}/v1/chat/completions", json=body)


def test_health_is_good_when_prompts_are_answered(served_by):
    answer = served_by(FakeEngine())("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready", "engine": "fake", "model": "script", "waiting": 0, "reason": "",
    }  # fmt: skip


class Loading(FakeEngine):
    def __init__(self, until):
        super().__init__()
        self._until = until

    def load(self, report):
        assert self._until.wait(WAIT_S)
        super().load(report)


def test_health_is_bad_while_the_engine_loads(served_by):
    loaded = threading.Event()
    get = served_by(Loading(loaded), loaded=False)

    loading, refused = get("/healthz"), ask(get)
    loaded.set()
    get.assistant.wait_until_loaded()

    assert (loading.status_code, loading.json()["status"]) == (503, "loading")
    assert refused.status_code == 503
    assert refused.json()["error"]["message"].startswith("The engine is still loading.")
    assert get("/healthz").status_code == 200


class Failing(FakeEngine):
    def load(self, report):
        raise NoCard


def test_health_says_why_there_is_no_engine(served_by):
    get = served_by(Failing())

    answer, refused = get("/healthz"), ask(get)

    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert "There is no card." in answer.json()["reason"]
    assert refused.status_code == 503
    assert "There is no card." in refused.json()["error"]["message"]


def test_turns_are_counted_by_engine_and_end(served_by):
    get = served_by(FakeEngine(["Yes.", Broken(), "Yes."]))

    ask(get), ask(get), ask(get)

    found = figures(get)
    assert found["second_look_turns_total", "fake", "stop"] == 2
    assert found["second_look_turns_total", "fake", "error"] == 1


def test_turns_of_the_page_are_counted_too(served_by):
    get = served_by(FakeEngine(["Yes."]))
    get.assistant.send(None, "?").ended.wait(WAIT_S)
    ask(get)

    assert figures(get)["second_look_turns_total", "fake", "stop"] == 2


def test_tokens_are_counted_by_kind(served_by):
    get = served_by(FakeEngine(["12345678"], piece=4))

    ask(get, "12345678")

    found = figures(get)
    assert found["second_look_tokens_total", "fake", "prompt"] == 2
    assert found["second_look_tokens_total", "fake", "new"] == 2


def test_the_time_to_the_first_token_is_measured(served_by):
    get = served_by(FakeEngine(["Yes."]))

    ask(get)

    found = figures(get)
    assert found["second_look_first_token_seconds_count", "fake"] == 1
    assert found["second_look_first_token_seconds_sum", "fake"] < WAIT_S


def test_the_queue_is_as_long_as_it_is(served_by):
    gate = Gate()
    get = served_by(FakeEngine(["A long reply."], pace=gate))
    runs = [get.assistant.send(None, "?") for _ in range(3)]
    assert gate.reached.wait(WAIT_S)

    waiting = figures(get)["second_look_queue_length",]
    gate.open.set()
    assert all(run.ended.wait(WAIT_S) for run in runs)

    assert waiting == 3
    assert figures(get)["second_look_queue_length",] == 0


def test_memory_is_told_by_bucket(served_by):
    found = figures(served_by(FakeEngine()))

    assert found["second_look_memory_bytes", "process", "host"] > 1 << 20
    assert found["second_look_memory_total_bytes", "host"] > 1 << 30
