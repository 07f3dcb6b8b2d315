"""The web pages in replies, as files: what stands in blocks of code marked as HTML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from history import names
from history.selection import Selection, parts, parts_there
from history.store import Store
from history.turn import Turn

# A fence is closed by one at least as long; a reply that was cut off has none.
_BLOCK = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[ \t]*html?\b[^\n]*\n(?P<page>.*?)(?:^ {0,3}(?P=fence)|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_PAGE = re.compile(r"\s*<(!doctype html|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a reply, and the name that its file gets."""

    name: str
    html: str


def pages(store: Store, selection: Selection | None = None) -> Iterator[Page]:
    """Yield the pages in the replies of the versions shown."""
    for part in parts_there(store) if selection is None else parts(store, selection):
        for turn in part.shown:
            found = pages_in(turn)
            for number, html in enumerate(found, 1):
                tail = f"-{number}" if len(found) > 1 else ""
                place = names.turn_name(turn.id).removesuffix(".json")
                yield Page(f"{part.conversation.id}-{place}{tail}.html", html)


def pages_in(turn: Turn) -> list[str]:
    """Return the pages in a turn's reply; a reply may be one as a whole."""
    if _PAGE.match(turn.reply):
        return [turn.reply]
    return [match["page"] for match in _BLOCK.finditer(turn.reply) if match["page"].strip()]


def write_pages(store: Store, folder: Path, selection: Selection | None = None) -> list[Path]:
    """Write the pages to ``folder``, in place of those of the same name; return where."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for page in pages(store, selection):
        path = folder / page.name
        path.write_text(page.html, encoding="utf-8", errors="replace")
        written.append(path)
    return written
