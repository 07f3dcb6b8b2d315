"""Answers a saved turn once more, as it was answered then, and says where the reply differs."""

import json
import sys
import threading
from dataclasses import asdict, fields, replace
from typing import Any

from app.build import decoder_for, engine_for, schema_for
from app.config import Config, ConfigError, folder
from app.jobs.job import stream
from app.translate import prompt_for
from history import Store, Turn
from vision.engine import SamplingParams

_KINDS = ("qwen", "server", "reader", "fake")
_SHOWN = 60  # characters on either side of the first difference


def replay(config: Config, turn_id: str, *, as_json: bool) -> int:
    """Run ``CONVERSATION/TURN`` with its engine, revision, parameters and seed, as its job.

    A reply that was cut off and gone on with is made in one piece, and may differ by that.
    Return 0 where the reply is the same, 1 where it differs. Raise ``ConfigError``,
    ``VisionError``, ``HistoryError``. Nothing is saved.
    """
    conversation_id, _, number = turn_id.partition("/")
    if not number.isdigit():
        raise ConfigError(f"replay: '{turn_id}' is no turn; write CONVERSATION/NUMBER.")
    store = Store(folder(config.history.root))
    turns = store.turns(conversation_id, to=int(number))
    reply = _again(config, store, conversation_id, turns)
    result = _compared(turns[-1], reply)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))  # noqa: T201  what was asked for
    else:
        print(_told(result))  # noqa: T201
    return 0 if result["same"] else 1


def _again(config: Config, store: Store, conversation_id: str, turns: list[Turn]) -> str:
    turn = turns[-1]
    if turn.engine not in _KINDS:
        raise ConfigError(f"replay: turn {turn.id} was answered by no engine.")
    settings = replace(
        config.engine,
        kind=turn.engine,  # type: ignore[arg-type]  # one of _KINDS
        model=turn.model or config.engine.model,
        revision=turn.revision,
    )
    known = {field.name for field in fields(SamplingParams)}
    params = SamplingParams(**{key: turn.params[key] for key in turn.params.keys() & known})
    with decoder_for(config) as decoder:
        engine = engine_for(replace(config, engine=settings), decoder)
        try:
            prompt = prompt_for(turns, conversation_id, store, engine.status())
            if prompt.job == "receipt":
                prompt = replace(prompt, json_schema=schema_for(config))
            print(f"replaying with {turn.engine} {asdict(params)}", file=sys.stderr)  # noqa: T201
            reply = ""
            for chunk in stream(prompt, engine, decoder, params, threading.Event()):
                reply += chunk.text
                reply = reply if chunk.keep is None else reply[: chunk.keep]
        finally:
            engine.unload()
    return reply


def _compared(turn: Turn, reply: str) -> dict[str, Any]:
    pairs = zip(turn.reply, reply, strict=False)
    shorter = min(len(turn.reply), len(reply))
    at = next((place for place, (old, new) in enumerate(pairs) if old != new), shorter)
    same = turn.reply == reply
    return {
        "same": same,
        "differs_at": None if same else at,  # characters that are the same before it
        "then": turn.reply[max(at - _SHOWN, 0) : at + _SHOWN],
        "now": reply[max(at - _SHOWN, 0) : at + _SHOWN],
        "finish_reason": turn.finish_reason,
    }


def _told(result: dict[str, Any]) -> str:
    if result["same"]:
        return "The reply is the same."
    return (
        f"The reply differs after {result['differs_at']:,} characters.\n"
        f"then: {result['then']!r}\nnow:  {result['now']!r}"
    )
