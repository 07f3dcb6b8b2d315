"""An import file, ZIP or JSON, as conversations and pictures. Nothing in it is trusted.

What breaks a limit or names a place outside refuses the file as a whole. What is not ours, or not
whole, is skipped with a reason.
"""

import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from history import names
from history.errors import ImportRefused, NotAnExport
from history.head import decode_head
from history.limits import (
    MAX_ARCHIVE_BYTES,
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_LIST_BYTES,
    MAX_RATIO,
    MAX_RECORD_BYTES,
)
from history.record import SCHEMA, seal
from history.turn import decode
from history.versions import decode_gone

# All that zipfile raises for a file that is not what it says, Python 3.11 to 3.14.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
           ValueError, OverflowError, IndexError)  # fmt: skip

# Where a ZIP says how large its list of files is: mark, layout, place, length of the record.
# Source: APPNOTE.TXT 6.3.10, 4.3.14 and 4.3.16.
_ENDS = ((b"PK\x06\x06", "<Q", 40, 56), (b"PK\x05\x06", "<I", 12, 22))
_END_BYTES = 56 + 20 + 22 + 65_535  # both, the locator between them, and the longest comment
_IN_THE_OTHER = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in an import file that is not taken over."""

    name: str
    reason: str


@dataclass(slots=True)
class Contents:
    """What an import file offers, all of it checked but for the pictures' bytes."""

    conversations: dict[str, dict[str, bytes]] = field(default_factory=dict)  # id: name: bytes
    pictures: dict[str, int] = field(default_factory=dict)  # file name: bytes
    skipped: list[Skipped] = field(default_factory=list)


def read_archive(path: Path) -> Contents:
    """Return what is in ``path``. Raise ``ImportRefused`` where it is to be refused as a whole."""
    with _refusing(path):
        if path.stat().st_size > MAX_ARCHIVE_BYTES:
            raise ValueError(f"it is larger than {MAX_ARCHIVE_BYTES >> 20} MiB")
        if zipfile.is_zipfile(path):
            _check_list(path)
            with zipfile.ZipFile(path) as archive:
                return _from_zip(archive, path.stat().st_size)
        content = path.read_bytes()
        if not content.lstrip().startswith((b"{", b"PK")):  # PK: a ZIP that was cut off
            raise NotAnExport(file=names.shown(path.name))
        return _from_json(content)


def read_picture(path: Path, name: str) -> bytes:
    """Return the bytes of a picture in a ZIP that ``read_archive`` has checked."""
    with _refusing(path), zipfile.ZipFile(path) as archive:
        return _bytes(archive, archive.getinfo(f"{names.IMAGES}/{name}"))


def strict(content: bytes) -> Any:  # whatever JSON can hold
    """Return parsed JSON. Raise ``ValueError`` for what parsers disagree about, and for depth."""
    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse
        )
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError("it is cut off or not JSON") from error
    except RecursionError as error:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH}") from error
    level, depth = [value], 1
    while level := [inner for each in level for inner in _inside(each) if _inside(inner)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH}")
    return value


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImportRefused(file=names.shown(path.name), reason=error.strerror) from error
    except _BROKEN as error:
        reason = str(error) if type(error) is ValueError else "it is damaged"
        raise ImportRefused(file=names.shown(path.name), reason=reason) from error


def _from_zip(archive: zipfile.ZipFile, size: int) -> Contents:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"it holds more than {MAX_ENTRIES:,} files")
    if len({entry.filename for entry in entries}) < len(entries):
        raise ValueError("two files in it have one name")
    total = sum(entry.file_size for entry in entries)
    if total > min(MAX_ARCHIVE_BYTES, max(size, 1) * MAX_RATIO):
        raise ValueError("what is in it is too large for it")
    contents = Contents()
    for entry in entries:
        _check_harmless(entry)
        _take(contents, archive, entry)
    return contents


def _check_list(path: Path) -> None:
    """Raise ``ValueError`` if a ZIP's list of its files is too large to be read."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        end = file.read()
    sizes = [
        struct.unpack_from(layout, end, place + skip)[0]
        for mark, layout, skip, length in _ENDS
        if 0 <= (place := end.rfind(mark)) <= len(end) - length
    ]
    real = [size for size in sizes if size != _IN_THE_OTHER] or [MAX_LIST_BYTES + 1]
    if max(real) > MAX_LIST_BYTES:
        raise ValueError(f"its list of files is larger than {MAX_LIST_BYTES >> 20} MiB")


def _check_harmless(entry: zipfile.ZipInfo) -> None:
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\x00" in name:
        raise ValueError("a name in it leads outside")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ValueError("there is a link or a device in it")
    if entry.flag_bits & 1:
        raise ValueError("it is encrypted")


def _take(contents: Contents, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    if entry.is_dir():
        return
    folder, _, name = entry.filename.partition("/")
    picture = names.PICTURE.fullmatch(name)
    if folder == names.IMAGES and picture and not picture[2]:
        contents.pictures[name] = entry.file_size
    elif names.CONVERSATION.fullmatch(folder) and is_record(name):
        if entry.file_size > MAX_RECORD_BYTES:
            contents.skipped.append(
                Skipped(entry.filename, f"it is larger than {MAX_RECORD_BYTES >> 20} MiB")
            )
            return
        _keep(contents, folder, name, _bytes(archive, entry))
    else:
        contents.skipped.append(Skipped(names.shown(entry.filename), "it is no file of ours"))


def is_record(name: str) -> bool:
    """Tell whether a file in a conversation's folder is one of ours by its name."""
    return name == names.HEAD or bool(names.turn_ids([name]) or names.gone_ids([name]))


def check_record(name: str, content: bytes) -> None:
    """Raise ``ValueError`` with a reason unless a conversation's file is what its name says."""
    record = strict(content)
    if isinstance(record, dict) and type(record.get("schema")) is int and record["schema"] > SCHEMA:
        raise ValueError(f"its schema is {record['schema']}, ours is {SCHEMA}")
    if name == names.HEAD:
        decode_head(content)
    elif names.GONE.fullmatch(name):
        decode_gone(content)
    elif names.turn_name(decode(content).id) != name:
        raise ValueError("its id is not that of its name")


def _keep(contents: Contents, conversation: str, name: str, content: bytes) -> None:
    try:
        check_record(name, content)
    except ValueError as error:
        contents.skipped.append(Skipped(f"{conversation}/{name}", str(error)))
    else:
        contents.conversations.setdefault(conversation, {})[name] = content


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)  # not more than it says, whatever it holds
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile
    return content


def _from_json(content: bytes) -> Contents:
    document = strict(content)
    if not isinstance(document, dict) or not isinstance(document.get("conversations"), list):
        raise ValueError("it is neither a ZIP nor a JSON file of ours")  # noqa: TRY004  the world's
    if document.get("schema") != SCHEMA:
        raise ValueError("its schema is unknown")
    contents = Contents()
    for number, given in enumerate(document["conversations"]):
        conversation = given.get("id") if isinstance(given, dict) else None
        if not isinstance(conversation, str) or not names.CONVERSATION.fullmatch(conversation):
            contents.skipped.append(Skipped(f"conversations[{number}]", "it has no id of ours"))
        elif conversation in contents.conversations:
            raise ValueError("two conversations in it have one id")
        else:
            _from_records(contents, conversation, given)
    return contents


def _from_records(contents: Contents, conversation: str, given: dict[str, Any]) -> None:
    heads = [given["conversation"]] if isinstance(given.get("conversation"), dict) else []
    listed: list[tuple[str, Any]] = [(names.HEAD, head) for head in heads]
    for key, name_of in (("turns", names.turn_name), ("deleted", names.gone_name)):
        for number, record in enumerate(_inside(given.get(key))):
            place = record.get("id") if isinstance(record, dict) else None
            if type(place) is int and is_record(name_of(place)):
                listed.append((name_of(place), record))
            else:
                name = f"{conversation}/{key}[{number}]"
                contents.skipped.append(Skipped(name, "it has no id of ours"))
    if len({name for name, _ in listed}) < len(listed):
        raise ValueError("two turns in it have one id")
    for name, record in listed:
        # A wrong checksum is noticed here: what is sealed anew must be what was given.
        sealed = seal(record)
        if record.get("checksum") == json.loads(sealed)["checksum"]:
            _keep(contents, conversation, name, sealed)
        else:
            skipped = Skipped(f"{conversation}/{name}", "its checksum is wrong")
            contents.skipped.append(skipped)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in it")
    return found


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(constant: str) -> Any:
    raise ValueError(f"it holds {constant}")
