"""The command line: arguments in, exit code out.

``python -m app`` serves the page, ``ask`` sends one turn without it, ``batch`` reads a folder.
Exit codes: 0 done or ended by the user, 1 the reply or the engine failed, 2 a command or config
that cannot be acted on.
"""

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from app.config import Config, ConfigError, load
from app.errors import TmpNotOurs, TmpUnusable
from history import HistoryError
from vision.errors import VisionError
from vision.settings import Kind

KINDS = get_args(Kind)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` asks for."""
    args = _parser().parse_args(argv)
    # What ends a service ends as Ctrl+C does: the write under way is finished, the turn closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(
        level=logging.DEBUG
        if args.debug
        else logging.INFO
        if args.command is None
        else logging.ERROR,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        return _COMMANDS[args.command](args, load(args.config, _overrides(args)))
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (VisionError, HistoryError) as error:
        print(f"error: {error} {error.hint}".rstrip(), file=sys.stderr)
        return 2 if isinstance(error, (TmpNotOurs, TmpUnusable)) else 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="default: ./config.toml")
    common.add_argument("--engine", choices=KINDS, help="which engine answers; default: auto")
    common.add_argument(
        "--model", help="a hub name, a folder with weights, or a server's name for it"
    )
    common.add_argument(
        "--url", help="an OpenAI-compatible server, such as http://127.0.0.1:8000/v1"
    )
    common.add_argument("--debug", action="store_true", help="log more")
    parser = argparse.ArgumentParser(
        "second-look", description="A local, private assistant for pictures.", parents=[common]
    )
    parser.add_argument("--host", help="default: 127.0.0.1")
    parser.add_argument("--port", type=int, help="default: 7860; 0 takes a free one")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--demo", action="store_true", help="look around in three examples")
    commands = parser.add_subparsers(dest="command", title="without the page")

    ask = commands.add_parser("ask", parents=[common], help="send one turn, print the reply")
    ask.add_argument("words", nargs="+", metavar="PICTURE… QUESTION")
    ask.add_argument("--json", action="store_true", help="print the turn as it is saved")

    batch = commands.add_parser(
        "batch",
        parents=[common],
        help="read every picture of a folder",
        description="Read every picture and PDF below a folder. A file is a line, or a page; a bad "
        "one is a line with its error. Ended or killed, the same command goes on: nothing is lost, "
        "nothing read twice, and what failed is tried again. A file equal to another is not read: "
        "its line says the same, and names it (same_as). The pages of a PDF are read as one.",
    )
    batch.add_argument("--job", choices=["text", "receipt", "html"], default="text")
    batch.add_argument(
        "--schema", metavar="FILE", help="a JSON schema of your own: its fields of receipts, too"
    )
    batch.add_argument("folder", type=Path)
    batch.add_argument(
        "--out",
        type=Path,
        required=True,
        help="text, receipt: FILE.jsonl; receipt: also FILE.csv or FILE.xlsx, made from lines that "
        "are kept in .FILE.csv.jsonl beside it; html: a folder for NAME.html and results.jsonl",
    )
    batch.add_argument(
        "--watch", action="store_true", help="keep reading what arrives, until Ctrl+C"
    )

    replay = commands.add_parser(
        "replay", parents=[common], help="answer a saved turn once more, and compare"
    )
    replay.add_argument("turn", metavar="CONVERSATION/NUMBER")
    replay.add_argument("--root", help="where conversations are; default: [history] root")
    replay.add_argument("--json", action="store_true", help="print the comparison as JSON")

    score = commands.add_parser(
        "score",
        parents=[common],
        help="say how often each engine was right, by the receipts you corrected",
        description="Compare what each engine, model and resolution said with the receipts in "
        "history that were corrected or confirmed on the page.",
    )
    score.add_argument("--root", help="where conversations are; default: [history] root")
    score.add_argument(
        "--run", action="store_true", help="have the engine read all of them again, now"
    )
    score.add_argument("--json", action="store_true", help="print the scores as JSON")

    clear = commands.add_parser(
        "clear",
        parents=[common],
        help="give back what a clear leaves on disk",
        description="Empty ./tmp, KV snapshots included, without touching history. The memory of a "
        "page that is running is its own: clear it with the page's button.",
    )
    clear.add_argument("--level", choices=["light", "medium", "deep"], default="deep")
    clear.add_argument("--json", action="store_true", help="print the receipt as JSON")
    clear.add_argument("--dry-run", action="store_true", help="only say what there is")

    password = commands.add_parser(
        "password",
        parents=[common],
        help="let somebody sign in, with a history of their own",
        description="Add a user, or give one another password. With users, everybody signs in, and "
        "each has conversations, pictures and files of their own. The passwords are kept as "
        "argon2id hashes in [server] users, a file that only you may read.",
    )
    password.add_argument("name", metavar="NAME")
    wanted = password.add_mutually_exclusive_group()
    wanted.add_argument(
        "--token", dest="wanted", action="store_const", const="token",
        help="print a new token for programs of this user; the one before ends",
    )  # fmt: skip
    wanted.add_argument(
        "--remove", dest="wanted", action="store_const", const="remove",
        help="remove the user; the conversations stay",
    )  # fmt: skip
    password.set_defaults(wanted="password")
    return parser


def _overrides(args: argparse.Namespace) -> Mapping[str, Mapping[str, object]]:
    given: dict[str, dict[str, object]] = {
        "history": {"root": getattr(args, "root", None)},
        "engine": {"kind": args.engine, "model": args.model, "url": args.url},
        "receipt": {"schema": getattr(args, "schema", None)},
        "server": {
            "host": getattr(args, "host", None),
            "port": getattr(args, "port", None),
            "open_browser": False if getattr(args, "no_browser", False) else None,
        },
    }
    return {
        table: {key: value for key, value in keys.items() if value is not None}
        for table, keys in given.items()
    }


# Imported late: --help and a config error should not wait seconds for Gradio or an engine.


def _page(args: argparse.Namespace, config: Config) -> int:
    from app.demo import demo
    from app.serve import serve

    (demo if args.demo else serve)(config)
    return 0


def _ask(args: argparse.Namespace, config: Config) -> int:
    from app.ask import ask

    return ask(config, args.words, as_json=args.json)


def _batch(args: argparse.Namespace, config: Config) -> int:
    from app.batch import batch

    return batch(config, args.folder, args.out, args.job, watch=args.watch)


def _replay(args: argparse.Namespace, config: Config) -> int:
    from app.replay import replay

    return replay(config, args.turn, as_json=args.json)


def _score(args: argparse.Namespace, config: Config) -> int:
    from app.score import score_engines

    return score_engines(config, run=args.run, as_json=args.json)


def _clear(args: argparse.Namespace, config: Config) -> int:
    from app.clear_command import clear

    return clear(config, args.level, as_json=args.json, dry_run=args.dry_run)


def _password(args: argparse.Namespace, config: Config) -> int:
    from app.access.command import password

    return password(config, args.name, args.wanted)


_COMMANDS: Mapping[str | None, Callable[[argparse.Namespace, Config], int]] = {
    None: _page,
    "ask": _ask,
    "batch": _batch,
    "replay": _replay,
    "score": _score,
    "clear": _clear,
    "password": _password,
}
