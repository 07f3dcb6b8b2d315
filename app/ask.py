"""One turn without the page, through the same assistant and store."""

import sys
from collections.abc import Sequence
from pathlib import Path
from time import sleep

from app.assistant import Assistant
from app.build import assistant_for
from app.config import Config
from app.errors import PathMissing
from app.intake import Upload
from app.jobs.choose import job_asked
from app.run import Run
from history.turn import encode
from vision.pdf import is_pdf

LOOK_S = 0.02  # between two looks at a growing reply


def ask(config: Config, words: Sequence[str], *, as_json: bool) -> int:
    """Send one turn, print its reply as it grows, or the turn's JSON; return the exit code.

    The last of ``words`` is the question unless it is a file. Raise ``VisionError``,
    ``HistoryError``.
    """
    question, pictures = _split(words)
    assistant = assistant_for(config)
    assistant.start()
    try:
        uploads = [each for path in pictures for each in _uploads(path, assistant)]
        job = job_asked(question, len(uploads))
        run = assistant.send(None, question, uploads, job)
        _print_growing(run, quiet=as_json)
        if as_json:
            print(encode(run.snapshot().turn).decode("ascii"), end="")  # noqa: T201  asked for
        return _told(assistant, run)
    finally:
        assistant.close()


def _split(words: Sequence[str]) -> tuple[str, list[Path]]:
    *first, last = words
    question = "" if Path(last).is_file() else last
    pictures = [Path(word) for word in (first if question else words)]
    for path in pictures:
        if not path.is_file():
            raise PathMissing(path=path)
    return question, pictures


def _uploads(path: Path, assistant: Assistant) -> list[Upload]:
    data = path.read_bytes()
    if not is_pdf(data):
        return [Upload(path.name, data)]
    pages = assistant.decoder.pages(data)
    return [Upload(f"{path.name} · {number}", page) for number, page in enumerate(pages, 1)]


def _print_growing(run: Run, *, quiet: bool) -> None:
    shown = 0
    while True:
        ended = run.ended.is_set()
        reply = run.snapshot().turn.reply
        if not quiet:
            sys.stdout.write(reply[shown:])
            sys.stdout.flush()
        shown = len(reply)
        if ended:
            break
        sleep(LOOK_S)
    if not quiet:
        sys.stdout.write("\n")


def _told(assistant: Assistant, run: Run) -> int:
    turn = run.snapshot().turn
    for reason in assistant.condition().instead_of:
        print(f"note: {reason} {reason.hint}", file=sys.stderr)  # noqa: T201
    if turn.error:
        print(f"error: {turn.error['text']} {turn.error['hint']}", file=sys.stderr)  # noqa: T201
    return 1 if turn.error else 0
