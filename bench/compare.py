"""The difference map of two pictures: what of a known change it finds, and what it makes up.

A folder holds pairs with a ``manifest.json``: a list of ``a``, ``b``, ``options`` with the
threshold that pixelmatch was given, and ``diff_pixels``, which that gave. Where these pixels lie
is taken from pixelmatch's port to Python, older than what was counted with (``expected`` beside
``reference``). Each pair is compared as it is, and with the second picture turned and moved.

Beside these a drawn room: the same room seen, lit and kept otherwise, in which nothing changed,
and then with its lamp taken away, which is one region.

``pixel_recall``, ``pixel_precision``: of the reference's pixels those that ours has within 2
pixels, and the other way round. ``region_recall``: of the reference's pixels those in a box;
``region_precision``: of the boxes those that hold such a pixel. ``moved_``: the same of the moved
pairs; ``plain_precision`` is theirs compared pixel by pixel, not laid over one another.
``made_up``: boxes where nothing changed; ``lamps``: the share of drawn pairs in which the lamp's
box was found; ``cpu_seconds``: a drawn pair.
"""

import argparse
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from time import process_time

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from app.jobs.difference import Box, difference, differing
from app.jobs.likeness import Mask, Pixels, sharply
from vision.images import Decoder

NEAR = 2  # pixels
LAMP: Box = (420, 60, 521, 161)
OPTIONS = 0.05  # the threshold that pixelmatch's tests call "options"
HEADS = ("recall", "precision", "boxed", "right", "boxes", "area", "CPU s")


def near(mask: Mask) -> Mask:
    """Return what lies within ``NEAR`` pixels of ``mask``."""
    side = 2 * NEAR + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side))), np.uint8) > 0


def share(part: Mask, whole: Mask) -> float:
    """Return how much of ``whole`` is in ``part``: all, where there is nothing."""
    return float((part & whole).sum() / whole.sum()) if whole.any() else 1.0


def moved(picture: Pixels, degrees: float, by: float, right: float, down: float) -> Pixels:
    """Return the picture turned, enlarged and moved; its border goes on where nothing was seen."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, by)
    matrix[:, 2] += np.array([right, down])
    way, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
    laid = cv2.warpAffine(picture, matrix, (width, height), flags=way, borderMode=border)
    return np.asarray(laid, np.uint8)


def threshold(options: str) -> float:
    """Return the threshold of a fixture: its own, its tests', or pixelmatch's default."""
    own = re.search(r"threshold: ([\d.]+)", options)
    return float(own[1]) if own else OPTIONS if options == "options" else 0.1


def found_in(one: Pixels, other: Pixels, reference: Mask) -> list[float]:
    """Return a row: how ours compares with ``reference``, and what it cost."""
    started = process_time()
    found = difference(one, other)
    spent = process_time() - started
    nowhere = np.zeros(one.shape[:2], bool)
    ours = nowhere if found.matrix is None else differing(one, other, found.matrix)[0]
    inside, right = nowhere.copy(), 0
    for x0, y0, x1, y1 in (region.first for region in found.regions):
        inside[y0:y1, x0:x1] = True
        right += bool(reference[y0:y1, x0:x1].any())
    boxes = len(found.regions)
    pixels = share(near(ours), reference), share(near(reference), ours)
    regions = share(inside, reference), right / boxes if boxes else 1.0
    return [*pixels, *regions, boxes, float(inside.mean()), spent]


def pairs(folder: Path) -> dict[str, float]:
    """Print a row for each pair as it is, and one with the second picture moved."""
    print(f"{'':<26}{'expected':>10}{'reference':>10}" + "".join(f"{h:>10}" for h in HEADS))
    still: list[list[float]] = []
    laid: list[list[float]] = []
    plain: list[float] = []
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    with Decoder() as decoder:
        for pair in manifest:
            one, other = (decoder.decode((folder / pair[k]).read_bytes()).rgb for k in ("a", "b"))
            reference = sharply(one, other, threshold(pair["options"]))
            name = f"{pair['a']} {pair['b']}"
            counts = f"{pair['diff_pixels']:>10}{reference.sum():>10}"
            still.append(found_in(one, other, reference))
            print_row(f"{name:<26}{counts}", still[-1])
            turned = moved(other, 1, 1, 3, -2)
            laid.append(found_in(one, turned, reference))
            plain.append(share(near(reference), sharply(one, turned)))
            print_row(f"{name + ' moved':<26}{counts}", laid[-1])
    names = ("pixel_recall", "pixel_precision", "region_recall", "region_precision")
    figures = dict(zip(names, np.mean(still, axis=0), strict=False))
    figures |= {f"moved_{n}": v for n, v in zip(names, np.mean(laid, axis=0), strict=False)}
    return {**{n: float(v) for n, v in figures.items()}, "plain_precision": float(np.mean(plain))}


def print_row(head: str, row: Sequence[float]) -> None:
    """Print figures under ``HEADS``."""
    *shares, boxes, area, spent = row
    print(
        head + "".join(f"{v:>10.3f}" for v in shares) + f"{boxes:>10.0f}{area:>10.3f}{spent:>10.2f}"
    )


def room(*, lamp: bool = True) -> Pixels:
    """Draw a room: a wall of tiles, a shelf of books, a lamp."""
    drawn = Random(1)
    image = Image.new("RGB", (640, 480), "#e8e2d4")
    draw = ImageDraw.Draw(image)
    for at in range(0, 640, 40):
        draw.line((at, 0, at + drawn.randint(-20, 20), 480), fill="#b9b09c", width=2)
        draw.line((0, at, 640, at + drawn.randint(-20, 20)), fill="#b9b09c", width=2)
    for at in range(20, 600, 24):
        colour = tuple(drawn.randint(40, 200) for _ in "rgb")
        draw.rectangle((at, 420 - drawn.randint(30, 90), at + 18, 420), fill=colour)
    if lamp:
        draw.ellipse((*LAMP[:2], LAMP[2] - 1, LAMP[3] - 1), fill="navy")
    return np.asarray(image)


def jpeg(picture: Pixels, quality: int) -> Pixels:
    """Return the picture as a JPEG keeps it."""
    kept = io.BytesIO()
    Image.fromarray(picture).save(kept, "JPEG", quality=quality)
    return np.asarray(Image.open(kept))


def lit(picture: Pixels, by: float) -> Pixels:
    """Return the picture brighter or darker."""
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(picture)).enhance(by))


def lit_from_the_side(picture: Pixels) -> Pixels:
    """Return the picture darker at the left than at the right."""
    light = np.linspace(0.75, 1.1, picture.shape[1])[None, :, None]
    return np.asarray((picture * light).clip(0, 255), np.uint8)


def noisy(picture: Pixels) -> Pixels:
    """Return the picture with a sensor's noise."""
    noise = np.random.default_rng(2).normal(0, 6, picture.shape)
    return np.asarray((picture + noise).clip(0, 255), np.uint8)


def smaller(picture: Pixels) -> Pixels:
    """Return the picture at seven tenths of its size."""
    return np.asarray(Image.fromarray(picture).resize((448, 336), Image.Resampling.LANCZOS))


WAYS: dict[str, Callable[[Pixels], Pixels]] = {
    "the same": lambda p: p,
    "moved by 3, 2": lambda p: moved(p, 0, 1, 3, 2),
    "moved by 0.5, 0.5": lambda p: moved(p, 0, 1, 0.5, 0.5),
    "turned by 2 degrees": lambda p: moved(p, 2, 1, 0, 0),
    "5 % nearer": lambda p: moved(p, 0, 1.05, 0, 0),
    "smaller": smaller,
    "brighter by 15 %": lambda p: lit(p, 1.15),
    "darker by 20 %": lambda p: lit(p, 0.8),
    "lit from the side": lit_from_the_side,
    "JPEG, quality 75": lambda p: jpeg(p, 75),
    "JPEG, quality 40": lambda p: jpeg(p, 40),
    "noise of 6 levels": noisy,
    "out of focus": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1), np.uint8),
    "turned, brighter, JPEG": lambda p: jpeg(lit(moved(p, 2, 1.02, 4, 0), 1.12), 70),
}


def overlap(box: Box, other: Box) -> float:
    """Return what two boxes share, over what either covers."""
    wide = min(box[2], other[2]) - max(box[0], other[0])
    high = min(box[3], other[3]) - max(box[1], other[1])
    both = max(0, wide) * max(0, high)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return both / (sum(areas) - both)


def drawn() -> dict[str, float]:
    """Print a row for each way in which the room was seen, with its lamp and without."""
    print(f"\n{'':<26}{'nothing changed':>17}{'lamp: overlap':>15}{'other boxes':>13}{'CPU s':>8}")
    made_up, lamps, spent = 0, 0, 0.0
    one, without = room(), room(lamp=False)
    for name, seen in WAYS.items():
        started = process_time()
        nothing, lamp = (difference(one, seen(each)).regions for each in (one, without))
        spent += process_time() - started
        best = max((overlap(region.first, LAMP) for region in lamp), default=0.0)
        others = sum(overlap(region.first, LAMP) == 0 for region in lamp)
        made_up += len(nothing) + others
        lamps += best > 0.7
        seconds = (process_time() - started) / 2
        print(f"{name:<26}{len(nothing):>17}{best:>15.2f}{others:>13}{seconds:>8.2f}")
    found = lamps / len(WAYS)
    return {"made_up": made_up, "lamps": found, "cpu_seconds": spent / 2 / len(WAYS)}


def run(args: Sequence[str]) -> dict[str, float]:
    """Measure, print the tables, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench compare")
    parser.add_argument("folder", type=Path, help="pairs of pictures, with a manifest.json")
    given = parser.parse_args(args)
    return pairs(given.folder) | drawn()
