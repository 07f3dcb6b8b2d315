"""Between OpenAI's words and ours: requests into prompts, turns into completions. Pure."""

from collections.abc import Sequence
from typing import Any

from app.api.chat_schema import (
    AnyMessage,
    ChatRequest,
    CompletionUsage,
    Details,
    FinishReason,
    ImagePart,
    Logprobs,
    PromptTokensDetails,
    TextPart,
    TokenLogprob,
    UserMessage,
)
from app.api.errors import Refused
from app.api.pictures import from_data_uri
from app.api.programs import Asked, Said, Saving
from app.budget import Detail
from app.intake import Upload
from history import Turn
from vision.engine import Chunk

LONGEST_REPLY = 8_192  # tokens: ``SamplingParams.max_new_tokens`` takes no more
_DETAILS: dict[str, Detail] = {"low": "fast", "auto": "auto", "high": "max"}
_ORDER: tuple[Detail, ...] = ("fast", "auto", "max")
_NAMES = ("temperature", "top_p", "seed", "logprobs")  # the same here and there


def asked_from(request: ChatRequest, saving: Saving) -> Asked:
    """Return what a request asks. Raise ``Refused``, ``ImageRefused``."""
    if not isinstance(request.messages[-1], UserMessage):
        raise Refused(400, "The last message must be the user's.", param="messages")
    messages: Sequence[AnyMessage] = request.messages
    if saving.wanted:
        messages = _last(request, saving)
    return Asked(
        tuple(_said(message) for message in messages),
        sampling=_sampling(request),
        stop=_stop(request),
        saving=saving,
    )


def _last(request: ChatRequest, saving: Saving) -> Sequence[AnyMessage]:
    """Return what is saved: the last message, and the system's where a conversation begins.

    What came before in a conversation, history has.
    """
    if saving.conversation is not None:
        return request.messages[-1:]
    if any(message.role in ("user", "assistant") for message in request.messages[:-1]):
        raise Refused(
            400,
            "A conversation that is saved begins with one message of the user's. "
            "Go on with it by X-Second-Look-Conversation, or send this without X-Second-Look-Save.",
            param="messages",
        )
    return request.messages


def _said(message: AnyMessage) -> Said:
    content = message.content or ""
    if isinstance(content, str):
        return Said(_role(message), content)
    text = "\n".join(part.text for part in content if isinstance(part, TextPart))
    shown = [part.image_url for part in content if isinstance(part, ImagePart)]
    pictures = tuple(
        Upload(f"picture-{number}", from_data_uri(image.url))
        for number, image in enumerate(shown, 1)
    )
    wanted = {_DETAILS[image.detail] for image in shown}
    detail: Detail = max(wanted, key=_ORDER.index) if wanted else "auto"
    return Said(_role(message), text, pictures, detail)


def _role(message: AnyMessage) -> Any:  # a Role
    return "system" if message.role == "developer" else message.role


def _sampling(request: ChatRequest) -> dict[str, Any]:
    given = {name: getattr(request, name) for name in _NAMES}
    longest = request.max_completion_tokens or request.max_tokens
    given["max_new_tokens"] = min(longest, LONGEST_REPLY) if longest else None
    return {name: value for name, value in given.items() if value is not None}


def _stop(request: ChatRequest) -> tuple[str, ...]:
    return (request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ())


def finish_reason(turn: Turn) -> FinishReason:
    """Return why a reply ended, in one of the words that clients know."""
    return "length" if turn.finish_reason in ("length", "loop") else "stop"


def usage(turn: Turn) -> CompletionUsage:
    """Return what a reply cost."""
    prompt, new, cached = (
        int(turn.usage.get(key, 0)) for key in ("prompt_tokens", "new_tokens", "cached_tokens")
    )
    return CompletionUsage(
        prompt_tokens=prompt,
        completion_tokens=new,
        total_tokens=prompt + new,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=cached),
    )


def logprobs(last: Chunk) -> Logprobs | None:
    """Return the log-probabilities, where the engine gave them."""
    if not last.logprobs:
        return None
    pairs = zip(last.token_ids, last.logprobs, strict=False)
    return Logprobs(
        content=[TokenLogprob(token=f"token_id:{each}", logprob=value) for each, value in pairs]
    )


def details(turn: Turn) -> Details:
    """Return what OpenAI's API has no place for."""
    return Details(
        engine=turn.engine,
        finish_reason=turn.finish_reason or "",
        notices=list(turn.notices),
        latency_ms=turn.latency_ms or 0.0,
    )
