"""``python -m app batch``: what is missing is read, line by line, and nothing twice."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from tqdm import tqdm

from app.batch.in_order import in_order
from app.batch.journal import Journal, Record
from app.batch.sources import DOCUMENTS, PICTURES, Arrivals, Source, sources
from app.batch.target import Target
from app.batch.work import Work
from app.build import decoder_for, engine_for, schema_for
from app.config import Config, ConfigError, folder
from app.tmp_folder import TmpFolder
from vision.engine import Engine, Job

LOOK_S = 2.0  # between two looks at a folder that is watched
_EARLY = "ended early"


def batch(
    config: Config,
    source: Path,
    out: Path,
    job: Job,
    *,
    watch: bool = False,
    wait: Callable[[float], object] = time.sleep,
) -> int:
    """Read the pictures of ``source`` into ``out``; with ``watch`` those that arrive, too.

    Watching ends with Ctrl+C. Return the exit code. Raise ``ConfigError`` where that cannot be,
    ``EngineUnavailable`` without an engine.
    """
    if not source.is_dir():
        raise ConfigError(f"batch: there is no folder {source}.")
    target = Target.of(out, job)
    schema = schema_for(config) if job == "receipt" else ""
    endings = PICTURES if job == "html" else PICTURES | DOCUMENTS
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(target.journal))
        decoder = stack.enter_context(closing(decoder_for(config)))
        engine = engine_for(config, decoder)
        stack.callback(engine.unload)
        work = Work(
            job,
            engine,
            decoder,
            config.sampling,
            config.server.max_upload_mib << 20,
            _Pages(config, stack),
            threading.Event(),
            schema,
        )
        looks = _looks(source, endings, wait) if watch else iter([sources(source, endings)])
        if watch:
            _say(f"Watching {source}: Ctrl+C ends it.")
        done = _read_all(looks, work, journal, target, parallel_of(engine))
        if watch:
            del done[_EARLY]  # as it is meant to end
        _say(_told(done, journal.kept, out))
    return 0


def parallel_of(engine: Engine) -> int:
    """Return how many prompts an engine takes at once: 1, but for those on a server."""
    inner = getattr(engine, "engine", engine)  # beside which the reader is
    return int(getattr(inner, "parallel", 1))


def _looks(
    source: Path, endings: frozenset[str], wait: Callable[[float], object]
) -> Iterator[list[Source]]:
    arrivals = Arrivals(source, endings)
    while True:
        yield arrivals.look()
        wait(LOOK_S)


def _read_all(
    looks: Iterator[list[Source]], work: Work, journal: Journal, target: Target, parallel: int
) -> Counter[str]:
    """Read what each look shows and no line has yet; return how each file ended."""
    done: Counter[str] = Counter()
    pages = journal.column("html")
    with tqdm(total=0, unit="picture", disable=None) as bar:
        try:
            for look in looks:
                missing = [each for each in look if not journal.has(each)]
                bar.total += len(missing)
                bar.refresh()
                tasks = (work.begin(each, journal) for each in missing)
                with closing(in_order(tasks, parallel, work.cancel)) as results:
                    for result in results:
                        target.write(result, journal, pages)
                        done[_ending(result.record)] += 1
                        bar.update()
                if missing or not target.out.exists():
                    target.finish()
        except KeyboardInterrupt:
            done[_EARLY] = 1
            target.finish()
    return done


def _ending(record: Record) -> str:
    return "failed" if "error" in record else "same" if "same_as" in record else "read"


def _told(done: Counter[str], kept: int, out: Path) -> str:
    same = f", {done['same']} the same as another" if done["same"] else ""
    told = f"{done['read']} read, {done['failed']} failed{same}, {kept} were there already: {out}"
    return f"{told} (ended early: the same command goes on)" if done[_EARLY] else told


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201  what the user waits for


class _Pages:
    """A folder in ./tmp for the pages of PDFs, made when the first PDF comes, gone at the end."""

    def __init__(self, config: Config, stack: ExitStack) -> None:
        self._config = config
        self._stack = stack
        self._lock = threading.Lock()
        self._folder: Path | None = None

    def __call__(self) -> Path:
        with self._lock:
            if self._folder is None:
                tmp = self._stack.enter_context(TmpFolder(folder(self._config.tmp.root)))
                self._folder = tmp.run
            return self._folder
