"""What goes over the wire to a server: messages, pictures, fields, the key."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image as Pillow

from bench.scripted_server import MODEL, ScriptedServer, fails, says
from tests.qwen_lab import user
from tests.server_lab import HI, collect, drawn, engine_at, messages_sent, stored, text_of
from vision.engine import Message, Prompt, SamplingParams
from vision.image_errors import ImageBroken, ImageGone
from vision.qwen.patches import FACTOR, smart_resize
from vision.server import tokens
from vision.server.access import KEY_VARIABLE, address_of, key_of
from vision.server.errors import (
    AddressUnusable,
    KeyUnusable,
    ModelNotServed,
    NoModelServed,
    RefusedThere,
)
from vision.server.models import Served, choose
from vision.server.pictures import Pictures, png
from vision.server.wire import body_of

BUDGET = 28 * 28 * 40


def pixels(uri):
    media, _, file = uri.partition(";base64,")
    return media, Pillow.open(io.BytesIO(base64.b64decode(file)))


def body(prompt=HI, **params):
    return body_of(prompt, SamplingParams(**params), "m", lambda image: f"data:{image.sha256}")


# Messages


def test_a_prompt_begins_with_the_bytes_of_the_one_before_it(decoder, tmp_path):
    picture, other = (stored(tmp_path, drawn(seed)) for seed in (1, 2))
    first = (Message("system", "Be brief."), Message("user", "What is it? 图", (picture,)))
    second = (*first, Message("assistant", "A\nreceipt. "), Message("user", "And the total?"))
    third = (*second, Message("assistant", "3.20"), Message("user", "Compare.", (other,)))

    with (
        ScriptedServer([says("a"), says("b"), says("c")]) as server,
        engine_at(server.url, decoder) as engine,
    ):
        for messages in (first, second, third):
            collect(engine, Prompt(messages))
            engine.release("deep")  # the pictures are encoded anew each time

    one, two, three = (messages_sent(request) for request in server.prompts)
    assert two.startswith(one.removesuffix(b"]") + b",")
    assert three.startswith(two.removesuffix(b"]") + b",")


def test_special_tokens_that_a_user_typed_reach_the_server_as_text():
    [message] = body(Prompt((user("a <|im_end|> b <|image_pad|> c <b>"),)))["messages"]

    assert "<|" not in message["content"]
    assert message["content"].replace("\u200b", "") == "a <|im_end|> b <|image_pad|> c <b>"


def test_pictures_come_before_the_text_of_their_message(tmp_path):
    picture = stored(tmp_path, drawn())

    [message] = body(Prompt((user("What is it?", picture),)))["messages"]

    assert [part["type"] for part in message["content"]] == ["image_url", "text"]


def test_what_is_not_in_the_protocol_is_sent_only_if_chosen():
    plain, chosen = body(), body(top_k=5, repetition_penalty=1.1, logprobs=True)

    assert plain.keys() == {
        "model", "messages", "stream", "stream_options", "max_tokens", "temperature", "top_p",
        "seed",
    }  # fmt: skip
    assert {k: chosen[k] for k in chosen.keys() - plain.keys()} == {
        "top_k": 5,
        "repetition_penalty": 1.1,
        "repeat_penalty": 1.1,
        "logprobs": True,
    }


def test_a_json_schema_is_sent_as_the_format_of_the_reply():
    schema = {"type": "object", "properties": {"total": {"type": "string"}}}

    sent = body(Prompt(HI.messages, json_schema=json.dumps(schema)))["response_format"]

    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["schema"] == schema


# Pictures


@pytest.mark.parametrize(("kind", "media"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_picture_within_the_budget_is_sent_as_it_is_stored(decoder, tmp_path, kind, media):
    picture = stored(tmp_path, drawn(), kind)

    uri = Pictures(decoder, BUDGET).uri(picture, keep=True)

    assert uri == f"data:{media};base64,{base64.b64encode(picture.path.read_bytes()).decode()}"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_larger_picture_is_scaled_as_in_process(decoder, tmp_path, kind):
    picture = stored(tmp_path, drawn(width=700, height=400), kind)

    media, sent = pixels(Pictures(decoder, BUDGET).uri(picture, keep=True))

    high, wide = smart_resize(400, 700, FACTOR, min_pixels=784, max_pixels=BUDGET)
    expected = decoder.decode(picture.path.read_bytes(), (wide, high)).rgb
    assert media == "data:image/png"
    np.testing.assert_array_equal(np.asarray(sent), expected)


def test_a_pictures_own_budget_goes_over_the_engines(decoder, tmp_path):
    picture = stored(tmp_path, drawn(width=700, height=400), max_pixels=28 * 28 * 10)

    _, sent = pixels(Pictures(decoder, BUDGET).uri(picture, keep=True))

    assert sent.width * sent.height <= 28 * 28 * 10


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "BMP", "TIFF"])
def test_a_kind_that_not_every_server_reads_is_sent_as_png(decoder, tmp_path, kind):
    picture = stored(tmp_path, drawn().convert("P" if kind == "GIF" else "RGB"), kind)

    media, sent = pixels(Pictures(decoder, BUDGET).uri(picture, keep=True))

    assert media == "data:image/png"
    assert sent.size == (picture.width, picture.height)


def test_a_photo_taken_sideways_is_sent_upright_without_its_metadata(decoder, tmp_path):
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "the camera"
    lying = drawn(width=90, height=60)
    picture = stored(tmp_path, lying, "JPEG", exif=exif)

    uri = Pictures(decoder, BUDGET).uri(picture, keep=True)

    _, sent = pixels(uri)
    assert sent.size == (60, 90)
    assert b"the camera" not in base64.b64decode(uri.partition(",")[2])


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("CMYK", "JPEG")]
)
def test_what_servers_would_see_differently_is_sent_as_rgb(decoder, tmp_path, mode, kind):
    source = drawn().convert("L").convert("I;16") if mode == "I;16" else drawn().convert(mode)
    picture = stored(tmp_path, source, kind)

    _, sent = pixels(Pictures(decoder, BUDGET).uri(picture, keep=True))

    assert sent.mode == "RGB"
    expected = decoder.decode(picture.path.read_bytes()).rgb
    np.testing.assert_array_equal(np.asarray(sent), expected)


def test_our_png_says_the_same_pixels_to_pillow():
    rgb = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)

    with Pillow.open(io.BytesIO(png(rgb))) as read:
        read.load()

    np.testing.assert_array_equal(np.asarray(read), rgb)


def test_a_picture_that_is_cut_off_is_refused_by_name(decoder, tmp_path):
    picture = stored(tmp_path, drawn(width=700, height=400))
    picture.path.write_bytes(picture.path.read_bytes()[:600])

    with pytest.raises(ImageBroken):
        Pictures(decoder, BUDGET).uri(picture, keep=True)


def test_a_picture_that_is_gone_is_refused(decoder, tmp_path):
    picture = stored(tmp_path, drawn())
    picture.path.unlink()

    with pytest.raises(ImageGone, match=picture.sha256[:12]):
        Pictures(decoder, BUDGET).uri(picture, keep=True)


def test_encoded_pictures_are_kept_within_a_limit(decoder, tmp_path):
    made = [stored(tmp_path, drawn(seed)) for seed in range(4)]
    one = len(Pictures(decoder, BUDGET).uri(made[0], keep=True))
    pictures = Pictures(decoder, BUDGET, kept_bytes=int(one * 2.5))

    for picture in made:
        pictures.uri(picture, keep=True)

    assert [pictures.has(picture) for picture in made] == [False, False, True, True]
    assert pictures.size_bytes <= one * 2.5


# Counting


@pytest.mark.parametrize("size", [(1, 1), (90, 70), (3000, 4000), (20, 3900), (1003, 1001)])
def test_pictures_are_scaled_as_qwen_does(size):
    width, height = size

    wide, high = tokens.scaled(width, height, 3_136, 1_003_520)

    expected = smart_resize(height, width, FACTOR, min_pixels=3_136, max_pixels=1_003_520)
    assert (high, wide) == tuple(max(side, FACTOR) for side in expected)


def test_the_cost_of_a_draft_is_estimated_without_the_server(decoder, tmp_path):
    long = {"id": MODEL, "max_model_len": 32_768}
    picture = stored(tmp_path, drawn(width=560, height=280))
    with ScriptedServer(models=[long]) as server, engine_at(server.url, decoder) as engine:
        asked = len(server.requests)

        count = engine.count_tokens(Prompt((user("What is the total? 合计", picture),)))

        assert count.images == (20 * 10 + 2,)
        assert count.text == 5 + 2 + 5
        assert count.max_context == 32_768
        assert len(server.requests) == asked


# The address, the key, the model


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("https://gpu.lan/llm/v1/", "https://gpu.lan/llm/v1"),
        ("http://[::1]:8000/v1?x=1", "http://[::1]:8000/v1"),
    ],
)
def test_an_address_without_a_path_means_v1(url, expected):
    assert address_of(url).base_url == expected


@pytest.mark.parametrize("url", ["", "gpu.lan:8000", "ftp://gpu.lan", "http://", "http://x:y"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(AddressUnusable):
        address_of(url)


@pytest.mark.parametrize("url", ["https://me:secret@gpu.lan/v1", "http://me:secret@x:port/v1"])
def test_an_address_with_a_key_in_it_is_refused_without_saying_it(url):
    with pytest.raises(AddressUnusable) as error:
        address_of(url)

    assert "secret" not in str(error.value)


@pytest.fixture
def key_file(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    path = tmp_path / "key"
    path.write_text("sk-1234\n")
    path.chmod(0o600)
    return path


def test_a_key_is_read_from_its_file(key_file):
    assert key_of(str(key_file)) == "sk-1234"


def test_the_environments_key_goes_over_the_files(key_file, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "sk-5678")

    assert key_of(str(key_file)) == "sk-5678"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_file_that_others_can_use_is_refused(key_file, mode):
    key_file.chmod(mode)

    with pytest.raises(KeyUnusable, match=f"{mode:o}") as error:
        key_of(str(key_file))

    assert "sk-1234" not in str(error.value)


@pytest.mark.parametrize("text", ["", "sk 1234", "sk\x011234", "schlüssel", "a\nb"])
def test_what_is_no_key_is_refused_without_saying_it(key_file, text):
    key_file.write_text(text)

    with pytest.raises(KeyUnusable) as error:
        key_of(str(key_file))

    assert not text or text not in str(error.value)


def test_a_key_is_sent_to_the_server_alone(decoder, monkeypatch, caplog):
    monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
    caplog.set_level("DEBUG")
    refusal = fails(400, {"error": {"message": "bad key sk-secret"}})

    with (
        ScriptedServer([says("ok"), refusal, refusal]) as server,
        engine_at(server.url, decoder) as engine,
    ):
        collect(engine)
        with pytest.raises(RefusedThere, match="bad key …") as error:
            collect(engine)
        status = engine.status()

    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-secret"}
    everything = f"{error.value!r} {error.value.values} {status} {caplog.text}"
    assert "sk-secret" not in everything


def test_nothing_is_taken_from_the_environment_of_another_service(decoder, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "of-another-service")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    with ScriptedServer([says("ok")]) as server, engine_at(server.url, decoder) as engine:
        assert text_of(engine) == "ok"

    headers = [request.headers for request in server.requests]
    assert "of-another-service" not in str(headers)
    assert all("authorization" not in each for each in headers)


def test_the_configured_model_is_taken_where_it_is_served():
    assert choose("b", [Served("a"), Served("b", 512)], "s") == Served("b", 512)


def test_the_only_model_is_taken_whatever_is_configured():
    assert choose("b", [Served("a")], "s") == Served("a")


def test_of_several_models_none_is_guessed():
    with pytest.raises(ModelNotServed, match="it serves a, c"):
        choose("b", [Served("a"), Served("c")], "s")


def test_a_server_without_a_list_is_believed_to_have_the_model():
    assert choose("b", [], "s") == Served("b")


def test_a_server_without_a_list_needs_a_name():
    with pytest.raises(NoModelServed):
        choose("", [], "s")
