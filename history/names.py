"""The names of everything in the store. No path is made from a name that does not fit here."""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from history.errors import NameRefused

CONVERSATION = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-z]{4}")
TURN = re.compile(r"([0-9]{4}|[1-9][0-9]{4,8})\.json")
GONE = re.compile(r"([0-9]{4}|[1-9][0-9]{4,8})\.gone")
TRASHED = re.compile(
    rf"([0-9]{{8}}-[0-9]{{6}}-[0-9]{{6}})-[0-9a-z]{{4}}\.({CONVERSATION.pattern})(?:\.({TURN.pattern}))?"
)
PICTURE = re.compile(r"([0-9a-f]{64})(\.thumb)?\.([a-z0-9]{1,8})")
SHA256 = re.compile(r"[0-9a-f]{64}")
FORMAT = re.compile(r"[a-z0-9]{1,8}")

HEAD = "conversation.json"
IMAGES, STAGE, QUARANTINE = "images", ".stage", ".quarantine"
TRASH, INDEX = ".trash", ".index"

_TIME = "%Y%m%d-%H%M%S"
_TRASH_TIME = "%Y%m%d-%H%M%S-%f"
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"  # no capitals: some disks take them for the same


def now() -> str:
    """Return the time as it is kept on disk."""
    return iso(datetime.now(UTC))


def new_conversation_id() -> str:
    """Return a name that sorts by time and that no other process makes as well."""
    return f"{datetime.now(UTC).strftime(_TIME)}-{_tail()}"


def new_trash_id(newest: str) -> str:
    """Return a name for what is deleted now that sorts behind ``newest``, whatever the clock."""
    now = datetime.now(UTC)
    if match := TRASHED.match(newest):
        before = datetime.strptime(match[1], _TRASH_TIME).replace(tzinfo=UTC)
        now = max(now, before + timedelta(microseconds=1))
    return f"{now.strftime(_TRASH_TIME)}-{_tail()}"


def deleted_at(trash_id: str) -> datetime | None:
    """Return the time in the name of something deleted; None where it is not one."""
    match = TRASHED.fullmatch(trash_id)
    try:
        return match and datetime.strptime(match[1], _TRASH_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def created_at(conversation_id: str) -> str:
    """Return the time in a conversation's name; empty where it is not one."""
    try:
        time = datetime.strptime(conversation_id[:15], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return ""
    return iso(time)


def turn_name(turn_id: int) -> str:
    """Return the file name of a turn."""
    return f"{turn_id:04d}.json"


def turn_ids(names: Iterable[str]) -> list[int]:
    """Return the turns among the names of a folder's files, in order."""
    return _numbers(TURN, names)


def gone_name(turn_id: int) -> str:
    """Return the file name of the mark that a deleted turn leaves."""
    return f"{turn_id:04d}.gone"


def gone_ids(names: Iterable[str]) -> list[int]:
    """Return the deleted turns among the names of a folder's files, in order."""
    return _numbers(GONE, names)


def check_conversation_id(conversation_id: str) -> None:
    """Raise ``NameRefused`` unless the name is one of ours."""
    if not CONVERSATION.fullmatch(conversation_id):
        raise NameRefused(name=shown(conversation_id))


def check_image_name(sha256: str, format: str) -> None:  # noqa: A002  the field's own word
    """Raise ``NameRefused`` unless both parts of a picture's name are ours."""
    if not (SHA256.fullmatch(sha256) and FORMAT.fullmatch(format)):
        raise NameRefused(name=shown(f"{sha256}.{format}"))


def shown(name: str) -> str:
    """Return a name from outside as it is safe to print: ASCII, and short."""
    return ascii(name[:80])


def _numbers(pattern: re.Pattern[str], names: Iterable[str]) -> list[int]:
    matches = (pattern.fullmatch(name) for name in names)
    return sorted(number for match in matches if match and (number := int(match[1])))


def _tail() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def iso(time: datetime) -> str:
    """Return a time in UTC as it is kept on disk."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
