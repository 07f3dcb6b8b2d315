"""A turn's file: its keys, what survives in it, and what is refused."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history import ImageRef, NameRefused, Turn
from history.record import seal, unseal
from history.turn import decode, encode

SHA256 = hashlib.sha256(b"a picture").hexdigest()
IMAGE = ImageRef(SHA256, "jpg", 640, 480, "receipt.jpg")
LINE = {"text": "TOTAL 12.50", "bbox": [10, 20, 110, 40], "score": 0.98, "image": 0}
TURN = Turn(
    id=3,
    timestamp="2026-02-14T09:30:12.345Z",
    prompt="What is the total?",
    images=(IMAGE,),
    reply="12.50",
    finish_reason="stop",
    latency_ms=812.4,
    engine="reader",
    model="PP-OCRv6",
    revision="3.10.0",
    params={"seed": 7, "temperature": 0.0},
    usage={"prompt_tokens": 5, "decode_ms": 1.5},
    token_ids=(1, 2, 3),
    job="receipt",
    fields={"total": "12.50"},
    lines=(LINE,),
    notices=("scaled down",),
)

NAUGHTY = [
    "",
    "\x00\x01\x1b[31m\x7f\x85",
    "line\r\nline\u2028line\u2029",
    "\ud800 a lone surrogate \udfff",
    "\u202eright to left\u202c \u200f\u2066",
    "e\u0301 is not \u00e9",
    "日本語 中文 한국어 العربية",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f44b\U0001f3fd",
    '"}],\\u0000 "finish_reason": null',
    "\ufeff\ufffe\uffff\U0010ffff",
    "x" * 1_000_000,
    "{text} %s ${HOME} <script>alert(1)</script> '; DROP TABLE turns; --",
]


def on_disk(turn):
    return json.loads(encode(turn))


def resealed(turn, **changes):
    """The file of a turn whose record was changed, with a right checksum."""
    return seal(unseal(encode(turn)) | changes)


def test_the_keys_on_disk_are_the_documented_ones_in_this_order():
    assert list(on_disk(TURN)) == [
        "schema", "id", "timestamp", "image_hash", "images", "user_input", "model_output",
        "latency_ms", "finish_reason", "engine", "model", "revision", "params", "usage",
        "token_ids", "job", "fields", "boxes", "error", "notices", "checksum",
    ]  # fmt: skip


def test_the_seeds_keys_hold_what_they_say():
    record = on_disk(TURN)

    assert record["schema"] == 1
    assert record["image_hash"] == SHA256
    assert record["user_input"] == "What is the total?"
    assert record["model_output"] == "12.50"
    assert record["boxes"] == [LINE]
    assert record["images"] == [
        {"sha256": SHA256, "format": "jpg", "width": 640, "height": 480, "name": "receipt.jpg"}
    ]


def test_a_turn_without_pictures_has_no_image_hash():
    assert on_disk(replace(TURN, images=()))["image_hash"] is None


def test_a_turn_comes_back_as_it_was():
    assert decode(encode(TURN)) == TURN


@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
def test_any_text_comes_back_as_it_was(text):
    turn = replace(
        TURN, prompt=text, reply=text, notices=(text,), images=(replace(IMAGE, name=text),)
    )

    assert decode(encode(turn)) == turn


@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
def test_a_file_is_ascii_with_one_key_a_line(text):
    content = encode(replace(TURN, prompt=text, images=(), lines=()))

    content.decode("ascii")
    assert content.count(b"\n") == len(on_disk(TURN)) + 2


characters = st.characters(exclude_categories=())  # lone surrogates too
texts = st.text(characters)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner) | st.tuples(inner, inner),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
turns = st.builds(
    Turn,
    id=st.integers(1, 10**8),
    timestamp=texts,
    prompt=texts,
    images=st.lists(
        st.builds(ImageRef, st.just(SHA256), st.just("png"), st.integers(1), st.integers(1), texts),
        max_size=2,
    ).map(tuple),
    reply=texts,
    finish_reason=st.sampled_from(["stop", "length", "loop", "cancelled", "error", None]),
    latency_ms=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    params=objects,
    usage=st.dictionaries(texts, st.integers() | st.floats()),
    token_ids=st.lists(st.integers()).map(tuple),
    job=st.none() | texts,
    fields=objects,
    lines=st.lists(objects, max_size=2).map(tuple),
    error=objects,
    notices=st.lists(texts).map(tuple),
    extra=objects,
)


def whole(text):
    """``text`` with the two halves of a surrogate pair joined, as JSON reads them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@settings(deadline=None)  # a busy machine is no failure
@given(turns)
def test_any_turn_can_be_read_again(turn):
    back = decode(encode(turn))

    assert (back.id, back.images and back.images[0].sha256) == (
        turn.id,
        turn.images and turn.images[0].sha256,
    )
    assert (back.prompt, back.reply) == (whole(turn.prompt), whole(turn.reply))
    assert (back.finish_reason, back.latency_ms) == (turn.finish_reason, turn.latency_ms)
    assert back.token_ids == turn.token_ids


@settings(deadline=None)  # a busy machine is no failure
@given(turns)
def test_reading_then_writing_changes_no_byte(turn):
    content = encode(turn)

    assert encode(decode(content)) == content


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=200))
def test_no_bytes_but_a_sealed_record_are_a_turn(content):
    with pytest.raises(ValueError, match=r"^i"):
        decode(content)


def test_keys_that_this_version_does_not_know_survive_a_read_then_a_write():
    content = resealed(TURN, stars=5, tags=["a", {"b": None}])

    assert on_disk(decode(content))["tags"] == ["a", {"b": None}]
    assert encode(decode(content)) == content


def test_a_number_that_json_does_not_have_costs_no_reply():
    turn = decode(encode(replace(TURN, usage={"decode_ms": float("nan")}, latency_ms=float("inf"))))

    assert (turn.reply, turn.usage, turn.latency_ms) == ("12.50", {"decode_ms": None}, None)


def test_a_value_that_json_cannot_hold_is_a_bug():
    with pytest.raises(TypeError, match="bytes"):
        encode(replace(TURN, fields={"raw": b"\x00"}))


def test_an_older_file_without_later_keys_can_be_read():
    record = {"schema": 1, "id": 1, "timestamp": "2026-02-14T09:30:12Z", "user_input": "hello"}

    assert decode(seal(record)) == Turn(1, "2026-02-14T09:30:12Z", "hello")


def test_a_file_laid_out_in_another_way_is_the_same_turn():
    assert decode(json.dumps(on_disk(TURN), sort_keys=True, indent=4).encode()) == TURN


def test_each_cut_of_a_file_is_noticed():
    content = encode(TURN).rstrip()

    for length in range(len(content)):
        with pytest.raises(ValueError, match="cut off"):
            decode(content[:length])


def test_each_changed_value_is_noticed():
    record = on_disk(TURN)

    for key in record.keys() - {"schema", "checksum"}:
        with pytest.raises(ValueError, match="checksum"):
            decode(json.dumps(record | {key: "changed"}).encode())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut off"),
        (b"[]", "not a JSON object"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'\xef\xbb\xbf{"schema": 1}', "cut off or not JSON"),
        (b'{"schema": NaN}', "NaN"),
        (b'{"id": 1}', "schema"),
        (b'{"schema": true}', "schema"),
        (b'{"schema": 0}', "schema"),
        (b'{"schema": "1"}', "schema"),
        (b'{"schema": 1}', "checksum"),
        (b'{"schema": 1, "x": 1e999}', "."),
        (b"[" * 100_000, "cut off"),
        (b'{"schema": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "."),
    ],
    ids=str,
)
def test_a_file_that_is_no_record_says_why(content, reason):
    with pytest.raises(ValueError, match=reason):
        decode(content)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "1"),
        ("id", True),
        ("user_input", None),
        ("finish_reason", "bored"),
        ("finish_reason", []),
        ("images", [{"sha256": SHA256}]),
        ("images", [on_disk(TURN)["images"][0] | {"sha256": "../../etc/passwd"}]),
        ("images", [on_disk(TURN)["images"][0] | {"format": "jpg/../x"}]),
        ("token_ids", [1.5]),
        ("boxes", {"text": "x"}),
        ("latency_ms", "fast"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_key(key, value):
    with pytest.raises(ValueError, match=key):
        decode(resealed(TURN, **{key: value}))


def test_of_a_newer_file_is_shown_what_is_understood():
    turn = decode(resealed(TURN, schema=2, images="elsewhere", finish_reason="bored", checksum="?"))

    assert (turn.schema, turn.prompt, turn.reply) == (2, "What is the total?", "12.50")
    assert (turn.images, turn.finish_reason) == ((), None)


@pytest.mark.parametrize("sha256", ["", "a" * 63, "A" * 64, "a" * 64 + "\n", "../" + "a" * 61])
def test_a_picture_cannot_be_named_but_by_its_hash(sha256):
    with pytest.raises(NameRefused):
        ImageRef(sha256, "png", 1, 1)


@pytest.mark.parametrize("extension", ["", ".png", "PNG", "p/g", "png\n", "x" * 9, "\u0661"])
def test_a_pictures_format_is_a_plain_extension(extension):
    with pytest.raises(NameRefused):
        ImageRef(SHA256, extension, 1, 1)
