"""How what a job found becomes a line of a batch, and a file of its own where it makes one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.batch.errors import NoPage
from app.batch.journal import Record
from vision.engine import Job, Line
from vision.reader.layout import page_text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a prompt."""

    reply: str
    lines: tuple[Line, ...]
    fields: Mapping[str, Any]  # as JSON can hold it
    pictures: int  # of the prompt: the pages of a PDF
    pixels: Callable[[], NDArray[np.uint8]]  # of the first, upright: (H, W, 3)


@dataclass(frozen=True, slots=True)
class Result:
    """What a batch writes."""

    record: Record
    page: str = ""  # HTML, for a file of its own


def result_of(job: Job, outcome: Outcome) -> Result:
    """Return what to write of a job's outcome. Raise ``VisionError`` where there is nothing."""
    return _RESULTS[job](outcome)


def _text(outcome: Outcome) -> Result:
    # A reply is Markdown; lines are what stands there.
    return Result({"text": _said(outcome), "lines": _boxes(outcome)})


def _receipt(outcome: Outcome) -> Result:
    # Imported late: the schema, which pydantic builds, is this job's alone.
    from app.jobs.receipt_record import record

    found: Record = {"text": _said(outcome), "fields": {}, "items": [], "checks": []}
    own = {name: value["value"] for name, value in outcome.fields.get("custom", {}).items()}
    custom: Record = {"custom": own} if own else {}
    read = record(outcome.fields, outcome.lines)
    return Result(found | read | custom | {"lines": _boxes(outcome)})


def _page(outcome: Outcome) -> Result:
    # Imported late: OpenCV, which cuts the pictures out.
    from app.jobs.webpage.crops import inline

    page = outcome.fields.get("html")
    if not page:
        raise NoPage
    found = {key: outcome.fields.get(key) for key in ("scores", "notes")}
    return Result(found, inline(page, outcome.pixels()))


def _said(outcome: Outcome) -> str:
    pages = groupby(outcome.lines, key=lambda line: line.image)
    return "\n".join(page_text(list(lines)) for _, lines in pages) or outcome.reply


def _boxes(outcome: Outcome) -> Sequence[Record]:
    return [
        {"text": line.text, "bbox": list(line.box), "score": round(line.score, 4)}
        | ({"page": line.image + 1} if outcome.pictures > 1 else {})
        for line in outcome.lines
    ]


_RESULTS: Mapping[Job, Callable[[Outcome], Result]] = {
    "text": _text,
    "receipt": _receipt,
    "html": _page,
}
JOBS: tuple[Job, ...] = tuple(_RESULTS)
