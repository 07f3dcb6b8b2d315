"""The pictures of a page: pieces of the screenshot, named after where they are cut from.

The page that is kept says ``<img src="crop-10-20-110-70.png">``. What it names is in the screenshot
already, so nothing is kept twice; whoever wants a page that stands alone has the pieces put into
it, as data or as files beside it. A picture behind text is named after its box and those of the
texts that it is filled in without: ``crop-0-0-900-400-80-90-300-120.png``.
"""

import base64
import io
import re
import zipfile
from collections.abc import Iterable

import cv2

from app.jobs.webpage.check.render import Rgb
from app.jobs.webpage.measure.behind import behind
from app.jobs.webpage.page import Box

# Of our own making, so that finding one takes no parser of HTML or CSS.
NAME = re.compile(r"crop-\d{1,5}(?:-\d{1,5}){3,163}\.png")
ASSETS = "assets/"  # where the pieces lie in an archive
_NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same page gives the same bytes


def inline(html: str, rgb: Rgb, effort: int = 9) -> str:
    """Return the page with its pictures in it, as data; with less effort sooner, and larger."""
    return NAME.sub(lambda found: _data(rgb, found[0], effort), html)


def pieces(pages: Iterable[str], rgb: Rgb) -> dict[str, str]:
    """Return the pictures of several pages as data, by name."""
    names = dict.fromkeys(name for html in pages for name in NAME.findall(html))
    return {name: _data(rgb, name) for name in names}


def archive(html: str, rgb: Rgb | None) -> bytes:
    """Return the page and its pictures, each a file, as a ZIP; without the screenshot the page."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        page = NAME.sub(lambda found: ASSETS + _file(found[0]), html)
        made.writestr(zipfile.ZipInfo("index.html", _EPOCH), page)
        for name in dict.fromkeys(NAME.findall(html)):
            if rgb is not None and (png := piece(rgb, name)):
                made.writestr(zipfile.ZipInfo(ASSETS + _file(name), _EPOCH), png)
    return buffer.getvalue()


def piece(rgb: Rgb, name: str, effort: int = 9) -> bytes:
    """Return a piece of the screenshot as a PNG; empty where the box is outside of it."""
    box, *holes = _boxes(name)
    x0, y0, x1, y1 = box
    crop = behind(rgb, box, holes) if holes else rgb[y0:y1, x0:x1]
    if not crop.size:
        return b""
    return cv2.imencode(".png", crop[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, effort])[1].tobytes()


def _data(rgb: Rgb, name: str, effort: int = 9) -> str:
    png = piece(rgb, name, effort)
    return f"data:image/png;base64,{base64.b64encode(png).decode()}" if png else _NOTHING


def _boxes(name: str) -> list[Box]:
    """Return the box of a picture, then those of the texts on it."""
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    fours = zip(numbers[::4], numbers[1::4], numbers[2::4], numbers[3::4], strict=False)
    return list(fours)


def _file(name: str) -> str:
    """Return the name of a picture's file, which has an end: the texts on it are only counted."""
    (x0, y0, x1, y1), *holes = _boxes(name)
    return f"crop-{x0}-{y0}-{x1}-{y1}{f'-without-{len(holes)}' if holes else ''}.png"
