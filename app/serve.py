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
from starlette.types import ASGIApp

from app.api.token import token_for
from app.assistant import Assistant
from app.build import assistant_for
from app.clear import Clearing
from app.config import Config, ConfigError, folder
from app.early_head import EarlyHead
from app.guard import Guard, own_hosts
from app.shutdown import Server
from app.tmp_folder import TmpFolder

log = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"
# The style is linked, not given to Gradio as ``css``: it would put ``.gradio-container`` before
# every rule, and those for the body and the dialogs would match nothing.
_EARLY = (
    '<script src="/page/second-look.js"></script>'
    '<script src="/page/panels.js"></script>'
    '<script src="/page/settings.js"></script>'
    '<script src="/page/pulse.js"></script>'
    '<script src="/page/viewer.js"></script>'
    '<script src="/page/tables.js"></script>'
    '<script src="/page/compare.js"></script>'
    '<script src="/page/inside.js"></script>'
    '<script src="/page/receipt-picture.js"></script>'
    '<script src="/page/receipt-edit.js"></script>'
    '<script src="/page/receipt-items.js"></script>'
    '<script src="/page/receipt-foot.js"></script>'
    '<script src="/page/receipt.js"></script>'
    '<script src="/page/webpage-preview.js"></script>'
    '<script src="/page/webpage.js"></script>'
    '<script src="/page/folder.js"></script>'
    '<link rel="stylesheet" href="/page/style.css">'
    '<link rel="stylesheet" href="/page/clear.css">'
    '<link rel="stylesheet" href="/page/receipt.css">'
    '<link rel="stylesheet" href="/page/webpage.css">'
    '<link rel="stylesheet" href="/page/folder.css">'
    '<link rel="icon" href="/page/icon.svg">'
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def serve(config: Config, prepare: Callable[[Assistant], None] = lambda _: None) -> None:
    """Serve the page until the user ends it. Raise ``ConfigError`` where it cannot be served.

    ``prepare`` is called once, before the page can be reached.
    """
    bound = _bind(config)
    token_for(config.server)
    port = bound.getsockname()[1]
    assistant = assistant_for(config)
    assistant.start()
    prepare(assistant)
    app = application(assistant, config, own_hosts(config.server.host, port))
    url = f"http://{config.server.host}:{port}"
    print(f"Second Look: {url}   (Ctrl+C ends it)", flush=True)  # noqa: T201  the one line a user needs
    if config.server.open_browser and _has_desktop():
        webbrowser.open(url)
    uvicorn_config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    Server(uvicorn_config, assistant).serve_until_told(bound)


def application(assistant: Assistant, config: Config, hosts: set[str]) -> Guard:
    """Return the whole ASGI application, guard in front. Raise ``TmpNotOurs``, ``TmpUnusable``."""
    tmp = TmpFolder(folder(config.tmp.root))
    _quiet_gradio(tmp.uploads)
    import gradio as gr

    from app import exports
    from app.page.clear_handlers import ClearHandlers
    from app.page.clear_routes import clear_routes
    from app.page.folder_routes import folder_routes
    from app.page.handlers import Handlers
    from app.page.history_handlers import HistoryHandlers
    from app.page.layout import build
    from app.page.theme import theme
    from app.pictures import routes
    from app.presets import Presets, preset_routes
    from app.receipt_routes import receipt_routes
    from app.pulse import Pulse, pulse_routes
    from app.settings_routes import settings_routes
    from app.turn_routes import turn_routes
    from app.upload_routes import upload_routes
    from app.uploads import Uploads
    from app.webpage_routes import webpage_routes

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        tmp.close()

    clearing = Clearing(assistant, tmp, config.clear)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.include_router(clear_routes(clearing))
    app.include_router(
        routes(assistant.store, assistant.decoder, PAGE / "static", PAGE / "examples")
    )
    app.include_router(exports.routes(assistant.store, tmp.run / "exports"))
    app.include_router(receipt_routes(assistant))
    app.include_router(webpage_routes(assistant))
    app.include_router(folder_routes(assistant, tmp, config.server.max_upload_mib << 20))
    uploads = Uploads(tmp.uploads, assistant.decoder)
    app.include_router(upload_routes(uploads, config.server.max_upload_mib << 20))
    app.include_router(settings_routes(assistant))
    app.include_router(preset_routes(Presets(folder(config.page.presets))))
    app.include_router(turn_routes(assistant))
    pulse = Pulse(assistant.store)
    app.include_router(pulse_routes(pulse))
    handlers = Handlers(assistant, uploads, pulse, PAGE / "examples", Path.cwd())
    page = build(
        handlers,
        ClearHandlers(handlers, clearing, uploads),
        HistoryHandlers(handlers, assistant, uploads),
    )
    page.queue(max_size=64, api_open=False)
    programs = None
    if config.server.api or config.server.mcp:
        from app.api.programs import Programs
        from app.api.server import Entrance
        from app.page.api_endpoints import Endpoints

        programs = Programs(assistant, tmp)
        if config.server.api:
            token = token_for(config.server)
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
    served: ASGIApp = EarlyHead(app, _EARLY)
    if programs:
        served = Entrance(served, programs, config.server)
    return Guard(served, hosts, uploads=config.server.api)


def _bind(config: Config) -> socket.socket:
    host, port = config.server.host, config.server.port
    if host not in LOOPBACK:
        raise ConfigError(
            f"[server]: host '{host}' would open the page, and every picture in it, to the "
            f"network without a password. Use 127.0.0.1, and an SSH tunnel from elsewhere."
        )
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
