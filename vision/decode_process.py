"""The decode worker as the application holds it: one process, one picture at a time."""

import logging
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from vision.decode_protocol import Limits, Request, receive, receive_into, send, send_payload
from vision.image_errors import refusals
from vision.worker_process import WorkerProcess

log = logging.getLogger(__name__)

_MAX_PREVIEW = 64 * 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What the worker made of a picture, checked against what was asked."""

    width: int
    height: int
    notes: tuple[tuple[str, dict[str, float]], ...]
    preview: bytes
    rgb: NDArray[np.uint8] | None  # (H, W, 3)


class DecodeProcess(WorkerProcess):
    """A running ``decode_worker``."""

    def __init__(self, limits: Limits) -> None:
        super().__init__("vision.decode_worker", limits)

    def ask(self, request: Request, file: bytes) -> Reply:
        """Have ``file`` decoded. Raise an ``ImageRefused``; look at ``alive`` afterwards."""
        with self.exchange():
            send(self._requests, asdict(request))
            send_payload(self._requests, file)
            return self._reply(request)

    def _reply(self, request: Request) -> Reply:
        header = receive(self._replies)
        if "refused" in header:
            log.debug("picture refused code=%s reason=%r", header["refused"], header.get("reason"))
            raise refusals()[header["refused"]](**header["values"])
        width, height, preview_size = header["width"], header["height"], header["preview"]
        if not (width > 0 and height > 0 and width * height <= self._limits.max_pixels):
            raise ValueError(f"a picture of {width} x {height}")
        if not 0 <= preview_size <= _MAX_PREVIEW:
            raise ValueError(f"a preview of {preview_size} bytes")
        preview = bytearray(preview_size)
        receive_into(self._replies, preview)
        rgb = None
        if request.rgb:
            rgb = np.empty((request.height or height, request.width or width, 3), np.uint8)
            receive_into(self._replies, rgb.reshape(-1).data)
        notes = tuple((str(code), dict(values)) for code, values in header["notes"])
        return Reply(width, height, notes, bytes(preview), rgb)
