"""Between history's words and the engine's: turns into prompts, chunks into turns.

The two packages do not know each other, so that the format on disk and the engine's input can
change apart. Everything here is pure but for the store, which is asked where a picture lies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

from history import FinishReason, Store, Turn
from vision.engine import Chunk, Image, Job, Line, Message, Prompt, SamplingParams, Status
from vision.errors import VisionError


def prompt_for(turns: Sequence[Turn], conversation_id: str, store: Store, status: Status) -> Prompt:
    """Build the prompt for the last of ``turns``, with those before it that have a reply."""
    *before, asked = turns
    messages: list[Message] = []
    for turn in before:
        # A turn that failed with nothing said would leave two prompts in a row.
        if turn.reply:
            messages += [_asked(turn, store), _replied(turn, status)]
    messages.append(_asked(asked, store))
    return Prompt(tuple(messages), conversation=conversation_id, job=cast("Job | None", asked.job))


def _asked(turn: Turn, store: Store) -> Message:
    images = tuple(
        Image(ref.sha256, store.image_path(ref.sha256, ref.format), ref.width, ref.height)
        for ref in turn.images
    )
    return Message("user", turn.prompt, images)


def _replied(turn: Turn, status: Status) -> Message:
    # Token ids mean something only to the model that made them.
    same = (turn.engine, turn.model, turn.revision) == (
        status.engine,
        status.model,
        status.revision,
    )
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
    """Return ``turn``, its reply already in it, as it is to be saved when the engine is done."""
    return replace(
        turn,
        finish_reason=finish_reason,
        latency_ms=round(latency_ms, 1),
        engine=status.engine,
        model=status.model,
        revision=status.revision,
        usage=_usage(last),
        token_ids=last.token_ids,
        lines=tuple(_line(line) for line in last.lines),
        error=error.record() if error else {},
    )


def params_of(sampling: SamplingParams) -> Mapping[str, Any]:  # numbers and flags
    """Return the sampling parameters as a turn keeps them."""
    return asdict(sampling)


def _usage(last: Chunk) -> Mapping[str, float | int]:
    if last.usage is None:
        return {}
    return {
        key: round(value, 1) if isinstance(value, float) else value
        for key, value in asdict(last.usage).items()
    }


def _line(line: Line) -> Mapping[str, Any]:
    return {
        "text": line.text,
        "bbox": list(line.box),
        "score": round(line.score, 4),
        "image": line.image,
    }
