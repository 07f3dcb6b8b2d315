"""The token that programs must know, and where it is looked for in a request."""

import logging
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers

from app.config import ConfigError, ServerConfig

log = logging.getLogger(__name__)

VARIABLE = "SECOND_LOOK_TOKEN"
_SHORTEST = 22  # characters: 128 bits in base64
_MAKE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OTHERS = 0o077  # what a file's mode lets others do


def token_for(server: ServerConfig, environment: Mapping[str, str] = os.environ) -> str:
    """Return the token that programs must send, "" for none. Raise ``ConfigError``.

    None is needed by programs of this machine: the guard keeps other sites' pages away.
    """
    token = environment.get(VARIABLE, "").strip() or _read(server.token_file)
    if not token:
        if (server.api or server.mcp) and server.host not in _LOOPBACK:
            raise ConfigError(
                f"[server]: on host '{server.host}' programs need a token. Set {VARIABLE}, or "
                f"token_file to a file that holds one: {_MAKE}"
            )
        return ""
    if len(token) < _SHORTEST or len(set(token)) < _SHORTEST // 3 or not token.isascii():
        raise ConfigError(
            f"[server]: the token is too easy to guess; it needs {_SHORTEST} random "
            f"characters or more: {_MAKE}"
        )
    return token


def _read(name: str) -> str:
    if not name:
        return ""
    file = Path(name).expanduser()
    try:
        if file.stat().st_mode & _OTHERS:
            log.warning("token_file can be read by other users file=%s", file)
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[server]: token_file '{name}' cannot be read: {error}.") from error


def knows(headers: Headers, token: str) -> bool:
    """Tell whether a request has the token; any has where there is none."""
    if not token:
        return True
    scheme, _, given = headers.get("authorization", "").partition(" ")
    # In constant time: how long it takes says nothing about how much of it was right.
    same = secrets.compare_digest(given.strip().encode(), token.encode())
    return same and scheme.lower() == "bearer"
