from datetime import UTC, datetime

import pytest

from app.page.i18n import Words
from app.page.panels import sidebar
from app.page.render import asked, groups, live, messages, seconds
from app.run import Snapshot
from history import Conversation, ImageRef, Turn
from vision.engine import Progress

EN, ZH = Words("en"), Words("zh")
PICTURE = ImageRef("a" * 64, "png", 40, 30, 'a"<b>.png')


def turn(**changes):
    return Turn(id=1, timestamp="2026-02-14T09:30:12.000Z", prompt="What is this?", **changes)


def shown(message):
    parts = message["content"] if isinstance(message["content"], list) else [message["content"]]
    return [part if isinstance(part, str) else part.value for part in parts]


def test_what_a_user_typed_is_shown_as_text():
    message = asked(Turn(1, "", "<img src=x onerror=alert(1)> **bold** $$x$$"), EN, lambda _: True)

    assert message["content"] == (
        '<pre class="sl-typed">&lt;img src=x onerror=alert(1)&gt; **bold** $$x$$</pre>'
    )


def test_a_file_name_is_shown_as_text():
    message = asked(turn(images=(PICTURE,)), EN, lambda _: True)

    assert 'title="a&quot;&lt;b&gt;.png"' in message["content"]


def test_a_lone_surrogate_does_not_break_the_page():
    message = asked(Turn(1, "", "cut \ud83d off"), EN, lambda _: True)

    message["content"].encode("utf-8")


def test_a_picture_links_to_its_stored_bytes():
    message = asked(turn(images=(PICTURE,)), EN, lambda _: True)

    assert f'href="/pictures/{"a" * 64}.png#view-1-0"' in message["content"]


def test_a_missing_picture_is_said():
    message = asked(turn(images=(PICTURE,)), EN, lambda _: False)

    assert "The file of this picture is missing" in message["content"]


@pytest.mark.parametrize(
    ("finish_reason", "sentence"),
    [
        ("cancelled", "Stopped. What there was is kept."),
        ("length", "Cut off at the token limit."),
        ("loop", "began to repeat itself"),
        (None, "under way when Second Look ended"),
    ],
)
def test_a_reply_that_did_not_end_by_itself_says_why(finish_reason, sentence):
    [_, reply] = messages([turn(reply="Half", finish_reason=finish_reason)], EN, lambda _: True)

    assert sentence in shown(reply)[1]


def test_an_error_is_shown_in_the_users_language():
    error = {"code": "NothingToSend", "values": {}, "text": "There is nothing.", "hint": "Type."}

    [_, reply] = messages([turn(finish_reason="error", error=error)], ZH, lambda _: True)

    assert "还没有可以发送的内容。" in shown(reply)[0]


def test_an_error_of_another_version_is_shown_as_it_was_saved():
    error = {"code": "Unheard", "values": {}, "text": "A <new> thing.", "hint": ""}

    [_, reply] = messages([turn(finish_reason="error", error=error)], ZH, lambda _: True)

    assert "A &lt;new&gt; thing." in shown(reply)[0]


def test_the_footer_says_which_engine_answered_how_fast():
    usage = {"prompt_tokens": 900, "cached_tokens": 850, "new_tokens": 101}
    usage |= {"first_token_ms": 420.0, "decode_ms": 2_000.0}
    ended = turn(reply="A cat.", finish_reason="stop", engine="qwen", usage=usage)

    [_, reply] = messages([ended], EN, lambda _: True)

    assert shown(reply)[-1] == (
        '<div class="sl-footer"><span>Qwen2.5-VL · 0.42 s to first text · 50.0 tokens/s · '
        "850 of 900 tokens reused</span></div>"
    )


def test_the_footer_of_an_engine_without_tokens_counts_lines():
    ended = turn(
        reply="TOTAL 8.16",
        finish_reason="stop",
        engine="reader",
        lines=({"text": "TOTAL"}, {"text": "8.16"}),
        latency_ms=812.0,
    )

    [_, reply] = messages([ended], EN, lambda _: True)

    assert shown(reply)[-1] == (
        '<div class="sl-footer"><span>Reader · '
        '<button type="button" data-view="1">2 lines read</button> · 0.81 s</span></div>'
    )


def test_what_the_model_says_stands_somewhere_leads_to_the_picture():
    cat = {"text": "cat", "bbox": [1, 2, 3, 4], "image": 0}
    ended = turn(reply="[…]", finish_reason="stop", engine="qwen", fields={"found": [cat, {}, 7]})

    [_, reply] = messages([ended], EN, lambda _: True)

    assert '<button type="button" data-view="1">1 shown in the picture</button>' in shown(reply)[-1]


def test_before_the_first_text_the_page_says_what_the_engine_does():
    snapshot = Snapshot(turn(), Progress("images", 1, 2, "images"), done=False)

    [_, reply] = live(snapshot, EN, lambda _: True, waiting=0)

    assert "Reading picture 1 of 2" in shown(reply)[0]


def test_a_waiting_prompt_says_how_many_are_before_it():
    [_, reply] = live(Snapshot(turn(), None, done=False), EN, lambda _: True, waiting=3)

    assert "3 before this one" in shown(reply)[0]


def test_a_waiting_prompt_says_about_how_long():
    [_, reply] = live(Snapshot(turn(), None, done=False), EN, lambda _: True, 3, 12.4)

    assert "3 before this one · about 12 s" in shown(reply)[0]


@pytest.mark.parametrize(("ms", "text"), [(42.0, "0.04"), (994.0, "0.99"), (1_250.0, "1.2")])
def test_seconds_have_as_many_places_as_say_something(ms, text):
    assert seconds(ms) == text


def test_the_list_is_grouped_by_the_users_days():
    now = datetime(2026, 2, 14, 12, tzinfo=UTC)
    conversations = [
        Conversation("20260214-093012-aaaa", "One", "", "2026-02-14T09:30:12Z", 2),
        Conversation("20260213-093012-aaaa", "Two", "", "2026-02-13T09:30:12Z", 1),
        Conversation("20260101-093012-aaaa", "", "", "2026-01-01T09:30:12Z", 1),
    ]

    found = groups(conversations, EN, now)

    assert [group["label"] for group in found] == ["Today", "Yesterday", "2026-01-01"]
    assert [item["about"] for group in found for item in group["items"]] == [
        "09:30 · 2 turns",
        "09:30 · 1 turn",
        "09:30 · 1 turn",
    ]
    assert found[2]["items"][0]["title"] == "Untitled"


def test_a_turn_with_versions_says_which_is_shown():
    ended = turn(reply="A cat.", finish_reason="stop", engine="fake")

    [_, reply] = messages([ended], EN, lambda _: True, "20260214-093012-aaaa", {1: (1, 4, 5)})

    assert "1/3" in shown(reply)[-1]
    assert 'data-act="version" data-turn="4"' in shown(reply)[-1]


def test_pinned_conversations_come_first():
    conversations = [
        Conversation("20260214-093012-aaaa", "New", "", "2026-02-14T09:30:12Z", 2),
        Conversation("20260101-093012-aaaa", "Old", "", "2026-01-01T09:30:12Z", 1, pinned=True),
    ]

    groups = sidebar(conversations, EN)["groups"]

    assert groups[0]["label"] == "Pinned"
    assert [group["items"][0]["title"] for group in groups] == ["Old", "New"]


def test_a_long_list_is_shown_in_part_until_all_is_asked_for():
    conversations = [
        Conversation(f"20260214-093012-{n:04}", f"{n}", "", "2026-02-14T09:30:12Z", 1)
        for n in range(150)
    ]

    part = sidebar(conversations, EN)
    whole = sidebar(conversations, EN, listed=None)

    assert (len(part["groups"][0]["items"]), part["more"]) == (100, "Show all 150")
    assert (len(whole["groups"][0]["items"]), whole["more"]) == (150, None)
