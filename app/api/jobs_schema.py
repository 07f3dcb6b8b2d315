"""Jobs as programs ask for them and get them back."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.chat_schema import CompletionUsage, DataUri, Text
from app.api.chat_translate import usage
from app.intake import Upload
from app.jobs.receipt_schema import Receipt, Receipts
from app.jobs.webpage.crops import inline
from history import Turn
from vision.images import Decoder

JobName = Literal["receipt", "html", "text"]


class JobRequest(BaseModel):
    """Pictures, each as a data URI, and what else is to be said to the engine."""

    model_config = ConfigDict(strict=True, frozen=True)

    images: Annotated[list[DataUri], Field(min_length=1)]
    prompt: Text = ""


class FoundLine(BaseModel):
    """A line of text in a picture."""

    text: str
    bbox: tuple[int, int, int, int]  # x0, y0, x1, y1 in upright pixels of the original
    score: float  # 0 to 1
    image: int  # index of the picture


class JobReply(BaseModel):
    """What every job gives back."""

    job: JobName
    engine: str
    model: str
    finish_reason: str
    text: str  # the reply as the page shows it
    lines: list[FoundLine]  # what the reader found, if it was asked
    notices: list[str]  # sentences the user should know
    usage: CompletionUsage
    latency_ms: float


class TextReply(JobReply):
    """The text of the pictures."""


class ReceiptReply(JobReply):
    """What the pictures say as receipts."""

    receipts: tuple[Receipt, ...]
    custom: dict[str, Any]  # values of a schema of the user's own, by name


class HtmlReply(JobReply):
    """The picture as a page: one file of HTML, with its crops inside."""

    html: str
    scores: dict[str, Any]  # how near its rendering is to the picture; empty where none was made


def reply_of(job: JobName, turn: Turn, pictures: Sequence[Upload], decoder: Decoder) -> JobReply:
    """Return what a job's turn says of the pictures it was asked about."""
    common: dict[str, Any] = {
        "job": job,
        "engine": turn.engine,
        "model": turn.model,
        "finish_reason": turn.finish_reason,
        "text": turn.reply,
        "lines": turn.lines,
        "notices": turn.notices,
        "usage": usage(turn),
        "latency_ms": turn.latency_ms or 0.0,
    }
    if job == "text":
        return TextReply(**common)
    if job == "html":
        page = _standing_alone(turn.fields, pictures, decoder)
        return HtmlReply(**common, html=page, scores=turn.fields.get("scores") or {})
    found = Receipts.model_validate(turn.fields)
    return ReceiptReply(**common, receipts=found.receipts, custom=found.custom)


def _standing_alone(fields: Mapping[str, Any], pictures: Sequence[Upload], decoder: Decoder) -> str:
    """Return the page with the pieces of its picture in it."""
    html = str(fields.get("html") or "")
    cut_from = (fields.get("picture") or {}).get("sha256")
    for picture in pictures:
        if sha256(picture.data).hexdigest() == cut_from:
            return inline(html, decoder.decode(picture.data).rgb)
    return html
