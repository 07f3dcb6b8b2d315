"""What a conversation is called before its user names it: whose receipt, then what was asked."""

from pathlib import Path

from history import Store, Turn, title_from
from history.corrections import corrected
from history.fields import date, merchant


def first_name(turn: Turn) -> str:
    """Return what a conversation is called when it begins: its prompt, or else its picture."""
    return title_from(turn.prompt) or title_from(
        Path(turn.images[0].name).stem if turn.images else ""
    )


def full_name(turn: Turn) -> str:
    """Return the same with whose receipt it is before the question, where that was found.

    A list of equal questions helps nobody, and a picture's name says less than its merchant's. Of
    a receipt that was read as such, the day says more than that it was to be read.
    """
    found = corrected(turn)
    whose = merchant(found)
    of = date(found) if turn.job == "receipt" else ""
    parts = (whose, of or title_from(turn.prompt)) if whose else (first_name(turn),)
    return title_from(" · ".join(part for part in parts if part))


def rename(store: Store, conversation_id: str, turn: Turn, before: str) -> None:
    """Call a conversation by ``turn``, if it still has the name that it got ``before``."""
    name = full_name(turn)
    if name not in ("", before) and store.conversation(conversation_id).title == before:
        store.rename(conversation_id, name)
