"""Where a batch writes: lines, a table made from lines, or pages beside lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Literal, Self

from app.batch.journal import Journal, Record, latest
from app.batch.results import Result
from app.config import ConfigError
from vision.engine import Job

_TABLES = (".csv", ".xlsx")
_LINES = "results.jsonl"  # in a folder of pages


@dataclass(frozen=True, slots=True)
class Target:
    """What the user asked for with ``--out``, and where its lines are."""

    out: Path
    journal: Path
    kind: Literal["lines", "table", "pages"]

    @classmethod
    def of(cls, out: Path, job: Job) -> Self:
        """Return where ``job`` can write ``out``. Raise ``ConfigError``."""
        if job == "html":
            return cls(out, _made(out) / _LINES, "pages")
        if not out.absolute().parent.is_dir():
            raise ConfigError(f"batch: there is no folder {out.parent} to write {out.name} into.")
        if out.suffix.lower() == ".jsonl":
            return cls(out, out, "lines")
        if out.suffix.lower() in _TABLES and job == "receipt":
            return cls(out, out.with_name(f".{out.name}.jsonl"), "table")
        endings = ".jsonl, .csv or .xlsx" if job == "receipt" else ".jsonl"
        raise ConfigError(f"batch: --job {job} writes a file that ends in {endings}, not {out}.")

    def write(self, result: Result, journal: Journal, pages: dict[str, str]) -> None:
        """Write what was found of one file: its page first, then the line that speaks of it.

        ``pages`` has the names that are taken, by the files'; a new one is added.
        """
        if same := result.record.get("same_as"):
            result = self._copied(result, journal.line(same))
        record = result.record
        if result.page:
            image = record["image"]
            pages[image] = name = _free(image, pages)
            fresh = self.out / f".{name}.tmp"
            fresh.write_text(result.page, encoding="utf-8")
            fresh.replace(self.out / name)
            record = {"image": image, "html": name} | record
        journal.append(record)

    def _copied(self, result: Result, line: Record) -> Result:
        """Return what was found of an equal file as that of this one."""
        html = line.pop("html", None)
        page = (self.out / html).read_text(encoding="utf-8") if html else ""
        return Result(line | result.record, page)

    def finish(self) -> None:
        """Write the table, whole, from the lines there are."""
        if self.kind == "table":
            # Imported late: only tables need it.
            from app.batch.tables import write_receipts

            write_receipts(latest(self.journal), self.out)


def _made(folder: Path) -> Path:
    """Make a folder for pages. Raise ``ConfigError`` where pages that are not ours would go."""
    if folder.suffix.lower() in (".html", ".jsonl", *_TABLES) or folder.is_file():
        raise ConfigError(f"batch: --job html writes a folder, not {folder}.")
    if not (folder / _LINES).exists() and any(folder.glob("*.html")):
        raise ConfigError(f"batch: {folder} has pages already that this would write over.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _free(image: str, pages: Mapping[str, str]) -> str:
    """Return a name for a page that no other has: two folders may each have a ``1.png``."""
    taken = {name.casefold() for other, name in pages.items() if other != image}
    stem = Path(image).stem
    names = chain([f"{stem}.html"], (f"{stem}-{number}.html" for number in count(2)))
    return next(name for name in names if name.casefold() not in taken)
