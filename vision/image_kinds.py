"""Tell what a file is from its first bytes. Its name and what a browser claims are never asked.

Only the kinds named by ``Kind`` reach a decoder. Other kinds that people do send are known by
name, so that the refusal can say what the file is.
"""

from codecs import getincrementaldecoder
from typing import Literal

from vision.image_errors import ImageEmpty, ImageKindRefused, ImageKindUnknown

Kind = Literal["png", "jpg", "webp", "gif", "bmp", "tiff", "avif", "heic"]

_HEAD = 4096  # bytes looked at

# Kind, and what stands where in the file.
_PICTURES: tuple[tuple[Kind, int, bytes], ...] = (
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("jpg", 0, b"\xff\xd8\xff"),
    ("webp", 8, b"WEBP"),
    ("gif", 0, b"GIF87a"),
    ("gif", 0, b"GIF89a"),
    ("tiff", 0, b"II*\0"),
    ("tiff", 0, b"MM\0*"),
    ("tiff", 0, b"II+\0"),  # BigTIFF
    ("tiff", 0, b"MM\0+"),
)

_OTHERS = (
    ("PDF", 0, b"%PDF-"),
    ("JPEG 2000", 0, b"\0\0\0\x0cjP  "),
    ("JPEG 2000", 0, b"\xff\x4f\xff\x51"),
    ("JPEG XL", 0, b"\0\0\0\x0cJXL "),
    ("JPEG XL", 0, b"\xff\x0a"),
    ("PSD", 0, b"8BPS"),
    ("ICO", 0, b"\0\0\x01\0"),
    ("EPS", 0, b"%!PS"),
    ("EPS", 0, b"\xc5\xd0\xd3\xc6"),
    ("RAW", 8, b"CR\x02\0"),
    ("RAW", 0, b"FUJIFILMCCD-RAW"),
    ("DICOM", 128, b"DICM"),
    ("ZIP", 0, b"PK\x03\x04"),
    ("WebM", 0, b"\x1a\x45\xdf\xa3"),
)

_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})  # bytes; the sizes that were ever defined
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


def kind_of(file: bytes) -> Kind:
    """Return what kind of picture ``file`` is; raise a refusal that names any other kind."""
    if not file:
        raise ImageEmpty
    head = file[:_HEAD]
    # Others first: a Canon RAW begins like a TIFF.
    other = next((kind for kind, at, magic in _OTHERS if head.startswith(magic, at)), None)
    if other is None:
        kind = _picture(head)
        if kind is not None:
            return kind
        other = _film(head) or _words(head)
    if other is None:
        raise ImageKindUnknown
    raise ImageKindRefused(kind=other)


def _picture(head: bytes) -> Kind | None:
    for kind, at, magic in _PICTURES:
        if head.startswith(magic, at) and (kind != "webp" or head.startswith(b"RIFF")):
            return kind
    # Two letters alone would take every text that begins with "BM".
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    brands = _brands(head)
    # The major brand may be the neutral "mif1"; then the compatible ones tell.
    for brand in brands:
        if brand in _HEIC_BRANDS:
            return "heic"
        if brand in _AVIF_BRANDS:
            return "avif"
    return "heic" if brands[:1] in ([b"mif1"], [b"msf1"]) else None


def _brands(head: bytes) -> list[bytes]:
    """Return the brands of an ISO media file, the major one first. Source: ISO 14496-12, 4.3."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]


def _film(head: bytes) -> str | None:
    if head[4:8] != b"ftyp":
        return None
    return "RAW" if head[8:12] == b"crx " else "MP4"


def _words(head: bytes) -> str | None:
    if b"\0" in head:
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in start:
        return "SVG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    try:
        # Incremental, as the end of the head may cut a character.
        getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    return "TXT"
