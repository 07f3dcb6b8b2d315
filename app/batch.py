"""Every picture of a folder through an engine, one JSON line each.

A bad picture is a line with its error, never a stop. Run again, it does what is missing, and
what failed, once more.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from tqdm import tqdm

from app.build import decoder_for, engine_for
from app.config import Config, ConfigError
from app.jobs.job import stream
from vision.engine import Engine, Image, Job, Line, Message, Prompt, SamplingParams
from vision.errors import VisionError
from vision.images import Decoder
from vision.reader.layout import page_text

Record = dict[str, Any]  # one line: what JSON can hold
PICTURES = {
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif",
}  # fmt: skip


def batch(config: Config, source: Path, out: Path, job: Job) -> int:
    """Read the pictures of ``source`` into ``out``; return the exit code.

    Raise ``ConfigError`` where ``source`` is no folder, ``EngineUnavailable`` without an engine.
    """
    if not source.is_dir():
        raise ConfigError(f"batch: there is no folder {source}.")
    kept = _kept(out)
    pictures = [path for path in _pictures(source) if _name(path, source) not in kept]
    failed = 0
    with closing(decoder_for(config)) as decoder:
        engine = engine_for(config, decoder)
        try:
            with out.open("a", encoding="utf-8") as lines:
                for path in tqdm(pictures, unit="picture", disable=None):
                    record = _record(
                        engine, decoder, path, _name(path, source), job, config.sampling
                    )
                    failed += "error" in record
                    lines.write(json.dumps(record, ensure_ascii=False) + "\n")
                    lines.flush()
        finally:
            engine.unload()
    print(  # noqa: T201  the summary that the user waits for
        f"{len(pictures) - failed} read, {failed} failed, {len(kept)} were there already: {out}",
        file=sys.stderr,
    )
    return 0


def _pictures(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in PICTURES and path.is_file():
            yield path


def _name(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix()


def _kept(out: Path) -> set[str]:
    """Return the pictures that ``out`` has, after taking from it failures and a half line."""
    if not out.exists():
        return set()
    good = [line for line in out.read_text(encoding="utf-8").splitlines() if _is_done(line)]
    fresh = out.with_name(f".{out.name}.tmp")
    fresh.write_text("".join(f"{line}\n" for line in good), encoding="utf-8")
    os.replace(fresh, out)  # noqa: PTH105  atomic, and says so
    return {json.loads(line)["image"] for line in good}


def _is_done(line: str) -> bool:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(record, dict) and "image" in record and "error" not in record


def _record(
    engine: Engine, decoder: Decoder, path: Path, name: str, job: Job, sampling: SamplingParams
) -> Record:
    started = perf_counter()
    record: Record = {"image": name}
    try:
        record |= _read(engine, decoder, path, job, sampling)
    except (VisionError, OSError) as error:
        record["error"] = str(error)
    return record | {"seconds": round(perf_counter() - started, 3)}


def _read(
    engine: Engine, decoder: Decoder, path: Path, job: Job, sampling: SamplingParams
) -> Record:
    picture = decoder.check(path.read_bytes())
    image = Image(picture.sha256, path, picture.width, picture.height)
    prompt = Prompt((Message("user", "", (image,)),), job=job)
    reply = ""
    lines: tuple[Line, ...] = ()
    for chunk in stream(prompt, engine, decoder, sampling, threading.Event()):
        reply += chunk.text
        lines = chunk.lines
    return {
        "text": page_text(lines) if lines else reply,  # a reply is Markdown
        "lines": [
            {"text": line.text, "bbox": list(line.box), "score": round(line.score, 4)}
            for line in lines
        ],
    }
