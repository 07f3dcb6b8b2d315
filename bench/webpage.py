"""Screenshots of a folder as pages: how alike they look, how well they can be edited, how long.

The reader alone: lines of text, then measure and rules, no repair. The scorer is not part of this
project: ``score_html.py`` is named on the command line, and says what its figures mean. A folder
has ``NAME.html``, the page, beside ``NAME.png``, its screenshot; the scorer draws both pages.

``strict``, ``role``, ``reflow``, ``abs_share``, ``data_img``: the scorer's, the mean of all pages.
``seconds_mean``: a page, reading it included; ``seconds_worst``: the slowest.
"""

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from app.jobs.webpage.crops import inline
from app.jobs.webpage.layout import build
from app.jobs.webpage.write import to_html
from vision.images import Decoder
from vision.reader.engine import ReaderEngine

FIGURES = ("strict", "role", "reflow", "abs_share", "data_img")


def scorer_at(path: Path) -> Any:  # somebody else's module, without types
    """Return the scorer's module; it finds its own beside itself."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("score_html", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(pictures: Sequence[Path], folder: Path) -> dict[str, float]:
    """Write a page into ``folder`` for each screenshot; return the seconds that each took."""
    seconds = {}
    with closing(Decoder()) as decoder:
        reader = ReaderEngine(decoder)
        reader.load(lambda _: None)
        decoder.warm()
        for picture in pictures:
            started = perf_counter()
            rgb = decoder.decode(picture.read_bytes()).rgb
            page = build(rgb, reader.read_pixels(rgb))
            (folder / f"{picture.stem}.html").write_text(inline(to_html(page), rgb), "utf-8")
            seconds[picture.stem] = perf_counter() - started
    return seconds


def run(args: Sequence[str]) -> dict[str, float]:
    """Measure, print the table, and return the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench webpage")
    parser.add_argument("folder", type=Path, help="pages, .html beside .png")
    parser.add_argument("--scorer", type=Path, required=True, help="the path of score_html.py")
    given = parser.parse_args(args)
    scorer = scorer_at(given.scorer)
    pictures = [p for p in sorted(given.folder.glob("*.png")) if p.with_suffix(".html").exists()]
    with tempfile.TemporaryDirectory() as folder:
        seconds = made(pictures, Path(folder))
        scores = scorer.score_dir(str(given.folder), folder)
    print(f"{'':<16}" + "".join(f"{name:>11}" for name in (*FIGURES, "seconds")))
    for name, score in scores.items():
        row = [score.get(figure, 0.0) for figure in FIGURES]
        print(f"{name:<16}" + "".join(f"{v:>11.3f}" for v in (*row, seconds[name])))
    means = {f: sum(s.get(f, 0.0) for s in scores.values()) / len(scores) for f in FIGURES}
    worst = max(seconds.values())
    mean = sum(seconds.values()) / len(seconds)
    print(f"{'mean':<16}" + "".join(f"{v:>11.3f}" for v in (*means.values(), mean)))
    return {**means, "seconds_mean": mean, "seconds_worst": worst}
