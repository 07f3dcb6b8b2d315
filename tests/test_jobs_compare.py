"""The compare job: what differs between pictures is measured, boxed and said."""

import io
import random
import threading

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from app.jobs.compare import OnePicture, compare
from app.jobs.difference import _regions, difference
from app.jobs.job import Tools
from app.jobs.placing import through
from tests.conftest import drawn as printed
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


def test_two_pages_of_print_of_one_size_are_two_scenes():
    pages = [
        printed(
            tuple(f"{random.Random(rows * 100 + row).getrandbits(60):x}" for row in range(rows)),
            size=size,
        )
        for rows, size in ((20, 30), (25, 23))
    ]

    one, other = (
        pixels(Image.open(io.BytesIO(page)).convert("RGB").resize((560, 900))) for page in pages
    )

    assert difference(one, other).matrix is None


@pytest.mark.parametrize("blank", [(1, 1), (1, 300), (640, 480)])
def test_pictures_of_nothing_are_compared_without_a_fault(blank):
    difference(pixels(room()), np.full((blank[1], blank[0], 3), 255, np.uint8))


# What was seen, lit or kept otherwise is no change of the scene


def wall(*, lamp=True):
    """Draw books on a shelf, and a lamp."""
    drawn = random.Random(3)
    image = Image.new("RGB", (480, 360), "#d8d2c4")
    draw = ImageDraw.Draw(image)
    for at in range(10, 460, 18):
        colour = tuple(drawn.randint(40, 200) for _ in "rgb")
        for foot in (150, 330):
            draw.rectangle((at, foot - drawn.randint(40, 80), at + 14, foot), fill=colour)
    if lamp:
        draw.ellipse((320, 190, 389, 259), fill="navy")
    return image


def moved(image, *, turned=0.0, right=0.0, down=0.0):
    corner = image.getpixel((0, 0))
    return image.rotate(turned, Image.Resampling.BICUBIC, translate=(right, down), fillcolor=corner)


def jpeg(image):
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=50)
    return Image.open(kept)


def noisy(image):
    noise = np.random.default_rng(2).normal(0, 6, (*image.size[::-1], 3))
    return Image.fromarray((pixels(image) + noise).clip(0, 255).astype(np.uint8))


def lit_from_the_side(image):
    light = np.linspace(0.75, 1.1, image.width)[None, :, None]
    return Image.fromarray((pixels(image) * light).clip(0, 255).astype(np.uint8))


SEEN_OTHERWISE = {
    "moved": lambda image: moved(image, right=5, down=-3),
    "moved by half a pixel": lambda image: image.transform(
        image.size,
        Image.Transform.AFFINE,
        (1, 0, 0.5, 0, 1, 0.5),
        Image.Resampling.BICUBIC,
        fillcolor=image.getpixel((0, 0)),
    ),
    "turned": lambda image: moved(image, turned=2),
    "smaller": lambda image: image.resize((336, 252), Image.Resampling.LANCZOS),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "brighter, white lost": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
    "lit from the side": lit_from_the_side,
    "compressed": jpeg,
    "noisy": noisy,
    "out of focus": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
}


@pytest.mark.parametrize("way", SEEN_OTHERWISE)
def test_a_scene_that_was_only_seen_otherwise_differs_nowhere(way):
    found = difference(pixels(wall()), pixels(SEEN_OTHERWISE[way](wall())))

    assert found.matrix is not None
    assert found.regions == ()


@pytest.mark.parametrize("way", SEEN_OTHERWISE)
def test_what_was_taken_away_is_the_one_region_however_it_was_seen(way):
    found = difference(pixels(wall()), pixels(SEEN_OTHERWISE[way](wall(lamp=False))))

    [region] = found.regions
    assert around(region.first, 320, 190, 390, 260, 4)


def test_a_drawing_with_little_to_recognise_is_laid_over_its_turned_like():
    image = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(image).polygon([(40, 30), (40, 270), (270, 270)], fill="#2a7")

    found = difference(pixels(image), pixels(moved(image, turned=1, right=3)))

    assert found.regions == ()


def test_pixels_that_differ_all_over_are_boxed_in_bounded_work(monkeypatch):
    dots = np.zeros((1200, 1200), bool)
    dots[::30, ::30] = True  # 1,600 parts, each too far from the next to be joined
    looked = []
    found = np.nonzero
    monkeypatch.setattr(np, "nonzero", lambda mask: looked.append(mask.size) or found(mask))

    _regions(dots, np.eye(3), 1200, 1200, 1)

    assert looked.count(dots.size) == 1


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


def test_pictures_that_were_only_lit_otherwise_are_not_said_to_be_alike_in_all(tmp_path, decoder):
    prompt = asked(tmp_path, wall(), SEEN_OTHERWISE["darker"](wall()))

    reply, _ = run(prompt, Tools(Blind(), Lines(), decoder))

    assert "show the same, though not taken or kept alike" in reply


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
