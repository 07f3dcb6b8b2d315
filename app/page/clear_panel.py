"""What the clear button and the memory gauge are given: labels, sizes, the receipt. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from app.clear import RELEASES, Clearing, Depth, Receipt
from app.condition import Condition
from app.memory import Gauge
from app.page.i18n import Words

# In the order in which they are shown; others of an engine's follow under their own names.
BUCKETS = ("kv", "vision", "pixels", "lines", "reserved", "snapshots", "tmp", "weights")
_KIB = 1024
_NAMED = 3  # files in use that are named; the log has all of them


def button(condition: Condition, clearing: Clearing, words: Words) -> dict[str, Any]:
    """Return what ``clear_widget`` shows, with no receipt."""
    state = condition.status.state
    reasons = {"loading": "clear_wait_loading", "failed": "clear_wait_failed"}
    loaded = state == "ready"
    levels = [level for level in clearing.levels() if level != "unload"]
    return {
        "words": _words(words),
        "reason": words(reasons[state]) if state in reasons else "",
        "levels": [_level(level, clearing, words) for level in levels],
        "model": _model("unload" if loaded else "load", words) if clearing.can_unload else None,
        "receipt": None,
    }


def _level(level: Depth, clearing: Clearing, words: Words) -> dict[str, Any]:
    return {
        "name": level,
        "label": words(f"clear_{level}"),
        "keys": words(f"clear_{level}_keys"),
        "about": words(f"clear_{level}_about"),
        "asks": clearing.asks_first(level),
    }


def _model(action: str, words: Words) -> dict[str, str]:
    return {
        "name": action,
        "label": words(f"clear_{action}"),
        "about": words(f"clear_{action}_about"),
    }


def _words(words: Words) -> dict[str, str]:
    keys = ("more", "keep", "keep_about", "keep_title", "keep_do", "history", "ask_text")
    return {key: words(f"clear_{key}") for key in keys} | {
        "ask_light": words("clear_ask_light"),
        "ask_deep": words("clear_ask_deep"),
        "cancel": words("cancel"),
        "close": words("close"),
    }


def held(sizes: Mapping[str, int], words: Words) -> dict[str, str]:
    """Return what each level would release now, for the menu: ``sizes`` is by bucket."""
    totals = {
        level: sum(sizes.get(bucket, 0) for bucket in buckets)
        for level, buckets in RELEASES.items()
    }
    shown: dict[str, str] = {
        level: size(total) if total else words("clear_none") for level, total in totals.items()
    }
    # How much of the KV caches is this conversation's, the engine does not say.
    if totals["light"]:
        shown["light"] = words("clear_up_to", size=shown["light"])
    return shown


NO_RECEIPT: dict[str, Any] = {"waiting": False, "title": ""}  # takes the card away


def refused(text: str, hint: str) -> dict[str, Any]:
    """Return the receipt's card for a clear that was not done, and why."""
    return {"waiting": False, "title": text, "summary": hint, "rows": [], "notes": []}


def waiting(words: Words) -> dict[str, Any]:
    """Return the receipt's card while the clear waits for a reply to end."""
    title = words("receipt_waiting")
    return {"waiting": True, "title": title, "summary": "", "rows": [], "notes": []}


def receipt(done: Receipt, words: Words) -> dict[str, Any]:
    """Return the receipt's card."""
    took = f"{done.seconds * 1e3:,.1f}"
    freed = done.freed_bytes
    summary = words("receipt_freed", size=size(freed), ms=took) if freed > 0 else ""
    return {
        "waiting": False,
        "title": words(f"receipt_{done.level}"),
        "summary": summary or words("receipt_nothing", ms=took),
        "rows": [_row(name, done, words) for name in _order(done.before) if _matters(name, done)],
        "notes": _notes(done, words),
    }


def _matters(name: str, done: Receipt) -> bool:
    return bool(done.before.get(name) or done.after.get(name))


def _row(name: str, done: Receipt, words: Words) -> dict[str, str]:
    before, after = done.before.get(name, 0), done.after.get(name, 0)
    return {
        "label": words.bucket(name),
        "before": size(before),
        "after": words("receipt_kept") if before == after else size(after),
    }


def _notes(done: Receipt, words: Words) -> list[str]:
    notes = []
    if done.files:
        notes.append(words("receipt_file" if done.files == 1 else "receipt_files", n=done.files))
    if done.left:
        names = ", ".join(PurePath(path).name for path in done.left[:_NAMED])
        more = f" +{len(done.left) - _NAMED}" if len(done.left) > _NAMED else ""
        notes.append(words("receipt_left", names=names + more))
    if done.waited_s >= 1:
        notes.append(words("receipt_waited", s=f"{done.waited_s:.1f}"))
    return notes


def gauges(measured: Sequence[Gauge], clearable: Sequence[str], words: Words) -> dict[str, Any]:
    """Return what ``gauge_widget`` shows; ``clearable`` are the levels that are offered."""
    return {"gauges": [_gauge(gauge, clearable, words) for gauge in measured]}


def _gauge(gauge: Gauge, clearable: Sequence[str], words: Words) -> dict[str, Any]:
    ours = sum(gauge.buckets.values())
    parts = [(words.bucket(name), gauge.buckets[name]) for name in _order(gauge.buckets)]
    parts.append((words("bucket_others"), max(0, gauge.used_bytes - ours)))
    parts.append((words("bucket_free"), gauge.free_bytes))
    advice = gauge.advice
    return {
        "label": words(f"gauge_{gauge.kind}"),
        "amount": words("gauge_amount", used=size(gauge.used_bytes), total=size(gauge.total_bytes)),
        "share": round(gauge.share, 4),
        "ours": round(min(ours, gauge.used_bytes) / gauge.total_bytes, 4),
        "alarm": gauge.alarm,
        "parts": [(label, size(amount)) for label, amount in parts if amount],
        "advice": words(f"advice_{advice}") if advice else "",
        "action": advice if advice in clearable else "",
    }


def _order(buckets: Mapping[str, int]) -> list[str]:
    return [name for name in BUCKETS if name in buckets] + [
        name for name in buckets if name not in BUCKETS
    ]


def size(amount: float) -> str:
    """Return bytes in the unit that suits them."""
    if amount < _KIB:
        return f"{amount:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        amount /= _KIB
        if amount < _KIB or unit == "GiB":
            break
    return f"{amount:,.1f} {unit}" if amount < 100 else f"{amount:,.0f} {unit}"  # noqa: PLR2004
