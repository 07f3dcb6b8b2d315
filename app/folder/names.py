"""What a folder is called: the tag that its conversations have, such as ``March 2026/``."""

import re
from collections.abc import Sequence

from history import Conversation, title_from

_END = "/"


def tag_of(name: str) -> str:
    """Return the tag for a folder that the user calls ``name``; "" where nothing is left of it."""
    # Tags are written separated by commas.
    base = title_from(re.sub(rf"[,，{_END}]", " ", name)).rstrip("…")
    while base and title_from(base + _END) != base + _END:
        base = base[:-1].rstrip()
    return base + _END if base else ""


def folder_of(conversation: Conversation) -> str:
    """Return the tag of the folder that a conversation belongs to; "" for none."""
    return next((tag for tag in conversation.tags if is_folder(tag)), "")


def is_folder(tag: str) -> bool:
    """Tell whether a tag is a folder's."""
    return len(tag) > len(_END) and tag.endswith(_END)


def by_folder(conversations: Sequence[Conversation]) -> dict[str, list[Conversation]]:
    """Return the conversations of each folder, in the order they come in."""
    found: dict[str, list[Conversation]] = {}
    for conversation in conversations:
        if tag := folder_of(conversation):
            found.setdefault(tag, []).append(conversation)
    return found
