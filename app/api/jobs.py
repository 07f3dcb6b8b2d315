"""``POST /v1/jobs/…``: what people come for, as JSON for programs."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from app.api.errors import Refused
from app.api.follow import ended
from app.api.headers import saved_as, saving_from
from app.api.jobs_schema import (
    HtmlReply,
    JobName,
    JobReply,
    JobRequest,
    ReceiptReply,
    TextReply,
    reply_of,
)
from app.api.pictures import from_data_uri
from app.api.programs import Asked, Programs, Said, Saving
from app.intake import Upload

_REPLIES: Mapping[JobName, type[JobReply]] = {
    "receipt": ReceiptReply, "html": HtmlReply, "text": TextReply,
}  # fmt: skip
# Described here because the route takes either, which FastAPI cannot say of a parameter.
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        },
                        "prompt": {"type": "string"},
                    },
                }
            },
            "application/json": {"schema": JobRequest.model_json_schema()},
        },
    }
}


def job_routes(programs: Programs) -> APIRouter:
    """Return the routes, one for each job."""
    router = APIRouter()
    for job, reply in _REPLIES.items():
        router.post(
            f"/v1/jobs/{job}",
            response_model=reply,
            openapi_extra=_BODY,
            name=job,
            summary=f"Do the {job} job on pictures",
            description=reply.__doc__ or "",
        )(_doing(programs, job))
    return router


def _doing(programs: Programs, job: JobName) -> Any:  # a path operation
    async def done(
        request: Request, saving: Annotated[Saving, Depends(saving_from)]
    ) -> JSONResponse:
        said = await _said(request)
        asked = Asked((said,), job, saving=saving)
        run = await run_in_threadpool(programs.take, asked)
        turn = await ended(run, request)
        decoder = programs.assistant.decoder
        reply = await run_in_threadpool(reply_of, job, turn, said.pictures, decoder)
        return JSONResponse(reply.model_dump(mode="json"), headers=saved_as(run))

    return done


async def _said(request: Request) -> Said:
    """Read a request's pictures and text. Raise ``Refused``, ``ImageRefused``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _from_json(request)
    if kind == "multipart/form-data":
        return await _from_form(request)
    raise Refused(415, "Send the pictures as multipart/form-data or as application/json.")


async def _from_json(request: Request) -> Said:
    try:
        asked = JobRequest.model_validate_json(await request.body())
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from error
    pictures = await run_in_threadpool(lambda: [from_data_uri(uri) for uri in asked.images])
    uploads = tuple(Upload(f"picture-{n}", data) for n, data in enumerate(pictures, 1))
    return Said("user", asked.prompt, uploads)


async def _from_form(request: Request) -> Said:
    async with request.form() as form:
        files = [each for each in form.getlist("image") if isinstance(each, UploadFile)]
        if not files:
            raise Refused(400, "image: there is no file of this name in the form.", param="image")
        uploads = [Upload(file.filename or "picture", await file.read()) for file in files]
        prompt = form.get("prompt", "")
        return Said("user", prompt if isinstance(prompt, str) else "", tuple(uploads))
