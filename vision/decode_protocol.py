"""What the application and its decode worker say to each other, through two pipes.

A message is a length of four bytes, that many bytes of JSON, then the payload the JSON announces:
the file's bytes on the way in; a WebP preview and raw RGB rows on the way out. Nothing is pickled:
the worker reads hostile files and may one day be taken over by one, so the application checks
every number it gets back.

Rows go through a pipe in pieces of about 64 KiB, the size of a pipe's buffer: 36 MB (12 MP) take
12 ms of the worker's CPU time and 8 ms of ours; larger pieces take more, as they leave the cache.
"""

import json
from dataclasses import dataclass
from io import RawIOBase
from typing import Any

_MAX_HEADER = 65_536  # bytes; real ones have a few hundred

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may have and cost."""

    max_bytes: int = 100 * 2**20
    max_pixels: int = 52_428_800  # 50 Mi: phones save 8,160 x 6,144
    max_aspect: int = 200  # longer side over shorter; Qwen's smart_resize refuses more
    max_scans: int = 100  # of a JPEG; cameras write 1, progressive ones have about 10
    memory_bytes: int = 2 * 2**30  # address space of the worker, its libraries included
    max_pages: int = 50  # of a PDF
    cpu_s: int = 10  # CPU time of the largest picture, or of a page, all threads together
    wall_s: float = 30.0  # only a backstop: a busy machine must not lose good pictures


@dataclass(frozen=True, slots=True)
class Request:
    """A picture to decode, and what is wanted of it besides its facts."""

    kind: str
    size: int  # bytes that follow
    rgb: bool = False
    width: int = 0  # of the RGB wanted; 0 for the upright original's
    height: int = 0
    side: int = 0  # of the preview wanted; 0 for none


class Closed(Exception):
    """The other side has gone."""


def send(pipe: RawIOBase, message: object) -> None:
    """Write ``message`` as a header. Its payload follows through ``send_payload``."""
    header = json.dumps(message).encode()
    send_payload(pipe, len(header).to_bytes(4, "big") + header)


def send_payload(pipe: RawIOBase, payload: Buffer) -> None:
    """Write all of ``payload``; a raw pipe may take it in parts."""
    left = memoryview(payload)
    while left:
        left = left[pipe.write(left) or 0 :]


def receive(pipe: RawIOBase) -> Any:
    """Read a header. Raise ``Closed`` at the end of the pipe, ``ValueError`` on nonsense."""
    size = bytearray(4)
    receive_into(pipe, size)
    length = int.from_bytes(size, "big")
    if length > _MAX_HEADER:
        raise ValueError(f"a header of {length} bytes")
    header = bytearray(length)
    receive_into(pipe, header)
    return json.loads(header)


def receive_into(pipe: RawIOBase, payload: Buffer) -> None:
    """Fill ``payload``. Raise ``Closed`` if the pipe ends before."""
    left = memoryview(payload)
    while left:
        count = pipe.readinto(left)
        if not count:
            raise Closed
        left = left[count:]
