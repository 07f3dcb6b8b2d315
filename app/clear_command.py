"""``python -m app clear``: what a clear has on disk, without the page, and an honest receipt."""

import json

from app.clear import Receipt, clear_beside
from app.config import Config, folder
from vision.engine import Level

_ON_DISK_ONLY = "This command clears files. A light or medium clear gives back memory alone."
_BESIDE = (
    "{count} running page(s) use this folder: their memory is out of reach from here, and their "
    "uploads were left. Use the page's clear button."
)


def clear(config: Config, level: Level, *, as_json: bool, dry_run: bool) -> int:
    """Clear ``level``, or with ``dry_run`` say what it would; print the receipt. Return 0.

    Raise ``TmpNotOurs``, ``TmpUnusable``.
    """
    receipt, running = clear_beside(folder(config.tmp.root), level, dry_run=dry_run)
    notes = [] if level == "deep" else [_ON_DISK_ONLY]
    if running:
        notes.append(_BESIDE.format(count=running))
    if as_json:
        record = receipt.record() | {"dry_run": dry_run, "pages_running": running, "notes": notes}
        print(json.dumps(record))  # noqa: T201  asked for
    else:
        _print(receipt, notes, dry_run=dry_run)
    return 0


def _print(receipt: Receipt, notes: list[str], *, dry_run: bool) -> None:
    for bucket, before in receipt.before.items():
        after = "would go" if dry_run else f"{receipt.after[bucket]:>14,} after"
        print(f"{bucket:10} {before:>14,} bytes {after}")  # noqa: T201
    for path in receipt.left:
        print(f"left, in use: {path}")  # noqa: T201
    for note in notes:
        print(f"note: {note}")  # noqa: T201
