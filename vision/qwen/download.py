"""From ``[engine] model`` to a folder with the whole checkpoint, safetensors only.

A folder is taken as it is. A hub's name is looked for in the cache first, and nothing goes to the
network when all of it is there; otherwise the missing files are fetched, a half download goes on
where it stopped. ``HF_HUB_OFFLINE``, ``HF_ENDPOINT`` and ``HF_HOME`` are huggingface_hub's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

# HTTPError is that of its HTTP client: httpx2's, in version 2.4.
from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError  # type: ignore[attr-defined]

from vision.qwen.errors import ModelNotHere, ModelUnusable
from vision.qwen.reporting import Report, download_bar

WANTED = ("*.json", "*.safetensors", "*.jinja", "*.txt")
MODEL_TYPE = "qwen2_5_vl"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint on this machine."""

    name: str  # as configured
    folder: Path
    revision: str  # the hub's commit; "" for a folder
    config: dict[str, Any]  # Any: config.json
    shards: tuple[Path, ...]

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights as they are stored."""
        return sum(shard.stat().st_size for shard in self.shards)


def find(model: str, revision: str, report: Report) -> Checkpoint:
    """Return the checkpoint that ``model`` names, downloading what is missing.

    Raise ``ModelNotHere`` when it is not to be had, ``ModelUnusable`` when it is something else.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return inspect(model, folder, "")
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1:
        raise ModelNotHere(model=model, reason="there is no such folder")
    cached = _cached(model, revision)
    if cached is not None and _missing(cached) is None:
        return inspect(model, cached, cached.name)
    fetched = _fetch(model, revision, report)
    return inspect(model, fetched, fetched.name)


def inspect(name: str, folder: Path, revision: str) -> Checkpoint:
    """Check that ``folder`` holds a whole Qwen2.5-VL in safetensors."""
    missing = _missing(folder)
    if missing is not None:
        raise ModelUnusable(model=name, reason=missing)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelUnusable(model=name, reason="its config.json cannot be read") from error
    if config.get("model_type") != MODEL_TYPE:
        kind = config.get("model_type", "unknown")
        raise ModelUnusable(model=name, reason=f"it is a {kind}, not a {MODEL_TYPE}")
    return Checkpoint(name, folder, revision, config, tuple(_shards(folder)))


def _shards(folder: Path) -> list[Path]:
    """List the files of weights that the checkpoint says it has."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [folder / "model.safetensors"]
    names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    return [folder / name for name in sorted(set(names))]


def _missing(folder: Path) -> str | None:
    """Say what a folder lacks to be a whole checkpoint, or None."""
    if not (folder / "config.json").is_file():
        return "config.json is missing"
    try:
        absent = [shard.name for shard in _shards(folder) if not shard.is_file()]
    except (ValueError, KeyError):
        return "its index of weights cannot be read"
    if absent == ["model.safetensors"] and list(folder.glob("*.bin")):
        return "its weights are pickled (.bin), which can run code; only safetensors are loaded"
    if absent:
        return f"{absent[0]} is missing"
    tokenizers = ("tokenizer.json", "vocab.json")
    return None if any((folder / t).is_file() for t in tokenizers) else "its tokenizer is missing"


def _cached(model: str, revision: str) -> Path | None:
    try:
        # The same patterns, or a file never wanted, such as a README, makes the cache incomplete.
        return Path(
            snapshot_download(
                model,
                revision=revision or None,
                allow_patterns=list(WANTED),
                local_files_only=True,
            )
        )
    except LocalEntryNotFoundError:
        return None
    except ValueError as error:  # not a name that a hub could have
        raise ModelNotHere(model=model, reason="it is neither a folder nor a hub's name") from error


def _fetch(model: str, revision: str, report: Report) -> Path:
    try:
        folder = snapshot_download(
            model,
            revision=revision or None,
            allow_patterns=list(WANTED),
            tqdm_class=download_bar(report),
        )
    except (HTTPError, OSError, RuntimeError) as error:  # the last is hf_xet's
        # The client's and the hub's messages are several lines; the first says what happened.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ModelNotHere(model=model, reason=f"it could not be downloaded ({reason})") from error
    return Path(folder)
