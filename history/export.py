"""Export to one file: ZIP with pictures, JSON, Markdown or a page of HTML.

ZIP and JSON hold the very bytes of the store's files, so that an import gives them back. In the
ZIP nothing is compressed: pictures are already, and text is little beside them.

What leaves does not tell where a photo was taken: pictures go without their metadata
(``metadata``), unless it is asked for. One that had some has another hash then, and its turns
name that one (``leaving``).
"""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final, Literal
from uuid import uuid4

from history import names
from history.errors import ExportTooLarge
from history.export_html import html_of
from history.export_markdown import markdown_of
from history.leaving import hashes_of, renamed
from history.limits import MAX_ARCHIVE_BYTES, MAX_ENTRIES, MAX_LIST_BYTES
from history.metadata import without_metadata
from history.record import SCHEMA
from history.selection import Part, Selection, parts, parts_there
from history.store import Store
from history.turn import ImageRef

Format = Literal["zip", "json", "md", "html"]

KIND = "second-look history"  # says of a JSON file what it is

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same export gives the same bytes


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into a file."""

    path: Path
    conversations: int
    turns: int
    pictures: int
    left_out: tuple[str, ...]  # what could not be read, a sentence each
    cleaned: int = 0  # pictures that had metadata, and are there without


def export(
    store: Store,
    path: Path,
    format: Format,  # noqa: A002  the field's own word
    selection: Selection | None = None,
    *,
    metadata: bool = False,
) -> Exported:
    """Write what is selected, or everything, to ``path``, whole or not at all.

    ZIP and JSON have all versions; Markdown and HTML the one shown. ``metadata`` leaves in the
    pictures what tells where and when they were taken.
    """
    log = _Log(metadata=metadata)
    chosen = parts_there(store) if selection is None else parts(store, selection)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            _WRITERS[format](file, log.counted(chosen), store, log)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(
        path,
        log.conversations,
        log.turns,
        len(log.pictures),
        tuple(dict.fromkeys(log.left_out)),
        len(log.cleaned),
    )


class _Log:
    """Counts what passes."""

    def __init__(self, *, metadata: bool) -> None:
        self._metadata = metadata
        self.conversations, self.turns = 0, 0
        self.pictures: set[str] = set()
        self.cleaned: set[str] = set()
        self.left_out: list[str] = []

    def counted(self, given: Iterable[Part]) -> Iterator[Part]:
        for part in given:
            self.conversations += 1
            self.turns += len(part.turns)
            self.left_out += part.left_out
            yield part

    def picture(self, store: Store, image: ImageRef) -> bytes | None:
        """Return a picture's bytes as they leave; None, and a sentence, where they cannot."""
        name = f"{image.sha256}.{image.format}"
        try:
            content = store.image_path(image.sha256, image.format).read_bytes()
            leaving = content if self._metadata else without_metadata(content, image.format)
        except OSError:
            self.left_out.append(f"The picture {name} is missing.")
            return None
        except ValueError as error:
            reason = f"its metadata cannot be taken out: {error}"
            self.left_out.append(f"The picture {name} is left out, as {reason}.")
            return None
        self.pictures.add(image.sha256)
        if leaving != content:
            self.cleaned.add(image.sha256)
        return leaving


def _zip(file: IO[bytes], given: Iterable[Part], store: Store, log: _Log) -> None:
    pictures: dict[str, ImageRef] = {}  # by the name that each has in the file
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for part in given:
            hashes = dict(hashes_of(part.images, partial(log.picture, store)))
            pictures |= {
                f"{hashes[each.sha256]}.{each.format}": each
                for each in part.images
                if each.sha256 in hashes
            }
            for name, content in part.files.items():
                _add(archive, f"{part.conversation.id}/{name}", renamed(content, hashes))
        for name, image in sorted(pictures.items()):
            # Read a second time: a thousand photos do not fit into memory.
            if (picture := log.picture(store, image)) is not None:
                _add(archive, f"{names.IMAGES}/{name}", picture)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    assert archive.fp is not None, "it is open"
    size = archive.fp.tell() + len(content)
    if size > MAX_ARCHIVE_BYTES - MAX_LIST_BYTES or len(archive.infolist()) >= MAX_ENTRIES:
        limit_mib = MAX_ARCHIVE_BYTES >> 20
        raise ExportTooLarge(limit_mib=limit_mib, limit_files=MAX_ENTRIES)
    archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)


def _json(file: IO[bytes], given: Iterable[Part], _store: Store, _log: _Log) -> None:
    start = f'{{"schema": {SCHEMA}, "kind": {json.dumps(KIND)}, "conversations": ['
    file.write(start.encode("ascii"))
    for number, part in enumerate(given):
        text = json.dumps(_json_of(part), indent=1)
        file.write(f"{',' if number else ''}\n{text}".encode("ascii"))
    file.write(b"\n]}\n")


def _json_of(part: Part) -> Mapping[str, object]:
    records = {name: json.loads(content) for name, content in part.files.items()}
    return {
        "id": part.conversation.id,
        "conversation": records.pop(names.HEAD, None),
        "turns": [record for name, record in records.items() if names.TURN.fullmatch(name)],
        "deleted": [record for name, record in records.items() if names.GONE.fullmatch(name)],
    }


def _markdown(file: IO[bytes], given: Iterable[Part], _store: Store, _log: _Log) -> None:
    for part in given:
        file.write(markdown_of(part).encode("utf-8", "replace"))


def _html(file: IO[bytes], given: Iterable[Part], store: Store, log: _Log) -> None:
    for piece in html_of(given, lambda image: log.picture(store, image)):
        file.write(piece.encode("utf-8", "replace"))


_WRITERS: Final[Mapping[str, Callable[[IO[bytes], Iterable[Part], Store, _Log], None]]] = {
    "zip": _zip,
    "json": _json,
    "md": _markdown,
    "html": _html,
}
