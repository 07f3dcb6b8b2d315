"""The job "html": a screenshot into a page, drawn, compared, repaired; or a page into another one.

With the reader alone the page is measured. An engine that sees writes it again from what was
measured, and the better of both is shown. Where there is a page already and no new picture, the
prompt is about that page.
"""

from collections.abc import Generator
from threading import Event

from app.jobs.job import Tools
from app.jobs.webpage.change.changing import change
from app.jobs.webpage.making import make
from app.jobs.webpage.subject import asked, page_before, pictures_of
from app.jobs.webpage.words import words_for
from vision.engine import Chunk, Prompt, SamplingParams
from vision.reader.cancel import Cancelled


def webpage(
    prompt: Prompt, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, None]:
    """Yield the page that the prompt asks for; see ``Engine.stream`` for the errors."""
    words = words_for(asked(prompt).text)
    before, pictures = page_before(prompt), pictures_of(prompt)
    try:
        if before and not asked(prompt).images:
            outcome = yield from change(prompt, before, pictures, tools, params, cancel)
        elif pictures:
            outcome = yield from make(prompt, pictures, tools, params, cancel)
        else:
            yield Chunk(words("no_picture"))
            yield Chunk(finish_reason="stop")
            return
    except Cancelled:
        yield Chunk(finish_reason="cancelled")
        return
    yield from outcome.chunks(words)
