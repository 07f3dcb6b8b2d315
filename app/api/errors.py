"""What a program is told when it gets no reply: an HTTP status, and OpenAI's shape of an error.

ImageRefused
 ├─ PictureNotInline  a picture that we would have to fetch
 └─ DataUriBroken     a data URI that holds no bytes
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.errors import Busy, StillReplying, UnexpectedFailure
from history import HistoryError
from history.errors import NameRefused, NotFound, StorageFull
from vision.errors import EngineUnavailable, ImageRefused, PromptRefused, VisionError
from vision.image_errors import DecoderUnavailable

RETRY_S = "2"  # after which a program may ask again


class PictureNotInline(ImageRefused):
    """A picture that we would have to fetch."""

    text = "A picture is given as the address '{address}', and no address is ever fetched here."
    way_out = "Send the picture itself, as a data URI: data:image/png;base64,…"


class DataUriBroken(ImageRefused):
    """A data URI that holds no bytes."""

    text = "A picture's data URI cannot be read: {reason}."
    way_out = "Write data:image/png;base64, and behind it the file's bytes in base64."


class ErrorBody(BaseModel):
    """What went wrong, in OpenAI's words."""

    message: str
    type: str
    param: str | None = None  # the part of the request that is wrong
    code: str | None = None


class ErrorReply(BaseModel):
    """The body of every answer that is not a reply."""

    error: ErrorBody


class Refused(Exception):
    """An answer other than a reply."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = ErrorBody(message=message, type=_type(status), param=param, code=code)

    def record(self) -> dict[str, Any]:  # JSON
        """Return the answer's body."""
        return ErrorReply(error=self.body).model_dump()

    def response(self) -> JSONResponse:
        """Return the answer."""
        wait = {"retry-after": RETRY_S} if self.status in (429, 503) else None
        ask = {"www-authenticate": "Bearer"} if self.status == 401 else None  # noqa: PLR2004
        return JSONResponse(self.record(), self.status, headers=wait or ask)


def refused(error: VisionError | HistoryError) -> Refused:
    """Return what a program is told of an expected failure."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    code = _CODES.get(error.code, error.code)
    # Its way out speaks of a turn that is saved.
    hint = "" if isinstance(error, UnexpectedFailure) else error.hint
    return Refused(status, f"{error} {hint}".strip(), code=code)


# The first that fits.
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Busy, 429),
    (StillReplying, 409),
    (DecoderUnavailable, 503),
    (ImageRefused, 400),
    (PromptRefused, 400),
    (EngineUnavailable, 503),
    (NotFound, 404),
    (NameRefused, 404),
    (StorageFull, 507),
)
# Codes that clients know.
_CODES: Mapping[str, str] = {
    "PromptTooLong": "context_length_exceeded",
    "Busy": "rate_limit_exceeded",
}


def _type(status: int) -> str:
    known = {401: "authentication_error", 429: "rate_limit_error"}
    server = status >= 500  # noqa: PLR2004  the first of HTTP's server errors
    return "server_error" if server else known.get(status, "invalid_request_error")


# Handlers for FastAPI, each for the exception in its name.


def on_refused(_: Request, error: Exception) -> JSONResponse:
    """Answer ``Refused``."""
    assert isinstance(error, Refused)
    return error.response()


def on_expected(_: Request, error: Exception) -> JSONResponse:
    """Answer ``VisionError`` and ``HistoryError``."""
    assert isinstance(error, VisionError | HistoryError)
    return refused(error).response()


def on_invalid(_: Request, error: Exception) -> JSONResponse:
    """Answer FastAPI's ``RequestValidationError``: the first mistake, without what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return Refused(400, f"The body is not JSON: {first['ctx']['error']}.").response()
    where = ".".join(str(part) for part in first["loc"][1:]) or None
    message = f"{where or 'body'}: {first['msg']}."
    return Refused(400, message, param=where).response()


def on_http(_: Request, error: Exception) -> JSONResponse:
    """Answer Starlette's ``HTTPException``."""
    assert isinstance(error, HTTPException)
    answer = Refused(error.status_code, str(error.detail)).response()
    answer.headers.update(error.headers or {})
    return answer
