"""What an iteration costs: `overparam bench`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from overparam_cli.run.timing import Timing

Ratio = tuple[str, str, float]  # loss, what is divided by what, ratio of the medians


def print_bench(timings: Sequence["Timing"], ratios: Sequence[Ratio], path: Path, *, as_json: bool) -> None:
    """Print microseconds per trial and iteration, then the ratios, then where the numbers are."""
    if as_json:
        named = [{"loss": loss, "what": what, "ratio": ratio} for loss, what, ratio in ratios]
        json.show({"csv": str(path), "timings": [asdict(timing) for timing in timings], "ratios": named})
        return
    terminal.show(timing_grid(timings), "", ratio_grid(ratios))
    terminal.echo(f"\n{path}")


def timing_grid(timings: Sequence["Timing"]) -> Grid:
    """Return a row a subject."""
    columns = (
        "loss",
        Column("what", "subject"),
        "trials",
        "depth",
        Column("", "variant"),
        Column("µs per trial and iteration", "median"),
        Column("range", "low"),
    )
    rows = [
        (own.loss, own.subject, own.trials, own.depth, own.variant, _two(own.median), _range(own)) for own in timings
    ]
    return Grid.of(columns, rows)


def ratio_grid(ratios: Sequence[Ratio]) -> Grid:
    """Return a row a ratio."""
    columns = ("loss", Column("ratio of medians", "what"), Column("", "ratio"))
    return Grid.of(columns, [(loss, what, _two(ratio)) for loss, what, ratio in ratios])


def _range(timing: "Timing") -> Cell:
    return Cell(timing.low, f"{timing.low:.2f} – {timing.high:.2f}")


def _two(value: float) -> Cell:
    return Cell(value, f"{value:.2f}")
