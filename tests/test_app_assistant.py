import threading

import pytest
from PIL import Image

from app.assistant import Assistant
from app.engines import Candidate
from app.errors import Busy, NoGpuNoWeights, NothingToResume, NothingToSend, StillReplying
from app.intake import Upload
from vision.engine import Chunk, Line, SamplingParams, Usage
from vision.errors import EngineFailed, ImageRefused
from vision.fake import FakeEngine
from vision.images import Decoder

WAIT_S = 20  # a backstop: a test that waits this long has failed


class Gate:
    """Holds a fake engine at a piece of its reply until it is opened."""

    def __init__(self, hold_at: int = 0) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()
        self._left = hold_at

    def __call__(self) -> None:
        if self._left == 0:
            self.reached.set()
            assert self.open.wait(WAIT_S)
        self._left -= 1


class OutOfMemory(EngineFailed):
    text = "The reply needs {needed_mib} MiB."
    way_out = "Send a smaller picture."


def finished(run):
    assert run.ended.wait(WAIT_S)
    return run.snapshot().turn


def test_the_prompt_is_on_disk_before_the_engine_sees_it(assistant_with, store):
    on_disk = []
    engine = FakeEngine(["Hello."])
    engine._pace = lambda: on_disk.extend(
        turn for c in store.conversations() for turn in store.turns(c.id)
    )
    assistant = assistant_with(engine)

    finished(assistant.send(None, "What is this?"))

    assert on_disk[0].prompt == "What is this?"
    assert on_disk[0].finish_reason is None


def test_a_reply_is_saved_whole(assistant_with, store):
    run = assistant_with(FakeEngine(["A long and complete reply."])).send(None, "Well?")

    finished(run)

    [turn] = store.turns(run.conversation_id)
    assert (turn.reply, turn.finish_reason, turn.engine) == (
        "A long and complete reply.",
        "stop",
        "fake",
    )


def test_a_turn_keeps_what_the_reply_cost(assistant_with, store):
    run = assistant_with(FakeEngine(["Hello."])).send(None, "Well?")

    turn = finished(run)

    assert turn.usage["new_tokens"] == 2
    assert turn.latency_ms > 0
    assert turn.params["seed"] == 0


def test_a_picture_is_stored_under_its_hash_with_a_thumbnail(assistant_with, store, red):
    run = assistant_with(FakeEngine()).send(None, "Colour?", [Upload("red.png", red)])

    [image] = finished(run).images

    assert store.image_path(image.sha256, "png").read_bytes() == red
    assert store.thumbnail_path(image.sha256).stat().st_size > 0
    assert (image.width, image.height, image.name) == (40, 30, "red.png")


def test_a_follow_up_carries_the_turns_before_it_with_their_pictures(assistant_with, red):
    engine = FakeEngine(["It is red."])
    assistant = assistant_with(engine)
    first = assistant.send(None, "Colour?", [Upload("red.png", red)])
    finished(first)

    finished(assistant.send(first.conversation_id, "Sure?"))

    messages = engine.prompts[1].messages
    assert [(m.role, m.text, len(m.images)) for m in messages] == [
        ("user", "Colour?", 1),
        ("assistant", "It is red.", 0),
        ("user", "Sure?", 0),
    ]
    assert messages[0].images[0].path.read_bytes() == red


def test_a_turn_that_failed_with_nothing_said_is_left_out_of_the_next_prompt(assistant_with):
    engine = FakeEngine([OutOfMemory(needed_mib=5), "Fine."])
    assistant = assistant_with(engine)
    first = assistant.send(None, "Too much")
    finished(first)

    finished(assistant.send(first.conversation_id, "Less"))

    assert [message.text for message in engine.prompts[1].messages] == ["Less"]


def test_the_pictures_of_a_turn_without_a_reply_can_still_be_asked_about(assistant_with, red):
    engine = FakeEngine([OutOfMemory(needed_mib=5), "Red."])
    assistant = assistant_with(engine)
    first = assistant.send(None, "Colour?", [Upload("red.png", red)])
    finished(first)

    finished(assistant.send(first.conversation_id, "Well?"))

    [message] = engine.prompts[1].messages
    assert (message.text, len(message.images)) == ("Well?", 1)


def test_a_stop_keeps_what_there_is_of_the_reply(assistant_with):
    gate = Gate(hold_at=2)
    assistant = assistant_with(FakeEngine(["abcdefghijkl"], pace=gate))
    run = assistant.send(None, "Go on")
    assert gate.reached.wait(WAIT_S)

    assistant.stop(run.conversation_id)
    gate.open.set()

    turn = finished(run)
    assert (turn.reply, turn.finish_reason) == ("abcdefgh", "cancelled")


def test_a_prompt_stopped_while_it_waits_never_reaches_the_engine(assistant_with):
    gate = Gate()
    engine = FakeEngine(["Hello."], pace=gate)
    assistant = assistant_with(engine)
    first, second = assistant.send(None, "One"), assistant.send(None, "Two")
    assert gate.reached.wait(WAIT_S)

    assistant.stop(second.conversation_id)
    gate.open.set()

    assert finished(second).finish_reason == "cancelled"
    assert finished(first).finish_reason == "stop"
    assert [prompt.messages[-1].text for prompt in engine.prompts] == ["One"]


def test_an_expected_failure_is_saved_with_its_sentence(assistant_with, store):
    run = assistant_with(FakeEngine([OutOfMemory(needed_mib=900)])).send(None, "Hello")

    turn = finished(run)

    assert turn.finish_reason == "error"
    assert store.turns(run.conversation_id)[0].error["text"] == "The reply needs 900 MiB."


@pytest.mark.filterwarnings("default")
def test_a_bug_in_an_engine_ends_the_turn_and_not_the_worker(assistant_with, caplog):
    engine = FakeEngine(["Hello."])
    engine._pace = lambda: 1 / 0
    assistant = assistant_with(engine)
    broken = finished(assistant.send(None, "One"))
    engine._pace = lambda: None

    worked = finished(assistant.send(None, "Two"))

    assert broken.error["code"] == "UnexpectedFailure"
    assert worked.finish_reason == "stop"


def test_a_refused_picture_begins_no_conversation(assistant_with, store):
    assistant = assistant_with(FakeEngine())

    with pytest.raises(ImageRefused):
        assistant.send(None, "What is this?", [Upload("page.png", b"<html>not a picture")])

    assert store.conversations() == []


def test_a_question_that_names_a_file_is_answered_without_one(assistant_with):
    engine = FakeEngine(["A file format."])

    turn = finished(assistant_with(engine).send(None, "What is photo.png?"))

    assert (turn.reply, turn.images) == ("A file format.", ())


@pytest.mark.parametrize("nothing", ["", "   ", "\n"])
def test_an_empty_message_is_refused(assistant_with, nothing):
    with pytest.raises(NothingToSend):
        assistant_with(FakeEngine()).send(None, nothing)


def test_a_second_prompt_waits_for_the_conversations_reply(assistant_with):
    gate = Gate()
    assistant = assistant_with(FakeEngine(["Hello."], pace=gate))
    run = assistant.send(None, "One")

    with pytest.raises(StillReplying):
        assistant.send(run.conversation_id, "Two")

    gate.open.set()
    finished(run)


def test_the_queue_has_an_end(assistant_with, monkeypatch):
    monkeypatch.setattr("app.runs.MAX_WAITING", 2)
    gate = Gate()
    assistant = assistant_with(FakeEngine(["Hello."], pace=gate))
    runs = [assistant.send(None, "One"), assistant.send(None, "Two")]

    with pytest.raises(Busy, match="2 of your prompts are waiting already; the limit is 2"):
        assistant.send(None, "Three")

    gate.open.set()
    for run in runs:
        finished(run)


def test_prompts_are_answered_in_the_order_they_came(assistant_with):
    engine = FakeEngine(["Hello."])
    assistant = assistant_with(engine)
    runs = [assistant.send(None, f"Prompt {n}") for n in range(5)]

    for run in runs:
        finished(run)

    assert [p.messages[-1].text for p in engine.prompts] == [f"Prompt {n}" for n in range(5)]


def test_closing_saves_the_reply_under_way(assistant_with, store):
    gate = Gate(hold_at=1)
    assistant = assistant_with(FakeEngine(["abcdefgh"], pace=gate))
    run = assistant.send(None, "Go on")
    assert gate.reached.wait(WAIT_S)
    closing = threading.Thread(target=assistant.close)

    closing.start()
    assert run.cancel.wait(WAIT_S)
    gate.open.set()
    closing.join()

    assert store.turns(run.conversation_id)[0].reply == "abcd"


def test_the_reply_can_be_followed_while_it_grows(assistant_with):
    gate = Gate(hold_at=1)
    assistant = assistant_with(FakeEngine(["abcdefgh"], pace=gate))
    run = assistant.send(None, "Go on")
    assert gate.reached.wait(WAIT_S)

    halfway = run.snapshot()
    gate.open.set()

    assert (halfway.turn.reply, halfway.done) == ("abcd", False)
    assert finished(run).reply == "abcdefgh"


def test_the_token_limit_is_passed_on(assistant_with):
    assistant = assistant_with(FakeEngine(["abcdefghijkl"]), SamplingParams(max_new_tokens=2))

    turn = finished(assistant.send(None, "Go on"))

    assert (turn.reply, turn.finish_reason) == ("abcdefgh", "length")


def test_what_was_found_to_be_a_loop_is_taken_back(assistant_with):
    class Looping(FakeEngine):
        def stream(self, prompt, params, cancel):
            yield Chunk("Total 8.16 8.16 8.16 8.16")
            yield Chunk(finish_reason="loop", keep=10)

    turn = finished(assistant_with(Looping()).send(None, "Read it"))

    assert (turn.reply, turn.finish_reason) == ("Total 8.16", "loop")


def test_a_conversation_without_words_is_named_after_its_picture(assistant_with, store, red):
    run = assistant_with(FakeEngine()).send(None, "", [Upload("red apple.png", red)])
    finished(run)

    assert store.conversation(run.conversation_id).title == "red apple"


class Resuming(FakeEngine):
    """Stops after two tokens of "one two three four", and goes on from there."""

    def stream(self, prompt, params, cancel):
        self.prompts.append(prompt)
        if prompt.resume:
            yield Chunk("three four")
            usage = Usage(prompt_tokens=4, new_tokens=2, first_token_ms=5.0, decode_ms=10.0)
            yield Chunk(finish_reason="stop", usage=usage, token_ids=(1, 2, 3, 4))
        else:
            yield Chunk("one two ")
            usage = Usage(prompt_tokens=2, new_tokens=2, first_token_ms=7.0, decode_ms=20.0)
            lines = (Line("one", (0, 0, 9, 9), 0.9),)
            yield Chunk(finish_reason="length", usage=usage, token_ids=(1, 2), lines=lines)


def test_a_reply_that_was_cut_off_goes_on_in_its_own_turn(assistant_with, store):
    engine = Resuming()
    assistant = assistant_with(engine)
    first = assistant.send(None, "Count")
    finished(first)

    finished(assistant.resume(first.conversation_id))

    [turn] = store.turns(first.conversation_id)
    assert (turn.reply, turn.finish_reason) == ("one two three four", "stop")
    assert engine.prompts[1].messages[-1].token_ids == (1, 2)
    assert [line["text"] for line in turn.lines] == ["one"]  # what was found stays


def test_the_cost_of_a_resumed_reply_is_that_of_all_its_parts(assistant_with):
    assistant = assistant_with(Resuming())
    first = assistant.send(None, "Count")
    finished(first)

    usage = finished(assistant.resume(first.conversation_id)).usage

    assert (usage["new_tokens"], usage["first_token_ms"], usage["decode_ms"]) == (4, 7.0, 35.0)


def test_a_reply_that_ended_by_itself_cannot_be_resumed(assistant_with):
    assistant = assistant_with(FakeEngine(["Done."]))
    first = assistant.send(None, "Count")
    finished(first)

    with pytest.raises(NothingToResume):
        assistant.resume(first.conversation_id)


def test_the_detail_chosen_for_a_turn_stays_with_its_pictures(assistant_with, red):
    engine = FakeEngine(["Red."])
    assistant = assistant_with(engine)
    first = assistant.send(None, "Colour?", [Upload("red.png", red)], detail="fast")
    finished(first)

    finished(assistant.send(first.conversation_id, "Sure?", detail="max"))

    assert engine.prompts[1].messages[0].images[0].max_pixels == 401_408


def test_a_draft_is_weighed_with_its_conversation(assistant_with, tmp_path, red):
    (tmp_path / "red.png").write_bytes(red)
    assistant = assistant_with(FakeEngine(["Red."]))
    first = assistant.send(None, "What is the colour?")
    finished(first)

    alone = assistant.count(None, "Sure?", [tmp_path / "red.png"], "auto")
    after = assistant.count(first.conversation_id, "Sure?", [tmp_path / "red.png"], "auto")

    assert alone.images == after.images == (1,)
    assert after.text > alone.text


def test_a_draft_that_cannot_be_weighed_is_not_an_error(assistant_with, tmp_path):
    (tmp_path / "page.png").write_bytes(b"<html>")

    assert assistant_with(FakeEngine()).count(None, "", [tmp_path / "page.png"], "auto") is None


def test_a_picture_of_many_frames_says_that_the_first_is_read(assistant_with, tmp_path):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    upload = Upload("two.gif", (tmp_path / "two.gif").read_bytes())

    turn = finished(assistant_with(FakeEngine()).send(None, "Colour?", [upload]))

    assert turn.notices == ("two.gif: Only the first of its 2 frames or pages is read.",)


def test_two_prompts_sent_at_once_to_a_conversation_do_not_both_get_in(assistant_with, store, red):
    """The first is held while its picture is stored; the second comes meanwhile."""
    gate = Gate()
    assistant = assistant_with(FakeEngine(["Hello."]))
    first = assistant.send(None, "One")
    finished(first)
    taken_in = store.put_image

    def slowly(*args):
        gate()
        return taken_in(*args)

    store.put_image = slowly
    runs = []
    picture = Upload("red.png", red)
    sending = threading.Thread(
        target=lambda: runs.append(assistant.send(first.conversation_id, "Two", [picture]))
    )
    sending.start()
    assert gate.reached.wait(WAIT_S)

    with pytest.raises(StillReplying):
        assistant.send(first.conversation_id, "Three")

    gate.open.set()
    sending.join()
    finished(runs[0])
    assert [turn.prompt for turn in store.turns(first.conversation_id)] == ["One", "Two"]


class Receipts(FakeEngine):
    def stream(self, prompt, params, cancel):
        yield Chunk("8.16")
        yield Chunk(finish_reason="stop", fields={"merchant": "CORNER SHOP LTD", "total": "8.16"})


def test_a_conversation_about_a_receipt_is_named_after_its_merchant(assistant_with, store):
    run = assistant_with(Receipts()).send(None, "What is the total?")
    finished(run)

    title = store.conversation(run.conversation_id).title
    assert title == "CORNER SHOP LTD · What is the total?"


def test_a_name_that_the_user_gave_stays(assistant_with, store):
    assistant = assistant_with(Receipts())
    first = assistant.send(None, "What is the total?")
    finished(first)
    store.rename(first.conversation_id, "Groceries")

    finished(assistant.send(first.conversation_id, "What is the total?"))

    assert store.conversation(first.conversation_id).title == "Groceries"


class Away(FakeEngine):
    """Cannot be loaded, and notes each try."""

    tries = 0

    def load(self, report):
        Away.tries += 1
        raise NoGpuNoWeights(model="none")


@pytest.fixture
def switching(store):
    """Return a function that starts an assistant of one engine beside which there is another."""
    started = []

    def start(engine, other):
        started.append(
            Assistant(
                [Candidate(lambda: engine)],
                store,
                Decoder(),
                SamplingParams(),
                others=lambda *_: [Candidate(other)],
            )
        )
        started[0].start()
        started[0].wait_until_loaded()
        return started[0]

    yield start
    started[0].close()


def test_another_engine_is_taken_and_the_conversation_goes_on(switching):
    first, second = FakeEngine(["From the first."]), FakeEngine(["From the second."])
    assistant = switching(first, lambda: second)
    run = assistant.send(None, "Hello")
    assert finished(run).reply == "From the first."

    assistant.switch("reader")

    again = assistant.send(run.conversation_id, "Hello again")
    assert finished(again).reply == "From the second."
    assert next(m.text for m in second.prompts[0].messages) == "Hello"
    assert first.status().state == "unloaded"


def test_a_switch_that_failed_before_is_not_tried_again(switching, monkeypatch):
    monkeypatch.setattr(Away, "tries", 0)
    assistant = switching(FakeEngine(["Still here."]), Away)
    for _ in range(3):
        assistant.switch("qwen")
        finished(assistant.send(None, "Hello"))

    assert Away.tries == 3
    assert len(assistant.condition().instead_of) == 1


def test_an_engine_that_cannot_be_taken_leaves_the_one_before(switching):
    assistant = switching(FakeEngine(["Still here."]), Away)

    assistant.switch("qwen")

    assert finished(assistant.send(None, "Hello")).reply == "Still here."
    assert [type(reason) for reason in assistant.condition().instead_of] == [NoGpuNoWeights]
