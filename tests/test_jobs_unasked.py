"""Pictures that come without a word."""

import threading

import pytest

from app.jobs.job import stream
from vision.engine import Image, Message, Prompt, SamplingParams
from vision.fake import FakeEngine
from vision.reader.engine import ReaderEngine


@pytest.fixture(scope="module")
def reader(decoder):
    return ReaderEngine(decoder)


def last_of(reader, decoder, tmp_path, *pictures, text=""):
    images = []
    for number, data in enumerate(pictures):
        path = tmp_path / f"{number}.png"
        path.write_bytes(data)
        picture = decoder.check(data)
        images.append(Image(picture.sha256, path, picture.width, picture.height))
    prompt = Prompt((Message("user", text, tuple(images)),))
    *_, last = stream(prompt, reader, decoder, SamplingParams(), threading.Event())
    return last


def test_a_receipt_is_read_as_one(reader, decoder, tmp_path, receipt):
    assert "receipts" in last_of(reader, decoder, tmp_path, receipt).fields


def test_anything_else_is_read_as_text(reader, decoder, tmp_path, red):
    assert "receipts" not in last_of(reader, decoder, tmp_path, red).fields


def test_a_question_about_a_receipt_is_answered_as_a_question(reader, decoder, tmp_path, receipt):
    last = last_of(reader, decoder, tmp_path, receipt, text="What is the total?")

    assert "receipts" not in last.fields


def test_what_is_no_receipt_among_them_leaves_all_as_text(reader, decoder, tmp_path, receipt, red):
    assert "receipts" not in last_of(reader, decoder, tmp_path, receipt, red).fields


def test_a_model_that_is_to_write_down_the_text_is_asked_to(decoder, tmp_path, receipt):
    class Noting(FakeEngine):
        def stream(self, prompt, params, cancel):
            self.prompt = prompt
            return super().stream(prompt, params, cancel)

    model = Noting()
    model.load(lambda _: None)
    image = Image("0" * 64, tmp_path / "0.png", 1, 1)
    for text in ("", "Only the last line."):
        prompt = Prompt((Message("user", text, (image,)),), job="text")
        *_, _ = stream(prompt, model, decoder, SamplingParams(), threading.Event())
        said = model.prompt.messages[-1].text

        assert said == text if text else "all the text" in said
