"""What ``webpage.js`` draws of a turn's page, every sentence in the user's language. Pure."""

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from itertools import pairwise
from math import floor
from typing import Any

from app.jobs.webpage.check.compare import BARS, Scores
from app.jobs.webpage.record import Version
from app.jobs.webpage.words import words_for
from app.page.i18n import Words
from app.page.render import printable

# Any in this module is whatever JSON can hold.
Drawn = dict[str, Any]

_WORDS = (
    "preview", "compare", "code", "changes", "views", "widths", "ways", "side", "overlay", "swipe",
    "screenshot", "page", "mix", "marks", "scripts", "scripts_warn", "enlarge", "shrink", "copy",
    "copied", "copy_failed", "download", "download_about", "zip", "zip_about", "save", "saved",
    "saving", "too_long", "revert", "edited", "editor", "version", "use", "shown", "unchecked",
    "scores", "low", "worst", "alike", "no_changes", "same", "no_picture", "failed",
)  # fmt: skip
_PARTS = ("block", "text", "position", "colour", "visual", "role", "reflow", "flow")
_WIDTHS = (390, 768, 1280)  # pixels: a phone, a tablet, a desk
_CONTEXT = 2  # lines around a change
_MOST_TEXT = 60  # characters of a place's text


def panel(
    versions: Sequence[Version],
    shown: int,
    source: Mapping[str, Any] | None,
    notes: Sequence[Mapping[str, Any]],
    words: Words,
) -> Drawn:
    """Return what the panel shows; ``source`` is the screenshot, None where it is gone."""
    width = source["width"] if source else _WIDTHS[-1]
    return {
        "words": {name: words(f"web_{name}") for name in _WORDS},
        "source": source,
        "widths": _widths(width, words),
        "shown": shown,
        "versions": [_version(each, words) for each in versions],
        "changes": [_no_changes(words), *_changes(versions, words)],
        "notes": [_note(note, words) for note in notes],
    }


def _widths(own: int, words: Words) -> list[Drawn]:
    labels = {width: words("web_px", width=width) for width in _WIDTHS}
    labels |= {own: words("web_own_width", width=own)} if own not in labels else {}
    return [{"width": width, "label": label} for width, label in sorted(labels.items())]


def _version(version: Version, words: Words) -> Drawn:
    is_changed = version.by == "changed"
    # Who asked for another look does not want to hear that it looks another way.
    totals = ("structure",) if is_changed else ("likeness", "structure")
    return {
        "label": words(f"web_by_{version.by}"),
        "changed": is_changed,
        "html": printable(version.html),
        "height": version.height,
        "scores": _scores(version.scores, totals, words) if version.scores else None,
        "regions": [_region(each, words) for each in version.regions],
    }


def _scores(kept: Mapping[str, float], totals: Sequence[str], words: Words) -> Drawn:
    scores = Scores(**{name: float(kept[name]) for name in _PARTS})
    return {
        "totals": [_score(name, getattr(scores, name), words) for name in totals],
        "parts": [_score(name, getattr(scores, name), words) for name in _PARTS],
    }


def _score(name: str, value: float, words: Words) -> Drawn:
    return {
        "name": words(f"web_{name}"),
        "percent": floor(100 * value),  # all of it is 100, and nothing less is
        "low": value < BARS.get(name, 0.0),
    }


def _region(region: Mapping[str, Any], words: Words) -> Drawn:
    text = printable(str(region["text"]))
    text = text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
    x, y = region["by"]
    ways = [
        words(f"web_way_{way}", n=abs(n))
        for way, n in (("right" if x > 0 else "left", x), ("down" if y > 0 else "up", y))
        if n
    ]
    kind = str(region["kind"])
    label = words(f"web_region_{kind}", text=text, way=words("web_and").join(ways))
    return {"box": region["box"], "label": label, "here": kind == "extra"}


def _changes(versions: Sequence[Version], words: Words) -> list[Drawn]:
    return [
        {
            "about": words("web_changes_about", before=words(f"web_by_{before.by}")),
            "lines": [printable(line) for line in _diff(before.html, after.html)],
        }
        for before, after in pairwise(versions)
    ]


def _no_changes(words: Words) -> Drawn:
    return {"about": words("web_no_changes"), "lines": []}


def _diff(before: str, after: str) -> list[str]:
    lines = unified_diff(before.splitlines(), after.splitlines(), n=_CONTEXT, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))]


def _note(note: Mapping[str, Any], words: Words) -> str:
    return words_for("中" if words.language == "zh" else "")(str(note["code"]), n=note["n"])
