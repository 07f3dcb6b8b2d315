"""What a conversation is called before its user names it: what it is about, then what was asked."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from history import Store, Turn, title_from
from history.corrections import corrected
from history.fields import date, merchant


def first_name(turn: Turn) -> str:
    """Return what a conversation is called when it begins: its prompt, or else its picture."""
    return title_from(turn.prompt) or title_from(
        Path(turn.images[0].name).stem if turn.images else ""
    )


def full_name(turn: Turn) -> str:
    """Return the same with what was found before the question: a merchant, a page's title.

    A list of equal questions helps nobody, and a picture's name says less than its merchant's. Of
    a receipt that was read as such, the day says more than that it was to be read.
    """
    found = corrected(turn)
    if turn.job == "compare":
        parts = [" / ".join(Path(ref.name).stem for ref in turn.images[:2])]
    elif turn.job == "html":
        parts = [_page_title(found), "HTML"]
    else:
        day = date(found) if turn.job == "receipt" else ""
        parts = [merchant(found), day or title_from(turn.prompt)]
    about = parts[0].strip(" /")
    return title_from(" · ".join(filter(None, parts)) if about else first_name(turn))


def _page_title(found: Mapping[str, Any]) -> str:  # whatever JSON holds
    html = found.get("html")
    if not isinstance(html, str) or not html.strip():
        return ""
    # Imported late: most conversations hold no page.
    from lxml.html import document_fromstring

    with suppress(ValueError):  # what lxml makes nothing of
        return str(document_fromstring(html.encode("utf-8", "replace")).findtext(".//title") or "")
    return ""


def rename(store: Store, conversation_id: str, turn: Turn, before: str) -> None:
    """Call a conversation by ``turn``, if it still has the name that it got ``before``."""
    name = full_name(turn)
    if name not in ("", before) and store.conversation(conversation_id).title == before:
        store.rename(conversation_id, name)
