"""From a screenshot and the lines of text in it to a page."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.jobs.webpage.layout.flow import Flow
from app.jobs.webpage.layout.forms import with_forms
from app.jobs.webpage.layout.harmony import settled
from app.jobs.webpage.layout.landmarks import Landmarks, landmarks_of
from app.jobs.webpage.layout.nest import nested
from app.jobs.webpage.layout.palette import palette_of
from app.jobs.webpage.layout.parts import Part
from app.jobs.webpage.layout.roles import roles_of
from app.jobs.webpage.layout.sheet import body_css, extra_faces, sheet_of, texts
from app.jobs.webpage.measure.scan import Scan, scan
from app.jobs.webpage.measure.typefaces import is_wide
from app.jobs.webpage.page import Page
from vision.engine import Line

CHINESE = 0.2  # of the letters, from which on a page is in Chinese


def build(rgb: NDArray[np.uint8], lines: Sequence[Line]) -> Page:
    """Return the page that a screenshot, (H, W, 3), shows. Pure."""
    return built(scan(rgb, lines))


def built(seen: Scan) -> Page:
    """Return the page of what was measured of a screenshot. Pure."""
    whole = nested(seen)
    sheet = sheet_of(whole)
    parts = parts_of(whole)
    marks = landmarks_of(parts, seen.height, sheet)
    roles = roles_of(marks.main, sheet)
    flow = Flow(roles, seen.width)
    body = settled(with_forms(flow.page(whole, marks)))
    assert whole.surface
    faces = tuple((f.name, f.stack) for f in extra_faces(whole, sheet))
    body = replace(body, css=(*body_css(sheet, whole.surface.background), *body.css))
    return Page(
        width=seen.width,
        height=seen.height,
        body=body,
        palette=palette_of(body),
        faces=faces,
        title=title_of(marks, roles.levels),
        lang=language(whole),
    )


def parts_of(page: Part) -> tuple[Part, ...]:
    """Return what stands on the page itself, from top to bottom."""
    if page.parts and page.parts[0].kind == "column":
        return page.parts[0].parts
    return page.parts


def title_of(marks: Landmarks, levels: Sequence[float]) -> str:
    """Return the first of the largest headings, or the first text."""
    said = [t for part in (*marks.main, *marks.head, *marks.foot) for t in texts(part)]
    for text in said:
        if levels and text.look.size == levels[0]:
            return text.text
    return said[0].text if said else ""


def language(page: Part) -> str:
    """Return the language of the page."""
    letters = [char for text in texts(page) for char in text.text if char.isalpha()]
    return "zh" if sum(map(is_wide, letters)) > CHINESE * max(1, len(letters)) else "en"
