"""Prompts of the user's own, each under a name: a small JSON file beside config.toml."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from app.page.i18n import words_for
from history import files
from vision.engine import Job
from vision.errors import VisionError

MOST = 100  # presets

Entries = list[Any]  # what the file holds: whatever JSON can


class PresetsUnusable(VisionError):
    """The file of presets cannot be read or written."""

    text = "{file} cannot be used: {reason}."
    way_out = "Check that file and the room on its disk, or set [page] presets to another file."


class PresetsFull(VisionError):
    """As many presets are kept as will be."""

    text = "{limit} prompts are kept already, which is the limit."
    way_out = "Forget one of them first."


class Preset(BaseModel, frozen=True, extra="forbid"):
    """A prompt to be used again."""

    name: str = Field(min_length=1, max_length=40)
    prompt: str = Field(min_length=1, max_length=100_000)
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Presets:
    """The presets in ``file``, which is written whole.

    An entry that is none, as of a job that has another name today, is left in it as it is.
    """

    file: Path

    def all(self) -> list[Preset]:
        """Return the presets by name; none where the file is not there or not ours."""
        try:
            return _presets(self._entries())
        except (OSError, PresetsUnusable):
            return []

    def put(self, preset: Preset) -> list[Preset]:
        """Keep a preset in place of the one of its name; return all.

        Raise ``PresetsFull``, ``PresetsUnusable``.
        """

        def kept(entries: Entries) -> Entries:
            others = _without(entries, preset.name)
            if len(others) >= MOST:
                raise PresetsFull(limit=MOST)
            return [*others, preset.model_dump()]

        return self._change(kept)

    def remove(self, name: str) -> list[Preset]:
        """Forget a preset; return those left. Raise ``PresetsUnusable``."""
        return self._change(lambda entries: _without(entries, name))

    def _change(self, change: Callable[[Entries], Entries]) -> list[Preset]:
        folder = self.file.absolute().parent
        try:
            files.ensure_folder(folder)
            with files.locked(folder):
                entries = change(self._entries())
                content = json.dumps(entries, ensure_ascii=False, indent=1)
                files.write(self.file.absolute(), content.encode(), folder)
        except OSError as error:
            raise PresetsUnusable(file=self.file.name, reason=error.strerror) from error
        return _presets(entries)

    def _entries(self) -> Entries:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise PresetsUnusable(file=self.file.name, reason="it is not JSON") from error
        if not isinstance(found, list):
            raise PresetsUnusable(file=self.file.name, reason="it is no list")
        return found


def _presets(entries: Entries) -> list[Preset]:
    found = []
    for each in entries:
        try:
            found.append(Preset.model_validate(each))
        except ValidationError:
            continue
    return sorted(found, key=lambda each: each.name)


def _without(entries: Entries, name: str) -> Entries:
    return [each for each in entries if not (isinstance(each, dict) and each.get("name") == name)]


def preset_routes(presets: Presets) -> APIRouter:
    """Return ``/presets``: read, written and deleted; each answers with all there are then."""
    router = APIRouter(include_in_schema=False)

    @router.get("/presets")
    def listed() -> list[Preset]:
        return presets.all()

    @router.put("/presets", response_model=list[Preset])
    def kept(preset: Preset, request: Request) -> Any:
        return _said(lambda: presets.put(preset), request)

    @router.delete("/presets/{name}", response_model=list[Preset])
    def removed(name: str, request: Request) -> Any:
        return _said(lambda: presets.remove(name), request)

    return router


def _said(work: Callable[[], list[Preset]], request: Request) -> list[Preset] | JSONResponse:
    try:
        return work()
    except VisionError as error:
        # Gradio's request passes cookies and headers on to this one.
        problem = words_for(cast("Any", request)).error(error.record())
        return JSONResponse({"problem": problem}, status_code=409)
