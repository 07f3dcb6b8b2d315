"""What stands in front of every route: who may ask, and what a browser may do with the answer.

Stock Gradio has no Host check: a page of another site whose name was rebound to 127.0.0.1 could
run its events (reliability.md, finding 2). So the Host must be one of ours, and whatever a
browser says comes from elsewhere is refused, but for a link that leads to the page.
"""

import socket
from collections.abc import Iterable

import psutil
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.errors import ServerErrorMiddleware
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
_SAFE_METHODS = {"GET", "HEAD"}
_LINKED = {"/", "/sign-in"}  # where a link on another site may lead
_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  to know them, not to listen there


class Guard:
    """ASGI middleware: refuse what does not come from our own page, add headers to the rest."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)  # exact values of the Host header: "127.0.0.1:7860"

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
            return
        # Outermost, so that an answer to a bug has the headers, too.
        answer = ServerErrorMiddleware(refusal or self._app)
        await answer(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        [host, *more] = headers.getlist("host") or [""]
        if host not in self._hosts or more:
            told = "This host name is not served here: [server] hosts names those that are."
            return PlainTextResponse(told, status_code=421)
        if not _is_ours(scope, headers, host):
            return PlainTextResponse("Only this page may ask for that.", status_code=403)
        return None


def _is_ours(scope: Scope, headers: Headers, host: str) -> bool:
    """Tell whether a request is from our page, from the user, or from what is no browser.

    A browser names where a request comes from; "null", a sandboxed frame, is not us. What names
    nothing is no browser, and has no user's rights to borrow.
    """
    origins = headers.getlist("origin")
    if any(origin not in (f"http://{host}", f"https://{host}") for origin in origins):
        return False
    reads = scope["type"] == "http" and scope["method"] in _SAFE_METHODS
    site = headers.get("sec-fetch-site", "same-origin")
    # "none" is the user: an address that was typed, a bookmark, a file that is saved.
    if site == "same-origin" or (site == "none" and reads):
        return True
    is_link = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == (
        "navigate",
        "document",
    )
    return reads and is_link and scope["path"] in _LINKED


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)  # the sign-in page has a stricter policy
        await send(message)

    return send_with_headers


def own_hosts(host: str, port: int, named: Iterable[str] = ()) -> set[str]:
    """Return the Host headers that browsers may send; ``named`` are those of config.toml.

    Of a machine that listens everywhere these are its addresses, but no name: an address cannot
    be rebound, and which names lead here only its owner knows.
    """
    names = {"127.0.0.1", "localhost", "::1", host}
    if host in _EVERYWHERE:
        names |= _addresses()
    shown = {_bracketed(name) for name in names} | {name for name in named if ":" not in name}
    # A proxy in front has the usual ports, which a browser leaves out.
    bare = shown if port == 80 else {name for name in named if ":" not in name}  # noqa: PLR2004  HTTP's own port
    return {f"{name}:{port}" for name in shown} | bare | {name for name in named if ":" in name}


def _addresses() -> set[str]:
    """Return this machine's addresses; of a link-local one, what stands before its zone."""
    found = (each for addresses in psutil.net_if_addrs().values() for each in addresses)
    families = (socket.AF_INET, socket.AF_INET6)
    return {each.address.partition("%")[0] for each in found if each.family in families}


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
