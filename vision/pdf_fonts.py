"""The one font of this machine that a PDF without fonts of its own is drawn with.

Chinese invoices often name SimSun and do not hold it. PDFium has Latin faces built in, and would
open font files for the rest when it meets such a text: too late in a worker that may open none.
So one font with Chinese, Japanese and Korean characters is mapped into memory before, and PDFium
is told of it alone. Used in the PDF worker only.
"""

import ctypes
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium

_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
)
_NAMES = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf", "PingFang.ttc", "STHeiti Light.ttc", "msyh.ttc", "simsun.ttc",
)  # fmt: skip
# Shift-JIS, Hangul, GB 2312, Big5. Source: fpdf_sysfontinfo.h, FXFONT_*_CHARSET.
_CHARSETS = frozenset({128, 129, 134, 136})
_WHOLE, _WHOLE_TTC = 0, 0x74746366  # what GetFontData is asked for: the file; that of a collection


class Fonts:
    """What PDFium asks for fonts; must live as long as PDFium does."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._size = len(mapped)
        self._table = _WHOLE_TTC if mapped[:4] == b"ttcf" else _WHOLE
        self._bytes = (ctypes.c_char * self._size).from_buffer(mapped)
        self._info = pdfium.FPDF_SYSFONTINFO(version=1)
        for name, answer in self._answers().items():
            # ctypes keeps a structure's callbacks alive with it.
            setattr(self._info, name, dict(pdfium.FPDF_SYSFONTINFO._fields_)[name](answer))
        pdfium.FPDF_SetSystemFontInfo(ctypes.byref(self._info))

    def _answers(self) -> dict[str, Callable[..., Any]]:  # what C passes
        return {
            "Release": lambda _: None,
            "EnumFonts": lambda _, __: None,
            "MapFont": self._map,
            "GetFont": lambda _, __: None,
            "GetFontData": self._data,
            "GetFaceName": lambda _, __, ___, ____: 0,
            "GetFontCharset": lambda _, __: 0,
            "DeleteFont": lambda _, __: None,
        }

    def _map(self, _: Any, __: int, ___: int, charset: int, *____: Any) -> int | None:
        return 1 if charset in _CHARSETS else None  # without one PDFium takes its own

    def _data(self, _: Any, __: Any, table: int, buffer: int | None, room: int) -> int:
        if table != self._table:
            return 0
        if buffer:
            ctypes.memmove(buffer, self._bytes, min(room, self._size))
        return self._size


def installed() -> Path | None:
    """Return the first font of this machine that has what is needed."""
    found = {
        path.name: path
        for folder in _FOLDERS
        for path in Path(folder).rglob("*")
        if path.name in _NAMES
    }
    return next((found[name] for name in _NAMES if name in found), None)
