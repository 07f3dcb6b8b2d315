"""``password``: add a user, give another password or a token, remove a user."""

import sys
from collections.abc import Callable
from getpass import getpass
from typing import Literal

from app.access.accounts import LONGEST, SHORTEST, Accounts, check_name
from app.config import Config, ConfigError, folder
from app.home import home_of

Wanted = Literal["password", "token", "remove"]


def password(config: Config, name: str, wanted: Wanted, ask: Callable[[str], str] = getpass) -> int:
    """Do what is wanted for a user. Raise ``ConfigError``."""
    file = folder(config.server.users)
    accounts = Accounts(file)
    check_name(name)
    if wanted == "token":
        print(accounts.new_token(name))  # noqa: T201  a command's output
        _say("This is shown once. A program sends it: Authorization: Bearer …")
        return 0
    if wanted == "remove":
        accounts.remove(name)
        _say(
            f"{name} can no longer sign in. The conversations stay: {home_of(config, name).history}"
        )
        return 0
    before = accounts.all()
    given = ask(f"Password for {name}, {SHORTEST} to {LONGEST:,} characters: ")
    if ask("Once more: ") != given:
        raise ConfigError("The two passwords differ. Nothing was changed.")
    accounts.set_password(name, given)
    _say(f"The password of {name} is set: {file}")
    if not before:
        _say("The first user: a Second Look that is running asks who one is after a restart.")
    elif name not in before:
        _say(f"A Second Look that is running lets {name} in at once.")
    return 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201  beside a command's output
