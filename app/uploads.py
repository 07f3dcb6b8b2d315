"""Pictures that a draft holds, before it is sent: files in ./tmp, known to the page by an id.

An id is 128 random bits, so that no other tab guesses it. What is here is a copy: a deep clear,
or the page's end, deletes it.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.errors import TmpUnusable, UploadGone
from app.intake import Upload
from vision.errors import VisionError
from vision.images import Decoder, Note
from vision.pdf import is_pdf

SIDE = 256  # pixels of a draft's thumbnail: twice what the page shows
_TRIES = 3
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture of a draft, decoded once to know that it will decode again."""

    id: str
    name: str  # as the user had it; shown, never a path
    width: int  # upright pixels
    height: int
    notes: tuple[Note, ...] = ()

    def record(self) -> dict[str, Any]:  # JSON
        """Return what the composer shows of it."""
        return {"id": self.id, "name": self.name, "width": self.width, "height": self.height}


class Uploads:
    """The pictures of drafts below ``folder``; safe to use from any thread."""

    def __init__(self, folder: Path, decoder: Decoder) -> None:
        self._folder = folder
        self._decoder = decoder

    def add_all(self, name: str, data: bytes) -> list[Attached]:
        """Keep a picture, or each page of a PDF. Raise ``ImageRefused`` with nothing kept."""
        if not is_pdf(data):
            return [self.add(name, data)]
        kept: list[Attached] = []
        try:
            for number, page in enumerate(self._decoder.pages(data), 1):
                kept.append(self.add(f"{Path(name).name} · {number}", page))
        except VisionError:
            for attached in kept:
                self.remove(attached.id)
            raise
        return kept

    def add(self, name: str, data: bytes) -> Attached:
        """Keep a picture. Raise ``ImageRefused`` or ``TmpUnusable`` with nothing kept."""
        picture, thumbnail = self._decoder.intake(data, SIDE)
        attached = Attached(
            uuid4().hex, Path(name).name, picture.width, picture.height, picture.notes
        )
        try:
            self._write(attached.id, thumbnail, data)
        except OSError as error:
            self.remove(attached.id)
            raise TmpUnusable(folder=self._folder, reason=error.strerror) from error
        return attached

    def _write(self, upload_id: str, thumbnail: bytes, data: bytes) -> None:
        place = self._folder / upload_id
        for attempt in range(_TRIES):
            try:
                place.mkdir(parents=True, mode=0o700, exist_ok=True)
                (place / "thumbnail.webp").write_bytes(thumbnail)
                (place / "picture").write_bytes(data)
            except FileNotFoundError:  # another tab's deep clear came between
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def get(self, upload_id: str, name: str) -> Upload:
        """Return a picture under the name its user knows. Raise ``UploadGone``."""
        try:
            return Upload(name, self.file(upload_id).read_bytes())
        except OSError as error:
            raise UploadGone(name=name) from error

    def file(self, upload_id: str) -> Path:
        """Return where a picture lies, or would."""
        return self._place(upload_id) / "picture"

    def thumbnail(self, upload_id: str) -> Path:
        """Return where a picture's thumbnail lies, or would."""
        return self._place(upload_id) / "thumbnail.webp"

    def files(self, upload_id: str) -> list[Path]:
        """Return all files of a picture, for a clear to spare."""
        return sorted(self._place(upload_id).glob("*"))

    def remove(self, upload_id: str) -> None:
        """Delete a picture that was sent, or taken out of its draft."""
        shutil.rmtree(self._place(upload_id), ignore_errors=True)

    def _place(self, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise UploadGone(name=upload_id[:32])
        return self._folder / upload_id
