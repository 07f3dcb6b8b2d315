"""A page that is there into another one: "make it pastel, more white space".

An engine that sees is given the page and the wish. The reader alone makes the changes that rules
can make (``restyle``), and says which part of the wish it cannot.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

from app.jobs.job import Tools
from app.jobs.webpage import model
from app.jobs.webpage.change import restyle
from app.jobs.webpage.change.wishes import clauses
from app.jobs.webpage.check.checking import Checker
from app.jobs.webpage.check.render import renderer
from app.jobs.webpage.clean import cleaned
from app.jobs.webpage.fences import is_whole, page_in
from app.jobs.webpage.outcome import Outcome
from app.jobs.webpage.record import By, Note, Version
from app.jobs.webpage.subject import Subject, asked, look
from app.jobs.webpage.words import Words, words_for
from vision.engine import Chunk, FinishReason, Image, Progress, Prompt, SamplingParams, Usage
from vision.errors import ImageRefused
from vision.reader.cancel import Cancelled, check

Work = Generator[Chunk, None, Outcome]


@dataclass(frozen=True, slots=True)
class Changed:
    """A page after a wish."""

    html: str
    said: str
    notes: tuple[Note, ...] = ()
    usage: Usage | None = None
    finish_reason: FinishReason = "stop"


def change(
    prompt: Prompt,
    before: str,
    pictures: Sequence[Image],
    tools: Tools,
    params: SamplingParams,
    cancel: Event,
) -> Work:
    """Change the page ``before`` as the prompt asks. Raise ``Cancelled``, ``EngineFailed``."""
    check(cancel)
    wish = asked(prompt).text
    words = words_for(wish)
    if tools.engine.capabilities.sees:
        request = model.change_prompt(pictures[:1], before, wish, prompt.conversation)
        after = yield from _by_model(request, before, tools, params, cancel, words)
    else:
        after = by_rule(before, wish, words)
    if pictures:
        yield Chunk(progress=Progress("render"))
    subject = _subject(prompt, pictures, tools, cancel)
    pages: list[tuple[str, By]] = [(before, "before")]
    if after.html != before:
        pages.append((after.html, "changed"))
    return Outcome(
        said=after.said,
        versions=tuple(_versions(pages, subject)),
        shown=len(pages) - 1,
        picture=pictures[0] if pictures else None,
        lines=subject.lines if subject else (),
        notes=after.notes,
        usage=after.usage,
        finish_reason="cancelled" if cancel.is_set() else after.finish_reason,
    )


def by_rule(before: str, wish: str, words: Words) -> Changed:
    """Change a page without a model: every clause of the wish that a rule knows."""
    html = before
    told: dict[str, list[str]] = {"changed": [], "nothing": [], "cannot": []}
    for clause, meant in clauses(wish):
        after = restyle.changed(html, meant) if meant else html
        how = "changed" if after != html else "nothing" if meant else "cannot"
        told[how].append(clause)
        html = after
    if not any(told.values()):
        told["cannot"].append(wish.strip())
    said = (words(how, what=words.listed(parts)) for how, parts in told.items() if parts)
    return Changed(html, " ".join(said))


def _by_model(
    request: Prompt,
    before: str,
    tools: Tools,
    params: SamplingParams,
    cancel: Event,
    words: Words,
) -> Generator[Chunk, None, Changed]:
    written = yield from model.write(request, tools.engine, params, cancel)
    code = page_in(written.reply)
    if not code or (cancel.is_set() and not is_whole(written.reply)):
        # Half a page in place of a whole one would lose the rest of it.
        note = () if cancel.is_set() else (Note("no_change"),)
        return Changed(before, words("unchanged"), note, written.usage, written.finish_reason)
    clean = cleaned(code)
    notes = [Note("removed", clean.removed)] if clean.removed else []
    if not is_whole(written.reply):
        notes.append(Note("cut_off"))
    said = words("unchanged" if clean.html == before else "changed_model")
    return Changed(clean.html, said, tuple(notes), written.usage, written.finish_reason)


def _subject(
    prompt: Prompt, pictures: Sequence[Image], tools: Tools, cancel: Event
) -> Subject | None:
    """Return what the page was made from; None where that is gone, or nobody waits for it."""
    if pictures and not cancel.is_set():
        with suppress(ImageRefused, Cancelled):
            return look(pictures[0], tools, prompt.conversation, cancel)
    return None


def _versions(pages: Sequence[tuple[str, By]], subject: Subject | None) -> Iterator[Version]:
    if subject is None:
        yield from (Version(html, by) for html, by in pages)
        return
    with renderer() as browser:
        checker = Checker(subject.rgb, subject.sight, browser)
        for html, by in pages:
            yield checker.version(html, by)
