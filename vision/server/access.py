"""Where the server is, and what opens it: the address and the key.

The key is read when the engine loads and held by the client alone: no setting, error, log line or
turn ever has it.
"""

import os
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from vision.server.errors import AddressUnusable, KeyUnusable

KEY_VARIABLE = "SECOND_LOOK_API_KEY"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    base_url: str  # what paths such as /chat/completions are added to
    shown: str  # scheme, host and port: what people are told
    loopback: bool  # on this machine


def address_of(url: str) -> Address:
    """Read ``url``; without a path, /v1 is meant. Raise ``AddressUnusable``."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressUnusable(url=_without_secrets(url), reason=str(error)) from error
    if parts.username or parts.password:
        raise AddressUnusable(url=_without_secrets(url), reason="a key does not belong there")
    if parts.scheme not in ("http", "https") or not host:
        raise AddressUnusable(url=url, reason="it does not begin with http:// or https://")
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port else ""
    path = parts.path.rstrip("/") or "/v1"
    return Address(
        urlunsplit((parts.scheme, place, path, "", "")),
        f"{parts.scheme}://{place}",
        is_loopback(url),
    )


def is_loopback(url: str) -> bool:
    """Tell whether an address is this machine's own."""
    host = urlsplit(url.strip()).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def key_of(key_file: str) -> str:
    """Return the key from the environment, else from ``key_file``; "" for none.

    Raise ``KeyUnusable`` where others can read the file.
    """
    if key := os.environ.get(KEY_VARIABLE, "").strip():
        return _checked(key, KEY_VARIABLE)
    if not key_file:
        return ""
    path = Path(key_file).expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            key = file.read(4_096).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise KeyUnusable(source=path, reason=reason) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyUnusable(source=path, reason=f"others may read or write it, its mode is {mode:o}")
    if not key:
        raise KeyUnusable(source=path, reason="it is empty")
    return _checked(key, str(path))


def _checked(key: str, source: str) -> str:
    # It becomes part of a header; a library's complaint about one would quote it.
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise KeyUnusable(source=source, reason="it is more than a key, or none")
    return key


def _without_secrets(url: str) -> str:
    """Return ``url`` without what stands before an @, for an error's text."""
    scheme, _, rest = url.strip().rpartition("//")
    return f"{scheme}//{rest.rpartition('@')[2]}" if scheme else rest.rpartition("@")[2]
