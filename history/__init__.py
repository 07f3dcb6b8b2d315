"""Conversations on disk."""

from history.errors import (
    ConversationNotFound,
    ExportTooLarge,
    FormatUnknown,
    HistoryError,
    ImportRefused,
    NameRefused,
    NotFound,
    PictureDiffers,
    PlaceTaken,
    RecordTooNew,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
    StorageRefused,
    TrashNotFound,
    TurnDamaged,
    TurnInterrupted,
    TurnNotFound,
    TurnOpen,
)
from history.search import Filters, Hit
from history.store import Store
from history.title import title_from
from history.trash import Trashed
from history.turn import Conversation, FinishReason, ImageRef, Turn
from history.unused import Unused

__all__ = [
    "Conversation",
    "ConversationNotFound",
    "ExportTooLarge",
    "Filters",
    "FinishReason",
    "FormatUnknown",
    "HistoryError",
    "Hit",
    "ImageRef",
    "ImportRefused",
    "NameRefused",
    "NotFound",
    "PictureDiffers",
    "PlaceTaken",
    "RecordTooNew",
    "StorageFailed",
    "StorageFull",
    "StorageReadOnly",
    "StorageRefused",
    "Store",
    "TrashNotFound",
    "Trashed",
    "Turn",
    "TurnDamaged",
    "TurnInterrupted",
    "TurnNotFound",
    "TurnOpen",
    "Unused",
    "title_from",
]
