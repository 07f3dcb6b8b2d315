"""Prompts of the user's own, each under a name: a small JSON file beside config.toml."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vision.engine import Job

MOST = 100  # presets


class Preset(BaseModel, frozen=True, extra="forbid"):
    """A prompt to be used again."""

    name: str = Field(min_length=1, max_length=40)
    prompt: str = Field(min_length=1, max_length=100_000)
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class Presets:
    """The presets in ``file``, which is written whole."""

    file: Path

    def all(self) -> list[Preset]:
        """Return the presets by name; none where the file is not there or not ours."""
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
            return [Preset.model_validate(each) for each in found]
        except (OSError, ValueError, TypeError):
            return []

    def put(self, preset: Preset) -> list[Preset]:
        """Keep a preset in place of the one of its name; return all. Raise ``OSError``."""
        others = [each for each in self.all() if each.name != preset.name]
        return self._write(sorted([*others, preset], key=lambda each: each.name)[:MOST])

    def remove(self, name: str) -> list[Preset]:
        """Forget a preset; return those left. Raise ``OSError``."""
        return self._write([each for each in self.all() if each.name != name])

    def _write(self, presets: list[Preset]) -> list[Preset]:
        fresh = self.file.with_name(f".{self.file.name}.tmp")
        records = [each.model_dump() for each in presets]
        fresh.write_text(json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(fresh, self.file)  # noqa: PTH105  atomic, and says so
        return presets


def preset_routes(presets: Presets) -> APIRouter:
    """Return ``/presets``: read, written and deleted; each answers with all there are then."""
    router = APIRouter(include_in_schema=False)

    @router.get("/presets")
    def listed() -> list[Preset]:
        return presets.all()

    @router.put("/presets")
    def kept(preset: Preset) -> list[Preset]:
        return presets.put(preset)

    @router.delete("/presets/{name}")
    def removed(name: str) -> list[Preset]:
        return presets.remove(name)

    return router
