"""Changes to conversations: one at a time in each, whoever asks, so that none undoes another."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from history import files, names
from history.errors import writing
from history.head import Head, encode_head, read_head
from history.listing import Listing, too_new
from history.record import SCHEMA


class Heads:
    """Holds conversations while they are changed, and changes their own files."""

    def __init__(self, root: Path, listing: Listing) -> None:
        self._root, self._listing = root, listing

    @contextmanager
    def changing(self, conversation_id: str) -> Iterator[Path]:
        """Hold a conversation's folder: its files are changed by one thread of one process."""
        folder = self._listing.folder(conversation_id)
        with writing(self._root), ExitStack() as stack:
            with suppress(FileNotFoundError):
                stack.enter_context(files.locked(folder))
            yield self._listing.folder(conversation_id)  # it may have been deleted meanwhile

    def change(self, conversation_id: str, **changes: Any) -> None:  # fields of Head
        """Write a conversation's own file with other values."""
        with self.changing(conversation_id) as folder:
            self.change_held(folder, **changes)

    def change_held(self, folder: Path, **changes: Any) -> None:  # fields of Head
        """Do the same inside ``changing``."""
        content = encode_head(folder.name, replace(self._head(folder), **changes))
        files.write(folder / names.HEAD, content, self._root / names.STAGE)

    def _head(self, folder: Path) -> Head:
        """Return a conversation's head to change; one that is damaged is set aside first."""
        path = folder / names.HEAD
        try:
            head = read_head(folder)
        except FileNotFoundError:
            return Head(created_at=names.created_at(folder.name))
        except ValueError:
            files.set_aside(path, self._root / names.QUARANTINE, f"{folder.name}-{names.HEAD}")
            return Head(created_at=names.created_at(folder.name))
        if head.schema > SCHEMA:
            raise too_new(path, head.schema)
        return head
