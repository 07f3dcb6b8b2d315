"""From a prompt to the JSON of a request. Pure: what a picture is on the wire, the caller says.

The messages of a turn begin with those of the turn before it, byte for byte: the same message is
always written the same way, whatever comes after it, so that the server's prefix cache hits.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from vision.engine import Image, Message, Prompt, SamplingParams

Body = dict[str, Any]  # JSON

# What not every server knows. A server that refuses one is asked again without it.
OPTIONAL = (
    "stream_options", "seed", "top_p", "logprobs", "response_format", "top_k", "repetition_penalty",
    "repeat_penalty",
)  # fmt: skip
# What a chat template would read as its own, such as <|im_end|>: typed, it is text.
_SPECIAL = re.compile(r"<(?=\|\w+\|>)")
_BREAK = "<\u200b"  # a space of no width


def body_of(
    prompt: Prompt, params: SamplingParams, model: str, uri: Callable[[Image], str]
) -> Body:
    """Return the request for a streamed reply; ``uri`` makes a data URI of a picture."""
    body: Body = {
        "model": model,
        "messages": [_message(message, uri) for message in prompt.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": params.max_new_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,  # also where it is 1: llama.cpp's own is 0.95
        "seed": params.seed,
    }
    return body | _chosen(params) | _format(prompt.json_schema)


def without(body: Body, refusal: str) -> Body:
    """Return ``body`` without the optional fields that a server's ``refusal`` names, or any."""
    present = [name for name in OPTIONAL if name in body]
    named = [name for name in present if name in refusal]
    return {name: value for name, value in body.items() if name not in (named or present)}


def _chosen(params: SamplingParams) -> Body:
    """Return what is not in OpenAI's own protocol, or costs, and was asked for."""
    chosen: Body = {}
    if params.top_k:
        chosen["top_k"] = params.top_k
    if params.repetition_penalty > 1:
        # vLLM's and SGLang's name for it, and llama.cpp's; each ignores the other.
        chosen["repetition_penalty"] = chosen["repeat_penalty"] = params.repetition_penalty
    if params.logprobs:
        chosen["logprobs"] = True
    return chosen


def _format(json_schema: str) -> Body:
    if not json_schema:
        return {}
    schema: Mapping[str, Any] = json.loads(json_schema)
    wanted = {"name": "reply", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def _message(message: Message, uri: Callable[[Image], str]) -> Body:
    text = _SPECIAL.sub(_BREAK, message.text)
    if not message.images:
        return {"role": message.role, "content": text}
    parts: list[Body] = [
        {"type": "image_url", "image_url": {"url": uri(image)}} for image in message.images
    ]
    # Some chat templates refuse an empty text.
    words = [{"type": "text", "text": text}] if text else []
    return {"role": message.role, "content": [*parts, *words]}
