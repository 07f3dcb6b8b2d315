"""The command line: arguments in, exit code out. Each command can be used while the page runs.

Exit codes: 0 done, and for ``verify`` that all is well; 1 it was refused, or ``verify`` found
something; 2 a command that cannot be understood, or a store that cannot be looked at.
"""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from history import cli_commands as commands
from history.errors import HistoryError
from history.store import Store
from history.trash import KEPT_DAYS

# What a command prints, as text and as JSON, and its exit code.
Command = Callable[[Store, argparse.Namespace], commands.Said]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` asks for."""
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        said = _COMMANDS[args.command](Store(args.root), args)
    except HistoryError as error:
        return _failed(args, error.record(), f"{error} {error.hint}", 1)
    except OSError as error:
        text = f"{error.filename or args.root}: {error.strerror}."
        return _failed(args, {"text": text}, text, 2)
    if args.json:
        _print(json.dumps(said.json, indent=1))
    else:
        _print(said.text)
    return said.code


def _failed(args: argparse.Namespace, record: Mapping[str, Any], text: str, code: int) -> int:
    if args.json:
        _print(json.dumps({"error": record}, indent=1))
    sys.stderr.write(f"error: {text.rstrip()}\n")
    return code


def _print(text: str) -> None:
    # A terminal may not know a character, and a prompt may hold half of one.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n" * bool(text))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--root", type=Path, default=Path("history"), help="default: ./history")
    common.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(
        "python -m history", description="Look at, mend and carry off past conversations."
    )
    adding = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return adding.add_parser(name, parents=[common], help=text, description=text)

    def with_ids(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument("ids", nargs="*", metavar="ID", help="default: everything")
        return made

    command("list", "list conversations, newest first")
    command("show", "show a conversation or a turn").add_argument("id", metavar="ID")
    _search_arguments(command("search", "find turns by their words"))
    export = with_ids(command("export", "write conversations or turns to one file"))
    export.add_argument("--format", choices=["zip", "json", "md", "html"], help="default: by name")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument(
        "--with-metadata", action="store_true", help="leave in photos where they were taken"
    )
    taking = command("import", "take over what was exported; nothing is overwritten")
    taking.add_argument("file", type=Path, metavar="FILE")
    taking.add_argument("--dry-run", action="store_true", help="only say what would be done")
    rename = command("rename", "name a conversation, pin it, give it tags")
    rename.add_argument("id", metavar="ID")
    rename.add_argument("title", nargs="?", help="empty: from the first prompt again")
    rename.add_argument("--pin", action=argparse.BooleanOptionalAction)
    rename.add_argument("--tags", nargs="*", metavar="TAG", help="in place of those it has")
    command("delete", "move a conversation or a turn to the trash").add_argument("id", metavar="ID")
    undo = command("undo", "bring back what was deleted last, or what is named")
    undo.add_argument("trash_id", nargs="?", metavar="NAME")
    undo.add_argument("--list", action="store_true", help="only say what can be brought back")
    command("verify", "look at every file; exit code 1 where something is wrong")
    repair = command("repair", "say how to mend what verify finds, and with --apply do it")
    repair.add_argument("--apply", action="store_true")
    plot = with_ids(command("plot", "draw latencies by turn, as PNG and SVG"))
    plot.add_argument("--out", type=Path, default=Path("latency.png"), metavar="FILE")
    receipts = with_ids(command("receipts", "write the fields found to a table"))
    receipts.add_argument("--out", type=Path, required=True, metavar="FILE.csv|FILE.xlsx")
    pages = with_ids(command("pages", "write the web pages in replies to files"))
    pages.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    command("replay", "ask a turn again, and say where the reply differs").add_argument(
        "id", metavar="ID"
    )
    gc = command("gc", "remove pictures that nothing refers to, and old trash")
    gc.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    gc.add_argument("--days", type=float, default=KEPT_DAYS, help="age of trash to remove; 30")
    return parser


def _search_arguments(search: argparse.ArgumentParser) -> None:
    search.add_argument("query", nargs="*", metavar="WORD")
    search.add_argument("--since", default="", metavar="DATE", help="2026, 2026-02, 2026-02-14")
    search.add_argument("--until", default="", metavar="DATE", help="the same, included")
    search.add_argument("--engine", default="")
    search.add_argument("--job", default="")
    search.add_argument("--picture", action=argparse.BooleanOptionalAction, help="has a picture")
    search.add_argument("--total-from", type=float, metavar="AMOUNT")
    search.add_argument("--total-to", type=float, metavar="AMOUNT")
    search.add_argument("--limit", type=int, default=50)


_COMMANDS: Mapping[str, Command] = {
    "list": commands.listed,
    "show": commands.shown,
    "search": commands.searched,
    "export": commands.exported,
    "import": commands.imported,
    "rename": commands.renamed,
    "delete": commands.deleted,
    "undo": commands.undone,
    "verify": commands.verified,
    "repair": commands.repaired,
    "plot": commands.plotted,
    "receipts": commands.receipts_written,
    "pages": commands.pages_written,
    "replay": commands.replayed,
    "gc": commands.collected,
}
