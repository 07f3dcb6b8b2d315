"""Latencies as a plot: time to the first token, and in all, turn by turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from history.selection import Selection, parts, parts_there
from history.store import Store

SIZE = (9, 4.5)  # inches
DPI = 150


@dataclass(frozen=True, slots=True)
class Latency:
    """What a turn took, in seconds."""

    timestamp: str
    first_token_s: float | None  # None where its engine does not say
    total_s: float


def latencies(store: Store, selection: Selection | None = None) -> list[Latency]:
    """Return the latencies of all turns that have ended, in order of time."""
    found = [
        Latency(turn.timestamp, _seconds(turn.usage.get("first_token_ms")), turn.latency_ms / 1e3)
        for part in (parts_there(store) if selection is None else parts(store, selection))
        for turn in part.turns
        if turn.latency_ms is not None
    ]
    return sorted(found, key=lambda each: each.timestamp)


def write_plot(found: Sequence[Latency], path: Path) -> list[Path]:
    """Draw a plot as PNG and as SVG beside each other; return where."""
    # Imported late, and without pyplot, which would keep each figure: a second, and a window's
    # toolkit, that nothing else needs.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    turns = range(1, len(found) + 1)
    first = [float("nan") if each.first_token_s is None else each.first_token_s for each in found]
    axes.plot(turns, [each.total_s for each in found], "o-", ms=3, lw=1, label="in all")
    axes.plot(turns, first, "o-", ms=3, lw=1, label="to the first token")
    axes.set(xlabel="turn", ylabel="seconds", title="Latency by turn")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    paths = [path.with_suffix(".png"), path.with_suffix(".svg")]
    for each in paths:
        figure.savefig(each, dpi=DPI)
    return paths


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1e3
