"""All routes of ours, each made by its own module."""

from pathlib import Path

from fastapi import FastAPI

from app.assistant import Assistant
from app.clear import Clearing
from app.config import Config
from app.home import Home
from app.presets import Presets, preset_routes
from app.pulse import Pulse, pulse_routes
from app.settings_routes import settings_routes
from app.tmp_folder import TmpFolder
from app.upload_routes import upload_routes
from app.uploads import Uploads

PAGE = Path(__file__).parent / "page"


def include_routes(
    app: FastAPI,
    assistant: Assistant,
    config: Config,
    home: Home,
    tmp: TmpFolder,
    clearing: Clearing,
    uploads: Uploads,
    pulse: Pulse,
) -> None:
    """Add every route of ours to ``app``."""
    # Imported late: some speak the page's words, which take Gradio.
    from app import exports
    from app.page.clear_routes import clear_routes
    from app.page.folder_routes import folder_routes
    from app.pictures import routes
    from app.receipt_routes import receipt_routes
    from app.turn_routes import turn_routes
    from app.webpage_routes import webpage_routes

    max_bytes = config.server.max_upload_mib << 20
    for router in (
        clear_routes(clearing),
        routes(assistant.store, assistant.decoder, PAGE / "static", PAGE / "examples"),
        exports.routes(assistant.store, tmp.exports),
        receipt_routes(assistant),
        webpage_routes(assistant),
        folder_routes(assistant, tmp, max_bytes, home.uploads_root),
        upload_routes(uploads, max_bytes),
        settings_routes(assistant),
        preset_routes(Presets(home.presets)),
        turn_routes(assistant),
        pulse_routes(pulse),
    ):
        app.include_router(router)
