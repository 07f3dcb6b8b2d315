"""``POST /v1/chat/completions`` and ``GET /v1/models``, as OpenAI's clients know them."""

import json
from collections.abc import AsyncIterator
from time import time
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from app.api.chat_schema import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatRequest,
    Choice,
    ChunkChoice,
    Delta,
    Model,
    ModelList,
    ReplyMessage,
)
from app.api.chat_translate import asked_from, details, finish_reason, logprobs, usage
from app.api.errors import Refused, refused
from app.api.follow import begun, ended, grown, result
from app.api.headers import saved_as, saving_from
from app.api.programs import Programs, Saving
from app.run import Run

OURS = "second-look"  # a model's name that never changes: whatever the engine has loaded
ERROR_S = 5.0  # how long a stream's status waits: an error within it has a status of its own
# Of a stream, each event.
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {"type": "string", "description": "A chunk of the reply as JSON, or [DONE]."}
    },
}


def chat_routes(programs: Programs) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/v1/models")
    async def models() -> ModelList:
        """List the names that a request may ask for."""
        return ModelList(data=_models(programs))

    @router.get("/v1/models/{model:path}")
    async def model(model: str) -> Model:
        """Return one of the names."""
        return _model(programs, model)

    @router.post(
        "/v1/chat/completions",
        response_model=ChatCompletion,
        responses={200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
    )
    async def complete(
        asked: ChatRequest, request: Request, saving: Annotated[Saving, Depends(saving_from)]
    ) -> Response:
        """Reply to a conversation: whole, or as a stream of events where ``stream`` is true."""
        _model(programs, asked.model)
        run = await run_in_threadpool(lambda: programs.take(asked_from(asked, saving)))
        completion = _Completion(run, programs.status().model)
        if not asked.stream:
            await ended(run, request)
            return JSONResponse(completion.whole(), headers=saved_as(run))
        await begun(run, request, ERROR_S)
        if run.failure and not run.reply:
            raise refused(run.failure)
        with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
        return StreamingResponse(
            completion.stream(with_usage=with_usage),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"} | saved_as(run),
            # For a client that left before the first event.
            background=BackgroundTask(run.leave),
        )

    return router


class _Completion:
    """A run in OpenAI's words."""

    def __init__(self, run: Run, model: str) -> None:
        self._run = run
        self._head: dict[str, Any] = {
            "id": f"chatcmpl-{uuid4().hex}",
            "created": int(time()),
            "model": model,
        }

    def whole(self) -> dict[str, Any]:  # JSON
        """Return the reply of a run that has ended."""
        turn = self._run.snapshot().turn
        choice = Choice(
            message=ReplyMessage(content=turn.reply),
            finish_reason=finish_reason(turn),
            logprobs=logprobs(self._run.last),
        )
        completion = ChatCompletion(
            **self._head, choices=[choice], usage=usage(turn), second_look=details(turn)
        )
        return completion.model_dump()

    async def stream(self, *, with_usage: bool) -> AsyncIterator[str]:
        """Yield the reply as it grows, as events; an error in it is the last."""
        yield self._event(delta=Delta(role="assistant", content=""))
        async for piece in grown(self._run):
            # A comment keeps the connection open while there is nothing to say.
            yield self._event(delta=Delta(content=piece)) if piece else ": waiting\n\n"
        try:
            turn = result(self._run)
        except Refused as error:
            yield _written(error.record())
            return
        yield self._event(
            delta=Delta(),
            finish_reason=finish_reason(turn),
            logprobs=logprobs(self._run.last),
            more={"second_look": details(turn)},
        )
        if with_usage:
            chunk = ChatCompletionChunk(**self._head, choices=[], usage=usage(turn))
            yield _written(chunk.model_dump(exclude_none=True))
        yield "data: [DONE]\n\n"

    def _event(self, *, more: dict[str, Any] | None = None, **choice: Any) -> str:
        chunk = ChatCompletionChunk(**self._head, choices=[ChunkChoice(**choice)], **(more or {}))
        event = chunk.model_dump(exclude_none=True)
        # Clients look for it in each event; for what else is null they do not.
        event["choices"][0].setdefault("finish_reason", None)
        return _written(event)


def _written(event: dict[str, Any]) -> str:
    return f"data: {json.dumps(event)}\n\n"


def _models(programs: Programs) -> list[Model]:
    status = programs.status()
    names = dict.fromkeys([OURS, status.model])
    return [Model(id=name, owned_by=status.engine) for name in names if name]


def _model(programs: Programs, name: str) -> Model:
    """Return a model by name. Raise ``Refused``: another one would reply in its place."""
    known = _models(programs)
    for model in known:
        if model.id == name:
            return model
    raise Refused(
        404,
        f"There is no model '{name[:80]}' here: {', '.join(m.id for m in known)}.",
        code="model_not_found",
        param="model",
    )
