"""The composer: what it is to be, and the files that it holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from app.errors import UploadGone
from app.intake import Upload
from app.page.i18n import Words


def upload_from(path: str) -> Upload:
    """Read a file that the composer holds. Raise ``UploadGone``."""
    file = Path(path)
    try:
        return Upload(file.name, file.read_bytes())
    except FileNotFoundError as error:
        raise UploadGone(name=file.name) from error


def composer_update(
    words: Words,
    state: str,
    *,
    value: str | None = None,
    files: Sequence[str] = (),
    busy: bool = False,
) -> Any:  # an update
    """Return what the composer is to be; without a ``value`` it keeps what was typed."""
    changes = writable(words, state) | {
        "submit_btn": not busy,
        "stop_btn": busy,
    }
    if value is not None:
        changes["value"] = {"text": value, "files": list(files)}
    return gr.update(**changes)


def writable(words: Words, state: str) -> dict[str, Any]:
    """Return whether one can write in a state of the engine, and what the empty box says."""
    keys = {
        "ready": "placeholder",
        "failed": "placeholder_failed",
        "unloaded": "placeholder_unloaded",  # a prompt loads it again
    }
    return {
        "interactive": state in ("ready", "unloaded"),
        "placeholder": words(keys.get(state, "placeholder_loading")),
    }
