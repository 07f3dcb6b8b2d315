"""The reader as an engine: it loads, streams, cancels, keeps lines and lets them go."""

import hashlib
import io
import logging
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from vision.engine import Image, Message, Progress, Prompt, SamplingParams
from vision.images import Decoder
from vision.reader import models
from vision.reader.engine import PictureGone, ReaderEngine
from vision.reader.models import ReaderModelMissing, ReaderNotInstalled


@pytest.fixture(scope="module")
def decoder():
    with closing(Decoder()) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def loaded(decoder):
    engine = ReaderEngine(decoder)
    engine.load(lambda _: None)
    yield engine
    engine.unload()


@pytest.fixture
def engine(loaded):
    loaded.release("deep")
    return loaded


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")

    def picture(*texts):
        """Write a picture that says ``texts``; return it as messages carry it."""
        drawing = Picture.new("RGB", (420, 60 + 50 * len(texts)), "white")
        for i, text in enumerate(texts):
            ImageDraw.Draw(drawing).text(
                (30, 30 + 50 * i), text, fill="black", font=ImageFont.load_default(28)
            )
        data = io.BytesIO()
        drawing.save(data, "PNG")
        sha256 = hashlib.sha256(data.getvalue()).hexdigest()
        path = folder / f"{sha256}.png"
        path.write_bytes(data.getvalue())
        return Image(sha256, path, drawing.width, drawing.height)

    return picture


def prompt(text, *images, conversation="one", job=None):
    return Prompt((Message("user", text, images),), conversation, job)


def run(engine, asked, cancel=None):
    return list(engine.stream(asked, SamplingParams(), cancel or Event()))


def text_of(chunks):
    return "".join(chunk.text for chunk in chunks)


def test_the_total_of_a_picture_is_given_with_its_line(engine, store):
    chunks = run(engine, prompt("What is the total?", store("CORNER CAFE", "TOTAL 12.50")))

    assert text_of(chunks) == "The total is **12.50**: line 2 says `TOTAL 12.50`."


def test_the_text_comes_a_row_at_a_time(engine, store):
    chunks = run(engine, prompt("", store("first row", "second row")))

    assert [chunk.text for chunk in chunks if chunk.text] == [
        "~~~~",
        "\nfirst row",
        "\nsecond row",
        "\n~~~~",
    ]


def test_the_last_chunk_has_the_lines_with_their_boxes(engine, store):
    image = store("first row", "second row")

    last = run(engine, prompt("", image))[-1]

    assert (last.finish_reason, [line.text for line in last.lines]) == (
        "stop",
        ["first row", "second row"],
    )
    assert all(0 <= line.box[0] < line.box[2] <= image.width for line in last.lines)


def test_lines_say_which_picture_they_are_of(engine, store):
    last = run(engine, prompt("", store("first row"), store("second row")))[-1]

    assert [(line.text, line.image) for line in last.lines] == [("first row", 0), ("second row", 1)]


def test_progress_tells_which_picture_is_being_read(engine, store):
    chunks = run(engine, prompt("", store("first row"), store("second row")))

    assert [chunk.progress for chunk in chunks if chunk.progress] == [
        Progress("images", done, 2, "images") for done in (1, 2)
    ]


def test_each_picture_is_answered_before_the_next_is_read(engine, store):
    chunks = run(engine, prompt("", store("first row"), store("second row")))

    told = ["read" if chunk.progress else chunk.text for chunk in chunks[:-1]]
    assert told == [
        "read", "**Image 1**\n\n~~~~", "\nfirst row", "\n~~~~",
        "read", "\n\n**Image 2**\n\n~~~~", "\nsecond row", "\n~~~~",
    ]  # fmt: skip


def test_cancelling_keeps_the_lines_of_the_pictures_read_until_then(engine, store):
    cancel = Event()
    chunks = []
    asked = prompt("", store("first row"), store("second row"), store("third row"))
    for chunk in engine.stream(asked, SamplingParams(), cancel):
        chunks.append(chunk)
        if chunk.progress and chunk.progress.done == 2:
            cancel.set()

    assert text_of(chunks) == "**Image 1**\n\n~~~~\nfirst row\n~~~~"
    assert chunks[-1].finish_reason == "cancelled"
    assert [(line.text, line.image) for line in chunks[-1].lines] == [("first row", 0)]


def test_a_reply_cut_off_between_two_pictures_goes_on_with_the_second(engine, store):
    asked = Message("user", "", (store("first row"), store("second row")))
    said = "**Image 1**\n\n~~~~\nfirst row\n~~~~"

    chunks = run(engine, Prompt((asked, Message("assistant", said)), resume=True))

    assert text_of(chunks) == "\n\n**Image 2**\n\n~~~~\nsecond row\n~~~~"


def test_only_the_picture_that_is_named_is_read(engine, store):
    last = run(engine, prompt("the second picture", store("first row"), store("second row")))[-1]

    assert [(line.text, line.image) for line in last.lines] == [("second row", 1)]


def test_without_a_picture_the_text_of_a_prompt_is_not_searched(engine, monkeypatch):
    monkeypatch.setattr("vision.reader.engine.intent_of", lambda *_: pytest.fail("searched"))

    assert "there is no picture here" in text_of(run(engine, prompt("x" * 74_000)))


def test_a_later_picture_that_is_gone_is_refused_before_any_text(engine, store, tmp_path):
    gone = Image("0" * 64, tmp_path / "gone.png", 10, 10)
    reply = engine.stream(prompt("", store("first row"), gone), SamplingParams(), Event())

    with pytest.raises(PictureGone):
        next(reply)


def test_only_the_last_chunk_has_a_finish_reason(engine, store):
    chunks = run(engine, prompt("", store("first row")))

    assert [chunk.finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert chunks[-1].usage.first_token_ms > 0


def test_a_follow_up_is_about_the_last_picture(engine, store):
    messages = (
        Message("user", "read it", (store("TOTAL 99.00"),)),
        Message("assistant", "TOTAL 99.00"),
        Message("user", "and this", (store("TOTAL 12.50"),)),
        Message("assistant", "TOTAL 12.50"),
        Message("user", "What is the total?"),
    )

    assert "**12.50**" in text_of(run(engine, Prompt(messages)))


def test_a_follow_up_reads_nothing_again(engine, store, monkeypatch):
    image = store("TOTAL 12.50")
    run(engine, prompt("", image))
    monkeypatch.setattr(engine._ocr, "read", lambda *_: pytest.fail("read again"))

    assert "**12.50**" in text_of(run(engine, prompt("total?", image)))


def test_a_prompt_without_pictures_gets_an_honest_sentence(engine):
    assert "there is no picture here" in text_of(run(engine, prompt("Tell me a joke")))


def test_a_reply_that_was_cut_off_goes_on_where_it_ended(engine, store):
    asked = Message("user", "", (store("first row", "second row"),))

    chunks = run(engine, Prompt((asked, Message("assistant", "~~~~\nfirst r")), resume=True))

    assert text_of(chunks) == "ow\nsecond row\n~~~~"


def test_cancelling_before_the_first_picture_reads_none(engine, store, monkeypatch):
    monkeypatch.setattr(engine._ocr, "read", lambda *_: pytest.fail("read"))
    cancel = Event()
    cancel.set()

    last = run(engine, prompt("", store("never read")), cancel)[-1]

    assert (last.finish_reason, last.lines) == ("cancelled", ())


def test_cancelling_between_rows_ends_the_reply(engine, store):
    cancel = Event()
    said = []
    for chunk in engine.stream(prompt("", store("one", "two", "three")), SamplingParams(), cancel):
        said.append(chunk.text)
        if "one" in chunk.text:
            cancel.set()

    assert "".join(said) == "~~~~\none"
    assert chunk.finish_reason == "cancelled"


def test_the_engine_works_after_a_cancelled_reply(engine, store):
    cancel = Event()
    cancel.set()
    run(engine, prompt("", store("TOTAL 12.50")), cancel)

    assert text_of(run(engine, prompt("", store("TOTAL 12.50")))) == "~~~~\nTOTAL 12.50\n~~~~"


def test_a_picture_that_is_gone_is_refused_by_name(engine, tmp_path):
    gone = Image("0" * 64, tmp_path / "gone.png", 10, 10)

    with pytest.raises(PictureGone, match=r"gone\.png cannot be opened"):
        run(engine, prompt("", gone))


def test_light_release_drops_the_lines_of_its_conversation_only(engine, store):
    run(engine, prompt("", store("first row"), conversation="one"))
    run(engine, prompt("", store("second row"), conversation="two"))

    released = engine.release("light", "one")

    assert released.before["lines"] > released.after["lines"] > 0


@pytest.mark.parametrize("level", ["medium", "deep"])
def test_release_drops_the_lines_that_only_its_group_asked_for(engine, store, level):
    hers, both = store("first row"), store("second row")
    for image, conversation in ((hers, "anna/1"), (both, "anna/2"), (both, "bob/1")):
        run(engine, prompt("", image, conversation=conversation))

    after = [
        engine.release(level, conversation).after["lines"]
        for conversation in ("carl/1", "anna/", "bob/2")
    ]

    assert after[0] > after[1] > after[2] == 0


@pytest.mark.parametrize("level", ["light", "medium", "deep"])
def test_release_of_everything_leaves_no_line(engine, store, level):
    run(engine, prompt("", store("first row")))

    released = engine.release(level)

    assert released.before["lines"] > 0
    assert released.after == {"lines": 0} == engine.status().memory


def test_a_reader_is_ready_once_loaded_and_not_after_unload(decoder):
    engine = ReaderEngine(decoder)
    states = [engine.status().state]
    engine.load(lambda _: states.append(engine.status().state))
    states.append(engine.status().state)
    engine.unload()
    states.append(engine.status().state)

    assert states == ["unloaded", "loading", "loading", "loading", "ready", "unloaded"]


def test_loading_tells_how_far_it_is(decoder):
    engine = ReaderEngine(decoder)
    told = []
    engine.load(told.append)

    assert told == [Progress("weights", done, 2) for done in (0, 1, 2)]


def test_loading_twice_loads_once(engine):
    before = engine._ocr
    engine.load(lambda _: pytest.fail("loaded again"))

    assert engine._ocr is before


def test_a_missing_model_is_named(decoder, monkeypatch):
    monkeypatch.setattr("vision.reader.detect.DETECTOR", "missing.onnx")
    engine = ReaderEngine(decoder)

    with pytest.raises(ReaderModelMissing, match=r"missing\.onnx"):
        engine.load(lambda _: None)

    assert engine.status().state == "unloaded"


def test_a_missing_package_is_named(decoder, monkeypatch):
    monkeypatch.setattr(models, "find_spec", lambda _: None)

    with pytest.raises(ReaderNotInstalled, match="onnxruntime"):
        models.model_path(models.DETECTOR)


def test_the_reader_has_no_tokens(engine, store):
    count = engine.count_tokens(prompt("What?", store("first row")))

    assert (count.total, count.images, count.max_context) == (0, (0,), 0)


def test_loading_and_reading_open_no_connection(decoder, store, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection"))
    engine = ReaderEngine(decoder)

    assert text_of(run(engine, prompt("", store("no network")))) == "~~~~\nno network\n~~~~"


def test_rapidocr_writes_neither_to_stderr_nor_into_its_folder(store):
    image = store("quiet please")
    folder = models.model_path(models.DETECTOR).parent
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    program = (
        "import numpy; from threading import Event; from PIL import Image;"
        "from vision.reader.ocr import Ocr;"
        f"rgb = numpy.asarray(Image.open({str(image.path)!r}));"
        "print(Ocr().read(rgb, Event())[0].text)"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])  # noqa: E501  # fmt: skip

    assert (ran.stdout, ran.stderr) == ("quiet please\n", "")
    assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir()) == before


def test_rapidocrs_log_goes_where_ours_goes(engine, caplog):
    logging.getLogger("RapidOCR").warning("something")

    assert "something" in caplog.text


def test_importing_the_engine_loads_no_network_library():
    program = (
        "import sys, vision.reader.engine;"
        "print({'torch', 'cv2', 'onnxruntime', 'rapidocr'} & set(sys.modules))"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])  # noqa: E501  # fmt: skip

    assert ran.stdout == "set()\n"
