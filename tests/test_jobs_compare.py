"""The compare job: what differs between pictures is measured, boxed and said."""

import io
import threading

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.jobs.compare import OnePicture, compare
from app.jobs.difference import difference, through
from app.jobs.job import Tools
from vision.engine import Capabilities, Line, Message, Prompt, SamplingParams
from vision.engine import Image as Picture
from vision.errors import ImageRefused
from vision.fake import FakeEngine
from vision.reader.cancel import check


class Blind(FakeEngine):
    capabilities = Capabilities(sees=False, chats=False)


class Lines:
    """Reads what it was told stands in each picture."""

    def __init__(self, *lines):
        self._lines = lines
        self._at = -1

    def read(self, image, conversation="", cancel=None):
        self._at += 1
        return self._lines[self._at] if self._lines else ()


def room(*, lamp="navy", moved=0):
    """Draw a room with texture enough to be recognised."""
    image = Image.new("RGB", (640, 480), "#e8e2d4")
    draw = ImageDraw.Draw(image)
    for at in range(0, 640, 40):
        draw.line((at, 0, 640 - at, 480), fill="#b9b09c", width=2)
        draw.rectangle((at, 390 + at % 70, at + 18, 420 + at % 70), fill="#7a5b3c")
    draw.ellipse((420, 60, 520, 160), fill=lamp)
    draw.rectangle((100 + moved, 250, 160 + moved, 330), fill="#a33")
    return image


def pixels(image):
    return np.asarray(image.convert("RGB"))


def around(box, left, top, right, bottom, slack=12):
    return all(
        abs(side - wanted) <= slack
        for side, wanted in zip(box, (left, top, right, bottom), strict=True)
    )


def test_the_same_picture_differs_nowhere():
    found = difference(pixels(room()), pixels(room()))

    assert found.share == 0
    assert found.regions == ()


def test_what_changed_is_boxed():
    found = difference(pixels(room()), pixels(room(lamp="orange")))

    [region] = found.regions
    assert around(region.first, 420, 60, 521, 161, 3)
    assert region.first == region.second


def test_the_largest_change_comes_first():
    found = difference(pixels(room()), pixels(room(lamp="orange", moved=200)))

    assert len(found.regions) >= 2
    assert found.regions[0].pixels == max(region.pixels for region in found.regions)


def test_a_picture_taken_from_elsewhere_is_laid_over_the_first():
    turned = room(lamp="orange").rotate(6, resample=Image.Resampling.BICUBIC, expand=True)
    other = turned.resize((round(turned.width * 0.9), round(turned.height * 0.9)))

    found = difference(pixels(room()), pixels(other))

    assert found.matrix is not None
    assert around(found.regions[0].first, 420, 60, 520, 160)
    middle = through(np.linalg.inv(found.matrix), [(470, 110)])[0]
    x0, y0, x1, y1 = found.regions[0].second
    assert x0 < middle[0] < x1
    assert y0 < middle[1] < y1


def test_pictures_of_other_scenes_are_not_laid_over_one_another():
    noise = np.random.default_rng(1).integers(0, 255, (400, 500, 3)).astype(np.uint8)

    assert difference(pixels(room()), noise).matrix is None


@pytest.mark.parametrize("blank", [(1, 1), (1, 300), (640, 480)])
def test_pictures_of_nothing_are_compared_without_a_fault(blank):
    difference(pixels(room()), np.full((blank[1], blank[0], 3), 255, np.uint8))


# The job


def asked(tmp_path, *images, text="What differs?"):
    pictures = []
    for number, image in enumerate(images):
        data = io.BytesIO()
        image.save(data, "PNG")
        path = tmp_path / f"{number}.png"
        path.write_bytes(data.getvalue())
        pictures.append(Picture(f"{number:064}", path, image.width, image.height))
    return Prompt((Message("user", text, tuple(pictures)),), job="compare")


def run(prompt, tools):
    chunks = list(compare(prompt, tools, SamplingParams(), threading.Event()))
    return "".join(chunk.text for chunk in chunks), chunks[-1]


def test_the_reader_says_where_and_which_text_differs(tmp_path, decoder):
    lines = (
        (Line("LAMP 10.00", (430, 80, 510, 110), 0.99),),
        (Line("LAMP 12.00", (430, 80, 510, 110), 0.99),),
    )
    prompt = asked(tmp_path, room(), room(lamp="orange"))

    reply, last = run(prompt, Tools(Blind(), Lines(*lines), decoder))

    assert "LAMP 10.00 | LAMP 12.00" in reply
    [pair] = last.fields["pairs"]
    assert pair["same_scene"]
    assert pair["regions"][0]["texts"] == ["LAMP 10.00", "LAMP 12.00"]
    assert [line.image for line in last.lines] == [0, 1]


def test_boxes_are_in_the_pixels_of_the_pictures_as_they_are(tmp_path, decoder):
    large = [room(lamp=lamp).resize((2560, 1920)) for lamp in ("navy", "orange")]

    _, last = run(asked(tmp_path, *large), Tools(Blind(), Lines(), decoder))

    assert around(last.fields["pairs"][0]["regions"][0]["first"], 1680, 240, 2080, 640, 12)


def test_a_comparison_is_stopped_in_the_middle_of_a_picture(tmp_path, decoder):
    cancel = threading.Event()

    class Stopped(Lines):
        def read(self, image, conversation="", cancel=None):
            cancel.set()
            check(cancel)

    tools = Tools(Blind(), Stopped(), decoder)
    chunks = list(compare(asked(tmp_path, room(), room()), tools, SamplingParams(), cancel))

    assert chunks[-1].finish_reason == "cancelled"


def test_a_picture_that_is_gone_is_refused_in_a_sentence(tmp_path, decoder):
    prompt = asked(tmp_path, room(), room())
    prompt.messages[0].images[1].path.unlink()

    with pytest.raises(ImageRefused, match=r"1\.png"):
        run(prompt, Tools(Blind(), Lines(), decoder))


def test_a_model_is_told_what_was_measured_and_says_it(tmp_path, decoder):
    engine = FakeEngine(["The lamp is orange now."])

    reply, last = run(asked(tmp_path, room(), room(lamp="orange")), Tools(engine, Lines(), decoder))

    assert reply == "The lamp is orange now."
    assert "the largest first" in engine.prompts[0].messages[-1].text
    assert last.fields["pairs"][0]["regions"]


def test_text_of_a_picture_is_no_markdown(tmp_path, decoder):
    hostile = (Line("![x](http://h) | <b>", (430, 80, 510, 110), 0.9),)
    prompt = asked(tmp_path, room(), room(lamp="orange"))

    reply, _ = run(prompt, Tools(Blind(), Lines(hostile, ()), decoder))

    assert "![x]" not in reply
    assert "<b>" not in reply


def test_one_picture_cannot_be_compared(tmp_path, decoder):
    with pytest.raises(OnePicture, match="there is 1"):
        run(asked(tmp_path, room()), Tools(Blind(), Lines(), decoder))


def test_the_reply_is_in_the_language_of_the_prompt(tmp_path, decoder):
    reply, _ = run(
        asked(tmp_path, room(), room(), text="有什么不同？"), Tools(Blind(), Lines(), decoder)
    )

    assert reply == "图 1 与图 2 内容相同，没有发现不同之处。"
