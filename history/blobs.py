"""Pictures: each once, under the SHA-256 of its bytes, with a thumbnail beside it."""

import hashlib
import logging
from pathlib import Path

from history import files
from history.errors import PictureDiffers, writing
from history.names import IMAGES, QUARANTINE, STAGE, check_image_name

log = logging.getLogger(__name__)


class Blobs:
    """The pictures under a store's root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder, self._stage = root / IMAGES, root / STAGE
        self._quarantine = root / QUARANTINE

    def path(self, sha256: str, format: str) -> Path:  # noqa: A002  the field's own word
        """Return where a picture lies, or would; whether it does is for the caller to ask."""
        check_image_name(sha256, format)
        return self._folder / f"{sha256}.{format}"

    def thumbnail_path(self, sha256: str, suffix: str) -> Path:
        """Return where a picture's thumbnail lies, or would."""
        check_image_name(sha256, suffix.removeprefix("."))
        return self._folder / f"{sha256}.thumb.{suffix.removeprefix('.')}"

    def put(self, content: bytes, sha256: str, format: str) -> Path:  # noqa: A002  as above
        """Keep a picture, durably, and return where. One that is there already is verified."""
        path = self.path(sha256, format)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise PictureDiffers(sha256=sha256)
        with writing(self._root):
            if not self._kept(path, content):
                files.write(path, content, self._stage)
        return path

    def put_thumbnail(self, sha256: str, content: bytes, suffix: str) -> Path:
        """Keep a picture's thumbnail, in place of the one before it."""
        path = self.thumbnail_path(sha256, suffix)
        with writing(self._root):
            files.write(path, content, self._stage)
        return path

    def _kept(self, path: Path, content: bytes) -> bool:
        """Tell whether the picture is there and whole; what is not whole is set aside."""
        try:
            if files.read(path) == content:
                # Another process may have written it and not yet synced it.
                files.refresh(path)
                return True
        except FileNotFoundError:
            return False
        except ValueError:
            pass  # a link or a pipe under a picture's name
        files.set_aside(path, self._quarantine, path.name)
        return False
