"""Where on the disk lies what one user has, and where it lies when there are no users."""

from dataclasses import dataclass
from pathlib import Path

from app.config import Config, folder

USERS = "users"  # below [history] root: no conversation has such a name


@dataclass(frozen=True, slots=True)
class Home:
    """The places of one user."""

    name: str  # "" where there are no users
    history: Path  # the root of the user's conversations
    uploads_root: Path  # what a prompt calls ./uploads is below it
    presets: Path  # a file


def home_of(config: Config, name: str = "") -> Home:
    """Return the places of a user, or of all there is where there are no users."""
    root = folder(config.history.root)
    if not name:
        return Home("", root, Path.cwd(), folder(config.page.presets))
    own = root / USERS / name
    return Home(name, own, own, own / "presets.json")
