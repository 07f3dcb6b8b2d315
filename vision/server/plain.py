"""Tell whether a stored file can be sent as it is: every server would see what we see.

Only the headers are looked at. PNG and JPEG are what all servers read; llama.cpp reads no WebP.
Whatever would have to be turned upright, laid on white or converted is decoded and encoded anew, as
it is in process. Metadata is a reason, too: where a photo was taken is nobody's business.
"""

from collections.abc import Iterator

_PNG_HEADER = 8
_PNG_COLOURS = frozenset({0, 2, 3})  # grey, RGB, palette; the others have alpha
_PNG_REASONS = frozenset({b"tRNS", b"eXIf", b"iCCP", b"iTXt", b"zTXt"})
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # SOF markers
_JPEG_SCAN = 0xDA
_JPEG_REASONS = frozenset({0xE1, 0xED})  # EXIF or XMP; IPTC
_JPEG_MORE = b"MPF\0"  # more pictures after this one, with metadata of their own
_JPEG_COMPONENTS = frozenset({1, 3})  # grey, YCbCr; four is CMYK


def media_type(file: bytes) -> str:
    """Return ``file``'s media type where it can be sent as it is, else ""."""
    if file.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png" if _plain_png(file) else ""
    if file.startswith(b"\xff\xd8\xff"):
        return "image/jpeg" if _plain_jpeg(file) else ""
    return ""


def _plain_png(file: bytes) -> bool:
    depth, colours = file[24:25], file[25:26]
    if depth not in (b"\1", b"\2", b"\4", b"\x08") or ord(colours or b"\xff") not in _PNG_COLOURS:
        return False
    for name in _png_chunks(file):
        if name in _PNG_REASONS:
            return False
        if name == b"IDAT":
            return True
    return False


def _png_chunks(file: bytes) -> Iterator[bytes]:
    at = _PNG_HEADER
    while at + 8 <= len(file):
        yield file[at + 4 : at + 8]
        at += 12 + int.from_bytes(file[at : at + 4], "big")


def _plain_jpeg(file: bytes) -> bool:
    components = 0
    for marker, segment in _jpeg_segments(file):
        if marker in _JPEG_REASONS or segment.startswith(_JPEG_MORE):
            return False
        if marker in _JPEG_FRAMES:
            components = segment[5] if len(segment) > 5 else 0  # noqa: PLR2004
        if marker == _JPEG_SCAN:
            return components in _JPEG_COMPONENTS
    return False


def _jpeg_segments(file: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while at + 4 <= len(file) and file[at] == 0xFF:  # noqa: PLR2004
        size = int.from_bytes(file[at + 2 : at + 4], "big")
        yield file[at + 1], file[at + 4 : at + 2 + size]
        at += 2 + max(size, 2)
