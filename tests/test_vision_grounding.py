"""Boxes that a model names, in the pixels of the picture that the user has."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.engine import Image, Message, Prompt
from vision.grounding import Found, carried, found_fields, parse
from vision.qwen.patches import grid_for

CAT = Found("cat", (10, 20, 30, 40))
REPLY = '[{"bbox_2d": [10, 20, 30, 40], "label": "cat"}]'

sides = st.integers(28, 5_000)


@st.composite
def pictures(draw):
    """Draw a picture's size and the one it is scaled to."""
    width, height = draw(sides), draw(sides)
    budget = draw(st.sampled_from([200_704, 1_003_520, 12_845_056]))
    return (width, height), grid_for(width, height, 3_136, budget).size


def boxes_of(size: tuple[int, int]) -> st.SearchStrategy:
    xs = st.tuples(st.integers(0, size[0]), st.integers(0, size[0])).map(sorted)
    ys = st.tuples(st.integers(0, size[1]), st.integers(0, size[1])).map(sorted)
    return st.tuples(xs, ys).map(lambda pair: (pair[0][0], pair[1][0], pair[0][1], pair[1][1]))


@given(pictures(), st.data())
@settings(deadline=None)
def test_from_the_model_to_a_larger_original_and_back_is_exact(picture, data):
    original, seen = picture
    box = data.draw(boxes_of(seen))

    back = carried(carried(box, seen, original), original, seen)

    for axis in (0, 1):
        if original[axis] >= seen[axis]:
            assert (back[axis], back[axis + 2]) == (box[axis], box[axis + 2])


@given(pictures(), st.data())
@settings(deadline=None)
def test_from_an_original_to_a_larger_model_picture_and_back_is_exact(picture, data):
    original, seen = picture
    box = data.draw(boxes_of(original))

    back = carried(carried(box, original, seen), seen, original)

    for axis in (0, 1):
        if seen[axis] >= original[axis]:
            assert (back[axis], back[axis + 2]) == (box[axis], box[axis + 2])


@given(pictures(), st.data())
@settings(deadline=None)
def test_a_round_trip_loses_at_most_half_a_pixel_of_the_coarser(picture, data):
    original, seen = picture
    box = data.draw(boxes_of(original))

    back = carried(carried(box, original, seen), seen, original)

    for place, (before, after) in enumerate(zip(box, back, strict=True)):
        step = max(1.0, original[place % 2] / seen[place % 2])
        assert abs(after - before) <= step / 2 + 0.5


@given(pictures())
@settings(deadline=None)
def test_the_whole_picture_stays_the_whole_picture(picture):
    original, seen = picture

    assert carried((0, 0, *seen), seen, original) == (0, 0, *original)
    assert carried((0, 0, *original), original, seen) == (0, 0, *seen)


corners = st.integers(-10_000, 10_000)


@given(pictures(), st.tuples(corners, corners, corners, corners))
@settings(deadline=None)
def test_any_box_ends_up_in_the_picture_with_its_corners_in_order(picture, box):
    original, seen = picture

    x0, y0, x1, y1 = carried(box, seen, original)

    assert 0 <= x0 <= x1 <= original[0]
    assert 0 <= y0 <= y1 <= original[1]


def test_a_box_on_a_photo_of_twice_the_size_is_twice_as_far():
    assert carried((10, 20, 301, 280), (560, 280), (1_120, 560)) == (20, 40, 602, 560)


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        f"```json\n{REPLY}\n```",
        f"Here is the cat:\n{REPLY}\nAnything else?",
        '{"bbox_2d": [10, 20, 30, 40], "label": "cat"}',
        '[{"bbox_2d": [10.2, 19.5, 30, 40.4], "label": "cat"},]',
        '{"objects": {"pets": [{"label": "cat", "bbox_2d": [10, 20, 30, 40]}]}}',
        '[{"bbox_2d": [10, 20, 30, 40], "text_content": "cat"}]',
    ],
)
def test_a_box_is_read_however_the_json_is_wrapped(reply):
    assert parse(reply) == (CAT,)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "There is no cat.",
        '[{"label": "cat"}]',
        '[{"bbox_2d": [1, 2, 3], "label": "cat"}]',
        '[{"bbox_2d": [1, 2, 3, "4"], "label": "cat"}]',
        '[{"bbox_2d": [1, 2, 3, true], "label": "cat"}]',
        '[{"bbox_2d": [1, 2, 3, 1e999], "label": "cat"}]',
        '[{"bbox_2d": [1, 2, 3, NaN], "label": "cat"}]',
        '[{"bbox_2d": "1, 2, 3, 4"}]',
    ],
)
def test_what_is_no_box_is_passed_over(reply):
    assert parse(reply) == ()


def test_a_box_without_a_label_is_still_a_box():
    assert parse('{"bbox_2d": [10, 20, 30, 40], "label": 7}') == (Found("", (10, 20, 30, 40)),)


things = st.builds(Found, st.text(max_size=10), st.tuples(*[st.integers(0, 5_000)] * 4))


@given(st.lists(things, max_size=5), st.sampled_from([None, 2]), st.data())
@settings(deadline=None)
def test_of_a_reply_that_was_cut_off_every_whole_box_is_read(found, indent, data):
    written = [
        json.dumps({"bbox_2d": f.box, "label": f.label}, indent=indent, ensure_ascii=False)
        for f in found
    ]
    reply = "```json\n[" + ",\n".join(written) + "]\n```"
    ends = [len("```json\n[" + ",\n".join(written[: i + 1])) for i in range(len(written))]
    cut = data.draw(st.integers(0, len(reply)))

    assert parse(reply[:cut]) == tuple(f for f, end in zip(found, ends, strict=True) if end <= cut)


def test_a_label_may_hold_braces():
    found = [Found("{a}", (1, 2, 3, 4)), Found('"bbox_2d": {', (5, 6, 7, 8))]
    reply = json.dumps([{"label": f.label, "bbox_2d": f.box} for f in found])

    assert parse(reply) == tuple(found)


def test_brackets_without_end_are_no_trouble():
    assert parse('{"a":' * 20_000) == ()
    assert parse("{" * 100_000) == ()
    assert parse('{"a":[' * 500 + REPLY) == (CAT,)


PHOTO = Image("a" * 64, Path("photo.png"), 1_120, 560)


def asked(*messages, **more):
    return Prompt(messages or (Message("user", "Where is the cat?", (PHOTO,)),), **more)


def found(reply, prompt):
    return found_fields(reply, prompt, lambda _: (560, 280))


def test_boxes_come_in_the_originals_pixels():
    assert found(REPLY, asked()) == {
        "found": [{"text": "cat", "bbox": [20, 40, 60, 80], "image": 0}]
    }


def test_a_box_without_a_name_is_called_by_its_place():
    [thing] = found('{"bbox_2d": [10, 20, 30, 40]}', asked())["found"]

    assert thing["text"] == "(20, 40) (60, 80)"


def test_a_box_with_nothing_in_it_is_left_out():
    assert found('{"bbox_2d": [10, 20, 10, 40], "label": "cat"}', asked()) == {}
    assert found('{"bbox_2d": [900, 20, 999, 40], "label": "cat"}', asked()) == {}


def test_a_reply_about_several_pictures_has_no_boxes_as_none_says_which():
    assert found(REPLY, asked(Message("user", "?", (PHOTO, PHOTO)))) == {}


def test_a_box_is_in_the_picture_of_the_last_message_or_nowhere():
    before = (Message("user", "Hi.", (PHOTO,)), Message("assistant", "Hi."))

    assert found(REPLY, asked(*before, Message("user", "Where is it?"))) == {}
    assert found(REPLY, asked(*before, Message("user", "And here?", (PHOTO,)))) != {}
    assert found(REPLY, asked(*asked().messages, Message("assistant", "["), resume=True)) != {}


@pytest.mark.parametrize("job", ["receipt", "html", "compare"])
def test_what_a_job_finds_is_not_taken_from_it(job):
    assert found(REPLY, asked(job=job)) == {}
