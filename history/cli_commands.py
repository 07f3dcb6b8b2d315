"""What each command of the command line does, and what it says."""

import json
import os
import sys
from argparse import Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from history.errors import FormatUnknown, NameRefused
from history.export import Format, export
from history.importing import import_file
from history.names import shown as printable
from history.pages import write_pages
from history.plot import latencies, write_plot
from history.receipts import receipts
from history.repair import repair
from history.search import Filters
from history.selection import Selection
from history.store import Store
from history.tables import write_table
from history.trash import Trashed
from history.turn import Turn, encode
from history.verify import verify


@dataclass(frozen=True, slots=True)
class Said:
    """What a command prints, and its exit code."""

    text: str
    json: Any  # whatever JSON can hold
    code: int = 0


def place_of(name: str) -> tuple[str, int | None]:
    """Return the conversation, and the turn if it is one, of ID: CONVERSATION or CONVERSATION/7."""
    conversation, slash, number = name.partition("/")
    if not slash:
        return conversation, None
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004  names.TURN
        raise NameRefused(name=printable(name))
    return conversation, int(number)


def listed(store: Store, _args: Namespace) -> Said:
    """List conversations."""
    found = store.conversations()
    lines = [
        f"{each.id}  {each.updated_at[:16].replace('T', ' ')}  {each.turns:4}  "
        f"{'* ' if each.pinned else ''}{each.title}{''.join(f'  #{tag}' for tag in each.tags)}"
        for each in found
    ]
    return Said("\n".join(lines), [asdict(each) for each in found])


def shown(store: Store, args: Namespace) -> Said:
    """Show a conversation or a turn."""
    conversation_id, turn_id = place_of(args.id)
    conversation = store.conversation(conversation_id)
    turns = store.turns(conversation_id) if turn_id is None else [store.turn(*_turn(args.id))]
    head = f"{conversation.title}\n" if turn_id is None else ""
    record = {"conversation": asdict(conversation), "turns": list(map(_record, turns))}
    return Said(head + "\n".join(map(_turn_text, turns)), record)


def searched(store: Store, args: Namespace) -> Said:
    """Find turns."""
    filters = Filters(
        args.since, args.until, args.engine, args.job, args.picture, args.total_from, args.total_to
    )
    hits = store.search(" ".join(args.query), filters, args.limit)
    lines = [f"{_id(hit.conversation_id, hit.turn_id)}  {hit.title}\n    {hit.excerpt}"
             for hit in hits]  # fmt: skip
    return Said("\n".join(lines), [asdict(hit) for hit in hits])


def exported(store: Store, args: Namespace) -> Said:
    """Write a file."""
    form = args.format or args.out.suffix.lower().lstrip(".")
    if form not in ("zip", "json", "md", "html"):
        raise FormatUnknown(name=printable(args.out.name))
    metadata = args.with_metadata
    chosen = selection_of(args.ids)
    done = export(store, args.out, cast("Format", form), chosen, metadata=metadata)
    counts = f"{done.conversations} conversations, {done.turns} turns, {done.pictures} pictures"
    lines = [f"{args.out}: {counts}", *done.left_out]
    if done.cleaned:
        lines.append(
            f"{done.cleaned} of the pictures are without what told where, when and with what they "
            f"were taken; --with-metadata leaves it in."
        )
    return Said("\n".join(lines), asdict(done) | {"path": str(done.path)})


def imported(store: Store, args: Namespace) -> Said:
    """Take a file over."""
    done = import_file(store, args.file, dry_run=args.dry_run)
    added = (len(done.conversations), done.turns, len(done.pictures))
    lines = ["{} conversations, {} turns, {} pictures {}".format(
        *added, "would be added" if args.dry_run else "added"
    )]  # fmt: skip
    lines += [f"{here}" + f", in the file {there}" * (here != there)
              for there, here in done.conversations.items()]  # fmt: skip
    lines += [f"skipped {each.name}: {each.reason}" for each in done.skipped]
    lines += [f"missing images/{each.sha256}.{each.format}" for each in done.missing]
    return Said("\n".join(lines), asdict(done))


def renamed(store: Store, args: Namespace) -> Said:
    """Name, pin, tag."""
    if args.title is not None:
        store.rename(args.id, args.title)
    if args.pin is not None:
        store.pin(args.id, args.pin)
    if args.tags is not None:
        store.tag(args.id, args.tags)
    conversation = store.conversation(args.id)
    return Said(conversation.title, asdict(conversation))


def deleted(store: Store, args: Namespace) -> Said:
    """Move to the trash."""
    conversation_id, turn_id = place_of(args.id)
    if turn_id is None:
        gone = store.trash.delete_conversation(conversation_id)
    else:
        gone = store.trash.delete_turn(conversation_id, turn_id)
    return Said(f"{gone.id}\npython -m history undo brings it back.", asdict(gone))


def undone(store: Store, args: Namespace) -> Said:
    """Bring back."""
    if args.list:
        entries = store.trash.entries()
        return Said("\n".join(map(_trashed, entries)), [asdict(each) for each in entries])
    back = store.trash.undo(args.trash_id)
    return Said(_id(back.conversation_id, back.turn_id), asdict(back))


def verified(store: Store, _args: Namespace) -> Said:
    """Look at every file."""
    store.root.stat()  # one that is not there is not well
    report = verify(store)
    lines = [f"{each.file}: {each.kind}: {each.text}" for each in report.faults]
    lines.append(f"{report.conversations} conversations, {report.turns} turns, "
                 f"{report.pictures} pictures: {len(report.faults)} faults")  # fmt: skip
    return Said("\n".join(lines), asdict(report), 1 if report.faults else 0)


def repaired(store: Store, args: Namespace) -> Said:
    """Mend, or say how."""
    store.root.stat()
    done = repair(store, verify(store).faults, dry_run=not args.apply)
    lines = [f"{each.fault.file}: {each.done}" for each in done]
    if done and not args.apply:
        lines.append("Nothing was changed: --apply does it.")
    record = {"applied": args.apply, "faults": [asdict(each) for each in done]}
    return Said("\n".join(lines), record, 1 if not all(each.mended for each in done) else 0)


def plotted(store: Store, args: Namespace) -> Said:
    """Draw latencies."""
    found = latencies(store, selection_of(args.ids))
    paths = [str(path) for path in write_plot(found, args.out)]
    return Said("\n".join(paths), {"turns": [asdict(each) for each in found], "files": paths})


def receipts_written(store: Store, args: Namespace) -> Said:
    """Write a table."""
    table = receipts(store, selection_of(args.ids))
    write_table(table, args.out)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return Said(f"{args.out}: {len(rows)} rows", {"file": str(args.out), "rows": rows})


def pages_written(store: Store, args: Namespace) -> Said:
    """Write pages."""
    paths = [str(path) for path in write_pages(store, args.out, selection_of(args.ids))]
    return Said("\n".join(paths), {"files": paths})


def replayed(store: Store, args: Namespace) -> Said:
    """Hand over to the application, which has the engines. Does not return."""
    store.turn(*_turn(args.id))  # what is not there is said here
    words = [sys.executable, "-m", "app", "replay", args.id]
    words += ["--json"] if args.json else []
    words += ["--root", str(args.root)] if args.root != Path("history") else []
    sys.stdout.flush()
    os.execv(sys.executable, words)  # noqa: S606  our own program


def collected(store: Store, args: Namespace) -> Said:
    """Remove old trash, then pictures that nothing refers to."""
    trash = len(store.trash.expired(args.days)) if args.dry_run else store.purge(args.days)
    unused = store.remove_unused_pictures(dry_run=args.dry_run)
    text = (f"{trash} things of the trash and {unused.pictures} pictures "
            f"({unused.bytes:,} bytes) {'would go' if args.dry_run else 'removed'}")  # fmt: skip
    return Said(text, {"trash": trash, **asdict(unused), "dry_run": args.dry_run})


def selection_of(ids: list[str]) -> Selection | None:
    """Return what a command is to be about: the ids given, or everything."""
    if not ids:
        return None
    selection: dict[str, set[int] | None] = {}
    for conversation_id, turn_id in map(place_of, ids):
        chosen = selection.setdefault(conversation_id, set())
        if turn_id is None or chosen is None:
            selection[conversation_id] = None
        else:
            chosen.add(turn_id)
    return selection


def _turn(name: str) -> tuple[str, int]:
    conversation_id, turn_id = place_of(name)
    if turn_id is None:
        raise NameRefused(name=printable(name))
    return conversation_id, turn_id


def _id(conversation_id: str, turn_id: int | None) -> str:
    return conversation_id if turn_id is None else f"{conversation_id}/{turn_id}"


def _trashed(entry: Trashed) -> str:
    return f"{entry.id}  deleted {entry.deleted_at[:16].replace('T', ' ')}"


def _record(turn: Turn) -> Any:  # whatever JSON can hold
    """Return a turn as its file has it, or what stands in for one that cannot be read."""
    return asdict(turn) if turn.damaged else json.loads(encode(turn))


def _turn_text(turn: Turn) -> str:
    pictures = "".join(f"[{image.name or image.sha256}] " for image in turn.images)
    prompt = f"\n{turn.id}  {turn.timestamp}\n> {pictures}{turn.prompt}"
    return f"{prompt}\n\n{turn.reply or turn.error.get('text', '')}"
