"""Runs Second Look as its own process, as a user does, and watches what leaves it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Every look-up and connection of the process goes through this hook. What does not stay on this
# machine is written down and refused.
WATCHED = """
import sys
def watch(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        inside = isinstance(address, (str, bytes)) or address[0] in ("127.0.0.1", "::1")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        inside = args[0] in (None, "", "127.0.0.1", "::1", "localhost")
    else:
        return
    if not inside:
        with open("outside.txt", "a") as log:
            log.write(f"{event} {args!r}\\n")
        raise OSError("refused by the test")
sys.addaudithook(watch)
"""
PROGRAM = f"{WATCHED}from app.cli import main; sys.exit(main(sys.argv[1:]))"


def run(
    folder: Path, *args: str, code: str = PROGRAM, limit_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` to its end."""
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )


@contextlib.contextmanager
def page(folder: Path, *args: str) -> Iterator[str]:
    """Serve the page from ``folder``; yield its address; end it as a user does."""
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "--port", "0", "--no-browser", *args],
            cwd=folder,
            env=_environment(folder),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "http://" in line, (folder / "log.txt").read_text()
            yield line.split()[2]
        finally:
            process.terminate()
            process.communicate(timeout=120)


def outside(folder: Path) -> list[str]:
    """Return what a process of ``folder`` tried to reach beyond this machine."""
    log = folder / "outside.txt"
    return log.read_text().splitlines() if log.exists() else []


def turns(folder: Path) -> list[dict[str, object]]:
    """Return the turns saved under ``folder``, by file name."""
    return [
        json.loads(path.read_text()) for path in sorted(folder.glob("history/[0-9]*/[0-9]*.json"))
    ]


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"HOME": str(folder), "PYTHONPATH": str(ROOT)}
