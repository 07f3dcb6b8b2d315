"""What in a folder is to be read, and when a file that is still arriving is whole."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PICTURES = frozenset({
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif",
})  # fmt: skip
DOCUMENTS = frozenset({".pdf"})  # its pages are the pictures of one prompt


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read."""

    path: Path
    name: str  # below the folder, with "/" between: what its line calls it
    size_bytes: int


def sources(folder: Path, endings: frozenset[str]) -> list[Source]:
    """Return the files below ``folder`` with one of these endings, by name."""
    return list(_found(folder, endings))


def _found(folder: Path, endings: frozenset[str]) -> Iterator[Source]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        # Hidden: what programs leave beside pictures, such as macOS's "._photo.jpg".
        if path.suffix.lower() in endings and not any(part[0] == "." for part in name.parts):
            with suppress(OSError):  # gone since it was listed
                if path.is_file():
                    yield Source(path, name.as_posix(), path.stat().st_size)


class Arrivals:
    """A folder that files arrive in; a file is whole once its size stands still between looks.

    It is looked at, not listened to: the operating system tells of changes on its own disks only,
    and folders that scanners and phones write to are often somebody else's.
    """

    def __init__(self, folder: Path, endings: frozenset[str]) -> None:
        self._folder = folder
        self._endings = endings
        self._sizes: dict[str, int] = {}  # at the last look, by name

    def look(self) -> list[Source]:
        """Return the files that are whole, those that were so before included."""
        found = sources(self._folder, self._endings)
        whole = [each for each in found if self._sizes.get(each.name) == each.size_bytes > 0]
        self._sizes = {each.name: each.size_bytes for each in found}
        return whole
