"""A picture without what tells where, when and with what it was taken; its pixels untouched.

For what leaves: the store keeps the bytes as they came. JPEG, PNG and WebP are made of pieces, of
which those that are needed to draw the picture stay. In other kinds what is private is
overwritten where it stands (``metadata_blanked``), as moving a piece would move all others.

Which way is up is kept, and so are colour profiles. What follows a picture's end, such as the
film of a "live" photo, with a place of its own, goes.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from history.metadata_blanked import blanked, orientation

_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in coded data FF is no marker
_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_JPEG_PRIVATE = frozenset({*range(0xE0, 0xF0), 0xFE})  # what programs add, and comments
_JPEG_NEEDED = ((0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
_EXIF = b"Exif\0\0"
_MOST_PIECES = 100_000

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"}
    | {b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT"}
)

_WEBP_NEEDED = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_HAS_EXIF, _WEBP_HAS_XMP = 0x08, 0x04


def without_metadata(file: bytes, format: str) -> bytes:  # noqa: A002  the field's own word
    """Return a picture without its metadata; the very same bytes where it has none.

    Raise ``ValueError`` where it is built in a way that we cannot look through.
    """
    if not file.startswith(_MARKS.get(format, b"")):
        return file  # no picture of that kind, whatever its name says: nothing reads it as one
    try:
        return _WAYS.get(format, blanked)(file)
    except (struct.error, IndexError) as error:
        raise ValueError("it is cut off") from error


def _jpeg(file: bytes) -> bytes:
    kept, up = [], 1
    for marker, piece in _jpeg_pieces(file):
        body = piece[4:]
        if marker == _APP1 and body.startswith(_EXIF):
            up = orientation(body[len(_EXIF) :])
        needed = any(marker == m and body.startswith(start) for m, start in _JPEG_NEEDED)
        if marker not in _JPEG_PRIVATE or needed:
            kept.append(piece)
    if up != 1:
        body = _EXIF + _upright(up)
        kept.insert(0, b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    return file[:2] + b"".join(kept)


def _jpeg_pieces(file: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the pieces after the first mark, to the end of the picture; scans with their data."""
    at = 2
    for _ in range(_MOST_PIECES):
        found = _JPEG_MARKER.match(file, at) or _JPEG_MARKER.search(file, at)
        if not found:
            yield _SCAN, file[at:]  # cut off, and decoded all the same
            return
        at, marker = found.start(), file[found.start() + 1]
        if marker == _END:
            yield marker, file[at : at + 2]
            return
        end = at + 2 + struct.unpack_from(">H", file, at + 2)[0]
        if marker == _SCAN:
            following = _JPEG_MARKER.search(file, end)
            end = following.start() if following else len(file)
        yield marker, file[at:end]
        at = end
    raise ValueError("it is in too many pieces")


def _png(file: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at < len(file):
        size, name = struct.unpack_from(">I4s", file, at)
        end = at + 12 + size
        if name in _PNG_NEEDED:
            kept.append(file[at:end])
        elif name == b"eXIf" and (up := orientation(file[at + 8 : end - 4])) != 1:
            kept.append(_png_chunk(name, _upright(up)))
        if name == b"IEND":
            break
        at = end
    return b"".join(kept)


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _webp(file: bytes) -> bytes:
    kept: list[bytes] = []
    at, up = 12, 1
    end = min(len(file), 8 + struct.unpack_from("<I", file, 4)[0])
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", file, at)
        body, at = file[at + 8 : at + 8 + size], at + 8 + size + size % 2
        if name == b"EXIF":
            up = orientation(body.removeprefix(_EXIF))
        if name in _WEBP_NEEDED:
            kept.append(_riff_chunk(name, body))
    if up != 1:
        kept.append(_riff_chunk(b"EXIF", _upright(up)))
    if kept and kept[0].startswith(b"VP8X"):
        flags = kept[0][8] & ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP) | (_WEBP_HAS_EXIF if up != 1 else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _upright(up: int) -> bytes:
    """Return EXIF that says which way is up, and nothing else."""
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x112, 3, 1, up, 0)


_MARKS = {"jpg": b"\xff\xd8", "png": _PNG, "webp": b"RIFF"}
_WAYS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"jpg": _jpeg, "png": _png, "webp": _webp}
