"""What OpenAI's own client sees of ``/v1/chat/completions`` and ``/v1/models``."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import openai
import pytest

import app.api.programs
from app.api.follow import grown
from app.errors import NothingToSend
from app.run import Run
from history import Turn
from tests.api_lab import WAIT_S, Gate, Telling, leaving, programs_served, user
from tests.server_lab import until
from vision.engine import SamplingParams
from vision.errors import EngineFailed
from vision.fake import FakeEngine
from vision.images import Decoder
from vision.reader.engine import ReaderEngine


class OutOfMemory(EngineFailed):
    text = "The reply needs {needed_mib} MiB more."
    way_out = "Send a smaller picture."


@pytest.fixture
def client_of(assistant_with, tmp_path):
    """Return a function that serves an engine and returns OpenAI's client of it."""
    started = []

    def start(engine, sampling=None, **server):
        assistant = assistant_with(engine, sampling)
        serving = programs_served(assistant, tmp_path, **server)
        url = serving.__enter__()
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        client.assistant = assistant
        started.append((client, serving))
        return client

    yield start
    for client, serving in started:
        client.close()
        serving.__exit__(None, None, None)


def said(client, *messages, **options):
    """Return the reply to messages."""
    completion = client.chat.completions.create(
        model="second-look", messages=[*messages], **options
    )
    return completion.choices[0].message.content


def saved(client, *messages, **headers):
    """Save a turn; return the conversation's id and the turn's number."""
    answer = client.chat.completions.with_raw_response.create(
        model="second-look", messages=[*messages], extra_headers=headers
    )
    answer.parse()
    return answer.headers["x-second-look-conversation"], int(answer.headers["x-second-look-turn"])


def test_the_reader_finds_the_total_of_a_receipt(client_of, receipt):
    with Decoder() as decoder:
        client = client_of(ReaderEngine(decoder))

        assert "8.16" in said(client, user("What is the total?", receipt))


def test_a_stream_says_what_the_whole_reply_would(client_of, red):
    client = client_of(FakeEngine(["It is red, and a little green."]))

    stream = client.chat.completions.create(
        model="second-look", messages=[user("Which colour?", red)], stream=True
    )
    chunks = list(stream)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "It is red, and a little green."
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["stop"]


def test_a_stream_ends_with_the_usage_where_it_was_asked_for(client_of):
    client = client_of(FakeEngine(["12345678"], piece=4))

    stream = client.chat.completions.create(
        model="second-look",
        messages=[user("Count.")],
        stream=True,
        stream_options={"include_usage": True},
    )
    *_, last = stream

    assert last.choices == []
    assert last.usage.completion_tokens == 2


def test_a_stream_has_no_usage_where_nobody_asked(client_of):
    client = client_of(FakeEngine(["Yes."]))

    chunks = client.chat.completions.create(
        model="second-look", messages=[user("Say yes.")], stream=True
    )

    assert all(chunk.usage is None for chunk in chunks)


def test_the_messages_come_to_the_engine_in_order(client_of, red):
    engine = FakeEngine(["Green."])
    client = client_of(engine)

    said(
        client,
        {"role": "system", "content": "Be short."},
        user("Which colour?", red),
        {"role": "assistant", "content": "Red."},
        {"role": "user", "content": "Look again."},
    )

    messages = engine.prompts[0].messages
    assert [(m.role, m.text, len(m.images)) for m in messages] == [
        ("system", "Be short.", 0),
        ("user", "Which colour?", 1),
        ("assistant", "Red.", 0),
        ("user", "Look again.", 0),
    ]


def test_nothing_is_saved_unasked(client_of, red, store, tmp_path):
    client = client_of(FakeEngine(["Red."]))

    said(client, user("Which colour?", red))

    assert store.conversations() == []
    assert not list(tmp_path.rglob("*.png"))


def test_a_picture_is_gone_after_a_failure(client_of, red, tmp_path):
    client = client_of(FakeEngine([OutOfMemory(needed_mib=12)]))

    with pytest.raises(openai.InternalServerError):
        said(client, user("Which colour?", red))

    assert not list(tmp_path.rglob("*.png"))


def test_a_turn_is_saved_where_the_header_asks_for_it(client_of, red, store):
    client = client_of(FakeEngine(["Red."]))

    conversation, turn = saved(client, user("Which colour?", red), **{"X-Second-Look-Save": "true"})

    kept = store.turn(conversation, turn)
    assert (kept.prompt, kept.reply, kept.finish_reason) == ("Which colour?", "Red.", "stop")
    assert store.has_image(kept.images[0])


def test_a_saved_conversation_is_gone_on_with(client_of, red, store):
    engine = FakeEngine(["Red.", "Dark red."])
    client = client_of(engine)
    conversation, _ = saved(client, user("Which colour?", red), **{"X-Second-Look-Save": "true"})

    same, turn = saved(client, user("Which shade?"), **{"X-Second-Look-Conversation": conversation})

    assert (same, turn) == (conversation, 2)
    assert [m.text for m in engine.prompts[1].messages] == [
        "Which colour?",
        "Red.",
        "Which shade?",
    ]


def test_a_saved_conversation_keeps_its_system_message(client_of, store):
    engine = FakeEngine(["Yes."])
    client = client_of(engine)
    system = {"role": "system", "content": "Be short."}

    conversation, _ = saved(client, system, user("Really?"), **{"X-Second-Look-Save": "true"})
    saved(client, user("Sure?"), **{"X-Second-Look-Conversation": conversation})

    assert store.conversation(conversation).system_prompt == "Be short."
    assert [m.text for m in engine.prompts[1].messages] == [
        "Be short.",
        "Really?",
        "Yes.",
        "Sure?",
    ]


def test_a_conversation_s_own_settings_hold_where_the_request_says_nothing(client_of, store):
    engine = Telling(["Yes."])
    client = client_of(engine, SamplingParams(top_k=7))
    conversation = store.create(settings={"temperature": 0.9}).id

    saved(client, user("Really?"), **{"X-Second-Look-Conversation": conversation})

    assert (engine.params[0].temperature, engine.params[0].top_k) == (0.9, 7)


def test_a_conversation_has_one_reply_at_a_time(client_of, store):
    gate = Gate()
    client = client_of(FakeEngine(["A long reply."], pace=gate))
    conversation = store.create().id
    run = client.assistant.send(conversation, "First.")
    assert gate.reached.wait(WAIT_S)

    with pytest.raises(openai.ConflictError, match="has not ended"):
        saved(client, user("Second."), **{"X-Second-Look-Conversation": conversation})

    gate.open.set()
    assert run.ended.wait(WAIT_S)


def test_what_a_request_says_of_sampling_reaches_the_engine(client_of):
    engine = Telling(["Yes."])
    client = client_of(engine, SamplingParams(temperature=0.3, top_k=7))

    said(client, user("Say yes."), max_tokens=9, top_p=0.5, seed=4, logprobs=True)

    assert engine.params == [
        SamplingParams(temperature=0.3, top_k=7, max_new_tokens=9, top_p=0.5, seed=4, logprobs=True)
    ]


def test_a_saved_turn_has_the_sampling_of_its_request(client_of, store):
    client = client_of(FakeEngine(["Yes."]))

    answer = client.chat.completions.with_raw_response.create(
        model="second-look",
        messages=[user("Say yes.")],
        temperature=0.7,
        extra_headers={"X-Second-Look-Save": "true"},
    )

    [turn] = store.turns(answer.headers["x-second-look-conversation"])
    assert turn.params["temperature"] == 0.7


def test_a_longer_reply_than_there_can_be_is_as_long_as_can_be(client_of):
    engine = Telling(["Yes."])

    said(client_of(engine), user("Say yes."), max_completion_tokens=100_000)

    assert engine.params[0].max_new_tokens == 8_192


def test_a_reply_that_was_cut_off_says_so(client_of):
    client = client_of(FakeEngine(["1234567890"], piece=2))

    completion = client.chat.completions.create(
        model="second-look", messages=[user("Count.")], max_tokens=3
    )

    assert completion.choices[0].message.content == "123456"
    assert completion.choices[0].finish_reason == "length"


@pytest.mark.parametrize("stop", ["three", ["three", "four"]])
def test_a_reply_ends_before_what_the_request_says(client_of, stop):
    client = client_of(FakeEngine(["one two three four"], piece=3))

    completion = client.chat.completions.create(
        model="second-look", messages=[user("Count.")], stop=stop
    )

    assert completion.choices[0].message.content == "one two "
    assert completion.choices[0].finish_reason == "stop"


def test_log_probabilities_are_told_by_token_id(client_of):
    engine = Telling(
        ["Yes."], last=lambda c: replace(c, token_ids=(11, 12), logprobs=(-0.5, -0.25))
    )

    completion = client_of(engine).chat.completions.create(
        model="second-look", messages=[user("Say yes.")], logprobs=True
    )

    told = completion.choices[0].logprobs.content
    assert [(t.token, t.logprob) for t in told] == [("token_id:11", -0.5), ("token_id:12", -0.25)]


@pytest.mark.parametrize(("detail", "max_pixels"), [("low", 401_408), ("auto", 0)])
def test_detail_is_how_many_pixels_the_model_sees(client_of, red, detail, max_pixels):
    engine = FakeEngine(["Red."])

    said(client_of(engine), user("Which colour?", red, detail=detail))

    assert engine.prompts[0].messages[0].images[0].max_pixels == max_pixels


def test_the_model_goes_by_its_name_or_by_ours(client_of):
    client = client_of(FakeEngine(["Yes."]))

    assert [model.id for model in client.models.list()] == ["second-look", "script"]
    assert client.models.retrieve("script").owned_by == "fake"
    assert client.chat.completions.create(model="script", messages=[user("?")]).model == "script"


def test_no_other_model_replies_in_its_place(client_of):
    engine = FakeEngine(["Yes."])
    client = client_of(engine)

    with pytest.raises(openai.NotFoundError, match=r"'gpt-4o'.* second-look, script"):
        client.chat.completions.create(model="gpt-4o", messages=[user("?")])

    assert engine.prompts == []


def test_a_failure_is_told_with_its_way_out(client_of):
    client = client_of(FakeEngine([OutOfMemory(needed_mib=12)]))

    with pytest.raises(openai.InternalServerError) as failure:
        said(client, user("?"))

    assert failure.value.body["message"] == ("The reply needs 12 MiB more. Send a smaller picture.")
    assert failure.value.code == "OutOfMemory"


def test_a_failure_before_the_first_text_of_a_stream_has_a_status(client_of):
    client = client_of(FakeEngine([NothingToSend()]))

    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="second-look", messages=[user("?")], stream=True)


class Breaking(FakeEngine):
    """An engine that breaks in the middle of its reply."""

    def stream(self, prompt, params, cancel):
        yield from list(super().stream(prompt, params, cancel))[:1]
        raise OutOfMemory(needed_mib=12)


def test_a_failure_in_a_stream_is_its_last_event(client_of):
    client = client_of(Breaking(["A reply that breaks."]))
    stream = client.chat.completions.create(model="second-look", messages=[user("?")], stream=True)

    with pytest.raises(openai.APIError, match="12 MiB more"):
        list(stream)


def test_a_full_queue_is_told_in_a_sentence(client_of, monkeypatch):
    monkeypatch.setattr(app.api.programs, "MAX_WAITING", 1)
    gate = Gate()
    client = client_of(FakeEngine(["A long reply."], pace=gate))

    with ThreadPoolExecutor() as pool:
        first = pool.submit(said, client, user("First."))
        assert gate.reached.wait(WAIT_S)
        with pytest.raises(openai.RateLimitError, match="1 of your prompts are waiting") as told:
            said(client, user("Second."))
        gate.open.set()

        assert first.result(WAIT_S) == "A long reply."
    assert told.value.response.headers["retry-after"] == "2"


def test_a_place_in_the_queue_is_free_again_after_the_reply(client_of, monkeypatch):
    monkeypatch.setattr(app.api.programs, "MAX_WAITING", 1)
    client = client_of(FakeEngine(["Yes."]))

    assert [said(client, user("?")) for _ in range(3)] == ["Yes."] * 3


def test_a_silent_run_gives_signs_of_life():
    run = Run("1", Turn(1, "", ""))

    async def first():
        return await anext(grown(run, beat_s=0))

    assert asyncio.run(first()) == ""
    assert run.cancel.is_set()  # nobody follows it any more


class Echo(FakeEngine):
    """An engine that repeats what it was asked."""

    def stream(self, prompt, params, cancel):
        self._replies = iter([prompt.messages[-1].text])
        return super().stream(prompt, params, cancel)


def test_eight_programs_at_once_each_get_their_own_reply(client_of, red):
    client = client_of(Echo())
    asked = [f"Number {n}, and some more words." for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda text: said(client, user(text, red)), asked))

    assert replies == asked


def test_a_program_that_leaves_in_the_middle_frees_the_engine(client_of):
    gate = Gate()
    client = client_of(FakeEngine(["A long, long reply.", "Next."], pace=gate))
    stream = client.chat.completions.create(model="second-look", messages=[user("?")], stream=True)
    assert next(stream).choices[0].delta.role == "assistant"
    assert gate.reached.wait(WAIT_S)
    [run] = client.assistant._runs.all()

    stream.close()

    assert run.cancel.wait(WAIT_S)
    gate.open.set()
    assert run.ended.wait(WAIT_S)
    assert run.snapshot().turn.finish_reason == "cancelled"
    assert said(client, user("?")) == "Next."


def test_a_program_that_leaves_before_its_turn_is_never_answered(client_of):
    gate = Gate()
    engine = FakeEngine(["A long, long reply."], pace=gate)
    client = client_of(engine)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(said, client, user("First."))
        assert gate.reached.wait(WAIT_S)

        asked = {"model": "second-look", "messages": [user("Second.")]}
        with leaving(f"{client.base_url}chat/completions", json=asked):
            until(lambda: client.assistant.waiting() == 2)
            second = client.assistant._runs.all()[-1]
        assert second.ended.wait(WAIT_S)
        gate.open.set()
        first.result(WAIT_S)

    assert [prompt.messages[-1].text for prompt in engine.prompts] == ["First."]


def test_the_page_is_served_in_the_order_of_asking(client_of):
    gate = Gate()
    engine = FakeEngine(["A long, long reply."], pace=gate)
    client = client_of(engine)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(said, client, user("Program's."))
        assert gate.reached.wait(WAIT_S)
        page = client.assistant.send(None, "Page's.")
        second = pool.submit(said, client, user("Program's second."))
        until(lambda: client.assistant.waiting() == 3)
        gate.open.set()
        first.result(WAIT_S), second.result(WAIT_S), page.ended.wait(WAIT_S)

    assert [prompt.messages[-1].text for prompt in engine.prompts] == [
        "Program's.",
        "Page's.",
        "Program's second.",
    ]
