"""config.toml into frozen dataclasses, every mistake named.

Order: the defaults below and in the vision package, then the file, then the command line.
This is the only module that knows TOML. What a value may be stands in its annotation, and
pydantic checks it; unknown names are answered with the likely word.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from annotated_types import Interval
from pydantic import TypeAdapter, ValidationError

from vision.engine import SamplingParams
from vision.settings import EngineSettings


class ConfigError(Exception):
    """A config.toml or a command line that cannot be acted on; the message names the place."""


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """``[history]``: where conversations are kept."""

    root: str = "history"  # a folder; relative to the working directory


@dataclass(frozen=True, slots=True)
class TmpConfig:
    """``[tmp]``: where uploads in flight, previews and exports lie until a deep clear."""

    root: str = "tmp"  # a folder; relative to the working directory


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """``[server]``: how the page is served."""

    host: str = "127.0.0.1"  # only this machine; any other needs a user, or a token for programs
    # Names by which browsers may reach it, beyond its addresses; as TOML has it, a list.
    hosts: list[str] = field(default_factory=list)
    users: str = "users.json"  # who may sign in; python -m app password NAME writes it
    port: Annotated[int, Interval(ge=0, le=65_535)] = 7_860  # 0 takes a free one
    max_upload_mib: Annotated[int, Interval(ge=1, le=2_048)] = 100  # one picture's file
    open_browser: bool = True  # when started from a desktop
    api: bool = False  # serve programs, too: docs/api.md
    mcp: bool = False  # the jobs as tools for MCP clients, at /mcp; needs the package mcp
    token_file: str = ""  # what programs must know; or the environment's SECOND_LOOK_TOKEN


@dataclass(frozen=True, slots=True)
class ClearConfig:
    """``[clear]``: which levels the clear button offers; light always. Deep always asks first."""

    medium: bool = True
    deep: bool = True
    confirm_light: bool = False  # ask before a light clear, too


@dataclass(frozen=True, slots=True)
class PageConfig:
    """``[page]``: what the page keeps for its user."""

    presets: str = "presets.json"  # prompts of one's own; relative to the working directory


@dataclass(frozen=True, slots=True)
class ReceiptConfig:
    """``[receipt]``: what is read on receipts."""

    schema: str = ""  # a file with a JSON schema of the user's own; "" for none


@dataclass(frozen=True, slots=True)
class Config:
    """All of config.toml."""

    engine: EngineSettings = field(default_factory=EngineSettings)
    sampling: SamplingParams = field(default_factory=SamplingParams)
    history: HistoryConfig = field(default_factory=HistoryConfig)
    tmp: TmpConfig = field(default_factory=TmpConfig)
    server: ServerConfig = field(default_factory=ServerConfig)
    clear: ClearConfig = field(default_factory=ClearConfig)
    receipt: ReceiptConfig = field(default_factory=ReceiptConfig)
    page: PageConfig = field(default_factory=PageConfig)


def load(
    path: Path | None = None, overrides: Mapping[str, Mapping[str, object]] | None = None
) -> Config:
    """Read ``path`` over the defaults and ``overrides`` (table -> key -> value) over both.

    Without a path, ./config.toml is read where it exists. Raise ``ConfigError``.
    """
    config = Config()
    if path is not None or Path("config.toml").is_file():
        file = path or Path("config.toml")
        config = _merged(config, _read(file), str(file))
    config = _merged(config, overrides or {}, "command line")
    if config.engine.min_pixels > config.engine.max_pixels:
        raise ConfigError(
            f"[engine]: min_pixels ({config.engine.min_pixels:,}) is above "
            f"max_pixels ({config.engine.max_pixels:,})."
        )
    return config


def _read(file: Path) -> dict[str, Any]:  # TOML holds anything
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{file}: there is no such file.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as TOML: {error}.") from error


def _merged(config: Config, tables: Mapping[str, Any], source: str) -> Config:
    changed = {}
    for name, table in tables.items():
        _check_known(name, [f.name for f in fields(Config)], f"{source}: table")
        if not isinstance(table, Mapping):
            raise ConfigError(f"{source}: '{name}' must be a table: write [{name}].")
        changed[name] = _table(getattr(config, name), table, f"{source}: [{name}]")
    return replace(config, **changed)


def _table(current: Any, values: Mapping[str, object], place: str) -> Any:  # any table's dataclass
    # include_extras keeps Annotated, where the limits are.
    hints = get_type_hints(type(current), include_extras=True)
    for key, value in values.items():
        _check_known(key, list(hints), f"{place}: key")
        try:
            TypeAdapter(hints[key]).validate_python(value, strict=True)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Input ")
            raise ConfigError(f"{place}: {key} = {value!r} {reason}.") from error
    return replace(current, **values)


def _check_known(name: str, known: list[str], place: str) -> None:
    if name in known:
        return
    likely = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    advice = f"did you mean '{likely[0]}'?" if likely else f"known: {', '.join(known)}."
    raise ConfigError(f"{place} '{name}' is unknown; {advice}")


def folder(root: str) -> Path:
    """Return a configured folder as an absolute path; ``~`` is the user's home."""
    return Path(os.path.abspath(Path(root).expanduser()))  # noqa: PTH100  a link stays a link
