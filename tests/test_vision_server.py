"""The engine against a server that does everything wrong that a server can do."""

import asyncio
import contextlib
import gc
import threading
import weakref
from itertools import repeat
from time import monotonic, perf_counter

import pytest

from bench.scripted_server import (
    MODEL,
    ScriptedServer,
    cuts,
    delta,
    fails,
    hangs,
    says,
    sends,
)
from tests.server_lab import HI, WAIT_S, collect, drawn, engine_at, stored, text_of, until
from vision.engine import Message, Prompt, SamplingParams
from vision.server import asking, faults, health
from vision.server.engine import ServerEngine
from vision.server.errors import (
    CannotGoOn,
    KeyRefused,
    ModelNotServed,
    ModelUnknown,
    NoModelServed,
    PromptTooLongThere,
    RefusedThere,
    ReplyCut,
    ServerBroke,
    ServerBusy,
    ServerSilent,
    ServerUnreachable,
)
from vision.server.tokens import scaled
from vision.settings import EngineSettings

USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 3,
    "total_tokens": 103,
    "prompt_tokens_details": {"cached_tokens": 90},
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Let tries follow each other sooner than they do."""
    monkeypatch.setattr(asking, "PAUSES_S", (0.01, 0.02))


# A reply


def test_a_reply_comes_in_the_servers_pieces(decoder):
    with ScriptedServer([says("Hel", "lo.")]) as server, engine_at(server.url, decoder) as engine:
        chunks = collect(engine)

    assert [chunk.text for chunk in chunks] == ["Hel", "lo.", ""]
    assert chunks[-1].finish_reason == "stop"


def test_the_cost_is_what_the_server_says(decoder):
    script = [says("a", "b", "c", usage=USAGE)]
    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        usage = collect(engine)[-1].usage

    assert (usage.prompt_tokens, usage.cached_tokens, usage.new_tokens) == (100, 90, 3)
    assert usage.first_token_ms > 0


def test_without_usage_the_pieces_are_counted(decoder):
    with ScriptedServer([says("a", "b")]) as server, engine_at(server.url, decoder) as engine:
        usage = collect(engine)[-1].usage

    assert (usage.prompt_tokens, usage.new_tokens) == (0, 2)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "stop"), ("eos", "stop")],
)
def test_a_reply_ends_for_a_reason_that_we_know(decoder, reason, expected):
    script = [says("a", finish=reason)]
    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        assert collect(engine)[-1].finish_reason == expected


def test_log_probabilities_are_reported_where_offered(decoder):
    tokens = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -0.25}]}
    script = [sends(delta("ab", logprobs=tokens), delta(finish="stop"))]

    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        last = collect(engine, logprobs=True)[-1]

    assert last.logprobs == (-0.5, -0.25)


@pytest.mark.parametrize(
    ("model", "grounds"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", True),
        ("qwen2.5vl:7b", True),
        ("Qwen/Qwen3-VL-8B-Instruct", False),  # per mille of the picture
        (MODEL, False),
    ],
)
def test_where_a_qwen_says_that_something_stands_is_told(decoder, tmp_path, model, grounds):
    picture = stored(tmp_path, drawn(width=300, height=600), max_pixels=28 * 28 * 50)
    wide, high = scaled(300, 600, 0, picture.max_pixels)
    reply = says('[{"bbox_2d": ', f'[0, 0, {wide}, {high // 2}], "label": "top"}}]')
    prompt = Prompt((Message("user", "Where?", (picture,)),))
    with (
        ScriptedServer([reply], models=[model]) as server,
        engine_at(server.url, decoder) as engine,
    ):
        last = collect(engine, prompt)[-1]

    found = {"found": [{"text": "top", "bbox": [0, 0, 300, 300], "image": 0}]}
    assert last.fields == (found if grounds else {})


def test_a_servers_thoughts_are_no_part_of_the_reply(decoder):
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]}
    script = [sends(thought, delta("Yes"), delta(finish="stop"))]

    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        assert text_of(engine) == "Yes"


def test_a_reply_that_takes_too_long_is_cut_off(decoder):
    with ScriptedServer([hangs("a")]) as server, engine_at(server.url, decoder) as engine:
        last = collect(engine, max_seconds=0.2)[-1]

        assert last.finish_reason == "length"
        assert server.prompts[0].left.wait(WAIT_S)


def test_a_reply_cannot_be_gone_on_with(decoder):
    prompt = Prompt((*HI.messages, Message("assistant", "Hel")), resume=True)
    with ScriptedServer() as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(CannotGoOn):
            collect(engine, prompt)

        assert server.prompts == []


# Cancelled


@pytest.mark.parametrize(
    ("answer", "pieces"),
    [
        pytest.param(hangs(headers=False), 0, id="before it answered"),
        pytest.param(hangs(), 0, id="before its first token"),
        pytest.param(hangs("a", "b"), 2, id="in the middle"),
    ],
)
def test_cancel_closes_the_connection_at_once(decoder, answer, pieces):
    with ScriptedServer([answer]) as server, engine_at(server.url, decoder) as engine:
        cancel = threading.Event()
        chunks = engine.stream(HI, SamplingParams(), cancel)
        for _ in range(pieces):
            next(chunks)
        reader = threading.Thread(target=lambda: ended.extend(chunks))
        ended = []
        reader.start()
        until(lambda: server.prompts)
        cancelled_at = perf_counter()
        cancel.set()
        reader.join(WAIT_S)

        assert server.prompts[0].left.wait(WAIT_S)
        assert server.prompts[0].left_at - cancelled_at < 1
        assert ended[-1].finish_reason == "cancelled"


def test_whoever_stops_reading_closes_the_connection(decoder):
    with ScriptedServer([hangs("a")]) as server, engine_at(server.url, decoder) as engine:
        chunks = engine.stream(HI, SamplingParams(), threading.Event())
        next(chunks)

        chunks.close()

        assert server.prompts[0].left.wait(WAIT_S)


def test_a_cancel_ends_the_wait_for_another_try(decoder, monkeypatch):
    monkeypatch.setattr(asking, "PAUSES_S", (60.0,))
    with (
        ScriptedServer([fails(500)]) as server,
        engine_at(server.url, decoder) as engine,
    ):
        cancel = threading.Event()
        threading.Thread(target=lambda: (until(lambda: server.prompts), cancel.set())).start()
        started = monotonic()

        chunks = list(engine.stream(HI, SamplingParams(), cancel))

        assert chunks[-1].finish_reason == "cancelled"
        assert monotonic() - started < 5


def test_unloading_ends_replies_that_other_threads_read(decoder):
    with ScriptedServer([hangs("a")]) as server, engine_at(server.url, decoder) as engine:
        chunks = engine.stream(HI, SamplingParams(), threading.Event())
        next(chunks)

        engine.unload()

        with pytest.raises(ReplyCut):
            next(chunks)
        assert server.prompts[0].left.wait(WAIT_S)


# Faults before any text: asked again


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fails(429), id="429"),
        pytest.param(fails(503), id="503"),
        pytest.param(fails(500), id="500"),
        pytest.param(fails(502, b"<html>Bad Gateway</html>"), id="502"),
        pytest.param(cuts(), id="dropped before it answered"),
        pytest.param(cuts(last=b"9\r\ndata: {"), id="dropped in the first event"),
        pytest.param(sends(), id="an empty stream"),
        pytest.param(sends(b"{not json"), id="no JSON"),
        pytest.param(sends(b"\xff\xfe"), id="no UTF-8"),
        pytest.param(sends({"choices": [{"delta": {"content": 7}}]}), id="content is a number"),
        pytest.param(sends({"choices": "none"}), id="choices are text"),
        pytest.param(sends(b"[1]"), id="an array"),
        pytest.param(sends({"error": {"message": "CUDA error"}}), id="an error event"),
        pytest.param(sends({"error": "it broke"}), id="an error in words"),
    ],
)
def test_a_fault_before_any_text_is_tried_again(decoder, fault):
    script = [fault, says("ok")]
    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        assert text_of(engine) == "ok"
        assert len(server.prompts) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fails(429), ServerBusy),
        (fails(500, {"error": {"message": "out of memory"}}), ServerBroke),
        (cuts(), ServerUnreachable),
        (sends(b"{not json"), ReplyCut),
        (sends({"error": {"message": "CUDA error"}}), ReplyCut),
    ],
)
def test_after_three_tries_the_user_is_told(decoder, fault, error):
    with ScriptedServer(repeat(fault)) as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(error) as told:
            collect(engine)

        assert len(server.prompts) == 3
        assert server.url.removesuffix("/v1") in str(told.value)
        assert told.value.hint


def test_a_server_is_given_the_time_it_asks_for(decoder):
    script = [fails(429, Retry_After="0.3"), says("ok")]
    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        started = monotonic()

        assert text_of(engine) == "ok"
        assert monotonic() - started >= 0.3


def test_a_long_time_is_told_to_the_user_instead(decoder):
    script = [fails(429, Retry_After="3600")]
    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(ServerBusy) as error:
            collect(engine)

        assert len(server.prompts) == 1
        assert "3600 s" in error.value.hint


@pytest.mark.parametrize("date", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "", "-5"])
def test_a_time_that_is_past_or_none_is_no_time(date):
    assert faults._retry_after(date) == 0


# Faults that asking again would not mend


@pytest.mark.parametrize(
    ("answer", "settings", "key"),
    [
        (hangs(headers=False), {"first_token_timeout_s": 0.2}, "first_token_timeout_s"),
        (hangs(), {"first_token_timeout_s": 0.2}, "first_token_timeout_s"),
        (hangs("a"), {"token_timeout_s": 0.2}, "token_timeout_s"),
    ],
)
def test_a_silent_server_is_left_and_the_wait_is_named(decoder, answer, settings, key):
    with (
        ScriptedServer([answer]) as server,
        engine_at(server.url, decoder, **settings) as engine,
    ):
        with pytest.raises(ServerSilent) as error:
            collect(engine)

        assert server.prompts[0].left.wait(WAIT_S)
        assert len(server.prompts) == 1
        assert key in error.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(cuts("Hel", "lo"), id="cut"),
        pytest.param(cuts("Hel", "lo", last=b"9\r\ndata: {"), id="cut in an event"),
        pytest.param(sends(delta("Hel"), delta("lo")), id="no finish reason"),
        pytest.param(sends(delta("Hel"), delta("lo"), b"{"), id="no JSON"),
        pytest.param(
            sends(delta("Hel"), delta("lo"), {"error": {"message": "it broke"}}), id="an error"
        ),
    ],
)
def test_what_came_before_a_fault_stands_and_is_not_asked_for_again(decoder, answer):
    said = []
    with ScriptedServer([answer, says("no")]) as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(ReplyCut):
            said.extend(engine.stream(HI, SamplingParams(), threading.Event()))
        # ``extend`` keeps what came before the error.
        assert "".join(chunk.text for chunk in said) == "Hello"
        assert len(server.prompts) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("This model's maximum context length is 4096 tokens. However, …", "BadRequestError"),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", ""),
        ("the request exceeds the available context size", "exceed_context_size_error"),
    ],
)
def test_a_prompt_that_is_too_long_there_is_told_as_that(decoder, body, kind):
    answer = fails(400, {"error": {"message": body, "type": kind, "code": 400}})
    with ScriptedServer(repeat(answer)) as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(PromptTooLongThere):
            collect(engine)

        assert len(server.prompts) == 1


def test_a_refusal_is_told_in_the_servers_words(decoder):
    answer = fails(400, {"error": {"message": "image input is not supported"}})
    with (
        ScriptedServer(repeat(answer)) as server,
        engine_at(server.url, decoder) as engine,
        pytest.raises(RefusedThere, match="image input is not supported"),
    ):
        collect(engine)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_not_told_in_the_servers_words(decoder, status):
    answer = fails(status, {"error": {"message": "Incorrect API key provided: sk-12**"}})
    with ScriptedServer([answer]) as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(KeyRefused) as error:
            collect(engine)

        assert "sk-12" not in str(error.value)


def test_a_redirect_is_not_followed_with_our_pictures(decoder):
    with ScriptedServer([says("no")]) as elsewhere:
        answer = fails(307, Location=f"{elsewhere.url}/chat/completions")
        with (
            ScriptedServer([answer]) as server,
            engine_at(server.url, decoder) as engine,
            pytest.raises(ServerBroke, match="redirects"),
        ):
            collect(engine)

        assert elsewhere.requests == []


# What not every server takes


def test_a_field_that_a_server_does_not_take_is_left_out_from_then_on(decoder):
    refusal = fails(422, {"detail": "Unexpected fields in the request: {'top_k'}"})
    script = [refusal, says("one"), says("two")]

    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        assert text_of(engine, top_k=5, logprobs=True) == "one"
        assert text_of(engine, top_k=5, logprobs=True) == "two"
        assert any("top_k" in note for note in engine.status().notes)

    sent = [request.json.keys() for request in server.prompts]
    assert ["top_k" in each for each in sent] == [True, False, False]
    assert all("logprobs" in each for each in sent)


def test_a_server_that_names_no_field_is_asked_without_any(decoder):
    script = [fails(400, {"error": {"message": "bad request"}}), says("ok")]

    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        assert text_of(engine, top_k=5) == "ok"

    assert server.prompts[1].json.keys() == {
        "model", "messages", "stream", "max_tokens", "temperature",
    }  # fmt: skip


def test_a_refusal_with_another_cause_takes_no_field_away(decoder):
    refusal = fails(400, {"error": {"message": "image input is not supported"}})
    script = [refusal, refusal, says("ok")]

    with ScriptedServer(script) as server, engine_at(server.url, decoder) as engine:
        with pytest.raises(RefusedThere):
            collect(engine, top_k=5)
        assert text_of(engine, top_k=5) == "ok"

    assert "top_k" in server.prompts[2].json


# Which model


def test_the_servers_only_model_is_taken(decoder):
    with ScriptedServer([says("ok")]) as server, engine_at(server.url, decoder) as engine:
        collect(engine)

        assert engine.status().model == MODEL
        assert server.prompts[0].json["model"] == MODEL
        assert any("has only" in note for note in engine.status().notes)


def test_of_several_models_the_user_is_to_choose(decoder):
    with ScriptedServer(models=["a", "b"]) as server:
        engine = ServerEngine(EngineSettings(url=server.url, model="c"), decoder)

        with pytest.raises(ModelNotServed, match="a, b"):
            engine.load(lambda _progress: None)

        assert engine.status().state == "failed"


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html>",
        {"object": "list"},
        {"error": "no"},
        {"data": [{"id": None}]},
        {"data": ["a"]},
        {"data": 5},
        [1],
    ],
)
def test_an_address_of_something_else_is_told_as_that(decoder, body):
    with ScriptedServer() as server:
        server.models = fails(200, body)
        engine = ServerEngine(EngineSettings(url=server.url, model=""), decoder)

        with pytest.raises((ServerUnreachable, NoModelServed)):
            engine.load(lambda _progress: None)


def test_a_server_without_a_list_is_asked_for_the_configured_model(decoder):
    with ScriptedServer([says("ok")]) as server:
        server.models = fails(404, {"detail": "Not Found"})
        with engine_at(server.url, decoder, model="its/model") as engine:
            assert text_of(engine) == "ok"

    assert server.prompts[0].json["model"] == "its/model"


def test_a_server_that_was_started_with_another_model_is_asked_for_that(decoder):
    gone = fails(404, {"error": {"message": "The model `scripted/model` does not exist."}})
    with (
        ScriptedServer([gone, says("ok")]) as server,
        engine_at(server.url, decoder) as engine,
    ):
        entry = {"id": "other/model", "object": "model"}
        server.models = fails(200, {"object": "list", "data": [entry]})

        assert text_of(engine) == "ok"
        assert engine.status().model == "other/model"

    assert [r.json["model"] for r in server.prompts] == [MODEL, "other/model"]


def test_an_address_without_a_chat_is_told_as_that(decoder):
    gone = fails(404, {"detail": "Not Found"})
    with (
        ScriptedServer(repeat(gone)) as server,
        engine_at(server.url, decoder) as engine,
        pytest.raises(ModelUnknown, match="Not Found"),
    ):
        collect(engine)


# Away and back


def test_a_server_that_is_not_there_is_told_with_its_address(decoder):
    with ScriptedServer() as server:
        pass
    engine = ServerEngine(EngineSettings(url=server.url, connect_timeout_s=1), decoder)

    with pytest.raises(ServerUnreachable, match=f"127.0.0.1:{server.port}"):
        engine.load(lambda _progress: None)

    assert engine.status().state == "failed"


def test_an_engine_that_was_not_taken_leaves_no_thread(decoder):
    with ScriptedServer() as server:
        pass
    before = set(threading.enumerate())
    engine = ServerEngine(EngineSettings(url=server.url), decoder)

    with pytest.raises(ServerUnreachable):
        engine.load(lambda _progress: None)

    assert set(threading.enumerate()) <= before


def test_a_server_that_went_away_is_ready_again_when_it_is_back(decoder):
    with ScriptedServer([says("one")]) as server, engine_at(server.url, decoder) as engine:
        collect(engine)
        server.close()
        with pytest.raises(ServerUnreachable):
            collect(engine)
        assert engine.status().state == "failed"
        assert any("cannot be reached" in note for note in engine.status().notes)

        with ScriptedServer([says("two")], port=server.port):
            until(lambda: engine.status().state == "ready")
            assert text_of(engine) == "two"
            assert not any("cannot be reached" in note for note in engine.status().notes)


def test_a_lost_server_keeps_nothing_of_a_reply_in_memory(decoder):
    cancel = threading.Event()  # stands for all that the reply's frames hold
    held = weakref.ref(cancel)
    with ScriptedServer() as server, engine_at(server.url, decoder) as engine:
        server.close()
        with contextlib.suppress(ServerUnreachable):
            list(engine.stream(HI, SamplingParams(), cancel))
        del cancel
        gc.collect()

        assert engine.status().state == "failed"
        assert held() is None


def test_a_prompt_to_a_server_that_is_back_needs_no_look(decoder):
    with ScriptedServer([says("one")]) as server, engine_at(server.url, decoder) as engine:
        server.close()
        with pytest.raises(ServerUnreachable):
            collect(engine)

        with ScriptedServer([says("two")], port=server.port):
            assert text_of(engine) == "two"
            assert engine.status().state == "ready"


def test_a_server_that_comes_late_is_found(decoder):
    with ScriptedServer() as server:
        pass
    engine = ServerEngine(EngineSettings(url=server.url, connect_timeout_s=1), decoder, look_s=0.05)
    with pytest.raises(ServerUnreachable):
        engine.load(lambda _progress: None)

    with ScriptedServer([says("ok")], port=server.port):
        until(lambda: engine.status().state == "ready")
        assert text_of(engine) == "ok"
        engine.unload()


def test_a_server_that_is_only_busy_is_not_called_lost(decoder, monkeypatch):
    monkeypatch.setattr(health, "READY_S", 0.05)
    with ScriptedServer() as server, engine_at(server.url, decoder) as engine:
        server.models = fails(503)
        asked = len(server.requests)

        until(lambda: engine.status() and len(server.requests) > asked + 1)

        assert engine.status().state == "ready"


def test_a_ready_server_that_vanishes_is_noticed_without_a_prompt(decoder, monkeypatch):
    monkeypatch.setattr(health, "READY_S", 0.05)
    with ScriptedServer() as server, engine_at(server.url, decoder) as engine:
        server.close()

        until(lambda: engine.status().state == "failed")


def test_an_unloaded_engine_looks_for_no_server(decoder):
    with ScriptedServer() as server, engine_at(server.url, decoder) as engine:
        engine.unload()
        asked = len(server.requests)

        states = {engine.status().state for _ in range(100)}

        assert states == {"unloaded"}
        assert len(server.requests) == asked


def test_a_changed_key_is_read_when_the_old_one_was_refused(decoder, tmp_path, monkeypatch):
    monkeypatch.delenv("SECOND_LOOK_API_KEY", raising=False)
    key = tmp_path / "key"
    key.write_text("old")
    key.chmod(0o600)
    script = [fails(401), says("ok")]
    with (
        ScriptedServer(script) as server,
        engine_at(server.url, decoder, key_file=str(key)) as engine,
    ):
        with pytest.raises(KeyRefused):
            collect(engine)
        key.write_text("new")

        engine.load(lambda _progress: None)

        assert text_of(engine) == "ok"
        assert server.prompts[-1].headers["authorization"] == "Bearer new"


# Several at a time, and what is given back


def at_once(engine, threads):
    """Ask from so many threads together; return the replies."""
    together = threading.Barrier(threads)
    told = []

    def ask():
        together.wait()
        told.append(text_of(engine))

    asking = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(WAIT_S)
    return told


def test_several_threads_have_their_replies_at_once(decoder):
    script = repeat(says("a", "b", between=asyncio.Barrier(4).wait))  # one alone would never end
    with ScriptedServer(script) as server, engine_at(server.url, decoder, parallel=4) as engine:
        assert at_once(engine, 4) == ["ab"] * 4
        assert server.most_at_once == 4


def test_a_server_has_no_more_requests_than_the_config_wants(decoder):
    script = repeat(says("a", "b", delay_s=0.05))
    with ScriptedServer(script) as server, engine_at(server.url, decoder, parallel=2) as engine:
        assert engine.parallel > 2
        assert at_once(engine, 6) == ["ab"] * 6
        assert server.most_at_once == 2


def test_one_that_waits_for_its_turn_can_be_cancelled(decoder):
    with (
        ScriptedServer([hangs("a")]) as server,
        engine_at(server.url, decoder, parallel=1) as engine,
    ):
        first = engine.stream(HI, SamplingParams(), threading.Event())
        next(first)
        cancel = threading.Event()
        threading.Timer(0.1, cancel.set).start()

        last = list(engine.stream(HI, SamplingParams(), cancel))[-1]

        assert last.finish_reason == "cancelled"
        assert len(server.prompts) == 1
        first.close()


def test_a_clear_releases_encoded_pictures_and_says_what_it_cannot(decoder, tmp_path):
    prompt = Prompt((Message("user", "Hi", (stored(tmp_path, drawn()),)),), conversation="c")
    with ScriptedServer([says("ok")]) as server, engine_at(server.url, decoder) as engine:
        collect(engine, prompt)
        held = engine.status().memory["pixels"]

        light, medium = engine.release("light", "c"), engine.release("medium")

        assert held > 1_000
        assert (light.before, light.after) == ({"pixels": held}, {"pixels": held})
        assert (medium.before, medium.after) == ({"pixels": held}, {"pixels": 0})
        assert any("the server's to give back" in note for note in engine.status().notes)


def test_a_clear_releases_the_pictures_that_only_its_group_asked_about(decoder, tmp_path):
    message = Message("user", "Hi", (stored(tmp_path, drawn()),))
    with ScriptedServer(repeat(says("ok"))) as server, engine_at(server.url, decoder) as engine:
        for conversation in ("anna/1", "bob/1"):
            collect(engine, Prompt((message,), conversation))
        held = engine.status().memory["pixels"]

        after = [engine.release("medium", each).after["pixels"] for each in ("anna/1", "bob/2")]

        assert after == [held, 0]


def test_a_picture_that_is_asked_about_once_is_not_kept(decoder, tmp_path):
    prompt = Prompt((Message("user", "Hi", (stored(tmp_path, drawn()),)),))
    with ScriptedServer([says("ok")]) as server, engine_at(server.url, decoder) as engine:
        collect(engine, prompt)

        assert engine.status().memory == {"pixels": 0}


def test_an_error_does_not_hold_the_request_and_its_pictures(decoder, tmp_path):
    prompt = Prompt((Message("user", "Hi", (stored(tmp_path, drawn()),)),))
    with (
        ScriptedServer(repeat(fails(500))) as server,
        engine_at(server.url, decoder) as engine,
    ):
        with pytest.raises(ServerBroke) as error:
            collect(engine, prompt)
        assert error.value.__cause__ is None
        assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/v1", "nothing listens there"),
        ("http://no-such-host.invalid/v1", "not known|resolution"),
    ],
)
def test_why_a_server_cannot_be_reached_is_said_in_plain_words(decoder, url, reason):
    engine = ServerEngine(EngineSettings(url=url), decoder)

    with pytest.raises(ServerUnreachable, match=reason):
        engine.load(lambda _progress: None)
