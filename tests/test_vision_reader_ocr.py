"""Real reading of pictures that the tests draw."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from vision.reader.cancel import Cancelled
from vision.reader.detect import bands, scale_for
from vision.reader.layout import page_text
from vision.reader.ocr import Ocr

CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
RECEIPT = [
    ("CORNER CAFE SDN BHD", ""),
    ("12 Station Road, Springfield", ""),
    ("Date: 12/03/2018", "18:12"),
    ("Green Tea", "2.00"),
    ("Shiro Ramen", "12.80"),
    ("Chicken Katsu Curry", "15.50"),
    ("Subtotal", "30.30"),
    ("Rounding", "-0.05"),
    ("TOTAL", "30.25"),
    ("Cash", "50.00"),
    ("Change", "19.75"),
]
TEXT = "\n".join(" ".join(filter(None, row)) for row in RECEIPT)


@pytest.fixture(scope="module")
def ocr():
    return Ocr()


def drawn(width, height, places, size, font=None):
    """Draw texts at their places, black on white."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    letters = font or ImageFont.load_default(size)
    for text, x, y in places:
        draw.text((x, y), text, fill="black", font=letters)
    return picture


def receipt():
    places = [
        (text, 30 + 380 * k, 30 + 50 * i)
        for i, row in enumerate(RECEIPT)
        for k, text in enumerate(row)
    ]
    return drawn(560, 600, places, 26)


def read(ocr, picture):
    return ocr.read(np.asarray(picture.convert("RGB")), Event())


def without_spaces(text):
    return text.replace(" ", "")


def test_a_receipt_is_read_row_by_row(ocr):
    assert page_text(read(ocr, receipt())) == TEXT


def test_boxes_lie_around_the_ink_they_were_read_from(ocr):
    picture = drawn(500, 300, [("Somewhere", 200, 120)], 40)
    ink = Image.eval(picture.convert("L"), lambda value: 255 - value).getbbox()

    [line] = read(ocr, picture)

    assert all(abs(a - b) <= 16 for a, b in zip(line.box, ink, strict=True))


def test_a_white_picture_has_no_lines(ocr):
    assert read(ocr, Image.new("RGB", (400, 300), "white")) == ()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_that_lies_on_its_side_is_read_upright(ocr, quarters):
    turned = receipt().rotate(90 * quarters, expand=True)

    assert page_text(read(ocr, turned)) == TEXT


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_of_a_turned_picture_lie_where_its_ink_is(ocr, quarters):
    turned = drawn(500, 300, [("Somewhere", 40, 30), ("over there", 40, 90)], 40).rotate(
        90 * quarters, expand=True
    )
    ink = Image.eval(turned.convert("L"), lambda value: 255 - value).getbbox()

    boxes = np.array([line.box for line in read(ocr, turned)])

    around = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    assert all(abs(a - b) <= 16 for a, b in zip(around, ink, strict=True))


def test_a_picture_held_askew_is_read_row_by_row(ocr):
    askew = receipt().rotate(3, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)

    assert without_spaces(page_text(read(ocr, askew))) == without_spaces(TEXT)


def test_a_page_of_6000_rows_is_read_at_its_own_size(ocr):
    words = [f"Paragraph {i} ends here" for i in range(100)]
    page = drawn(1280, 6000, [(text, 60, 30 + 59 * i) for i, text in enumerate(words)], 15)

    assert page_text(read(ocr, page)).split("\n") == words


def test_a_large_photo_is_read(ocr):
    words = [f"Item {i} of the list" for i in range(12)]
    photo = drawn(4000, 3000, [(text, 300, 150 + 230 * i) for i, text in enumerate(words)], 90)

    assert page_text(read(ocr, photo)).split("\n") == words


def test_small_print_on_a_large_screen_is_read(ocr):
    words = [f"status of job {i}: done" for i in range(20)]
    screen = drawn(3840, 2160, [(text, 2000, 200 + 90 * i) for i, text in enumerate(words)], 15)

    assert page_text(read(ocr, screen)).split("\n") == words


@pytest.mark.parametrize(
    ("text", "width", "height", "size"),
    [("Total 12.50", 100, 30, 17), ("INV-2041", 90, 22, 15), ("OK", 40, 24, 15)],
)
def test_a_tiny_crop_is_read(ocr, text, width, height, size):
    crop = drawn(width, height, [(text, 4, (height - size) // 2 - 2)], size)

    assert page_text(read(ocr, crop)) == text


def test_a_single_figure_is_not_laid_on_its_side(ocr):
    names = ["Green Tea", "Shiro Ramen", "Chicken Katsu Curry"]
    places = [(text, 120, 30 + 60 * i) for i, text in enumerate(names)]
    places += [("1", 40, 30 + 60 * i) for i in range(3)]

    assert page_text(read(ocr, drawn(480, 220, places, 28))).split("\n") == [
        f"1 {name}" for name in names
    ]


def test_white_text_on_black_is_read(ocr):
    dark = Image.eval(receipt(), lambda value: 255 - value)

    assert page_text(read(ocr, dark)) == TEXT


def test_two_columns_of_text_are_read_one_after_the_other(ocr):
    left = ["The first column begins here", "and it goes on for some lines", "until it ends."]
    right = ["The second one is read next", "though it begins at the top", "of the same page."]
    places = [(t, 40 + 480 * k, 40 + 36 * i) for k, c in enumerate((left, right)) for i, t in enumerate(c)]  # noqa: E501  # fmt: skip

    lines = read(ocr, drawn(960, 200, places, 22))

    assert [line.text for line in lines] == [*left, *right]


@pytest.mark.skipif(not CJK.exists(), reason="needs a font with Chinese characters")
def test_chinese_is_read(ocr):
    font = ImageFont.truetype(CJK, 30)
    rows = ["好邻居超市", "合计 35.50", "谢谢惠顾"]
    picture = drawn(400, 240, [(text, 30, 20 + 70 * i) for i, text in enumerate(rows)], 30, font)

    assert without_spaces(page_text(read(ocr, picture))) == without_spaces("\n".join(rows))


def test_reading_ends_when_it_is_cancelled(ocr):
    cancel = Event()
    cancel.set()

    with pytest.raises(Cancelled):
        ocr.read(np.asarray(receipt()), cancel)


def test_nothing_is_printed(ocr, capfd):
    read(ocr, receipt())

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(3000, 4000, 1600 / 3000), (6000, 1280, 1.0), (32, 90, 2.0), (1000, 700, 1.0)],
)
def test_only_what_is_too_large_or_too_small_is_scaled(height, width, scale):
    assert scale_for(height, width) == pytest.approx(scale)


def test_a_tall_page_is_cut_where_there_is_no_ink():
    page = np.asarray(drawn(1280, 5000, [("ink", 50, y) for y in range(0, 5000, 40)], 20))
    inked = set(np.flatnonzero((page < 128).any(axis=(1, 2))))

    cuts = [bottom for _, bottom in bands(page)][:-1]

    assert len(cuts) > 1
    assert inked.isdisjoint(cuts)


def test_bands_cover_a_picture_without_overlap():
    covered = list(bands(np.zeros((7001, 1280, 3), np.uint8)))

    assert [top for top, _ in covered] == [0, *(bottom for _, bottom in covered[:-1])]
    assert covered[-1][1] == 7001
