"""Behind the scenes of a turn: what its prompt was made of, and where the time went.

Tokens of the parts are counted again by the engine that is loaded; what the reply really cost is
in its usage. A picture's tokens stand in rows and columns, 28 x 28 pixels each.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from app.assistant import Assistant
from app.translate import prompt_for
from history import Turn
from vision.engine import Engine, Message, Prompt
from vision.errors import VisionError
from vision.server.tokens import SIDE, scaled
from vision.settings import EngineSettings


def inside(assistant: Assistant, conversation_id: str, turn_id: int) -> dict[str, Any]:
    """Return what the panel shows, as JSON can hold it. Raise ``HistoryError``."""
    turns = assistant.store.turns(conversation_id, to=turn_id)
    turn = turns[-1]
    engine = assistant.engine
    parts = []
    if engine.status().engine == turn.engine and turn.usage.get("prompt_tokens"):
        prompt = prompt_for(turns, conversation_id, assistant.store, engine.status())
        parts = list(_parts(engine, prompt.messages, int(turn.usage.get("cached_tokens", 0))))
    return {
        "engine": turn.engine,
        "model": turn.model,
        "revision": turn.revision,
        "usage": dict(turn.usage),
        "latency_ms": turn.latency_ms,
        "params": dict(turn.params),
        "parts": parts,
        "scores": _scores(turn),
        "memory": dict(engine.status().memory),
        "reply": turn.reply,
        "prompt": turn.prompt,
        "pictures": [_grid(ref.width, ref.height, turn) for ref in turn.images],
    }


def _parts(engine: Engine, messages: Sequence[Message], cached: int) -> Iterator[dict[str, Any]]:
    """Yield the prompt's parts in order, each with how much of it came from the cache."""
    for message in messages:
        try:
            count = engine.count_tokens(Prompt((message,)))
        except VisionError:  # a picture that is gone
            return
        pieces = [("image", tokens) for tokens in count.images] + [("text", count.text)]
        for kind, tokens in pieces:
            hit = min(tokens, cached)
            cached -= hit
            yield {"role": message.role, "kind": kind, "tokens": tokens, "cached": hit}


def _grid(width: int, height: int, turn: Turn) -> dict[str, int]:
    """Return a picture's size as a Qwen2.5-VL sees it; nothing for an engine without tokens."""
    if not turn.usage.get("image_tokens"):
        return {}
    default = EngineSettings()
    most = int(turn.params.get("max_pixels", 0)) or default.max_pixels
    wide, high = scaled(width, height, default.min_pixels, most)
    return {"width": wide, "height": high, "columns": wide // SIDE, "rows": high // SIDE}


def _scores(turn: Turn) -> list[int]:
    """Count the lines by how sure the recogniser was: ten bins from 0 to 1."""
    bins = [0] * 10
    for line in turn.lines:
        bins[min(9, int(float(line.get("score", 0)) * 10))] += 1
    return bins if turn.lines else []
