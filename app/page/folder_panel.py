"""What ``folder.js`` draws: the folders there are, how far one is, what is to be checked. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.folder.reading import Progress
from app.jobs.receipt_record import doubt
from app.page.i18n import Words
from app.page.render import printable, thumbnail_url
from history import Conversation, Turn
from history.fields import value_of
from history.receipts_seen import Seen, seen_in

# Any in this module is whatever JSON can hold.

Drawn = dict[str, Any]

_WORDS = (
    "title", "about", "choose_folder", "choose_pictures", "drop", "name", "name_hint", "start",
    "places", "earlier", "pause", "resume", "stop", "add", "back", "next", "previous", "open",
    "all", "to_check", "all_checked", "left_out", "upload_failed", "empty", "reading", "close",
    "queue", "files_none", "stop_sure", "pick", "one_file",
)  # fmt: skip
_FILLED = {
    "uploading": {"n": "{n}", "total": "{total}"},
    "adding": {"folder": "{folder}", "left": "{left}"},
    "progress": {"done": "{done}", "total": "{total}"},
    "files": {"n": "{n}"},
}
# What wants a look comes first; by ``state`` of a receipt.
_ORDER = ("failed", "wrong", "unsure", "plain", "right", "confirmed")
_MINUTE_S = 60


def words_of(words: Words) -> Drawn:
    """Return the words that the script uses itself; those with numbers to be filled in there."""
    filled = {name: words(f"folder_{name}", **values) for name, values in _FILLED.items()}
    return filled | {name: words(f"folder_{name}") for name in _WORDS}


def overview(
    folders: Mapping[str, Sequence[Conversation]], places: Mapping[str, int], words: Words
) -> Drawn:
    """Return the folders that were read, and those under ./uploads that can be."""
    return {
        "folders": [
            {"tag": tag, "name": printable(tag), "about": receipts(len(within), words)}
            for tag, within in folders.items()
        ],
        "places": [
            {
                "place": place,
                "about": words("folder_one_file") if count == 1 else words("folder_files", n=count),
            }
            for place, count in places.items()
        ],
    }


def receipts(count: int, words: Words) -> str:
    """Say how many receipts there are."""
    return words("folder_one_receipt") if count == 1 else words("folder_receipts", n=count)


def progress(tag: str, now: Progress, words: Words) -> Drawn:
    """Return how far the reading of a folder is."""
    total = now.done + now.left
    problem = words.error(now.problem) if now.problem else None
    return {
        "tag": tag,
        "state": now.state,
        "done": now.done,
        "total": total,
        "left": _left(now, words),
        "same": words("folder_same", n=now.same) if now.same else "",
        "problem": problem,
        "failures": [
            {"name": printable(each.name), "text": " ".join(filter(None, words.error(each.error)))}
            for each in now.failures
        ],
    }


def _left(now: Progress, words: Words) -> str:
    if now.state != "reading" or now.seconds_left is None:
        return words("folder_paused") if now.state == "paused" else ""
    if now.seconds_left < _MINUTE_S:
        return words("folder_seconds_left", n=max(1, round(now.seconds_left)))
    return words("folder_minutes_left", n=round(now.seconds_left / _MINUTE_S))


def queue(turns: Iterable[tuple[Conversation, Turn]], words: Words) -> list[Drawn]:
    """Return a folder's receipts, those that want a look first."""
    rows = [_row(conversation, turn, words) for conversation, turn in turns]
    return sorted(rows, key=lambda row: (_ORDER.index(row["state"]), -row["doubt"], row["name"]))


def _row(conversation: Conversation, turn: Turn, words: Words) -> Drawn:
    found = seen_in(turn)
    state, doubted = _worst(found, turn)
    first: Mapping[str, Any] = found[0].receipt if found else {}
    total, currency = (value_of(first.get(name)) for name in ("total", "currency"))
    name = turn.images[0].name if turn.images else ""
    return {
        "conversation": conversation.id,
        "turn": turn.id,
        "name": printable(name),
        "merchant": printable(value_of(first.get("merchant"))) or printable(name),
        "date": printable(value_of(first.get("date"))),
        "total": printable(f"{currency} {total}".strip()) if total else "",
        "cover": thumbnail_url(turn.images[0].sha256) if turn.images else "",
        "more": len(found) - 1 if len(found) > 1 else 0,
        "state": state,
        "label": words("folder_state_failed" if state == "failed" else f"found_state_{state}"),
        "why": _why(found, words),
        "checked": state == "confirmed",
        "doubt": doubted,
    }


def _worst(found: Sequence[Seen], turn: Turn) -> tuple[str, float]:
    """Return the state of the receipt that wants a look most, and how much it does."""
    if not found or turn.error:
        return "failed", 1.0
    order, doubted = min((_ORDER.index(_state(seen)), -doubt({**seen.receipt})) for seen in found)
    return _ORDER[order], -doubted


def _state(seen: Seen) -> str:
    if seen.confirmed:
        return "confirmed"
    if seen.adds_up is False:
        return "wrong"
    return "unsure" if seen.wants_a_look else "right" if seen.adds_up else "plain"


def _why(found: Sequence[Seen], words: Words) -> str:
    """Name the fields that want a look."""
    names = dict.fromkeys(name for seen in found for name in seen.doubtful)
    known = {"items": words("found_items")}
    return ", ".join(known.get(name) or words(f"found_{name}") for name in names)
