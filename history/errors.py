"""What can go wrong between a turn and the disk, as sentences a user can act on.

HistoryError
 ├─ StorageRefused             the disk does not do what is asked of it
 │   ├─ StorageFull            too little room for a turn and its reply
 │   ├─ StorageReadOnly        a folder we may not write to
 │   └─ StorageFailed          the disk itself reports an error
 ├─ NotFound
 │   ├─ ConversationNotFound
 │   ├─ TurnNotFound
 │   └─ TrashNotFound
 ├─ NameRefused                a name from outside that is not one of ours
 ├─ PlaceTaken                 something else stands where a deleted thing was
 ├─ ImportRefused              a file that no part is imported of
 │   └─ NotAnExport            a file of another kind
 ├─ ExportTooLarge             more than an import would take
 ├─ FormatUnknown              a file's name that does not say what to write
 ├─ PictureDiffers             bytes that are not those of their SHA-256
 ├─ RecordTooNew               a file that a newer version wrote: shown, never written
 ├─ TurnOpen                   a turn that is not changed before its reply has ended
 ├─ TurnDamaged                what a turn says in place of a file that cannot be read
 └─ TurnInterrupted            what a turn says whose program ended before the reply did

Each error is a template and its values, kept apart: the page says the same sentence in the
user's language by looking up ``code`` and filling in ``values``.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

MIN_FREE_MIB = 200  # a turn is refused below this, so that one that began can also end


class HistoryError(Exception):
    """Base of all expected failures of this package. ``str(error)`` is for the user, in English."""

    text: ClassVar[str] = ""  # what is wrong, with the numbers, over ``values``
    way_out: ClassVar[str] = ""  # what to do now, over ``values``

    def __init__(self, **values: object) -> None:
        super().__init__(self.text.format(**values))
        self.values = values

    @property
    def code(self) -> str:
        """The name under which translations know this sentence."""
        return type(self).__name__

    @property
    def hint(self) -> str:
        """What the user can do now; may be empty."""
        return self.way_out.format(**self.values)

    def record(self) -> dict[str, Any]:  # whatever the sentence was filled with
        """Return the error as a turn keeps it: to be said again in another language."""
        return {
            "code": self.code,
            "values": {
                key: value if isinstance(value, int | float) else str(value)
                for key, value in self.values.items()
            },
            "text": str(self),
            "hint": self.hint,
        }


class StorageRefused(HistoryError):
    """The disk does not do what is asked of it."""


class StorageFull(StorageRefused):
    """Too little room for a turn and its reply."""

    text = "The disk is full: {free_mib} MiB are free at {folder}, {needed_mib} MiB are needed."
    way_out = "Make room on that disk, or set [history] root to a folder on another one."


class StorageReadOnly(StorageRefused):
    """A folder we may not write to."""

    text = "Nothing can be saved: {folder} is read-only."
    way_out = "Allow writing to that folder, or set [history] root to another one."


class StorageFailed(StorageRefused):
    """The disk itself reports an error."""

    text = "The history in {folder} cannot be used: {reason}."
    way_out = "Check that disk and the rights to the folder, or set [history] root to another one."


class NotFound(HistoryError):
    """A name of ours with nothing behind it."""


class ConversationNotFound(NotFound):
    """A conversation that is not in the store."""

    text = "There is no conversation {conversation}."
    way_out = "It may have been deleted. Choose another one from the list."


class TurnNotFound(NotFound):
    """A turn that its conversation does not have."""

    text = "Conversation {conversation} has no turn {turn}."
    way_out = "It may have been deleted. Open the conversation again."


class TrashNotFound(NotFound):
    """Something that is not in the trash."""

    text = "There is nothing in the trash under {entry}."
    way_out = "It may have been brought back already, or removed for ever."


class PlaceTaken(HistoryError):
    """Something else stands where a deleted thing was. It is not overwritten."""

    text = "It cannot be brought back: there is another {place} by now."
    way_out = "Move that one away, and try again. What was deleted stays in the trash."


class ImportRefused(HistoryError):
    """A file that no part is imported of."""

    text = "{file} was not imported: {reason}."
    way_out = "Nothing was changed. Export it again where it came from."


class NotAnExport(ImportRefused):
    """A file of another kind."""

    text = "{file} was not imported: it is no export of Second Look."
    way_out = "Choose a .zip or .json file that “Export” gave you."


class ExportTooLarge(HistoryError):
    """More than an import would take."""

    text = "That is more than one file can hold: {limit_mib} MiB or {limit_files} files."
    way_out = "Export fewer conversations at a time."


class FormatUnknown(HistoryError):
    """A file's name that does not say what to write."""

    text = "{name} does not end in .zip, .json, .md or .html."
    way_out = "Give it one of these endings, or choose with --format."


class NameRefused(HistoryError):
    """A name from outside that is not one of ours. It never touches a path."""

    text = "{name} is not a name of the history."
    way_out = "Choose a conversation or a picture from the list."


class PictureDiffers(HistoryError):
    """Bytes that are not those of their SHA-256."""

    text = "The picture changed on its way to the history: its SHA-256 is not {sha256}."
    way_out = "Add the picture again."


class RecordTooNew(HistoryError):
    """A file that a newer version wrote. It is shown as far as it is understood, never written."""

    text = "{file} was written by a newer version: its schema is {schema}, ours is {known}."
    way_out = "Update Second Look to change it."


class TurnOpen(HistoryError):
    """A turn that is not changed before its reply has ended: whoever ends it would undo that."""

    text = "Turn {turn} cannot be changed yet: its reply has not ended."
    way_out = "Wait for it, or stop it."


class TurnDamaged(HistoryError):
    """What a turn says in place of a file that cannot be read."""

    text = "This turn cannot be shown: its file {file} is damaged ({reason})."
    way_out = "The file was left as it is. Put it back from a backup, if there is one."


class TurnInterrupted(HistoryError):
    """What a turn says whose program ended before the reply did."""

    text = "The program ended before the reply did."
    way_out = "Send the prompt again."


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses inside into the sentence that helps."""
    try:
        yield
    except OSError as error:
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                free_mib = free_bytes(folder) >> 20
                full = StorageFull(folder=folder, free_mib=free_mib, needed_mib=MIN_FREE_MIB)
                raise full from error
            case errno.EROFS | errno.EACCES | errno.EPERM:
                raise StorageReadOnly(folder=folder) from error
            case _:
                raise _failed(folder, error) from error


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses inside into ``StorageFailed``."""
    try:
        yield
    except OSError as error:
        raise _failed(folder, error) from error


def free_bytes(folder: Path) -> int:
    """Return the room on the disk of ``folder``, which need not exist yet."""
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(standing).free


def _failed(folder: Path, error: OSError) -> StorageFailed:
    return StorageFailed(folder=folder, reason=error.strerror or type(error).__name__)
