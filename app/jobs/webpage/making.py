"""A screenshot into a page: measured, and by an engine that sees written again from that."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from math import floor
from threading import Event

from app.jobs.job import Tools
from app.jobs.webpage import model
from app.jobs.webpage.check.checking import Checker, best
from app.jobs.webpage.check.render import renderer
from app.jobs.webpage.check.repair import Budget, Drawn, drawn, repair
from app.jobs.webpage.clean import cleaned
from app.jobs.webpage.fences import is_whole, page_in
from app.jobs.webpage.layout import built
from app.jobs.webpage.measure.scan import scan
from app.jobs.webpage.outcome import Outcome
from app.jobs.webpage.page import Page, walk
from app.jobs.webpage.record import Note, Version
from app.jobs.webpage.subject import Subject, asked, look
from app.jobs.webpage.words import Words, words_for
from app.jobs.webpage.write import to_html
from vision.engine import Chunk, FinishReason, Image, Progress, Prompt, SamplingParams, Usage
from vision.errors import PromptRefused
from vision.reader.cancel import check

Work = Generator[Chunk, None, Outcome]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a model made of a page."""

    versions: tuple[Version, ...] = ()
    notes: tuple[Note, ...] = ()
    usage: Usage | None = None
    finish_reason: FinishReason = "stop"


def make(
    prompt: Prompt,
    pictures: Sequence[Image],
    tools: Tools,
    params: SamplingParams,
    cancel: Event,
) -> Work:
    """Build the page of the first picture. Raise ``ImageRefused``, ``Cancelled``."""
    yield Chunk(progress=Progress("images", 1, 1, "images"))
    check(cancel)
    subject = look(pictures[0], tools, prompt.conversation, cancel)
    yield Chunk(progress=Progress("measure"))
    seen = scan(subject.rgb, subject.lines)
    yield Chunk(progress=Progress("build"))
    page = built(seen)
    with renderer() as browser:
        checker = Checker(subject.rgb, subject.sight, browser)
        if browser:
            yield Chunk(progress=Progress("render"))
        first = drawn(page, checker)
        versions = [first.version("measured") if first else Version(to_html(page), "measured")]
        if tools.engine.capabilities.sees:
            attempt = yield from _written(prompt, subject, page, checker, tools, params, cancel)
            versions += attempt.versions
        else:
            attempt = Attempt()
            if first and (better := (yield from _repaired(first, checker, cancel))) is not first:
                versions.append(better.version("repaired"))
    notes = list(attempt.notes)
    if len(pictures) > 1:
        notes.append(Note("one_picture", len(pictures)))
    if browser is None:
        notes.append(Note("unchecked"))
    return Outcome(
        said=_said(subject, page, versions, words_for(asked(prompt).text)),
        versions=tuple(versions),
        shown=best(versions),
        picture=subject.picture,
        lines=subject.lines,
        notes=tuple(notes),
        usage=attempt.usage,
        finish_reason="cancelled" if cancel.is_set() else attempt.finish_reason,
    )


def _repaired(first: Drawn, checker: Checker, cancel: Event) -> Generator[Chunk, None, Drawn]:
    """Repair a page, and say how far that has come."""
    work = repair(first, checker, cancel)
    while True:
        try:
            number = next(work)
        except StopIteration as end:
            better: Drawn = end.value
            return better
        yield Chunk(progress=Progress("repair", number, Budget().drawings))


def _written(
    prompt: Prompt,
    subject: Subject,
    page: Page,
    checker: Checker,
    tools: Tools,
    params: SamplingParams,
    cancel: Event,
) -> Generator[Chunk, None, Attempt]:
    """Have the model write the page, then mend what its rendering shows to be wrong."""
    wish, picture = asked(prompt).text, subject.picture
    request = model.first_prompt(picture, page, wish, prompt.conversation, tools.engine)
    written = yield from model.write(request, tools.engine, params, cancel)
    if not (code := page_in(written.reply)):
        missing = () if cancel.is_set() else (Note("no_page"),)
        return Attempt((), missing, written.usage, written.finish_reason)
    clean = cleaned(code)
    versions = [checker.version(clean.html, "model")]
    notes = [Note("removed", clean.removed)] if clean.removed else []
    if not is_whole(written.reply):
        notes.append(Note("cut_off"))
    usage = written.usage
    if versions[0].regions and not cancel.is_set():
        request = model.repair_prompt(picture, clean.html, versions[0].regions, prompt.conversation)
        try:
            again = yield from _again(request, checker, tools, params, cancel)
        except PromptRefused:
            notes.append(Note("no_room"))
        else:
            versions += again.versions
            usage = model.total(usage, again.usage or Usage())
    return Attempt(tuple(versions), tuple(notes), usage, written.finish_reason)


def _again(
    request: Prompt, checker: Checker, tools: Tools, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, Attempt]:
    """Have the model repair its page; nothing comes of it where it says no page."""
    if model.within(request, tools.engine, params) is None:
        raise PromptRefused
    written = yield from model.write(request, tools.engine, params, cancel)
    code = page_in(written.reply)
    found = (checker.version(cleaned(code).html, "model_repaired"),) if code else ()
    return Attempt(found, usage=written.usage)


def _said(subject: Subject, page: Page, versions: Sequence[Version], words: Words) -> str:
    """Say what was built, and how like the screenshot it is."""
    shown = versions[best(versions)]
    pictures = sum(node.tag == "img" for node in walk(page.body))
    if shown.by.startswith("model"):
        said = [words("built_model", lines=len(subject.lines))]
    elif subject.lines:
        key = ("built", "built_picture", "built_pictures")[min(pictures, 2)]
        said = [words(key, lines=len(subject.lines), pictures=pictures)]
    else:
        said = [words("no_text")]
    first = versions[0].scores
    if shown.scores and first:
        now, before = (floor(100 * each["likeness"]) for each in (shown.scores, first))
        said.append(
            words("repaired", before=before, now=now)
            if shown.by == "repaired" and now > before
            else words("alike", likeness=now)
        )
    return " ".join(said)
