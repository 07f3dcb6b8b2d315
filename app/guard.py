"""What stands in front of every route: who may ask, and what a browser may do with the answer.

Stock Gradio has no Host check: a page of another site whose name was rebound to 127.0.0.1 could
run its events (reliability.md, finding 2). So the Host must be one of ours, and anything that
changes state must come from our own page.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# 'unsafe-inline' and 'unsafe-eval' are what Gradio's own page needs. What protects the user is
# the rest: a picture's text that makes a model write an outside address reaches nobody.
_CSP = "; ".join(  # noqa: FLY002  one directive a line
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# Routes of Gradio that fetch or serve what we never ask of them.
_CLOSED = (
    "/gradio_api/proxy=",
    "/proxy=",
    "/gradio_api/file=http",
    "/file=http",
)
_UPLOADS = "/gradio_api/upload"  # the page has its own; programs use Gradio's
_SAFE_METHODS = {"GET", "HEAD"}


class Guard:
    """ASGI middleware: refuse what does not come from our own page, add headers to the rest."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], *, uploads: bool = False) -> None:
        self._app = app
        self._closed = _CLOSED if uploads else (*_CLOSED, _UPLOADS)
        self._hosts = frozenset(hosts)  # exact values of the Host header: "127.0.0.1:7860"
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the reason why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None and scope["type"] == "websocket":
            await send(
                {"type": "websocket.close", "code": 1008, "reason": bytes(refusal.body).decode()}
            )
        elif refusal is not None:
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("This host name is not served here.", status_code=421)
        if scope["path"].startswith(self._closed):
            return PlainTextResponse("Not found.", status_code=404)
        if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
            return None
        # A browser names where a request comes from; "null", a sandboxed frame, is not us.
        # What names nothing is no browser, and has no user's rights to borrow.
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "same-origin")
        if (origin is not None and origin not in self._origins) or site != "same-origin":
            return PlainTextResponse("Only this page may ask for that.", status_code=403)
        return None


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return send_with_headers


def own_hosts(host: str, port: int) -> set[str]:
    """Return the Host headers that a browser on this machine may send."""
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    return {f"{name}:{port}" for name in names} | ({*names} if port == 80 else set())  # noqa: PLR2004  HTTP's own port
