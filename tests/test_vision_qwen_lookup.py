import random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.lookup import edited, ours, page, real_tokenizer
from vision.qwen.lookup import DOUBTFUL, LONGEST, SIZES, Lookup, accepted

COUNT = list(range(100))


def replayed(prompt: list[int], reply: list[int]) -> tuple[int, int, list[int]]:
    """Return passes, tokens drafted, and what came out, if the network says ``reply``."""
    lookup = Lookup(prompt)
    made: list[int] = []
    passes = drafted = 0
    while len(made) < len(reply):
        draft = lookup.draft()
        right = accepted(draft, reply[len(made) :])
        new = reply[len(made) : len(made) + right + 1]
        lookup.extend(new)
        made += new
        passes += 1
        drafted += len(draft)
    return passes, drafted, made


def test_what_followed_the_same_tokens_before_is_drafted():
    lookup = Lookup([*COUNT, 10, 11, 12])

    assert lookup.draft() == COUNT[13 : 13 + LONGEST]


def test_two_tokens_that_agree_are_too_few():
    assert Lookup([*COUNT, 11, 12]).draft() == []


def test_the_longest_agreement_wins():
    lookup = Lookup([1, 2, 3, 4, 5, 60, 70, 3, 4, 5, 80, 1, 2, 3, 4, 5])

    assert lookup.draft()[0] == 60


def test_the_next_place_after_the_last_copy_wins():
    rows = [token for row in range(10) for token in (7, 8, 9, 100 + row)]
    lookup = Lookup([*rows, 0, *rows[:3]])
    assert lookup.draft()[0] == 100

    lookup.extend([100, 7, 8, 9, 55])  # one row copied, the second changed
    lookup.extend([7, 8, 9])

    assert lookup.draft()[0] == 102


def test_a_reply_copies_from_itself_too():
    lookup = Lookup([1, 2, 3])
    lookup.extend([*range(50, 60), 50, 51, 52])

    assert lookup.draft()[:3] == [53, 54, 55]


def test_nothing_is_drafted_beyond_what_is_known():
    assert Lookup([1, 2, 3, 4, 1, 2, 3]).draft() == [4, 1, 2, 3]


def test_a_draft_stops_at_the_token_that_ends_a_reply():
    assert Lookup([*COUNT, 10, 11, 12], ends=[15, 20]).draft() == [13, 14, 15]


def test_an_empty_prompt_drafts_nothing():
    assert Lookup().draft() == []


def doubting() -> Lookup:
    """Make a lookup whose drafts were wrong five times."""
    lookup = Lookup(range(1_000))
    for start in range(0, 500, 100):
        lookup.extend([start, start + 1, start + 2])
        lookup.draft()
        lookup.extend([-1 - start])
    lookup.extend([500, 501, 502])
    return lookup


def test_drafts_are_short_while_they_fail():
    assert len(doubting().draft()) == DOUBTFUL


def test_drafts_are_long_again_once_they_succeed():
    lookup = doubting()

    for _ in range(5):
        lookup.extend(lookup.draft())

    assert len(lookup.draft()) == LONGEST


def test_a_copy_takes_one_pass_for_each_full_draft_and_its_next_token():
    text = list(range(1_000))

    passes, _, _ = replayed([*text, *text[:3]], text[3:])

    assert passes == -(-len(text[3:]) // (LONGEST + 1))


def test_a_reply_that_copies_nothing_drafts_nothing():
    passes, drafted, _ = replayed(COUNT, list(range(1_000, 1_200)))

    assert (passes, drafted) == (200, 0)


def test_an_edit_of_a_table_saves_three_of_four_passes():
    shuffled = random.Random(1)
    table = [
        token for _ in range(60) for token in (1, 2, 3, *shuffled.sample(range(100, 900), 5), 4)
    ]
    edited = [5_000 if place % 90 == 40 else token for place, token in enumerate(table)]

    passes, _, made = replayed(table, edited)

    assert made == edited
    assert passes <= len(edited) / 4


@pytest.mark.parametrize("edits", [1, 3, 7])
def test_an_edit_of_a_web_page_saves_three_of_four_passes(edits):
    tokenizer = real_tokenizer()
    html = page(random.Random(77))
    reply = tokenizer.encode(f"```html\n{edited(html, edits)}```<|im_end|>").ids

    passes, _ = ours(tokenizer.encode(html + "\nChange this page.").ids, reply)

    assert passes <= len(reply) / 4


class Latest(Lookup):
    """Copies from the latest place, wherever the last copy was."""

    def draft(self):
        self._cursor = len(self._ids)
        return super().draft()


@pytest.mark.parametrize("edits", [1, 3, 7])
def test_on_edits_of_html_the_latest_place_takes_about_twice_the_passes(edits, monkeypatch):
    tokenizer = real_tokenizer()
    html = page(random.Random(77))
    prompt = tokenizer.encode(html + "\nChange this page.").ids
    reply = tokenizer.encode(f"```html\n{edited(html, edits)}```<|im_end|>").ids

    passes, checked = ours(prompt, reply)
    monkeypatch.setattr("bench.lookup.Lookup", Latest)
    latest_passes, latest_checked = ours(prompt, reply)

    assert latest_passes > 1.5 * passes
    assert latest_checked > 1.5 * checked


tokens = st.lists(st.integers(0, 4), max_size=80)


@given(tokens, tokens)
@settings(deadline=None)
def test_the_reply_is_the_same_with_drafts(prompt, reply):
    assert replayed(prompt, reply)[2] == reply


@given(tokens)
@settings(deadline=None)
def test_a_draft_is_a_copy_of_what_followed_the_same_tokens(ids):
    draft = Lookup(ids).draft()

    assert len(draft) <= LONGEST
    if draft:
        shortest = min(SIZES)
        assert any(
            ids[place - shortest : place] == ids[-shortest:]
            and ids[place : place + len(draft)] == draft
            for place in range(shortest, len(ids))
        )


@given(tokens)
@settings(deadline=None)
def test_a_draft_is_found_wherever_three_tokens_stood_before(ids):
    stood = any(ids[place - 3 : place] == ids[-3:] for place in range(3, len(ids)))

    assert bool(Lookup(ids).draft()) == (stood and len(ids) > 3)


@given(tokens, st.integers(0, 80))
@settings(deadline=None)
def test_growing_by_steps_gives_the_same_draft_as_all_at_once(ids, cut):
    stepwise = Lookup(ids[:cut])
    for token_id in ids[cut:]:
        stepwise.extend([token_id])

    assert stepwise.draft() == Lookup(ids).draft()


@given(tokens, tokens)
@settings(deadline=None)
def test_the_accepted_tokens_are_the_common_start(draft, chosen):
    right = accepted(draft, chosen)

    assert draft[:right] == chosen[:right]
    assert right in (len(draft), len(chosen)) or draft[right] != chosen[right]


def seconds(tokens_seen: int) -> float:
    ids = random.Random(2).choices(range(50), k=tokens_seen)
    lookup = Lookup(ids)
    start = process_time()
    for token_id in ids[:2_000]:
        lookup.extend([token_id])
        lookup.draft()
    return process_time() - start


def test_a_token_costs_the_same_after_a_long_prompt_as_after_a_short_one():
    short = min(seconds(1_000) for _ in range(3))
    long = min(seconds(50_000) for _ in range(3))

    assert long < 5 * short  # a rescan would cost fifty times as much
