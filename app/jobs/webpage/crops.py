"""The pictures of a page: pieces of the screenshot, named after where they are cut from.

The page that is kept says ``<img src="crop-10-20-110-70.png">``. What it names is in the screenshot
already, so nothing is kept twice; whoever wants a page that stands alone has the pieces put into
it, as data or as files beside it.
"""

import base64
import io
import re
import zipfile
from collections.abc import Callable, Iterable

import cv2

from app.jobs.webpage.check.render import Rgb
from app.jobs.webpage.page import Box

# Of our own making, so that finding one takes no parser of HTML or CSS.
NAME = re.compile(r"crop-(\d{1,5})-(\d{1,5})-(\d{1,5})-(\d{1,5})\.png")
ASSETS = "assets/"  # where the pieces lie in an archive
_NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same page gives the same bytes


def name_of(box: Box) -> str:
    """Return what the piece of a screenshot is called."""
    return "crop-{}-{}-{}-{}.png".format(*box)


def inline(html: str, rgb: Rgb, effort: int = 9) -> str:
    """Return the page with its pictures in it, as data; with less effort sooner, and larger."""
    return _replaced(html, lambda box: _data(rgb, box, effort))


def pieces(pages: Iterable[str], rgb: Rgb) -> dict[str, str]:
    """Return the pictures of several pages as data, by name."""
    boxes = dict.fromkeys(_box(found) for html in pages for found in NAME.finditer(html))
    return {name_of(box): _data(rgb, box) for box in boxes}


def archive(html: str, rgb: Rgb | None) -> bytes:
    """Return the page and its pictures, each a file, as a ZIP; without the screenshot the page."""
    boxes = dict.fromkeys(_box(found) for found in NAME.finditer(html))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        page = _replaced(html, lambda box: ASSETS + name_of(box))
        made.writestr(zipfile.ZipInfo("index.html", _EPOCH), page)
        for box in boxes:
            if rgb is not None and (png := piece(rgb, box)):
                made.writestr(zipfile.ZipInfo(ASSETS + name_of(box), _EPOCH), png)
    return buffer.getvalue()


def piece(rgb: Rgb, box: Box, effort: int = 9) -> bytes:
    """Return a piece of the screenshot as a PNG; empty where the box is outside of it."""
    x0, y0, x1, y1 = box
    crop = rgb[y0:y1, x0:x1]
    if not crop.size:
        return b""
    return cv2.imencode(".png", crop[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, effort])[1].tobytes()


def _data(rgb: Rgb, box: Box, effort: int = 9) -> str:
    png = piece(rgb, box, effort)
    return f"data:image/png;base64,{base64.b64encode(png).decode()}" if png else _NOTHING


def _replaced(html: str, address: Callable[[Box], str]) -> str:
    return NAME.sub(lambda found: address(_box(found)), html)


def _box(found: re.Match[str]) -> Box:
    x0, y0, x1, y1 = (int(number) for number in found.groups())
    return x0, y0, x1, y1
