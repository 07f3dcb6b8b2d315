"""OpenAI's chat completions as we read and write them.

Of a request, what is not named here is not read. What would change the reply, and is not offered,
is named and refused: several choices, tools, output held to a schema.
Source: OpenAI's API reference, "Create chat completion".
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

FinishReason = Literal["stop", "length"]


def _whole(value: Any) -> Any:  # whatever JSON can hold
    """Return 3 for 3.0: to JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole)  # behind the limits: else no description has them


def _text(value: str) -> str:
    """Return text in which half a character, as JSON can hold it, is marked as what it is."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, AfterValidator(_text)]
DataUri = Annotated[
    str,
    Field(
        description="A picture as a data URI, in base64. No address is fetched.",
        json_schema_extra={"format": "data-uri"},
    ),
]


class _Asked(BaseModel):
    # Strict: "5" is no number.
    model_config = ConfigDict(strict=True, frozen=True)


class TextPart(_Asked):
    """Text in a message."""

    type: Literal["text"]
    text: Text


class ImageUrl(_Asked):
    """A picture's data URI."""

    url: DataUri
    detail: Literal["auto", "low", "high"] = "auto"  # how many pixels the model sees


class ImagePart(_Asked):
    """A picture in a message."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class SystemMessage(_Asked):
    """What holds for the whole conversation."""

    role: Literal["system", "developer"]
    content: Text | list[TextPart]


class UserMessage(_Asked):
    """What the user says and shows. Its pictures come before its text."""

    role: Literal["user"]
    content: Text | list[Part]


class AssistantMessage(_Asked):
    """An earlier reply."""

    role: Literal["assistant"]
    content: Text | list[TextPart] | None = None


AnyMessage = Annotated[SystemMessage | UserMessage | AssistantMessage, Field(discriminator="role")]


class StreamOptions(_Asked):
    """What a stream has besides the reply."""

    include_usage: bool = False  # one more chunk at the end, with the usage


class ResponseFormat(_Asked):
    """How the reply is written: as text."""

    type: Literal["text"]


class ChatRequest(_Asked):
    """What is to be replied to, and how."""

    model: str
    messages: Annotated[list[AnyMessage], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1), _WHOLE] | None = None  # more than 8,192 counts as 8,192
    max_completion_tokens: Annotated[int, Field(ge=1), _WHOLE] | None = None  # the newer name
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63), _WHOLE] | None = None
    stop: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=4)]
        | None
    ) = None
    logprobs: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    tools: Annotated[list[dict[str, object]], Field(max_length=0)] | None = None
    functions: Annotated[list[dict[str, object]], Field(max_length=0)] | None = None
    response_format: ResponseFormat | None = None


class PromptTokensDetails(BaseModel):
    """Of the prompt's tokens, some."""

    cached_tokens: int  # not run again: the engine had them


class CompletionUsage(BaseModel):
    """What a reply cost. The reader has no tokens: all are 0."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails


class TokenLogprob(BaseModel):
    """One token of the reply. Its text is not known here: ``token`` is "token_id:" and its id."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[object] = []


class Logprobs(BaseModel):
    """The log-probabilities of a reply's tokens."""

    content: list[TokenLogprob]


class ReplyMessage(BaseModel):
    """A whole reply."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The reply and why it ended."""

    index: Literal[0] = 0
    message: ReplyMessage
    logprobs: Logprobs | None = None
    finish_reason: FinishReason


class Details(BaseModel):
    """What OpenAI's API has no place for."""

    engine: str
    finish_reason: str  # "loop", too: it repeated itself, and was cut off there
    notices: list[str]  # sentences the user should know
    latency_ms: float  # from the worker's start on it


class ChatCompletion(BaseModel):
    """A reply."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int  # seconds since 1970
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    second_look: Details


class Delta(BaseModel):
    """A piece of a reply."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    """A piece of a reply; the last says why it ended."""

    index: Literal[0] = 0
    delta: Delta
    logprobs: Logprobs | None = None
    finish_reason: FinishReason | None = None


class ChatCompletionChunk(BaseModel):
    """One event of a stream."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: CompletionUsage | None = None
    second_look: Details | None = None


class Model(BaseModel):
    """A name that requests may ask for."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str


class ModelList(BaseModel):
    """The names that requests may ask for."""

    object: Literal["list"] = "list"
    data: list[Model]
