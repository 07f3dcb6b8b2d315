"""What the page's own widgets are given: the sidebar, the header, the welcome. Pure."""

from collections.abc import Sequence
from typing import Any, Literal

from app.budget import DETAILS, Detail
from app.condition import Condition
from app.conversation_settings import NAMES
from app.folder.names import by_folder, folder_of
from app.page.folder_panel import receipts
from app.page.i18n import Words
from app.page.render import groups, now, printable, thumbnail_url
from history import Conversation, Hit
from vision.engine import Job, Progress, TokenCount
from vision.server.access import is_loopback

# A card's job, and the pictures of its example, drawn by us.
EXAMPLES: dict[Job, tuple[str, ...]] = {
    "receipt": ("receipt.png",),
    "html": ("screenshot.png",),
    "compare": ("before.png", "after.png"),
}


_SIDEBAR_WORDS = (
    "new_keys", "search", "search_none", "filters", "filter_since", "filter_until", "filter_engine",
    "filter_job", "filter_picture", "filter_total", "any", "engine_reader", "engine_qwen",
    "engine_server", "job_text", "job_table", "job_receipt", "job_html", "job_compare",
    "job_describe", "more", "rename", "pin", "unpin", "tags", "tags_about", "export", "export_all",
    "export_found", "export_whole", "delete", "import", "receipts", "pages", "plot", "restore",
    "empty_trash", "empty_trash_sure", "folder_title", "upload_failed",
)  # fmt: skip


# Those that were tried with this engine's code: 3, 7, 32 and 72 thousand million weights.
MODELS = tuple(f"Qwen/Qwen2.5-VL-{size}B-Instruct" for size in (3, 7, 32, 72))
LISTED = 100  # conversations, unless all are asked for: each change sends the list again


def sidebar(
    conversations: Sequence[Conversation],
    words: Words,
    listed: int | None = LISTED,
) -> dict[str, Any]:
    """Return what ``sidebar_widget`` shows; ``listed`` conversations at most, or all."""
    folders = by_folder(conversations)
    conversations = [each for each in conversations if not folder_of(each)]
    more = len(conversations) - len(conversations[:listed])
    return {
        "more": words("show_all", n=f"{len(conversations):,}") if more else None,
        "words": {
            "app": words("app"),
            "new": words("new"),
            "empty": words("no_conversations"),
            "menu": words("menu"),
            **{key: words(key) for key in _SIDEBAR_WORDS},
        },
        "found": None,
        "folders": [_folder(tag, within, words) for tag, within in folders.items()],
        "groups": groups(_pinned_first(conversations)[:listed], words, now()),
    }


def _folder(tag: str, within: Sequence[Conversation], words: Words) -> dict[str, Any]:
    cover = within[0].cover
    return {
        "tag": tag,
        "name": printable(tag.removesuffix("/")),
        "about": receipts(len(within), words),
        "cover": thumbnail_url(cover.sha256) if cover else "",
    }


def _pinned_first(conversations: Sequence[Conversation]) -> list[Conversation]:
    return sorted(conversations, key=lambda each: not each.pinned)


def found(hits: Sequence[Hit], words: Words) -> list[dict[str, Any]]:
    """Return what a search found, as the list shows it."""
    return [
        {
            "id": hit.conversation_id,
            "turn": hit.turn_id,
            "title": printable(hit.title) or words("untitled"),
            "excerpt": printable(hit.excerpt),
            "highlights": [list(span) for span in hit.highlights],
        }
        for hit in hits
    ]


# What the scripts fill in themselves.
_PLACES = {name: f"{{{name}}}" for name in ("n", "tokens", "cached", "size", "seen")}
_INSIDE_WORDS = (
    "in_title", "raw", "in_engine", "in_model", "in_revision", "in_prompt", "in_prompt_about",
    "in_system", "in_user", "in_assistant", "in_image", "in_text", "in_seen", "in_seen_about",
    "in_time", "in_first", "in_decode", "in_rest", "in_scores", "in_memory", "in_params",
)  # fmt: skip
_HEADER_WORDS = (
    *_INSIDE_WORDS, "skip", "menu", "more", "theme", "theme_system", "theme_light", "theme_dark",
    "language", "rename", "lost_server", "started_again", "view_lines",
    "view_boxes", "view_before", "view_next", "view_in", "view_out", "view_fit", "sort", "copy",
    "copied", "copy_failed", "picture_n", "compare_side", "compare_swipe", "compare_difference",
    "compare_ways",
)  # fmt: skip
_SETTINGS_WORDS = (
    "title", "about", "about_new", "close", "reset", "system_prompt", "system_prompt_about",
    *(f"{name}{about}" for name in NAMES for about in ("", "_about")),
)  # fmt: skip


def header(condition: Condition, shown: Conversation | None, words: Words) -> dict[str, Any]:
    """Return what ``header_widget`` shows."""
    status = condition.status
    facts = [(words("model"), status.model), (words("device"), status.device)]
    why = [words.error(error.record()) for error in condition.instead_of]
    if condition.failure:
        why.append(words.error(condition.failure.record()))
    return {
        "open": shown.id if shown else "",
        "folder": folder_of(shown) if shown else "",
        "title": printable(shown.title) if shown else "",
        "settings": {
            **{key: words(f"set_{key}") for key in _SETTINGS_WORDS},
            "reader": words("set_reader") if status.engine == "reader" else "",
            "differ": bool(shown and (shown.settings or shown.system_prompt.strip())),
        },
        "language": words.language,
        "words": {key: words(key, **_PLACES) for key in _HEADER_WORDS},
        "engine": {
            "name": words(f"engine_{status.engine}"),
            "state": status.state,
            "label": words(f"state_{status.state}"),
            "about": words(f"about_{status.engine}"),
            "facts": [fact for fact in facts if fact[1]],
            "notes": [words.status_note(note) for note in status.notes],
            "why": [{"text": text, "hint": hint} for text, hint in why],
        },
    }


def switch(condition: Condition, words: Words) -> dict[str, Any]:
    """Return the engines that can be taken instead, and what each would cost."""
    return {
        "title": words("switch_title"),
        "use": words("switch_use"),
        "model": words("model"),
        "choices": [
            {
                "kind": kind,
                "label": words(f"engine_{kind}"),
                "about": words(f"switch_{kind}"),
                "chosen": kind == condition.status.engine,
                "models": list(MODELS) if kind == "qwen" else [],
            }
            for kind in ("reader", "qwen", "server")
        ],
    }


def welcome(condition: Condition, words: Words) -> dict[str, Any]:
    """Return what ``welcome_widget`` shows: loading, a failure, or the cards."""
    state = condition.status.state
    if condition.failure:
        text, hint = words.error(condition.failure.record())
        return _welcome("failed", words("failed"), f"{text} {hint}")
    if state == "loading":
        progress = condition.status.progress
        return _welcome("loading", words("loading"), words("loading_about")) | {
            "progress": _progress(progress, words) if progress else None
        }
    cards = [_card(job, words) for job in EXAMPLES]
    return _welcome("ready", words("headline"), where("subline", condition, words)) | {
        "cards": cards
    }


def where(key: Literal["subline", "hint"], condition: Condition, words: Words) -> str:
    """Return the sentence that says where pictures go: nowhere, or to a server elsewhere."""
    status = condition.status
    if status.engine != "server" or is_loopback(status.device):
        return words(key)
    return words(f"{key}_away", server=status.device)


def tray(
    detail: Detail,
    words: Words,
    *,
    count: TokenCount | None = None,
    can_resume: bool = False,
    problem: tuple[str, str] | None = None,
    said: str | None = None,
    undo: str | None = None,
    editing: bool = False,
    room_bytes: int | None = None,
) -> dict[str, Any]:
    """Return what ``tray_widget`` shows: a problem and its way out, go on, the draft's cost.

    ``room_bytes`` is the memory that a prompt can have, where that is known. ``said`` is what was
    done, and ``undo`` the trash's name for it where it can be undone.
    """
    return {
        "problem": problem,
        "said": said,
        "action": {"action": "undo", "trash": undo, "label": words("undo")} if undo else None,
        "editing": {"said": words("editing"), "cancel": words("cancel")} if editing else None,
        "resume": words("resume") if can_resume else None,
        "cost": _cost(count, room_bytes, words) if count else None,
        "tight": count is not None
        and (count.total > count.max_context or _short(count, room_bytes)),
        "title": words("detail"),
        "chosen": detail,
        "details": [
            {
                "name": name,
                "label": words(f"detail_{name}"),
                "about": words(f"detail_{name}_about"),
            }
            for name in DETAILS
        ],
    }


def _short(count: TokenCount, room_bytes: int | None) -> bool:
    return room_bytes is not None and count.bytes > room_bytes


def _cost(count: TokenCount, room_bytes: int | None, words: Words) -> str:
    left, tokens = count.max_context - count.total, f"{count.total:,}"
    if left < 0:
        return words("cost_over", tokens=tokens, over=f"{-left:,}")
    if room_bytes is not None and _short(count, room_bytes):
        return words("cost_short", mib=f"{count.bytes >> 20:,}", free=f"{room_bytes >> 20:,}")
    parts = [words("cost", tokens=tokens, left=f"{left:,}")]
    if count.bytes:
        parts.append(words("cost_bytes", mib=f"{count.bytes >> 20:,}"))
    return " · ".join(parts)


def _welcome(mode: str, headline: str, subline: str) -> dict[str, Any]:
    return {
        "mode": mode,
        "headline": headline,
        "subline": subline,
        "progress": None,
        "cards": [],
    }


def _progress(progress: Progress, words: Words) -> dict[str, Any]:
    share = progress.done / progress.total if progress.total else None
    done, total = f"{progress.done:,}", f"{progress.total:,}"
    return {
        "label": words(f"stage_{progress.stage}", done=done, total=total),
        "share": share,
    }


def _card(job: Job, words: Words) -> dict[str, Any]:
    return {
        "job": job,
        "title": words(f"card_{job}"),
        "about": words(f"card_{job}_about"),
        "covers": [f"/examples/{name}" for name in EXAMPLES[job]],
        "example": words("example"),
        "mine": words("with_mine"),
    }
