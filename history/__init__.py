"""Conversations on disk."""

from history.errors import (
    ConversationNotFound,
    HistoryError,
    NameRefused,
    NotFound,
    PictureDiffers,
    RecordTooNew,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
    StorageRefused,
    TurnDamaged,
    TurnInterrupted,
    TurnNotFound,
)
from history.store import Store
from history.title import title_from
from history.turn import Conversation, FinishReason, ImageRef, Turn

__all__ = [
    "Conversation",
    "ConversationNotFound",
    "FinishReason",
    "HistoryError",
    "ImageRef",
    "NameRefused",
    "NotFound",
    "PictureDiffers",
    "RecordTooNew",
    "StorageFailed",
    "StorageFull",
    "StorageReadOnly",
    "StorageRefused",
    "Store",
    "Turn",
    "TurnDamaged",
    "TurnInterrupted",
    "TurnNotFound",
    "title_from",
]
