"""Metadata overwritten where it stands: TIFF's tags, and what lies in HEIC, AVIF and GIF.

EXIF is a TIFF inside another file, so one reading serves both. XMP is text between two marks.
"""

import re
import struct

_HEADER = re.compile(rb"II\*\0|MM\0\*")
_XMP = ((b"<x:xmpmeta", b"</x:xmpmeta>"), (b"<?xpacket begin", b"<?xpacket end"))
_BIG_TIFF = (b"II+\0", b"MM\0+")
_ORIENTATION = 0x112
_EXIF, _GPS, _INTEROP = 0x8769, 0x8825, 0xA005  # tags that lead to more tags
# What a TIFF says beside its pixels: description, make, model, software, time, artist, host, XMP,
# copyright, IPTC, Photoshop's, EXIF, GPS.
_PRIVATE = frozenset({0x10E, 0x10F, 0x110, 0x131, 0x132, 0x13B, 0x13C, 0x2BC, 0x8298, 0x83BB,
                      0x8649, _EXIF, _GPS, _INTEROP})  # fmt: skip
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_TAGS = 512
_MOST_TABLES = 100
_MOST_HEADERS = 1_000  # what looks like one, in chance and in malice
_INLINE = 4  # bytes of a value that stands in its entry
_DEEPEST = 3


def blanked(file: bytes) -> bytes:
    """Return a file of the same length without metadata; the very same bytes where it has none."""
    if file.startswith(_BIG_TIFF):
        raise ValueError("it is a BigTIFF")
    data = bytearray(file)
    for start, end in _XMP:
        _blank_between(data, start, end)
    for number, found in enumerate(_HEADER.finditer(file)):
        if number == _MOST_HEADERS:
            raise ValueError("it holds too many headers")
        _Tags(data, found.start()).blank()
    return file if data == file else bytes(data)


def _blank_between(data: bytearray, start: bytes, end: bytes) -> None:
    at = data.find(start)
    while at >= 0 and (last := data.find(end, at)) >= 0:
        last += len(end)
        data[at:last] = b" " * (last - at)
        at = data.find(start, last)


def orientation(exif: bytes) -> int:
    """Return which way is up, 1 to 8; 1 where EXIF does not say."""
    try:
        tags = _Tags(bytearray(exif), 0)
        for tag, _, _, place in tags.entries(tags.first):
            if tag == _ORIENTATION:
                found = int(tags.number("H", place))
                return found if 1 <= found <= 8 else 1  # noqa: PLR2004  as many ways there are
    except (struct.error, ValueError):
        pass
    return 1


class _Tags:
    """A TIFF in ``data``, from its header at ``base``."""

    def __init__(self, data: bytearray, base: int) -> None:
        self._data, self._base = data, base
        self._order = "<" if data[base : base + 2] == b"II" else ">"
        self.first = self.number("I", 4) if len(data) >= base + 8 else 0

    def number(self, kind: str, place: int) -> int:
        """Read a number at a place of the TIFF's own counting."""
        return int(struct.unpack_from(self._order + kind, self._data, self._base + place)[0])

    def entries(self, table: int) -> list[tuple[int, int, int, int]]:
        """Return tag, place of the entry, bytes and place of the value; raise for what is none."""
        count = self.number("H", table)
        if not 0 < count <= _MOST_TAGS or self._base + table + 6 + 12 * count > len(self._data):
            raise ValueError("no table of tags")
        found = []
        for entry in range(table + 2, table + 2 + 12 * count, 12):
            tag, kind = self.number("H", entry), self.number("H", entry + 2)
            size = _SIZES.get(kind, 0) * self.number("I", entry + 4)
            if kind not in _SIZES:
                raise ValueError("no table of tags")
            place = entry + 8 if size <= _INLINE else self.number("I", entry + 8)
            found.append((tag, entry, size, place))
        return found

    def blank(self) -> None:
        """Take the private tags out of all tables. What only looks like a TIFF is left alone."""
        table, tables = self.first, 0
        while table and tables < _MOST_TABLES:
            try:
                entries = self.entries(table)
                following = self.number("I", table + 2 + 12 * len(entries))
            except (struct.error, ValueError):
                return
            private = [each for each in entries if each[0] in _PRIVATE]
            for tag, _, size, place in private:
                self._erase_value(tag, size, place, 0)
            if private:
                self._close_up(table, [each for each in entries if each not in private], following)
            table, tables = following, tables + 1

    def _close_up(self, table: int, kept: list[tuple[int, int, int, int]], following: int) -> None:
        """Write a table again with the entries that stay, over the place that it has."""
        count, at = self.number("H", table), self._base + table
        lines = [bytes(self._data[self._base + e : self._base + e + 12]) for _, e, _, _ in kept]
        made = struct.pack(self._order + "H", len(kept)) + b"".join(lines)
        made += struct.pack(self._order + "I", following)
        self._data[at : at + 6 + 12 * count] = made.ljust(6 + 12 * count, b"\0")

    def _erase_value(self, tag: int, size: int, place: int, depth: int) -> None:
        if tag in (_EXIF, _GPS, _INTEROP) and depth < _DEEPEST:
            table = self.number("I", place)
            try:
                inner = self.entries(table)
            except (struct.error, ValueError):
                inner = []
            for each, _, bytes_, at in inner:
                self._erase_value(each, bytes_, at, depth + 1)
            self._erase(table, 6 + 12 * len(inner) if inner else 0)
        self._erase(place, size)

    def _erase(self, place: int, size: int) -> None:
        start = min(self._base + place, len(self._data))
        end = min(start + size, len(self._data))
        self._data[start:end] = bytes(end - start)
