"""From a screenshot and the lines of text in it to a page."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.layout.flow import Flow
from app.jobs.webpage.layout.frame import Frame
from app.jobs.webpage.layout.nest import nested
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.roles import roles_of
from app.jobs.webpage.layout.sheet import body_css, sheet_of, texts
from app.jobs.webpage.measure.scan import scan
from app.jobs.webpage.measure.typefaces import is_wide
from app.jobs.webpage.page import Node, Page
from vision.engine import Line

CHINESE = 0.2  # of the letters, from which on a page is in Chinese


def build(rgb: NDArray[np.uint8], lines: Sequence[Line]) -> Page:
    """Return the page that a screenshot, (H, W, 3), shows. Pure."""
    height, width = rgb.shape[:2]
    whole = nested(scan(rgb, lines))
    sheet = sheet_of(whole)
    roles = roles_of(whole, sheet)
    flow = Flow(roles, width)
    body = flow.box(whole, Frame(0, width, sheet.look))
    assert whole.surface
    css = (*body_css(sheet, whole.surface.colour), *(
        pair for pair in body.css if pair[0] not in {"background", "border", "border-radius"}
    ))  # fmt: skip
    body = replace(body, tag="body", name="", css=css)
    return Page(width, height, body, title=title_of(whole, roles.levels), lang=language(whole))


def title_of(page: Part, levels: Sequence[float]) -> str:
    """Return the first of the largest headings, or the first text."""
    for text in texts(page):
        if levels and text.look.size == levels[0]:
            return text.text
    return next((text.text for text in texts(page)), "")


def language(page: Part) -> str:
    """Return the language of the page."""
    letters = [char for text in texts(page) for char in text.text if char.isalpha()]
    return "zh" if sum(map(is_wide, letters)) > CHINESE * max(1, len(letters)) else "en"


__all__ = ["Node", "build"]
