"""What a prompt is about: which picture, which page, and what the picture shows."""

from dataclasses import dataclass
from threading import Event

from app.jobs.job import Tools
from app.jobs.webpage.check.render import Rgb
from app.jobs.webpage.check.sight import Sight, of_screenshot
from app.jobs.webpage.fences import page_in
from vision.engine import Image, Line, Message, Prompt
from vision.reader.engine import bytes_of


@dataclass(frozen=True, slots=True)
class Subject:
    """A screenshot, looked at."""

    picture: Image
    rgb: Rgb
    lines: tuple[Line, ...]
    sight: Sight


def look(picture: Image, tools: Tools, conversation: str, cancel: Event) -> Subject:
    """Return what a picture shows. Raise ``ImageRefused``, ``Cancelled``."""
    lines = tools.reader.read(picture, conversation, cancel)
    rgb = tools.decoder.decode(bytes_of(picture)).rgb
    return Subject(picture, rgb, lines, of_screenshot(rgb, lines))


def asked(prompt: Prompt) -> Message:
    """Return what the user asked for last."""
    return next(each for each in reversed(prompt.messages) if each.role == "user")


def pictures_of(prompt: Prompt) -> tuple[Image, ...]:
    """Return the pictures that were sent last."""
    return next((each.images for each in reversed(prompt.messages) if each.images), ())


def page_before(prompt: Prompt) -> str:
    """Return the page that the conversation has come to, "" for none."""
    replies = (each.text for each in reversed(prompt.messages) if each.role == "assistant")
    return next((page for reply in replies if (page := page_in(reply))), "")
