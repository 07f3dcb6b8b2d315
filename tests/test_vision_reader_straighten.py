"""Paper that was photographed askew: boxes as if it lay flat, sheets told apart, rows whole."""

from threading import Event

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from vision.reader.layout import page_text, upright
from vision.reader.ocr import Ocr
from vision.reader.papers import edges_of, outlines_of, sheets_of
from vision.reader.straighten import carried, is_notable, level_matrix, slanting, spines_of
from vision.reader.turn import is_standing, stood

FEW_ITEMS = [
    ("CORNER CAFE SDN BHD", ""), ("12 Station Road, Springfield", ""),
    ("Date: 12/03/2018", "18:12"), ("Green Tea", "2.00"), ("Shiro Ramen", "12.80"),
    ("Chicken Katsu Curry", "15.50"),
    ("Cold Soba Noodles", "11.20"), ("Miso Soup", "3.10"), ("Subtotal", "44.60"),
    ("Rounding", "-0.05"), ("TOTAL", "44.55"), ("Cash", "50.00"), ("Change", "5.45"),
]  # fmt: skip
OTHER = [
    ("HARDWARE STORE", ""), ("7 Mill Lane, Riverton", ""), ("Date: 03/04/2019", "09:30"),
    ("Hammer", "25.00"), ("Box of nails", "4.90"), ("Wood glue", "7.35"), ("TOTAL", "37.25"),
]  # fmt: skip
SHOP = [
    ("永辉超市", ""), ("日期：2024-05-06", "10:22"), ("苹果", "12.80"), ("牛奶", "15.50"),
    ("面包", "9.90"), ("鸡蛋", "18.00"), ("合计", "56.20"), ("实收", "60.00"), ("找零", "3.80"),
]  # fmt: skip
CJK = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"


@pytest.fixture(scope="module")
def ocr():
    return Ocr()


def paper(rows, font=None):
    """Draw a receipt 560 pixels wide; a row has its name at the left, its price at the right."""
    picture = Image.new("RGB", (560, 60 + 50 * len(rows)), "white")
    draw = ImageDraw.Draw(picture)
    letters = font or ImageFont.load_default(26)
    for i, (name, price) in enumerate(rows):
        draw.text((40, 30 + 50 * i), name, "black", letters)
        draw.text((430, 30 + 50 * i), price, "black", letters)
    return np.asarray(picture)


def camera(sheet, size, angle=0.0, tilt=0.0, lean=0.0, fill=0.8, middle=(0.5, 0.5)):
    """Return the matrix that a photo of ``sheet`` makes: (width, height), degrees, shares."""
    high, wide = sheet.shape[:2]
    scale = fill * min(size[0] / wide, size[1] / high)
    x, y = wide * scale / 2, high * scale / 2
    corners = np.array([[-x, -y], [x, -y], [x, y], [-x, y]])
    corners[:2, 0] *= 1 - tilt
    corners[[0, 3], 1] *= 1 - lean
    turn = np.deg2rad(angle)
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    placed = turned + np.array(size) * middle
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    return cv2.getPerspectiveTransform(flat, placed.astype(np.float32))


def photo(sheets, size=(900, 1200)):
    """Return a photo of sheets on a desk, with its grain, a shadow, blur and noise."""
    wide, high = size
    rng = np.random.default_rng(3)
    grain = cv2.resize(rng.normal(0, 1, (high // 4, 9)), size, interpolation=cv2.INTER_CUBIC)
    seen = np.array([150.0, 105.0, 70.0]) + 12 * grain[..., None]
    for sheet, matrix in sheets:
        on_it = cv2.warpPerspective(np.ones(sheet.shape[:2]), matrix, size)[..., None]
        seen = seen * (1 - on_it) + on_it * cv2.warpPerspective(sheet.astype(float), matrix, size)
    shade = 1 - 0.3 / (1 + np.exp(-(np.arange(wide) / wide - 0.7) * 20))
    blurred = cv2.GaussianBlur(seen * shade[None, :, None], (0, 0), 0.7)
    return np.clip(blurred + rng.normal(0, 4, (high, wide, 1)), 0, 255).astype(np.uint8)


def said(rows):
    return "\n".join(" ".join(filter(None, row)) for row in rows).replace(" ", "")


def read(ocr, picture):
    return ocr.read(np.ascontiguousarray(picture), Event())


def row_quads(matrix, rows=12, width=500.0, pitch=40.0):
    """Return the boxes of rows of two lines each on flat paper, as a camera sees them."""
    flat = [
        np.array([[x, y], [x + w, y], [x + w, y + 24], [x, y + 24]])
        for y in pitch * np.arange(1, rows + 1)
        for x, w in ((20.0, 0.5 * width), (0.7 * width, 0.28 * width))
    ]
    return [carried(quad, matrix).astype(np.float32) for quad in flat]


STRONG = camera(np.empty((540, 560)), (900, 900), angle=8, tilt=0.2, lean=0.15)


def test_lines_that_run_together_are_made_level():
    quads = row_quads(STRONG)

    matrix = level_matrix(quads, np.empty((0, 2, 2)))

    assert np.rad2deg(slanting(spines_of(quads), np.eye(3))) > 5
    assert np.rad2deg(np.abs(slanting(spines_of(quads), matrix))) < 0.1


def test_lines_of_one_row_have_one_height_once_carried():
    quads = row_quads(STRONG)

    heights = [q.mean(axis=0)[1] for q in carried(np.array(quads), level_matrix(quads, NO_EDGES))]

    apart = np.abs(np.diff(np.array(heights).reshape(-1, 2), axis=1))
    assert apart.max() < 2


NO_EDGES = np.empty((0, 2, 2))


def test_the_papers_edges_stand_the_columns_up():
    quads = row_quads(STRONG)
    corners = carried(np.array([[0.0, 0], [560, 0], [560, 540], [0, 540]]), STRONG)
    edges = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)

    lefts = [q[0, 0] for q in carried(np.array(quads), level_matrix(quads, edges))][::2]
    without = [q[0, 0] for q in carried(np.array(quads), level_matrix(quads, NO_EDGES))][::2]

    assert np.ptp(lefts) < 5
    assert np.ptp(without) > 20


def test_a_few_lines_that_slant_otherwise_do_not_matter():
    quads = row_quads(STRONG)
    stamp = camera(np.empty((540, 560)), (900, 900), angle=-30)

    matrix = level_matrix([*quads, *row_quads(stamp, rows=3)], NO_EDGES)

    assert np.rad2deg(slanting(spines_of(quads), matrix)) < 0.5


def test_a_flat_page_stays_as_it_is():
    jitter = np.random.default_rng(1).normal(0, 0.7, (24, 4, 2))
    quads = [q + j for q, j in zip(row_quads(np.eye(3)), jitter, strict=True)]

    assert not is_notable(level_matrix(quads, NO_EDGES))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_lines_are_turned_at_most(count):
    matrix = level_matrix(row_quads(STRONG)[:count], NO_EDGES)

    assert np.array_equal(matrix[2], [0, 0, 1])


def test_the_edges_of_paper_are_seen_against_a_desk():
    matrix = camera(paper(OTHER), (900, 900), angle=5, tilt=0.1)
    corners = carried(np.array([[0.0, 0], [560, 0], [560, 410], [0, 410]]), matrix)

    [outline] = outlines_of(photo([(paper(OTHER), matrix)], (900, 900)))

    assert np.abs(outline[:, None] - corners[None]).max(axis=2).min(axis=0).max() < 12


def test_a_scan_without_a_desk_has_no_edges():
    [outline] = outlines_of(paper(OTHER))

    assert len(edges_of(outline, paper(OTHER))) == 0


def test_lines_of_one_sheet_stay_together_whatever_else_is_light():
    picture = photo([(paper(OTHER), camera(paper(OTHER), (900, 900), fill=0.6))], (900, 900))
    picture[820:880, 50:850] = 250  # a white ruler

    [sheet] = sheets_of(picture, row_quads(camera(paper(OTHER), (900, 900), fill=0.6), rows=6))

    assert len(sheet.lines) == 12


def test_a_box_on_its_side_begins_at_its_upper_end_whichever_corner_was_first():
    box = np.array([[10, 0], [40, 8], [30, 300], [0, 292]], np.float32)

    for first in range(4):
        rolled = np.roll(box, first, axis=0)
        assert is_standing(rolled)
        assert np.array_equal(stood(rolled), box)


@pytest.mark.parametrize(
    ("angle", "tilt", "lean"), [(10, 0, 0), (-10, 0, 0), (0, 0.15, 0.12), (-7, 0.1, -0.18)]
)
def test_a_photo_that_was_taken_askew_is_read_row_by_row(ocr, angle, tilt, lean):
    sheet = paper(FEW_ITEMS)
    matrix = camera(sheet, (900, 1200), angle, tilt, lean)

    assert page_text(read(ocr, photo([(sheet, matrix)]))).replace(" ", "") == said(FEW_ITEMS)


def test_chinese_on_a_photo_taken_askew_is_read_row_by_row(ocr):
    sheet = paper(SHOP, ImageFont.truetype(CJK, 28))
    matrix = camera(sheet, (900, 900), 6, 0.12, -0.15)

    assert page_text(read(ocr, photo([(sheet, matrix)], (900, 900)))).replace(" ", "") == said(SHOP)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_on_its_side_and_askew_is_read_row_by_row(ocr, quarters):
    sheet = paper(FEW_ITEMS)
    seen = photo([(sheet, camera(sheet, (900, 1200), 8, 0.08, 0.1))])

    assert page_text(read(ocr, np.rot90(seen, quarters))).replace(" ", "") == said(FEW_ITEMS)


def test_boxes_lie_where_the_photo_has_the_lines(ocr):
    sheet = paper(FEW_ITEMS)
    matrix = camera(sheet, (900, 1200), -6, 0.12, 0.12)

    lines = read(ocr, photo([(sheet, matrix)]))

    [total] = [line for line in lines if line.text.startswith("44.55")]
    x, y = carried(np.array([470.0, 545.0]), matrix)  # within it, on the paper
    assert total.box[0] < x < total.box[2]
    assert total.box[1] < y < total.box[3]


def test_what_is_level_already_is_left_alone(ocr):
    lines = read(ocr, paper(FEW_ITEMS))

    assert {line.level for line in lines} == {None}
    assert [box[1] for box in upright(lines)] == [line.box[1] for line in lines]


def test_two_receipts_in_one_photo_are_read_one_after_the_other(ocr):
    cafe, shop = paper(FEW_ITEMS), paper(OTHER)
    left = camera(cafe, (1400, 900), 4, 0.06, fill=0.85, middle=(0.27, 0.5))
    right = camera(shop, (1400, 900), -5, 0.05, fill=0.42, middle=(0.75, 0.5))

    lines = read(ocr, photo([(cafe, left), (shop, right)], (1400, 900)))

    assert page_text(lines).replace(" ", "") == said(FEW_ITEMS) + "\n" + said(OTHER)
    assert [line.sheet for line in lines] == sorted(line.sheet for line in lines)
    assert {line.sheet for line in lines} == {0, 1}
