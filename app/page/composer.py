"""The composer: what it is to be, and the draft that it sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, get_args
from uuid import uuid4

from app.conversation_settings import LONGEST
from app.page.i18n import Words
from app.uploads import Attached
from vision.engine import Job

JOBS: tuple[Job, ...] = ("receipt", "html", "compare", "table", "describe", "text")
_WORDS = (
    "attach", "camera", "jobs", "send", "stop", "remove", "picture_n", "pasted", "take_photo",
    "cancel", "no_camera", "uploading", "upload_failed", "prompt_label", "job_remove",
    "vague", "preset_save", "preset_name", "preset_delete", "choose_pages", "all_pages",
    "add_pages", "draft_too_long",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the composer."""

    place: str | None = None  # the conversation that it was written in; None: one that begins
    text: str = ""
    files: tuple[tuple[str, str], ...] = ()  # id and name of each picture
    job: Job | None = None
    editing: int | None = None  # the turn that it takes the place of
    system_prompt: str = ""  # for a conversation that begins
    settings: Mapping[str, Any] = field(default_factory=dict)


def draft_of(asked: Mapping[str, Any]) -> Draft:  # what the page's script says of an event
    """Return the draft that an event carries, empty where it carries none."""
    draft = asked.get("draft") or {}
    files = tuple((str(f["id"]), str(f["name"])) for f in draft.get("files") or [])
    job, editing = draft.get("job"), draft.get("editing")
    chosen = draft.get("settings") or {}
    return Draft(
        str(draft.get("place") or "") or None,
        str(draft.get("text") or ""),
        files,
        cast("Job", job) if job in get_args(Job) else None,
        int(editing) if editing else None,
        str(chosen.get("system_prompt") or "")[:LONGEST],
        chosen.get("sampling") or {},
    )


def composer(words: Words, state: str, place: str | None, *, busy: bool) -> dict[str, Any]:
    """Return what the composer is to be in a conversation; the draft for it is the script's."""
    return writable(words, state) | {"place": place or "", "busy": busy}


def holding(
    files: Sequence[Attached], *, text: str = "", job: str = "", editing: int | None = None
) -> dict[str, Any]:
    """Return what is put into the box: a turn to be edited, or else pictures beside the draft."""
    # What tells one setting from the next, equal one.
    held = {"id": uuid4().hex, "text": text, "files": [f.record() for f in files], "job": job}
    return {"holds": held | {"editing": editing}}


def answered(number: Any, conversation_id: str | None) -> dict[str, Any]:  # the script's own
    """Return that a draft was taken as a prompt of a conversation; None: that it was refused."""
    taken = conversation_id is not None
    return {"answered": {"number": number, "taken": taken, "conversation": conversation_id or ""}}


def writable(words: Words, state: str) -> dict[str, Any]:
    """Return whether one can write in a state of the engine, and what the empty box says."""
    keys = {
        "ready": "placeholder",
        "failed": "placeholder_failed",
        "unloaded": "placeholder_unloaded",  # a prompt loads it again
    }
    return {
        "enabled": state in ("ready", "unloaded"),
        "placeholder": words(keys.get(state, "placeholder_loading")),
        # The script fills these in.
        "words": {key: words(key, n="{n}", name="{name}") for key in _WORDS},
        "jobs": [
            {
                "job": job,
                "label": words(f"job_{job}"),
                "prompt": words(f"card_{job}_prompt"),
            }
            for job in JOBS
        ],
    }
