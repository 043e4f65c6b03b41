"""The figures of a multiverse, from `worlds.csv` and the logs: specification curves, the map, late divergence."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.figures.compose import Cell, Head, Marks, Sheet, compose
from overparam_cli.figures.labels import NOTES
from overparam_cli.figures.learning_rates import LEARNING_RATES
from overparam_cli.figures.panels import Panel, panels_of
from overparam_cli.figures.style import PLAIN, Outfit, save, styled
from overparam_cli.multiverse.curves import draw_curve
from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.library import run_of
from overparam_cli.multiverse.maps import draw_map
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.multiverse.summary import summarise
from overparam_cli.multiverse.training import own_rates
from overparam_cli.multiverse.views import until
from overparam_cli.multiverse.worlds import Part, first, part
from overparam_cli.results.drawn import source
from overparam_cli.results.manifest import read_multiverse_manifest
from overparam_cli.results.run import Run
from overparam_cli.words import count, format_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from overparam_cli.figures.compose import Composed

BEYOND = 6.0  # times the largest rate that survives: the axis goes so far; what lies beyond diverges, too
AS_READ = "the paper as it was first read, on a finer grid of learning rates"
ENDS = (0.1, 0.3, 1.0)  # of a run, at which late divergence is looked at
NAME = 0.1  # of the axis of learning rates that the name of one takes


def draw_all(
    multiverse: Multiverse, rows: Sequence[Row], results: Path, formats: Sequence[str], outfit: Outfit = PLAIN
) -> list[Path]:
    """Draw what there is into `results`; the files. Raises StorageError, and LogError for damaged logs."""
    of = source(results, [(results, read_multiverse_manifest(results))])
    with styled(outfit.style):
        return [
            path
            for name, figure in drawings(multiverse, rows, results, outfit)
            for path in save(figure, results / name, formats, of)
        ]


def drawings(
    multiverse: Multiverse, rows: Sequence[Row], results: Path, outfit: Outfit = PLAIN
) -> Iterator[tuple[str, "Composed"]]:
    """The figures that `draw_all` writes, each with its name; for who draws inside `styled()`. Raises LogError."""
    yield from ((name, figure) for name, figure in _figures(multiverse, rows, results, outfit) if figure is not None)


def _figures(
    multiverse: Multiverse, rows: Sequence[Row], results: Path, outfit: Outfit
) -> Iterator[tuple[str, "Composed | None"]]:
    yield "map", draw_map(multiverse, summarise(multiverse, rows), outfit)
    by_claim: dict[str, list[Row]] = {}
    for row in rows:
        by_claim.setdefault(row.claim.id, []).append(row)
    for name, own in by_claim.items():
        yield f"curve-{name}", draw_curve(own, outfit)
    for one in _gridded(multiverse):
        yield f"late-{one.experiment}-{one.variant}", _late(multiverse, one, results, outfit)


def _gridded(multiverse: Multiverse) -> list[Part]:
    """The runs of the paper as it was first read that have a fine grid of learning rates."""
    sources = [
        f"{name}/{variant}"
        for grid in multiverse.grids
        for name in grid.experiments
        for variant in grid.variants or sweeps(multiverse.experiments[name])
    ]
    return [part(multiverse, source, first(multiverse)) for source in dict.fromkeys(sources)]


def _late(multiverse: Multiverse, one: Part, results: Path, outfit: Outfit) -> "Composed | None":
    """The gap after a tenth, three tenths and all of a run against the learning rate; None where it was not run."""
    try:
        whole = run_of(multiverse, one, results)
        runs = [until(whole, round(share * whole.iterations)) for share in ENDS]
    except CannotJudgeError:
        return None
    view = _View.of(runs, own_rates(multiverse, one))
    panels = [panel for run in runs for panel in panels_of([run])]
    stacks = [[Cell(partial(_draw_late, panel=panel, view=view))] for panel in panels]
    title = f"{whole.experiment.title}: distance from optimum by learning rate, at three ends of the run"
    return compose(stacks, title, sheet=Sheet(width=4.2), legends="below", order=NOTES, outfit=outfit)


@dataclass(frozen=True)
class _View:
    """What the panels have in common: the ends of the axis of learning rates, and its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def of(cls, runs: Sequence[Run], own: Mapping[str, Sequence[float]]) -> "_View":
        """From the smallest rate to a little beyond the largest that survives the first of the runs."""
        low = min(float(rate) for rate in runs[0].trials["lr"])
        alive = runs[0].trials[~runs[0].lost]
        high = BEYOND * max((float(rate) for rate in alive["lr"]), default=low)
        ticks = sorted({rate for rates in own.values() for rate in rates if low <= rate <= high})
        return cls(low / 1.3, high, tuple(ticks))


def _apart(rates: Sequence[float], space: float) -> list[float]:
    """Those of the rates whose names do not run into one another, each `space` in the logarithm; decades come first."""
    named: list[float] = []
    for rate in sorted(rates, key=lambda rate: (format_rate(rate).partition("e")[0] != "1", rate)):
        if all(abs(math.log(rate / other)) >= space for other in named):
            named.append(rate)
    return named


def _draw_late(axes: "Axes", panel: Panel, view: _View) -> Marks:
    """As the figure of learning rates has it, the experiment's own rates as ticks."""
    from matplotlib.ticker import NullLocator

    ((cell,),) = LEARNING_RATES.stacks(panel)
    marks = cell.draw(axes)
    axes.set_xlim(view.low, view.high)
    named = _apart(view.ticks, math.log(view.high / view.low) * NAME)
    axes.set_xticks(view.ticks, [format_rate(rate) if rate in named else "" for rate in view.ticks], fontsize=8)
    axes.xaxis.set_minor_locator(NullLocator())
    ends = [gap for gap in panel.run.trials[panel.level.final] if math.isfinite(gap)]
    if ends:
        steps = [float(f"{step}e{decade}") for decade in range(-20, 21) for step in (1, 2, 5)]
        low, high = max(min(ends), panel.floor) * 0.95, max(ends)
        axes.set_yticks(shown := [step for step in steps if low <= step <= high], [f"{step:g}" for step in shown])
        axes.yaxis.set_minor_locator(NullLocator())
    for mark in axes.lines:
        mark.set_clip_on(True)
    head = Head((f"after {count(panel.run.iterations, 'iteration')}",))
    return Marks(head, marks.legend, (*marks.notes, "ticks: the learning rates of the paper", AS_READ))
