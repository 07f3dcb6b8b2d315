"""An engine's notes, said in Chinese."""

import ast
import re
from pathlib import Path

import pytest

from app.page.i18n import Words
from app.page.status_notes import NOTES_ZH, in_chinese
from vision.server.errors import ServerUnreachable

VISION = Path(__file__).parents[1] / "vision"
SOURCES = ("qwen/attention.py", "qwen/loading.py", "server/engine.py")


def sentences():
    """Return all strings of the modules that say the notes, with {} for what is filled in."""
    for source in SOURCES:
        for node in ast.walk(ast.parse((VISION / source).read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("note", NOTES_ZH)
def test_a_note_that_is_known_is_one_that_an_engine_says(note):
    said = "\n".join(sentences())

    # A long dash of words is put together there of parts.
    pieces = re.split(r"\{\w+\}|(?=, 30 to)|(?<=prompts)|; |, and ", note)
    assert [piece for piece in pieces if piece.strip(" .();") and piece not in said] == []


def test_what_a_note_was_filled_with_is_kept():
    note = (
        "Attention: SDPA, 30 to 50 % slower than FlashAttention 2 on long prompts; "
        "FlashAttention 2 needs a card of capability 8.0, this one has 7.5."
    )

    assert in_chinese(note) == (
        "注意力：SDPA，长提示时比 FlashAttention 2 慢 30% 到 50%；"
        "FlashAttention 2 需要计算能力 8.0 的显卡，当前为 7.5。"
    )


def test_an_error_that_is_noted_is_said_as_errors_are():
    error = ServerUnreachable(server="127.0.0.1:8000", reason="refused")
    chinese = Words("zh")

    assert chinese.status_note(f"{error} {error.hint}") == " ".join(chinese.error(error.record()))


def test_a_note_that_is_not_known_stays_as_it_is():
    assert in_chinese("Something new.") == "Something new."


def test_in_english_a_note_is_as_the_engine_says_it():
    assert Words("en").status_note("Attention: SDPA; x.") == "Attention: SDPA; x."
