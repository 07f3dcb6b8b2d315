from threading import Event

import pytest

from app.stops import until
from vision.engine import Message, Prompt, SamplingParams
from vision.fake import FakeEngine

PROMPT = Prompt((Message("user", "Say it."),))


def streamed(reply, stop, piece=3):
    """Return the chunks of a reply that is to end before one of ``stop``."""
    engine, cancel = FakeEngine([reply], piece=piece), Event()
    return list(until(stop, engine.stream(PROMPT, SamplingParams(), cancel), cancel))


def text(chunks):
    return "".join(chunk.text for chunk in chunks)


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
def test_a_reply_ends_before_the_first_text_to_stop_at(piece):
    chunks = streamed("one two END three STOP", ("STOP", "END"), piece)

    assert text(chunks) == "one two "
    assert chunks[-1].finish_reason == "stop"


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
def test_a_reply_without_a_text_to_stop_at_is_whole(piece):
    chunks = streamed("one EN two E", ("END",), piece)

    assert text(chunks) == "one EN two E"
    assert chunks[-1].finish_reason == "stop"


def test_nothing_of_a_text_to_stop_at_is_seen_before_it_is_known():
    seen = ""
    for chunk in streamed("abcENDdef", ("END",), 1):
        seen += chunk.text
        assert "E" not in seen


def test_the_last_chunk_still_says_what_the_reply_cost():
    chunks = streamed("one END two three four", ("END",), 3)

    assert [chunk.usage is not None for chunk in chunks].count(True) == 1
    assert chunks[-1].usage.new_tokens < 8


def test_the_last_of_the_ends_is_the_only_one():
    chunks = streamed("a END", ("END",), 100)

    ends = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]

    assert ends == ["stop"]
