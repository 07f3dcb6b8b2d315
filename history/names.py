"""The names of everything in the store. No path is made from a name that does not fit here."""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from history.errors import NameRefused

CONVERSATION = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-z]{4}")
TURN = re.compile(r"([0-9]{4}|[1-9][0-9]{4,8})\.json")
SHA256 = re.compile(r"[0-9a-f]{64}")
FORMAT = re.compile(r"[a-z0-9]{1,8}")

HEAD = "conversation.json"
IMAGES, STAGE, QUARANTINE = "images", ".stage", ".quarantine"

_TIME = "%Y%m%d-%H%M%S"
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"  # no capitals: some disks take them for the same


def now() -> str:
    """Return the time as it is kept on disk."""
    return _iso(datetime.now(UTC))


def new_conversation_id() -> str:
    """Return a name that sorts by time and that no other process makes as well."""
    tail = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{datetime.now(UTC).strftime(_TIME)}-{tail}"


def created_at(conversation_id: str) -> str:
    """Return the time in a conversation's name; empty where it is not one."""
    try:
        time = datetime.strptime(conversation_id[:15], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return ""
    return _iso(time)


def turn_name(turn_id: int) -> str:
    """Return the file name of a turn."""
    return f"{turn_id:04d}.json"


def turn_ids(names: Iterable[str]) -> list[int]:
    """Return the turns among the names of a folder's files, in order."""
    matches = (TURN.fullmatch(name) for name in names)
    return sorted(number for match in matches if match and (number := int(match[1])))


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


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
