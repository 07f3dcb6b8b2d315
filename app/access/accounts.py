"""The users and what proves who they are: a file that only its owner may read.

A password is kept as its argon2id hash. A token is 256 random bits, so its SHA-256 is enough: what
cannot be guessed needs no slow hash.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pydantic import TypeAdapter, ValidationError

from app.config import ConfigError
from history import files

SHORTEST, LONGEST = 12, 1_024  # characters of a password
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")  # it names a folder
_OTHERS = 0o077  # what a file's mode lets others do


@dataclass(frozen=True, slots=True)
class Account:
    """What proves that somebody is a user."""

    password: str = ""  # argon2id; "" for none
    token: str = ""  # SHA-256, as hex digits; "" for none


_FILE = TypeAdapter(dict[str, Account])


class Accounts:
    """The users of a file, read again whenever it has changed; safe to use from any thread."""

    def __init__(self, file: Path, hasher: PasswordHasher | None = None) -> None:
        self._file = file
        self._hasher = hasher or PasswordHasher()
        self._read: tuple[tuple[int, int], Mapping[str, Account]] | None = None

    @cached_property
    def _nobody(self) -> str:
        """The hash of no password."""
        return self._hasher.hash(secrets.token_hex(16))

    def all(self) -> Mapping[str, Account]:
        """Return the users by name; none where there is no file. Raise ``ConfigError``."""
        try:
            state = self._file.stat()
            if state.st_mode & _OTHERS:
                raise ConfigError(f"{self._file} can be read by others: chmod 600 it.")
            stamp = state.st_mtime_ns, state.st_ino
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, _parsed(self._file.read_bytes(), self._file)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigError(f"{self._file} cannot be read: {error.strerror}.") from error
        return self._read[1]

    def knows(self, name: str, password: str) -> bool:
        """Tell whether it is this user's password; for whom there is not, it takes as long."""
        account = self.all().get(name, Account())
        nobody = self._nobody  # made by the first try, whoever it names
        try:
            known = self._hasher.verify(account.password or nobody, password)
        except VerificationError:
            return False
        return known and bool(account.password)

    def with_token(self, token: str) -> str | None:
        """Return whose token it is."""
        digest, found = _digest(token), None
        for name, account in self.all().items():
            if account.token and hmac.compare_digest(digest, account.token):
                found = name
        return found

    def set_password(self, name: str, password: str) -> None:
        """Add a user, or give one another password. Raise ``ConfigError``."""
        check_name(name)
        if not SHORTEST <= len(password) <= LONGEST:
            raise ConfigError(
                f"The password has {len(password)} characters; it needs {SHORTEST} or more."
                if len(password) < SHORTEST
                else f"The password has more than {LONGEST} characters."
            )
        self._set(name, password=self._hasher.hash(password))

    def new_token(self, name: str) -> str:
        """Give a user a new token for programs; only its hash is kept."""
        if name not in self.all():
            raise ConfigError(f"There is no user '{name}': python -m app password {name}")
        token = secrets.token_urlsafe(32)
        self._set(name, token=_digest(token))
        return token

    def remove(self, name: str) -> None:
        """Remove a user; the conversations stay. Raise ``ConfigError``."""
        accounts = dict(self.all())
        if accounts.pop(name, None) is None:
            raise ConfigError(f"There is no user '{name}'.")
        self._write(accounts)

    def _set(self, name: str, **changed: str) -> None:
        accounts = self.all()
        account = replace(accounts.get(name, Account()), **changed)
        self._write({**accounts, name: account})

    def _write(self, accounts: Mapping[str, Account]) -> None:
        """Write all, or nothing, so that only the file's owner can read it."""
        content = json.dumps({name: asdict(each) for name, each in accounts.items()}, indent=2)
        try:
            files.write(self._file, f"{content}\n".encode(), self._file.parent)
        except OSError as error:
            raise ConfigError(f"{self._file} cannot be written: {error.strerror}.") from error


def check_name(name: str) -> None:
    """Raise ``ConfigError`` for what cannot be a user's name."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"'{name[:40]}' cannot be a user's name: use up to 32 of the characters a-z, 0-9, "
            f"_ and -, a letter or digit first."
        )


def _parsed(content: bytes, file: Path) -> Mapping[str, Account]:
    try:
        accounts = _FILE.validate_json(content)
    except ValidationError as error:
        raise ConfigError(f"{file} is no file of users: {error.errors()[0]['msg']}.") from error
    for name in accounts:
        check_name(name)
    return accounts


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
