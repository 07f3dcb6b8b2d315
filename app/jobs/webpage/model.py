"""A page written by an engine that sees, with what was measured as its evidence.

A model knows what things are and not where; the measuring knows where and not what. So the
measured page goes into the prompt, and what is right about it is cheap to say again: a model that
looks its next words up in the prompt copies faster than it writes. A reply that is cut off goes on
by itself until the page has its end, a few times at most.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Event
from time import perf_counter
from typing import Any

from app.jobs.webpage.evidence import MOST, differences, evidence
from app.jobs.webpage.fences import is_whole
from app.jobs.webpage.page import Page
from app.jobs.webpage.write import to_html
from vision.engine import Chunk, Engine, FinishReason, Image, Message, Prompt, SamplingParams, Usage

PAGE_TOKENS = 4_096  # of a reply; a page takes about as many
LEAST_TOKENS = 512  # of a reply that is worth beginning
MOST_TOKENS = 8_192  # of a reply
CONTINUATIONS = 3  # of a reply that was cut off

_RULES = """\
Rules:
- One HTML file with its style in <style>, no scripts, nothing from outside, no frameworks.
- Semantic elements: header, nav, main, section, article, footer, h1 to h6 by rank, p, ul, table,
  form with label and input, button, a.
- Flow layout with flex and grid; no absolute positions. It fits a screen 390 pixels wide.
- Custom properties for the colours, class names that say what a thing is, indented.
- All text as it stands in the screenshot. Pictures only as <img src="crop-….png"> with the names,
  width, height of the evidence, and an alt text.
Reply with the file alone, in a ```html block."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, all parts of it."""

    reply: str
    finish_reason: FinishReason
    usage: Usage


def first_prompt(
    picture: Image, page: Page, wish: str, conversation: str, engine: Engine
) -> Prompt:
    """Return the prompt that asks for a page, with as much of what was measured as fits."""
    said = f"The user says: {wish.strip()}\n\n" if wish.strip() else ""

    def prompt(measured: str) -> Prompt:
        text = f"Write the web page of this screenshot as HTML.\n\n{said}{measured}\n\n{_RULES}"
        return Prompt((Message("user", text, (picture,)),), conversation, job="html")

    draft = prompt(
        "Here is a draft of it. Its measures, colours and text are exact; a program that does not "
        "see made it. Keep its measures, and give it the right elements, groups, names and alt "
        f"texts:\n```html\n{to_html(page).rstrip()}\n```"
    )
    shorter = [prompt(f"What was measured:\n{evidence(page, most)}") for most in (MOST, MOST // 4)]
    prompts = [draft, *shorter]
    return next((each for each in prompts if room(each, engine) >= PAGE_TOKENS), prompts[-1])


def change_prompt(pictures: Sequence[Image], html: str, wish: str, conversation: str) -> Prompt:
    """Return the prompt that asks for a change of the page that is there."""
    text = (
        f"This is a web page:\n```html\n{html.rstrip()}\n```\n\nChange it: {wish.strip()}\n\n"
        f"Leave everything else exactly as it is. {_RULES}"
    )
    return Prompt((Message("user", text, tuple(pictures)),), conversation, job="html")


def repair_prompt(
    picture: Image, html: str, regions: Sequence[Mapping[str, Any]], conversation: str
) -> Prompt:
    """Return the prompt that asks to bring a page nearer to its screenshot."""
    text = (
        f"This page was made after the screenshot:\n```html\n{html.rstrip()}\n```\n\n"
        f"Rendered, it differs from the screenshot here:\n{differences(regions)}\n\n"
        f"Correct these places and leave everything else exactly as it is. {_RULES}"
    )
    return Prompt((Message("user", text, (picture,)),), conversation, job="html")


def room(prompt: Prompt, engine: Engine) -> int:
    """Return how many tokens of a reply fit behind a prompt; an engine that cannot tell has any."""
    count = engine.count_tokens(prompt)
    return count.max_context - count.total if count.max_context else MOST_TOKENS


def within(prompt: Prompt, engine: Engine, params: SamplingParams) -> SamplingParams | None:
    """Return the parameters with no more tokens than fit; None where that is too few."""
    free = min(room(prompt, engine), max(params.max_new_tokens, PAGE_TOKENS))
    return replace(params, max_new_tokens=free) if free >= LEAST_TOKENS else None


def write(
    prompt: Prompt, engine: Engine, params: SamplingParams, cancel: Event
) -> Generator[Chunk, None, Written]:
    """Yield what the model writes, as drafts; return all of it.

    Raise what ``Engine.stream`` raises.
    """
    started = perf_counter()
    reply, usage, asked = "", Usage(), prompt
    now = within(prompt, engine, params) or params
    for _ in range(1 + CONTINUATIONS):
        last, part = Chunk(), ""
        with closing(engine.stream(asked, now, cancel)) as chunks:
            for chunk in chunks:
                last, part = chunk, part + chunk.text
                if not chunk.finish_reason:
                    yield Chunk(draft=chunk.text, progress=chunk.progress, notice=chunk.notice)
                elif chunk.text:
                    yield Chunk(draft=chunk.text)
        reply += part if last.keep is None else part[: last.keep]
        usage = total(usage, last.usage or Usage())
        left_s = params.max_seconds - (perf_counter() - started)
        if last.finish_reason != "length" or is_whole(reply) or left_s <= 1:
            break
        said = Message("assistant", reply, token_ids=last.token_ids)
        asked = replace(prompt, messages=(*prompt.messages, said), resume=True)
        if (fitting := within(asked, engine, params)) is None:
            break
        now = replace(fitting, max_seconds=left_s)
    return Written(reply, last.finish_reason or "stop", usage)


def total(one: Usage, other: Usage) -> Usage:
    """Add what two parts cost; the prompt is the first one's, the rest all parts'."""
    if one == Usage():
        return other
    return replace(
        one,
        new_tokens=one.new_tokens + other.new_tokens,
        decode_ms=one.decode_ms + other.first_token_ms + other.decode_ms,
        peak_bytes=max(one.peak_bytes, other.peak_bytes),
    )
