"""Turns into what the page shows. Pure: no store, no engine, no state.

Whatever a user, a picture or a model said is escaped here or rendered by the Chatbot's sanitised
Markdown; nothing reaches the page as HTML of its own.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import gradio as gr

from app.found import named_in
from app.page.i18n import Words
from app.run import Snapshot
from history import Conversation, ImageRef, Turn
from vision.engine import Progress

_ICONS = {
    "edit": "M4 20h4L19 9l-4-4L4 16v4ZM13.500 6.500l4 4",
    "again": "M20 11a8 8 0 1 0-2.300 6M20 5v6h-6",
    "delete": "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
    "more": "M4.600 12h.800M11.600 12h.800M18.600 12h.800",
    "export": "M12 4v11M7 10l5 5 5-5M5 20h14",
}
PANELS = ("receipt", "html", "compare")  # jobs whose results have a panel of their own
Message = dict[str, Any]  # a Chatbot message: role and content
HasImage = Callable[[ImageRef], bool]


def messages(
    turns: Sequence[Turn],
    words: Words,
    has_image: HasImage,
    conversation_id: str = "",
    versions: Mapping[int, tuple[int, ...]] = MappingProxyType({}),
) -> list[Message]:
    """Return the messages of turns that have ended; ``versions`` has those with others."""
    return [
        message
        for turn in turns
        for message in _turn(turn, words, has_image, conversation_id, versions)
    ]


def live(
    snapshot: Snapshot, words: Words, has_image: HasImage, waiting: int, waiting_s: float = 0.0
) -> list[Message]:
    """Return the messages of the turn whose reply is under way, or waits for so many others."""
    turn = snapshot.turn
    working = _working(snapshot.progress, words, waiting, waiting_s)
    # Fenced, and in more backticks than a model writes: it is seen as it comes.
    draft = f"``````json\n{snapshot.draft}\n``````" if snapshot.draft else ""
    said = printable(turn.reply or draft) or working
    return [asked(turn, words, has_image), _said(said)]


def _turn(
    turn: Turn,
    words: Words,
    has_image: HasImage,
    conversation_id: str,
    versions: Mapping[int, tuple[int, ...]],
) -> list[Message]:
    acts = actions(turn, words, conversation_id, versions)
    remarks = [_notice(notice) for notice in turn.notices]
    if turn.error:
        remarks.append(problem(*words.error(turn.error)))
    elif turn.finish_reason in ("cancelled", "length", "loop"):
        remarks.append(_notice(words(turn.finish_reason)))
    elif turn.finish_reason is None:
        remarks.append(_notice(words("lost")))
    # Parts are rendered each for itself: a code fence that a cut-off reply left open ends with it.
    texts = printable(turn.reply), "".join(remarks)
    parts: list[str | gr.HTML] = [text for text in texts if text]
    if conversation_id and turn.job in PANELS and turn.fields:
        parts.insert(0, panel(conversation_id, turn))
    return [asked(turn, words, has_image), _said(*parts, footer(turn, words, acts))]


def panel(conversation_id: str, turn: Turn) -> gr.HTML:
    """Return the place where ``panels.js`` draws what a job found. Words of ours and numbers.

    What was found never passes through here: the panel fetches it, and draws it as text.
    """
    return gr.HTML(
        f'<div class="sl-panel" data-job="{turn.job}" data-conversation="{conversation_id}"'
        f' data-turn="{turn.id}"></div>'
    )


def asked(turn: Turn, words: Words, has_image: HasImage) -> Message:
    """Return the user's message: pictures, then the text as it was typed."""
    pictures = "".join(
        _picture(ref, words, has_image(ref), turn.id, at) for at, ref in enumerate(turn.images)
    )
    shown = (
        f'<div class="sl-pictures" data-n="{len(turn.images)}">{pictures}</div>' if pictures else ""
    )
    # In <pre> neither Markdown nor KaTeX looks at it; style.css makes it flow like a paragraph.
    text = f'<pre class="sl-typed">{_text(turn.prompt)}</pre>' if turn.prompt.strip() else ""
    return {"role": "user", "content": shown + text}


def _picture(ref: ImageRef, words: Words, there: bool, turn_id: int, at: int) -> str:
    name = html.escape(printable(ref.name) or words("picture"), quote=True)
    if not there:
        return f'<span class="sl-missing">{html.escape(words("missing_picture"))}: {name}</span>'
    return (
        '<span class="sl-framed">'
        # The sanitiser drops data attributes: where the picture stands is in the address.
        f'<a class="sl-picture" href="{picture_url(ref)}#view-{turn_id}-{at}" target="_blank"'
        f' title="{name}">'
        f'<img src="{thumbnail_url(ref.sha256)}" alt="{name}" loading="lazy" '
        f'width="{ref.width}" height="{ref.height}"></a>'
        f'<a class="sl-use" href="#use-{ref.sha256}">{html.escape(words("use_again"))}</a></span>'
    )


def picture_url(ref: ImageRef) -> str:
    """Return where ``app.pictures`` serves a picture."""
    return f"/pictures/{ref.sha256}.{ref.format}"


def thumbnail_url(sha256: str) -> str:
    """Return where ``app.pictures`` serves a picture's thumbnail."""
    return f"/thumbnails/{sha256}.webp"


def _said(*parts: str | gr.HTML) -> Message:
    return {"role": "assistant", "content": list(parts)}


def _working(progress: Progress | None, words: Words, waiting: int, waiting_s: float) -> str:
    if waiting:
        text = words("waiting", n=waiting)
        if waiting_s >= 1:
            text += words("waiting_s", s=f"{waiting_s:,.0f}")
    elif progress is None:
        text = words("thinking")
    else:
        done = f"{progress.done:,}"
        text = words(f"stage_{progress.stage}", done=done, total=f"{progress.total:,}")
    return f'<div class="sl-working"><i></i>{html.escape(text)}</div>'


def footer(turn: Turn, words: Words, acts: str) -> gr.HTML:
    """Return the line under a reply: which engine answered, and how fast.

    A component, not text, so that copying the reply leaves it behind. It holds words of ours
    and numbers alone: gr.HTML is not sanitised.
    """
    engine = html.escape(words.engine(turn.engine)) if turn.engine else ""
    parts = [engine, _lines(turn, words), *map(html.escape, _speed(turn, words))]
    shown = " · ".join(part for part in parts if part)
    return gr.HTML(f'<div class="sl-footer"><span>{shown}</span>{acts}</div>')


def actions(
    turn: Turn, words: Words, conversation_id: str, versions: Mapping[int, tuple[int, ...]]
) -> str:
    """Return the buttons of a turn, as ``second-look.js`` knows them. Words of ours and numbers."""
    if not conversation_id:
        return ""
    href = f"/export/{conversation_id}.json?turn={turn.id}"
    return (
        '<span class="sl-acts">'
        + _versions(versions.get(turn.id, ()), turn.id, words)
        + "".join(_act(act, turn.id, words) for act in ("edit", "again", "delete"))
        + f'<a href="{href}" download {_named("export", words)}>{_icon("export")}</a>'
        + f'<button type="button" data-more="{turn.id}" {_named("more", words)}>{_icon("more")}'
        "</button></span>"
    )


def _versions(ids: tuple[int, ...], shown: int, words: Words) -> str:
    if not ids:
        return ""
    place = ids.index(shown)
    earlier, later = ids[max(place - 1, 0)], ids[min(place + 1, len(ids) - 1)]
    return (
        f'<span class="sl-versions" title="{html.escape(words("versions"))}">'
        f'<button type="button" data-act="version" data-turn="{earlier}">‹</button>'
        f"{place + 1}/{len(ids)}"
        f'<button type="button" data-act="version" data-turn="{later}">›</button></span>'
    )


def _act(act: str, turn_id: int, words: Words) -> str:
    return (
        f'<button type="button" data-act="{act}" data-turn="{turn_id}" {_named(act, words)}>'
        f"{_icon(act)}</button>"
    )


def _named(act: str, words: Words) -> str:
    name = html.escape(words(f"act_{act}"), quote=True)
    return f'title="{name}" aria-label="{name}"'


def _icon(name: str) -> str:
    return (
        '<svg class="sl-icon" viewBox="0 0 24 24" aria-hidden="true">'
        f'<path d="{_ICONS[name]}"/></svg>'
    )


def _lines(turn: Turn, words: Words) -> str:
    n, named = len(turn.lines), len(named_in(turn))
    if not (n or named):
        return ""
    said = (
        words("named", n=named) if not n else words("one_line") if n == 1 else words("lines", n=n)
    )
    return f'<button type="button" data-view="{turn.id}">{html.escape(said)}</button>'


def _speed(turn: Turn, words: Words) -> list[str]:
    usage = turn.usage
    parts = []
    if usage.get("new_tokens") and usage.get("first_token_ms"):
        parts.append(words("first_text", s=seconds(usage["first_token_ms"])))
        if usage.get("decode_ms", 0) > 0 and usage["new_tokens"] > 1:
            rate = (usage["new_tokens"] - 1) / usage["decode_ms"] * 1e3
            parts.append(words("speed", n=f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"))  # noqa: PLR2004
    elif turn.latency_ms is not None:
        parts.append(words("seconds", s=seconds(turn.latency_ms)))
    if usage.get("cached_tokens"):
        parts.append(
            words(
                "cached",
                n=f"{usage['cached_tokens']:,}",
                total=f"{usage['prompt_tokens']:,}",
            )
        )
    return parts


def seconds(ms: float) -> str:
    """Return milliseconds as seconds, with as many places as say something."""
    return f"{ms / 1e3:.2f}" if ms < 995 else f"{ms / 1e3:.1f}"  # noqa: PLR2004


def problem(text: str, hint: str) -> str:
    """Return an error's sentence and its way out, as a block of the page."""
    return f'<div class="sl-problem"><strong>{_text(text)}</strong><span>{_text(hint)}</span></div>'


def _notice(text: str) -> str:
    return f'<div class="sl-notice">{_text(text)}</div>'


def _text(text: str) -> str:
    return html.escape(printable(text))


def groups(
    conversations: Sequence[Conversation], words: Words, now: datetime
) -> list[dict[str, Any]]:
    """Return the sidebar's list: those pinned, and days, in the order they come in."""
    found: dict[str, list[dict[str, Any]]] = {}
    for conversation in conversations:
        at = datetime.fromisoformat(conversation.updated_at).astimezone(now.tzinfo)
        day = words("pinned") if conversation.pinned else _day(at.date(), now.date(), words)
        found.setdefault(day, []).append(_entry(conversation, at, words))
    return [{"label": day, "items": items} for day, items in found.items()]


def _entry(conversation: Conversation, at: datetime, words: Words) -> dict[str, Any]:
    n = conversation.turns
    return {
        "id": conversation.id,
        "title": printable(conversation.title) or words("untitled"),
        "about": f"{at:%H:%M} · {words('one_turn') if n == 1 else words('turns', n=n)}",
        "cover": thumbnail_url(conversation.cover.sha256) if conversation.cover else "",
        "pinned": conversation.pinned,
        "tags": [printable(tag) for tag in conversation.tags],
    }


def printable(text: str) -> str:
    """Return text that can be sent to a browser: a lone surrogate is legal when saved."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _day(day: date, today: date, words: Words) -> str:
    if day == today:
        return words("today")
    if day == today - timedelta(days=1):
        return words("yesterday")
    return f"{day:%Y-%m-%d}"


def now() -> datetime:
    """Return the present moment in the machine's time zone."""
    return datetime.now(UTC).astimezone()
