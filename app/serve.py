"""Builds everything once, and serves it: engine, store, assistant, page, guard."""

import logging
import os
import socket
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp

from app.access.accounts import Accounts
from app.access.door import Door
from app.access.rooms import Room, Rooms
from app.api.token import VARIABLE, token_for
from app.assistant import Assistant
from app.build import assistant_for
from app.clear import Clearing
from app.config import Config, ConfigError, ServerConfig, folder
from app.early_head import EarlyHead
from app.guard import Guard, own_hosts
from app.home import Home, home_of
from app.memory import few_arenas
from app.narrow import Narrow
from app.pulse import Pulse
from app.routes import PAGE, include_routes
from app.shutdown import Server
from app.tmp_folder import TmpFolder
from app.uploads import Uploads
from history import Store

log = logging.getLogger(__name__)

# Scripts in the order in which one needs another.
_SCRIPTS = (
    "second-look", "copy", "drafts", "panels", "settings", "pulse", "viewer", "tables", "compare",
    "inside", "receipt-picture", "receipt-edit", "receipt-items", "receipt-foot", "receipt",
    "webpage-preview", "webpage", "folder-files", "folder-queue", "folder",
)  # fmt: skip
# Styles are linked, not given to Gradio as ``css``: it would put ``.gradio-container`` before
# every rule, and those for the body and the dialogs would match nothing.
_STYLES = ("style", "clear", "receipt", "webpage", "folder")
_EARLY = "".join(
    (
        *(f'<script src="/page/{name}.js"></script>' for name in _SCRIPTS),
        *(f'<link rel="stylesheet" href="/page/{name}.css">' for name in _STYLES),
        '<link rel="icon" href="/page/icon.svg">',
    )
)
_ACCOUNT = (  # where there are users
    '<script src="/page/account.js"></script><link rel="stylesheet" href="/page/account.css">'
)
# Of tabs, the latest used. Gradio 6.31 keeps all that ever were, up to 10,000, with what they
# showed: 0.4 MB for each refresh.
_SESSIONS = 100
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def serve(config: Config, prepare: Callable[[Assistant], None] = lambda _: None) -> None:
    """Serve the page until the user ends it. Raise ``ConfigError`` where it cannot be served.

    ``prepare`` is called once, before the page can be reached.
    """
    few_arenas()
    accounts = Accounts(folder(config.server.users))
    check_closed(config.server, accounts)
    bound = _bind(config)
    port = bound.getsockname()[1]
    hosts = own_hosts(config.server.host, port, config.server.hosts)
    assistant = assistant_for(config)
    assistant.start()
    prepare(assistant)
    app = application(assistant, config, hosts, accounts)
    if config.server.host not in LOOPBACK:
        log.warning("not encrypted: a proxy with TLS in front keeps passwords from the network")
    url = f"http://{config.server.host}:{port}"
    print(f"Second Look: {url}   (Ctrl+C ends it)", flush=True)  # noqa: T201  the one line a user needs
    if config.server.open_browser and _has_desktop():
        webbrowser.open(url)
    uvicorn_config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    Server(uvicorn_config, assistant).serve_until_told(bound)


def application(
    assistant: Assistant, config: Config, hosts: set[str], accounts: Accounts | None = None
) -> Guard:
    """Return the whole ASGI application, guard in front. Raise ``TmpNotOurs``, ``TmpUnusable``.

    With users each has one of their own, and they share the engine of ``assistant``.
    """
    users = accounts.all() if accounts else {}
    token = token_for(config.server) if not users else ""
    if accounts and (users or config.server.host not in LOOPBACK):

        def made(name: str) -> Room:
            if name:
                return _users_room(assistant, config, name)
            return Room(_room(assistant, config, home_of(config), token))

        rooms = Rooms(made, users or [""])
        static = PAGE / "static"
        state = assistant.condition
        door = Door(rooms, accounts, static, lambda: state().status.state, token)
        return Guard(door, hosts)
    return Guard(_room(assistant, config, home_of(config), token), hosts)


def check_closed(server: ServerConfig, accounts: Accounts) -> None:
    """Raise ``ConfigError`` where somebody could come in whom nobody knows."""
    users = accounts.all()
    if users and (server.token_file or os.environ.get(VARIABLE)):
        raise ConfigError(
            f"[server]: there are users, so a token must say whose it is. Unset {VARIABLE} and "
            f"token_file; python -m app password NAME --token makes one for a user."
        )
    if server.host in LOOPBACK or users or token_for(server):
        return
    raise ConfigError(
        f"[server]: host '{server.host}' would open the page, and every picture in it, to the "
        f"network without a password. Add a user first: python -m app password NAME. "
        f"Or use 127.0.0.1, and an SSH tunnel from elsewhere."
    )


def _users_room(assistant: Assistant, config: Config, name: str) -> Room:
    home = home_of(config, name)
    own = assistant.of(name, Store(home.history))
    own.start()
    return Room(_room(own, config, home, token=""), own.stop_own)


def _room(assistant: Assistant, config: Config, home: Home, token: str) -> ASGIApp:
    """Return all of the page and its routes, for one history."""
    tmp = TmpFolder(folder(config.tmp.root), shared=assistant.shared)
    _quiet_gradio(tmp.uploads)
    import gradio as gr

    from app.page.clear_handlers import ClearHandlers
    from app.page.drawing import Drawing
    from app.page.handlers import Handlers
    from app.page.history_handlers import HistoryHandlers
    from app.page.layout import build
    from app.page.prompt_handlers import PromptHandlers
    from app.page.tabs import Tabs
    from app.page.theme import theme

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        tmp.close()

    clearing = Clearing(assistant, tmp, config.clear)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    uploads = Uploads(tmp.uploads, assistant.decoder)
    pulse = Pulse(assistant.store)
    include_routes(app, assistant, config, home, tmp, clearing, uploads, pulse)
    tabs, drawing = Tabs(), Drawing(assistant, uploads, pulse)
    prompts = PromptHandlers(
        drawing, assistant, uploads, tabs, PAGE / "examples", home.uploads_root
    )
    page = build(
        Handlers(drawing, assistant),
        prompts,
        ClearHandlers(drawing, clearing, uploads),
        HistoryHandlers(drawing, prompts, assistant, uploads),
        tabs,
    )
    page.queue(max_size=64, api_open=False)
    page.state_session_capacity = _SESSIONS
    programs = None
    # Gradio's upload folder is one for the whole process: not for programs of several users.
    through_gradio = config.server.api and not assistant.shared
    if config.server.api or config.server.mcp:
        from app.api.programs import Programs
        from app.api.server import Entrance
        from app.page.api_endpoints import Endpoints

        programs = Programs(assistant, tmp, home.uploads_root)
        if through_gradio:
            Endpoints(programs, clearing, tmp.uploads, token).add_to(page)
    gr.mount_gradio_app(
        app,
        page,
        path="",
        theme=theme(),
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        max_file_size=f"{config.server.max_upload_mib}mb",
        allowed_paths=[],
        pwa=False,
        ssr_mode=False,
        mcp_server=False,
    )
    # Gradio is mounted last, and at "": all that no route of ours answers.
    mount = app.routes[-1]
    assert isinstance(mount, Mount), "Gradio is mounted"
    mount.app = Narrow(mount.app, tmp.uploads if through_gradio else None)
    served: ASGIApp = EarlyHead(app, _EARLY + _ACCOUNT if assistant.shared else _EARLY)
    if programs:
        served = Entrance(served, programs, config.server, token)
    return served


def _bind(config: Config) -> socket.socket:
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"[server]: port {port} on {host} is taken ({error.strerror}). "
            f"Is Second Look running already? Otherwise choose another with --port."
        ) from error
    return bound


def _quiet_gradio(uploads: Path) -> None:
    # Gradio reads these when it is imported: no look-up of outside hosts, uploads under ./tmp.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)


def _has_desktop() -> bool:
    return os.name == "nt" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
