"""The progress bars of huggingface_hub and transformers, as reports for the page.

Nothing is printed: both libraries let a caller put a bar of its own in place of theirs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, Self

from tqdm.auto import tqdm
from transformers.utils import logging as transformers_logging

from vision.engine import Progress

Report = Callable[[Progress], None]


def download_bar(report: Report) -> type[tqdm[Any]]:
    """Make a progress bar that prints nothing and reports the bytes of all files together."""

    class Bar(tqdm):  # type: ignore[misc]  # tqdm is untyped
        def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: tqdm's own
            super().__init__(*args, **{**kwargs, "file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> bool | None:
            updated: bool | None = super().update(n)
            # huggingface_hub 2.4 has three bars: bytes received, bytes written, files. What is
            # written counts what was there before, so a resumed download does not begin at 0.
            if self.unit == "B" and str(self.desc).startswith("Reconstruct"):
                report(Progress("download", int(self.n), int(self.total or 0), "bytes"))
            return updated

    return Bar


@contextmanager
def weights_reported(report: Report) -> Iterator[None]:
    """Report the loading of weights instead of printing a bar."""
    previous = transformers_logging.set_tqdm_hook(lambda _bar, a, k: _Counted(report, *a, **k))
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(previous)


class _Counted:
    """What transformers uses of a progress bar."""

    def __init__(self, report: Report, items: Iterable[Any] = (), **options: Any) -> None:
        # Any: transformers' own; a bar without items has a total.
        self.report = report
        self.items = items
        self.total = len(items) if isinstance(items, Sized) else options.get("total", 0)
        self.done = 0

    def __iter__(self) -> Iterator[Any]:
        for item in self.items:
            yield item
            self.update(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_args, **_options: None  # set_description and the like

    def update(self, steps: int = 1) -> None:
        self.done += steps
        self.report(Progress("weights", self.done, self.total))

    def close(self) -> None:
        """Do nothing: there is nothing on the screen."""
