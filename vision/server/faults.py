"""What an exception of the client library means: a sentence, and whether to ask again.

Asking again is safe as long as no text has come: a prompt changes nothing on a server. It helps
where the server was not reached, was busy, broke, or lost the connection. It does not help where
the server was silent: it had all the time there was.
"""

import os
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError

import httpx2
import openai

from vision.errors import VisionError
from vision.server.errors import (
    KeyRefused,
    ModelUnknown,
    PromptTooLongThere,
    RefusedThere,
    ReplyCut,
    ServerBroke,
    ServerBusy,
    ServerUnreachable,
)
from vision.server.replies import Malformed

PAUSES_S = (0.5, 2.0)  # before the second and the third try
PATIENCE_S = 30.0  # what a server asks us to wait beyond this, the user is told instead
_REASON = 300  # characters of a server's own words
_REFUSED = frozenset({400, 413, 415, 422})
_BUSY = frozenset({429, 503})
# vLLM and SGLang: "maximum context length"; llama.cpp: "exceeds the available context size".
_TOO_LONG = re.compile(r"(?i)context.{0,12}(length|size|window)|exceed_context|too many tokens")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked for what: for the sentences, and to keep the key out of them."""

    server: str
    model: str = ""
    key: str = ""
    connect_s: float = 0.0

    def words(self, text: object) -> str:
        """Return a server's words for a sentence: on one line, short, without the key."""
        line = " ".join(str(text).split()).rstrip(".")
        line = line.replace(self.key, "…") if self.key else line
        return line if len(line) <= _REASON else f"{line[:_REASON]}…"


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong."""

    error: VisionError
    again: bool = False  # asking again may help
    wait_s: float = 0.0  # what the server asks us to wait before


# What ``fault_of`` knows; all others are bugs. The last two: an event that is no JSON, no UTF-8.
KNOWN = (openai.APIError, Malformed, JSONDecodeError, UnicodeDecodeError)


def fault_of(error: Exception, asked: Asked, *, begun: bool) -> Fault:
    """Say what an exception means; ``begun`` once the server had answered, with or without text."""
    if isinstance(error, openai.APIStatusError):
        return _status(error, asked)
    if isinstance(error, openai.APIConnectionError):
        if begun:
            cut = ReplyCut(server=asked.server, reason="the connection was lost")
            return Fault(cut, again=True)
        reason = _unreached(error.__cause__, asked)
        return Fault(ServerUnreachable(server=asked.server, reason=reason), again=True)
    if isinstance(error, openai.APIError):  # an error in the middle of the events
        reason = asked.words(error.body or error.message)
        if _TOO_LONG.search(reason):
            return Fault(PromptTooLongThere(server=asked.server, reason=reason))
        return Fault(ReplyCut(server=asked.server, reason=reason), again=True)
    return Fault(ReplyCut(server=asked.server, reason="what it sent could not be read"), again=True)


def _unreached(cause: BaseException | None, asked: Asked) -> str:
    if isinstance(cause, httpx2.ConnectTimeout):
        return f"no connection within {asked.connect_s:g} s"
    if not isinstance(cause, httpx2.ConnectError):
        return "the connection was lost"
    inner: BaseException | None = cause
    while inner and not (isinstance(inner, OSError) and inner.errno):
        inner = inner.__cause__ or inner.__context__  # the system's own words are innermost
    if isinstance(inner, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(inner, ssl.SSLError | socket.gaierror):
        return asked.words(inner.strerror)
    return os.strerror(inner.errno) if isinstance(inner, OSError) and inner.errno else "no answer"


def _status(error: openai.APIStatusError, asked: Asked) -> Fault:
    status, server = error.status_code, asked.server
    if status in (401, 403):
        # Not in its own words: some servers quote the key.
        return Fault(KeyRefused(server=server))
    reason = asked.words(_said(error))
    if status == 404:  # noqa: PLR2004
        return Fault(ModelUnknown(server=server, model=asked.model, reason=reason))
    if status in _REFUSED:
        # llama.cpp says in the error's type what others say in its words.
        kind = PromptTooLongThere if _TOO_LONG.search(f"{reason} {error.type}") else RefusedThere
        return Fault(kind(server=server, reason=reason))
    wait_s = _retry_after(error.response.headers.get("retry-after", ""))
    if status in _BUSY:
        busy = ServerBusy(server=server, status=status, wait_s=max(wait_s, 5.0))
        return Fault(busy, again=wait_s <= PATIENCE_S, wait_s=wait_s)
    broke = ServerBroke(server=server, status=status, reason=reason)
    return Fault(broke, again=status >= 500, wait_s=min(wait_s, PATIENCE_S))  # noqa: PLR2004


def _said(error: openai.APIStatusError) -> str:
    """Return a server's message; they differ in where it is."""
    if isinstance(error.body, dict):
        for name in ("message", "detail", "error"):
            if isinstance(said := error.body.get(name), str) and said:
                return said
    if isinstance(error.body, str) and error.body:
        return error.body
    if where := error.response.headers.get("location"):
        return f"it redirects to {where}"
    return error.response.reason_phrase or "it gave no reason"


def _retry_after(header: str) -> float:
    """Return the seconds that a Retry-After header names; 0 where it names none."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
