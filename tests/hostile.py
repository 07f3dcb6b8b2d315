"""A page that tries every way out that we know of, and a server that counts what gets there.

Counted at real sockets: what a browser's own tools report is less than what leaves it.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# {u} is the server's address with a path of its own for each way. Those that need a click have an
# id, and are clicked by the test as well as by the page's own script.
WAYS = {
    "script": '<script src="{u}"></script>',
    "module": '<script type="module" src="{u}"></script>',
    "fetch": "<script>fetch('{u}', {{mode: 'no-cors'}})</script>",
    "xhr": "<script>x = new XMLHttpRequest(); x.open('GET', '{u}'); x.send()</script>",
    "beacon": "<script>navigator.sendBeacon('{u}')</script>",
    "websocket": "<script>new WebSocket('{u}'.replace('http', 'ws'))</script>",
    "event-source": "<script>new EventSource('{u}')</script>",
    "worker": "<script>new Worker(URL.createObjectURL(new Blob([\"fetch('{u}')\"])))</script>",
    "import": "<script>import('{u}').catch(() => 0)</script>",
    "onerror": '<img src="data:x" onerror="new Image().src=\'{u}\'">',
    "onload": "<svg onload=\"new Image().src='{u}'\"></svg>",
    "ontoggle": "<details open ontoggle=\"new Image().src='{u}'\">x</details>",
    "autofocus": "<input autofocus onfocus=\"new Image().src='{u}'\">",
    "javascript-url": "<iframe src=\"javascript:new Image().src='{u}'\"></iframe>",
    "img": '<img src="{u}">',
    "srcset": '<img srcset="{u} 1x">',
    "picture": '<picture><source srcset="{u}"><img src="data:x"></picture>',
    "video": '<video src="{u}" autoplay></video>',
    "poster": '<video poster="{u}"></video>',
    "audio": '<audio src="{u}" autoplay></audio>',
    "track": '<video src="data:video/mp4,"><track default src="{u}"></video>',
    "embed": '<embed src="{u}">',
    "object": '<object data="{u}"></object>',
    "iframe": '<iframe src="{u}"></iframe>',
    "srcdoc": "<iframe srcdoc=\"<img src='{u}'>\"></iframe>",
    "srcdoc-twice": "<iframe srcdoc=\"<iframe srcdoc=&quot;<img src='{u}'>&quot;></iframe>\"></iframe>",
    "data-frame": "<iframe src=\"data:text/html,<img src='{u}'>\"></iframe>",
    "stylesheet": '<link rel="stylesheet" href="{u}">',
    "css-import": "<style>@import '{u}';</style>",
    "css-url": '<style>body {{ background: url("{u}") }}</style>',
    "image-set": "<style>#s {{ background: image-set('{u}' 1x) }}</style><p id=s>s</p>",
    "css-cursor": "<style>html {{ cursor: url('{u}'), auto }}</style>",
    "content": "<style>#c::before {{ content: url('{u}') }}</style><p id=c>c</p>",
    "list-style": "<ul style=\"list-style-image: url('{u}')\"><li>l</ul>",
    "mask": "<p style=\"mask-image: url('{u}')\">m</p>",
    "font": "<style>@font-face {{ font-family: f; src: url('{u}') }}</style><p style='font-family: f'>f</p>",
    "style-attribute": "<p style=\"border-image: url('{u}') 1\">b</p>",
    "prefetch": '<link rel="prefetch" href="{u}">',
    "preload": '<link rel="preload" as="image" href="{u}">',
    "modulepreload": '<link rel="modulepreload" href="{u}">',
    "preconnect": '<link rel="preconnect" href="{u}">',
    "dns-prefetch": '<link rel="dns-prefetch" href="{u}">',
    "icon": '<link rel="icon" href="{u}">',
    "manifest": '<link rel="manifest" href="{u}">',
    "speculation": '<script type="speculationrules">{{"prefetch": [{{"urls": ["{u}"]}}]}}</script>',
    "svg-image": '<svg><image href="{u}" width="9" height="9"/></svg>',
    "svg-use": '<svg><use href="{u}#a"/></svg>',
    "svg-filter": '<svg><filter id="q"><feImage href="{u}"/></filter><rect filter="url(#q)" width="9" height="9"/></svg>',
    "svg-fill": "<svg><rect fill=\"url('{u}#a')\" width=9 height=9 /></svg>",
    "input-image": '<input type="image" src="{u}">',
    "body-background": '<table background="{u}"><tr><td>t</table>',
    "refresh": '<meta http-equiv="refresh" content="0; url={u}">',
    "base": '<base href="{u}/"><img src="relative.png">',
    "form": '<form id="form" action="{u}"><button id="submit">Send</button></form><script>form.submit()</script>',
    "formaction": '<form><button id="formaction" formaction="{u}">Send</button></form>',
    "link": '<a id="link" href="{u}">Open</a><script>link.click()</script>',
    "ping": '<a id="ping" href="#x" ping="{u}">Ping</a><script>ping.click()</script>',
    "popup": '<a id="popup" target="_blank" href="{u}">Pop</a><script>open("{u}")</script>',
    "top": '<a id="top" target="_top" href="{u}">Top</a><script>top.location = "{u}"</script>',
    "parent": '<a id="parent" target="_parent" href="{u}">Parent</a>',
    "download": '<a id="download" download href="{u}">Save</a><script>download.click()</script>',
    "attribution": '<img attributionsrc="{u}" src="data:x">',
    "portal": '<portal src="{u}"></portal><fencedframe src="{u}"></fencedframe>',
}
CLICKED = ("submit", "formaction", "link", "ping", "popup", "top", "parent", "download")
# These leave the page, and what it would still have tried.
LEAVING = {"refresh", "form", "formaction", "link", "popup", "top", "parent", "download", "base"}
# What no request shows: datagrams of WebRTC, and reaching for the page around.
STUN = """<script>
  c = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{host}:{port}'}}]}});
  c.createDataChannel('x'); c.createOffer().then((offer) => c.setLocalDescription(offer));
</script>"""
REACH = """<script>
  for (const reach of [
    () => { parent.document.title = 'reached'; }, () => { parent.reached = true; },
    () => { top.document.body.remove(); }, () => { parent.localStorage.setItem('reached', 1); },
    () => { parent.postMessage('reached', '*'); }, () => { document.cookie = 'reached=1'; },
  ]) { try { reach(); } catch {} }
</script>"""


class Listener:
    """Counts connections, requests by path, and datagrams."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.connections = 0
        self.paths: list[str] = []
        self.datagrams = 0
        self.page = ""  # served at /, so that the way out can be shown to be one
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                listener.connections += 1
                super().setup()

            def do_GET(self) -> None:
                with listener._changed:
                    listener.paths.append(self.path)
                    listener._changed.notify_all()
                body = listener.page.encode() if self.path == "/" else b""
                self.send_response(200)
                self.send_header("content-type", "text/html" if self.path == "/" else "image/png")
                self.send_header("content-length", str(len(body)))
                self.send_header("access-control-allow-origin", "*")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  what http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagram.bind(("127.0.0.1", 0))
        self._threads = (
            threading.Thread(target=self._server.serve_forever, daemon=True),
            threading.Thread(target=self._receive, daemon=True),
        )
        for thread in self._threads:
            thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ways(self) -> set[str]:
        """The ways out that were found."""
        return {path.strip("/").split("/")[0] for path in self.paths} & WAYS.keys()

    def hostile(self, *, stays: bool = False) -> str:
        """Return the page; one that ``stays`` does without the ways that leave it."""
        ways = WAYS.keys() - LEAVING if stays else WAYS.keys()
        body = "".join(
            f"<div>{way.format(u=f'{self.url}/{name}')}</div>"
            for name, way in WAYS.items()
            if name in ways
        )
        stun = STUN.format(host="127.0.0.1", port=self._datagram.getsockname()[1])
        return f"<!DOCTYPE html><title>x</title><h1>Hello</h1>{body}{stun}{REACH}"

    def until(self, ways: int) -> bool:
        """Wait for so many ways and a datagram; tell whether they came."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self.ways) >= ways and bool(self.datagrams), timeout=120
            )

    def _receive(self) -> None:
        with contextlib.suppress(OSError):
            while self._datagram.recv(2048):
                with self._changed:
                    self.datagrams += 1
                    self._changed.notify_all()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._datagram.close()


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Yield a server that nothing should reach."""
    listener = Listener()
    yield listener
    listener.close()
