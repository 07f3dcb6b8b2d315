"""A page for several users, with real parts around a fake engine, and how they come in."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from app.access.accounts import Accounts
from app.assistant import Assistant
from app.config import Config, HistoryConfig, ServerConfig, TmpConfig
from app.guard import own_hosts
from app.serve import application
from tests.api_lab import listening, running
from tests.routes_lab import routes_of

PASSWORDS = {"anna": "correct horse battery", "bob": "staple of another kind"}
QUICK = PasswordHasher.from_parameters(CHEAPEST)  # the hashes of tests need no time


def accounts_at(folder: Path, passwords: dict[str, str] | None = None) -> Accounts:
    """Return a file of users with their passwords."""
    accounts = Accounts(folder / "users.json", QUICK)
    for name, password in (passwords or PASSWORDS).items():
        accounts.set_password(name, password)
    return accounts


@dataclass(frozen=True)
class Served:
    """A page that is served, and all its routes, as method and path."""

    url: str
    routes: frozenset[tuple[str, str]]


@contextlib.contextmanager
def users_served(
    assistant: Assistant, folder: Path, passwords: dict[str, str] | None = None, **server: object
) -> Iterator[Served]:
    """Serve a page for the users of ``PASSWORDS``, or others."""
    apps: list[object] = []
    accounts = accounts_at(folder, passwords)
    config = Config(
        history=HistoryConfig(root=str(folder / "history")),
        tmp=TmpConfig(root=str(folder / "tmp")),
        server=ServerConfig(**server),
    )
    with listening() as bound:
        hosts = own_hosts("127.0.0.1", bound.getsockname()[1])

        def made() -> object:
            apps.append(application(assistant, config, hosts, accounts))
            return apps[0]

        # Made where a loop runs: see api_lab.page_served.
        with running(made, bound, factory=True) as url:
            httpx.get(f"{url}/healthz", timeout=60)
            yield Served(url, frozenset(routes_of(apps[0])))


def signed_in(url: str, name: str, password: str = "") -> httpx.Client:
    """Return a client with a user's cookie, to be closed."""
    client = httpx.Client(base_url=url, headers={"origin": url}, timeout=60)
    given = {"name": name, "password": password or PASSWORDS[name]}
    answer = client.post("/sign-in", data=given)
    assert answer.status_code == 303, answer.text
    return client
