"""``python -m bench NAME [--json] [arguments]``: run ``bench/NAME.py`` and print its figures.

A measure is a module with ``run(arguments) -> dict[str, float]`` that prints a table, the peer's
way beside ours. With ``--json``, stdout is one JSON object of the figures; the table is on stderr.
"""

import argparse
import json
import pkgutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

import bench
from bench.machine import describe


def measures() -> list[str]:
    """Return the names of what can be measured: the modules that have a ``run``."""
    folder = Path(bench.__file__).parent
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__))
    return [n for n in names if "\ndef run(" in (folder / f"{n}.py").read_text(encoding="utf-8")]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table or the JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("name", choices=measures(), metavar="NAME", help=", ".join(measures()))
    parser.add_argument("--json", action="store_true", help="print one JSON object of figures")
    args, rest = parser.parse_known_args(argv)
    with redirect_stdout(sys.stderr if args.json else sys.stdout):
        print(describe(), end="\n\n")
        figures: dict[str, float] = import_module(f"bench.{args.name}").run(rest)
    if args.json:
        print(json.dumps({name: round(value, 4) for name, value in figures.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
