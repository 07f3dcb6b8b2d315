"""``/healthz`` and ``/metrics``: what whoever runs the server asks."""

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from app.api.metrics import Metrics
from app.assistant import Assistant


class Health(BaseModel):
    """Whether prompts are answered, and if not, why."""

    status: Literal["ready", "unloaded", "loading", "failed"]  # unloaded: the next prompt loads it
    engine: str
    model: str
    waiting: int  # prompts that have not ended
    reason: str = ""  # of a failure, what is wrong and the way out


def operation_routes(assistant: Assistant, metrics: Metrics) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/healthz", responses={503: {"model": Health}})
    async def healthz(response: Response) -> Health:
        """Tell whether prompts are answered: 200, or 503 while loading and after a failure."""
        condition = assistant.condition()
        status, failure = condition.status, condition.failure
        if status.state in ("loading", "failed"):
            response.status_code = 503
        return Health(
            status=status.state,
            engine=status.engine,
            model=status.model,
            waiting=assistant.waiting(),
            reason=f"{failure} {failure.hint}".strip() if failure else "",
        )

    # Not async: the process is asked for its memory.
    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def measured() -> Response:
        """Return figures for Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router
