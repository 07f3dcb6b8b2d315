#!/usr/bin/env python3
"""Draw docs/screens/: every screen of the page, from a demo that really reads its pictures.

scripts/draw_screens.py            needs the test requirements and Debian's chromium
"""

import io
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "screens"
EXAMPLES = ROOT / "app" / "page" / "examples"
CHROMIUM = os.environ.get("CHROME") or shutil.which("chromium") or "/usr/bin/chromium"
WIDE = {"viewport": {"width": 1440, "height": 900}}
MIDDLE = {"viewport": {"width": 1024, "height": 768}}
SMALL = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
DARK_CHINESE = {"locale": "zh-CN", "color_scheme": "dark"}
RECEIPT, PAGE, COMPARED = range(3)  # of the demo's conversations, newest first
FOLDER = "March 2026"
SHOPS = ("pub", "grocery", "diner", "quantity_above", "coupons", "konbini", "hawker", "restaurant")
WRONG = "grocery"


@contextmanager
def demo() -> Iterator[str]:
    """Yield the address of a running demo."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "--demo", "--no-browser", "--port", "0"]
        running = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert running.stdout
        address = next(line.split()[2] for line in running.stdout if "http://" in line)
        yield address
        running.terminate()
        running.wait()


def opened(page: Page, at: int) -> None:
    """Open a conversation of the list, and wait until its panel is drawn."""
    page.evaluate("n => document.querySelectorAll('.sl-item[data-id]')[n].click()", at)
    page.wait_for_selector("#hist .sl-footer")
    page.wait_for_function("!document.querySelector('.sl-panel:empty')")
    page.wait_for_timeout(1500)  # pictures and frames are drawn
    page.evaluate("document.querySelector('.sl-panel').scrollIntoView()")
    page.evaluate("document.getElementById('scroll').scrollBy(0, -12)")


def welcome(page: Page) -> None:
    """Show what a first-time user sees."""
    page.wait_for_selector(".sl-card")


def receipt(page: Page) -> None:
    """Show a receipt's fields beside its picture."""
    opened(page, RECEIPT)


def webpage(page: Page) -> None:
    """Show a page that was made of a screenshot."""
    opened(page, PAGE)


def compared(page: Page) -> None:
    """Show two pictures and where they differ."""
    opened(page, COMPARED)


def viewer(page: Page) -> None:
    """Show a picture with the lines that were read."""
    opened(page, RECEIPT)
    page.click("#hist .sl-footer [data-view]")
    page.wait_for_selector(".sl-lines li")
    page.hover(".sl-lines li >> nth=9")
    page.wait_for_timeout(500)


def settings(page: Page) -> None:
    """Show the settings of a conversation."""
    opened(page, RECEIPT)
    page.evaluate("document.querySelector('.sl-settings').click()")
    page.wait_for_selector(".sl-drawer .sl-setting")


def inside(page: Page) -> None:
    """Show what happened behind the scenes."""
    opened(page, RECEIPT)
    page.click("#hist [data-more]")
    page.click(".sl-popup [role=menuitem] >> nth=1")
    page.wait_for_selector(".sl-inside .sl-bars")


def engine(page: Page) -> None:
    """Show which engine answers, and the others."""
    page.click(".sl-engine > summary")
    page.click(".sl-switches > summary")


def jobs(page: Page) -> None:
    """Show the jobs that a slash offers."""
    page.type("#composer textarea", "/")
    page.wait_for_selector(".sl-commands [role=option]")


def draft(page: Page) -> None:
    """Show pictures that are attached, and what could be done with them."""
    pictures = [EXAMPLES / name for name in ("receipt.png", "before.png")]
    page.set_input_files("#composer input[type=file]", pictures)
    page.wait_for_selector("#composer .thumbnail-item >> nth=1")
    page.wait_for_timeout(1000)


def folder(page: Page) -> None:
    """Show the receipts of a folder, those that want a look first."""
    page.evaluate("secondLook.folder.open()")
    page.wait_for_selector(".fold-drop")
    if not page.query_selector(".fold-earlier"):
        read_folder(page)
        page.click(".fold-back")
    page.click(".fold-earlier")
    page.wait_for_selector(".fold-row")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)  # the first of them is drawn beside the list


def read_folder(page: Page) -> None:
    """Have the receipts of some shops read. All later looks find them read."""
    pictures = shops()
    page.set_input_files(
        ".fold-pictures",
        [
            {"name": f"{name}.png", "mimeType": "image/png", "buffer": data}
            for name, data in pictures.items()
        ],
    )
    page.fill(".fold-name input", FOLDER)
    page.click(".fold-go")
    page.wait_for_function(
        "n => !document.querySelector('.fold-pause')"
        " && document.querySelectorAll('.fold-row').length === n",
        arg=len(pictures),
        timeout=600_000,
    )


def shops() -> dict[str, bytes]:
    """Draw a receipt of each of ``SHOPS``, of which one does not add up."""
    sys.path.insert(0, str(ROOT))  # the tests are no package of ours: they are never installed
    from tests import receipt_shops
    from tests.receipt_sheets import other_digit

    pictures = {}
    for name in SHOPS:
        rng = random.Random(name)  # noqa: S311  the same receipts each time
        sheet = getattr(receipt_shops, name)(rng)
        if name == WRONG:
            key, (label, (amount, at)) = next(row for row in sheet.rows if row[0] == "total")
            wrong = (key, [label, (other_digit(amount, rng), at)])
            sheet.rows = [wrong if row[0] == key else row for row in sheet.rows]
        picture = io.BytesIO()
        sheet.drawn().save(picture, "PNG")
        pictures[name] = picture.getvalue()
    return pictures


def clear(page: Page) -> None:
    """Show the levels of a clear."""
    opened(page, RECEIPT)
    page.click(".sl-clear-more")


SCREENS: dict[str, Callable[[Page], None]] = {
    each.__name__: each
    for each in (
        welcome, draft, receipt, webpage, compared, viewer, settings, inside, engine, jobs, clear,
        folder,  # last: from then on the list has it
    )
}  # fmt: skip
LOOKS = {
    "wide": WIDE,
    "middle-dark-chinese": MIDDLE | DARK_CHINESE,
    "small": SMALL,
    "small-dark-chinese": SMALL | DARK_CHINESE,
}


def smaller(path: Path) -> None:
    """Write a picture again with few colours: a third of the bytes, and no eye tells."""
    few = Image.open(path).convert("RGB").quantize(192, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def draw(browser: Browser, address: str) -> None:
    """Draw every screen in every look."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name, show in SCREENS.items():
        for look, options in LOOKS.items():
            context = browser.new_context(**options, reduced_motion="reduce")
            page = context.new_page()
            page.goto(address)
            page.wait_for_selector("#composer textarea:not([disabled])")
            page.wait_for_timeout(1000)  # the list has its pictures, and every widget its language
            show(page)
            page.screenshot(path=OUT / f"{name}-{look}.png")
            smaller(OUT / f"{name}-{look}.png")
            context.close()
            print(f"{name}-{look}")


def main() -> None:
    """Draw all of docs/screens."""
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        draw(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
