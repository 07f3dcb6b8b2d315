"""Pictures named in the text: ``./uploads/receipt.jpg``.

Only files below the working directory's ``uploads`` are taken, links followed before the check.
A name such as ``photo.png`` without that folder stays what it is: a word in a question.
"""

import re
from pathlib import Path

from app.errors import PathMissing, PathOutside
from app.intake import Upload
from vision.decode_protocol import Limits
from vision.image_errors import ImageTooManyBytes

# Up to a space, a quotation mark or Chinese punctuation; a file's ending makes it a path.
_TYPED = re.compile(r"(?<![\w/.])(?:\./)?uploads/[^\s\"'`，。；：？！、（）()]*\.\w{2,5}")


def uploads_named(prompt: str, root: Path, max_bytes: int = Limits().max_bytes) -> list[Upload]:
    """Read the pictures that ``prompt`` names below ``root``/uploads.

    Raise ``PathOutside`` for a path that leads elsewhere, ``PathMissing`` for one with no file,
    ``ImageTooManyBytes`` for one that no decoder would take: it is not read.
    """
    return [_read(typed, root, max_bytes) for typed in dict.fromkeys(_TYPED.findall(prompt))]


def _read(typed: str, root: Path, max_bytes: int) -> Upload:
    folder = (root / "uploads").resolve()
    path = (root / typed).resolve()
    if not path.is_relative_to(folder):
        raise PathOutside(path=typed)
    if not path.is_file():
        raise PathMissing(path=typed)
    if (size := path.stat().st_size) > max_bytes:
        raise ImageTooManyBytes(size=size, limit=max_bytes)
    return Upload(path.name, path.read_bytes())
