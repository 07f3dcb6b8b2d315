"""Between history's words and the engine's: turns into prompts, chunks into turns.

The two packages do not know each other, so that the format on disk and the engine's input can
change apart. Everything here is pure but for the store, which is asked where a picture lies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

from app.jobs.webpage.fences import with_page
from app.run import Run
from history import FinishReason, Store, Turn
from vision.engine import Chunk, Image, Job, Line, Message, Prompt, SamplingParams, Status
from vision.errors import VisionError


def prompt_of(run: Run, status: Status, receipt_schema: str) -> Prompt:
    """Build the prompt of a run that is saved; ``receipt_schema`` is the user's own, or ""."""
    assert run.store, "what is not saved brings its prompt"
    asked = run.snapshot().turn
    before = run.store.turns(run.conversation_id, to=asked.id)[:-1]
    turns = [*before, asked]
    prompt = prompt_for(turns, run.conversation_id, run.store, status, resume=run.resume)
    schema = receipt_schema if prompt.job == "receipt" and not run.resume else ""
    return replace(prompt, conversation=run.slot, json_schema=schema)


def prompt_for(
    turns: Sequence[Turn],
    conversation_id: str,
    store: Store,
    status: Status,
    *,
    resume: bool = False,
) -> Prompt:
    """Build the prompt for the last of ``turns``, with those before it that have a reply.

    The conversation's system prompt comes first, where there is one.

    With ``resume`` the last turn's reply is part of it, to be gone on with.
    """
    *before, asked = turns
    system = store.conversation(conversation_id).system_prompt if conversation_id else ""
    messages = [Message("system", system)] if system.strip() else []
    unanswered: tuple[Image, ...] = ()
    for turn in before:
        message = _asked(turn, store, unanswered)
        # A turn that ended with nothing said would leave two prompts in a row; but its pictures
        # are still there to be asked about.
        unanswered = () if turn.reply else message.images
        if turn.reply:
            messages += [message, _replied(turn, status)]
    messages.append(_asked(asked, store, unanswered))
    if resume:
        messages.append(_replied(asked, status))
    job = cast("Job | None", asked.job)
    return Prompt(tuple(messages), conversation=conversation_id, job=job, resume=resume)


def _asked(turn: Turn, store: Store, unanswered: tuple[Image, ...]) -> Message:
    max_pixels = int(turn.params.get("max_pixels", 0))
    images = tuple(
        Image(
            ref.sha256,
            store.image_path(ref.sha256, ref.format),
            ref.width,
            ref.height,
            max_pixels,
        )
        for ref in turn.images
    )
    return Message("user", turn.prompt, (*unanswered, *images))


def _replied(turn: Turn, status: Status) -> Message:
    # Token ids mean something only to the model that made them.
    same = (turn.engine, turn.model, turn.revision) == (
        status.engine,
        status.model,
        status.revision,
    )
    edited = turn.corrections.get("html")
    if isinstance(edited, str):  # what is asked next is asked about the page as the user left it
        return Message("assistant", with_page(turn.reply, edited))
    return Message("assistant", turn.reply, token_ids=turn.token_ids if same else ())


def ended(
    turn: Turn,
    last: Chunk,
    finish_reason: FinishReason,
    *,
    status: Status,
    latency_ms: float,
    error: VisionError | None,
) -> Turn:
    """Return ``turn``, its reply already in it, as it is to be saved when the engine is done.

    Of a turn that was gone on with, times and new tokens are those of all its parts.
    """
    return replace(
        turn,
        finish_reason=finish_reason,
        latency_ms=round((turn.latency_ms or 0.0) + latency_ms, 1),
        engine=status.engine,
        model=status.model,
        revision=status.revision,
        usage=_usage(last, turn.usage),
        token_ids=last.token_ids or turn.token_ids,
        lines=tuple(_line(line) for line in last.lines) or turn.lines,
        # A picture that came without a word was found to be a receipt.
        job=turn.job or ("receipt" if "receipts" in last.fields else None),
        fields=dict(last.fields) or turn.fields,
        error=error.record() if error else {},
    )


def params_of(sampling: SamplingParams, max_pixels: int) -> Mapping[str, Any]:  # numbers, flags
    """Return the sampling parameters, and the pixel budget if one was chosen, for a turn."""
    return asdict(sampling) | ({"max_pixels": max_pixels} if max_pixels else {})


def _usage(last: Chunk, before: Mapping[str, float | int]) -> Mapping[str, float | int]:
    if last.usage is None:
        return before
    usage: dict[str, float | int] = asdict(last.usage)
    if before:
        usage["new_tokens"] += before["new_tokens"]
        usage["decode_ms"] += before["decode_ms"] + usage["first_token_ms"]
        usage["first_token_ms"] = before["first_token_ms"]
    return {
        key: round(value, 1) if isinstance(value, float) else value for key, value in usage.items()
    }


def _line(line: Line) -> Mapping[str, Any]:
    return {
        "text": line.text,
        "bbox": list(line.box),
        "score": round(line.score, 4),
        "image": line.image,
    }
