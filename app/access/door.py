"""Who comes in, and to which room: an application of its own for each user.

No handler asks whose something is. A request with a user's cookie or token reaches that user's
application, which has no other user's history, pictures, uploads, runs or events to give away.
Without one there is the sign-in page, and whether the server lives.

The file of users is looked at on each request: who was added comes in, who was removed is out.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.responses import Response as Answer
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.accounts import Account, Accounts
from app.access.lockout import Lockout
from app.access.page import sign_in_page, words_of
from app.access.rooms import Rooms
from app.access.sessions import AGE_S, Sessions
from app.config import ConfigError
from history import HistoryError
from vision.errors import VisionError

log = logging.getLogger(__name__)

COOKIE = "second_look_session"
_MOST_BYTES = 8_192  # of the form
_NEXT = re.compile(
    r"/(?:\?c=[0-9a-z-]{1,64})?"
)  # where a sign-in may lead: the page, a conversation
_OPEN_FILES = {"/page/sign-in.css", "/page/icon.svg"}


class Door:
    """ASGI application: sends a request to its user's room, or asks who is there."""

    def __init__(
        self,
        rooms: Rooms,
        accounts: Accounts,
        static: Path,
        state: Callable[[], str],
        token: str = "",
        lockout: Lockout | None = None,
    ) -> None:
        self._rooms = rooms
        self._accounts = accounts
        self._known: Mapping[str, Account] = {}  # the users as they were last seen
        self._static = static
        self._state = state  # of the engine
        self._token = token
        self._lockout = lockout or Lockout()
        self._sessions = Sessions()
        self._hashing = asyncio.Semaphore(1)  # a hash takes 64 MiB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] == "lifespan":
            await self._run(receive, send)
            return
        await self._look()
        request = Request({**scope, "type": "http"}, receive)
        if scope["type"] == "http" and request.url.path in ("/sign-in", "/sign-out"):
            answer = await self._sign(request)
        elif (user := self._user(request)) and request.url.path == "/account":
            answer = JSONResponse({"user": user, "sign_out": words_of(request)("sign_out")})
        elif user is not None:
            if room := await self._room(user):
                await room(scope, receive, send)
                return
            answer = PlainTextResponse(words_of(request)("sign_in_broke"), 503)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        else:
            answer = self._outside(request)
        await answer(scope, receive, send)

    async def _run(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._rooms.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _look(self) -> None:
        """See who was removed: what they had under way ends."""
        with suppress(ConfigError):  # whoever cannot come in now may still be a user
            before, self._known = self._known, self._accounts.all()
            if gone := before.keys() - self._known.keys():
                log.info("users removed count=%d", len(gone))
                await self._rooms.stop(gone)

    async def _room(self, user: str) -> ASGIApp | None:
        try:
            return await self._rooms.of(user)
        except (VisionError, HistoryError, OSError, RuntimeError) as error:
            log.error("no room for user=%s: %s", user, error)  # noqa: TRY400  expected: a full disk
            return None

    def _users(self) -> Mapping[str, Account]:
        try:
            return self._accounts.all()
        except ConfigError as error:
            log.error("nobody can come in: %s", error)  # noqa: TRY400  expected
            return {}

    def _user(self, request: Request) -> str | None:
        """Return whose request it is, "" for who has the server's own token; None for nobody."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._with_token(token.strip())
        session = self._sessions.of(request.cookies.get(COOKIE, ""))
        if session is None:
            return None
        name, proof = session
        account = self._users().get(name)
        return name if account and account.password == proof else None

    def _with_token(self, token: str) -> str | None:
        if self._token:
            known = secrets.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
            return "" if known else None
        try:
            return self._accounts.with_token(token)
        except ConfigError:
            return None

    def _outside(self, request: Request) -> Answer:
        path, reads = request.url.path, request.method in ("GET", "HEAD")
        if reads and path == "/healthz":
            state = self._state()
            return JSONResponse({"status": state}, 503 if state in ("loading", "failed") else 200)
        if reads and path in _OPEN_FILES and not self._token:
            return FileResponse(self._static / Path(path).name)
        if reads and path == "/" and not self._token:
            return RedirectResponse(_sign_in_from(request), 303)
        headers = {"www-authenticate": "Bearer"}
        return PlainTextResponse("Sign in first.", 401, headers=headers)

    async def _sign(self, request: Request) -> Answer:
        if self._token:
            return PlainTextResponse("Not found.", 404)
        if request.method == "POST":
            out = request.url.path == "/sign-out"
            return self._sign_out(request) if out else await self._sign_in(request)
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("Not allowed.", 405, headers={"allow": "GET, POST"})
        following = _next(request.query_params.get("next", "/"))
        if request.url.path == "/sign-out":
            return RedirectResponse("/sign-in", 303)
        if self._user(request) is not None:
            return RedirectResponse(following, 303)
        return sign_in_page(request, following=following)

    async def _sign_in(self, request: Request) -> Answer:
        form = await _form(request)
        name, password = form.get("name", "").strip().lower(), form.get("password", "")
        following = _next(form.get("next", "/"))
        keys = (f"user {name}", f"address {request.client.host if request.client else ''}")

        def refused(key: str, status: int, **values: object) -> Answer:
            told = words_of(request)(key, **values)
            return sign_in_page(
                request, problem=told, name=name[:32], following=following, status=status
            )

        if wait_s := self._lockout.begin(keys):
            answer = refused("sign_in_wait", 429, seconds=wait_s)
            answer.headers["retry-after"] = str(wait_s)
            return answer
        account = self._users().get(name)  # before: a session is worth no more than what it proved
        async with self._hashing:
            right = await run_in_threadpool(self._knows, name, password)
        if not (right and account):
            log.warning("sign-in refused")
            return refused("sign_in_wrong", 401)
        self._lockout.right(keys)
        if await self._room(name) is None:
            return refused("sign_in_broke", 503)
        log.info("signed in user=%s", name)
        cookie = self._sessions.begin(name, account.password)
        answer = RedirectResponse(following, 303)
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=int(AGE_S),
            path="/",
            secure=_is_https(request),
            httponly=True,
            samesite="strict",
        )
        return answer

    def _knows(self, name: str, password: str) -> bool:
        try:
            return self._accounts.knows(name, password)
        except ConfigError as error:
            log.error("nobody can come in: %s", error)  # noqa: TRY400  expected
            return False

    def _sign_out(self, request: Request) -> Answer:
        self._sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        # Pictures are kept by the browser, and drafts by the tab: the next user may be another.
        answer.headers["clear-site-data"] = '"cache", "storage"'
        return answer


def _sign_in_from(request: Request) -> str:
    conversation = request.query_params.get("c", "")
    following = _next(f"/?c={conversation}") if conversation else "/"
    return "/sign-in" if following == "/" else f"/sign-in?next=%2F%3Fc%3D{conversation}"


def _next(following: str) -> str:
    return following if _NEXT.fullmatch(following) else "/"


def _is_https(request: Request) -> bool:
    """Tell whether the browser speaks HTTPS, if only to a proxy in front of us."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form; none of one that is too large, or no form."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8) if body else {}
    return {key: values[0] for key, values in fields.items()}
