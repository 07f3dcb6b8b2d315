"""What a turn keeps of its page: ``Turn.fields`` of job "html", as JSON can hold it. Pure.

The page shown is kept whole, each other version as what is to be put into it: a version differs
from the next in a few lines. Pictures are in the turn's own picture, by name (``crops``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, get_args

from app.jobs.webpage.check.compare import Comparison, region_records
from vision.engine import Image

# Any in this module is whatever JSON can hold.

SCHEMA_VERSION = 1
# Who wrote a version: the measuring of the screenshot, its repair by measure, the model, the model
# asked to repair, the page before a change and after it, the user.
By = Literal["measured", "repaired", "model", "model_repaired", "before", "changed", "user"]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a page."""

    html: str
    by: By
    scores: Mapping[str, float] | None = None  # None: nothing could draw it
    regions: Sequence[Mapping[str, Any]] = ()  # where it differs most, the worst first
    height: int = 0  # pixels, as drawn at the screenshot's width; 0 where it was not


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know of a page: a code of ours, and a number with it."""

    code: Literal[
        "unchecked", "removed", "cut_off", "no_page", "no_change", "one_picture", "no_room"
    ]
    n: int = 0


def checked(html: str, by: By, comparison: Comparison | None, height: int) -> Version:
    """Return a version with what comparing it told."""
    if comparison is None:
        return Version(html, by)
    scores = comparison.scores.record()
    return Version(html, by, scores, region_records(comparison.regions), height)


def fields_of(
    picture: Image | None, versions: Sequence[Version], shown: int, notes: Sequence[Note]
) -> dict[str, Any]:
    """Return what is kept; ``shown`` is the place of the best version among all."""
    best = versions[shown]
    return {
        "schema_version": SCHEMA_VERSION,
        "html": best.html,
        "scores": best.scores,
        "picture": _picture(picture) if picture else None,
        "shown": shown,
        "versions": [_version(each, best.html) for each in versions],
        "notes": [{"code": note.code, "n": note.n} for note in notes],
    }


def versions_of(fields: Mapping[str, Any]) -> list[Version]:
    """Return the versions that were kept, in the order they were made. Raise ``ValueError``."""
    try:
        return [_read(each, str(fields["html"])) for each in fields["versions"]]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("these are no fields of a page") from error


def edit(version: Version) -> dict[str, Any]:
    """Return the corrections of a turn's fields that put the user's version in use."""
    return {"html": version.html, "edit": _version(version, version.html)}


def edit_of(corrections: Mapping[str, Any]) -> Version | None:
    """Return the user's version, if there is one."""
    html, kept = corrections.get("html"), corrections.get("edit")
    return _read(kept, html) if isinstance(html, str) and isinstance(kept, Mapping) else None


def _picture(picture: Image) -> dict[str, Any]:
    return {
        "sha256": picture.sha256,
        "format": picture.path.suffix.removeprefix("."),
        "width": picture.width,
        "height": picture.height,
    }


def _version(version: Version, shown: str) -> dict[str, Any]:
    return {
        "by": version.by,
        "scores": version.scores,
        "regions": list(version.regions),
        "height": version.height,
        "delta": delta(shown, version.html),
    }


def _read(kept: Mapping[str, Any], shown: str) -> Version:
    by: By = kept["by"] if kept["by"] in get_args(By) else "changed"
    scores, regions = kept["scores"], kept["regions"]
    return Version(applied(shown, kept["delta"]), by, scores, regions, int(kept["height"]))


def delta(one: str, other: str) -> list[list[Any]]:
    """Return what to put into ``one`` to get ``other``: from line, to line, lines."""
    old, new = one.splitlines(keepends=True), other.splitlines(keepends=True)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [[i0, i1, new[j0:j1]] for how, i0, i1, j0, j1 in matcher.get_opcodes() if how != "equal"]


def applied(one: str, changes: Sequence[Sequence[Any]]) -> str:
    """Return the text that ``delta`` was made of."""
    lines = one.splitlines(keepends=True)
    for start, end, put in reversed(changes):
        lines[start:end] = put
    return "".join(lines)
