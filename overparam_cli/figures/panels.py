"""What the figures share: which run goes into which panel, how each curve looks, and its seeds as a band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from overparam_cli.errors import LogError
from overparam_cli.experiments.kind import Level
from overparam_cli.experiments.model import Plot
from overparam_cli.figures.looks import Look, looks_of, of_place, ramp
from overparam_cli.figures.style import literal
from overparam_cli.results.choice import Choice
from overparam_cli.results.run import Run
from overparam_cli.results.trajectory import SMALLEST, Array, Trajectory

T = TypeVar("T")
HIGHEST = 1e200  # what lies higher is drawn at it, above the end of every axis
MANY_SEEDS, SINGLES = 20, 10  # from how many seeds on a band leaves out a tenth at each end; how many stand singly then
FAMILY = 3  # curves that differ by a number are drawn as an ordered family from here on


@dataclass(frozen=True)
class Panel:
    """One run (one variant) with everything its panel of a figure needs; `choices` are the curves drawn, in order."""

    run: Run
    choices: Mapping[str, Choice]
    looks: Mapping[str, Look]
    early: bool = False  # the iterations on a log axis, whatever the experiment says

    @property
    def plot(self) -> Plot:
        """The [plot] table of its experiment, its texts as matplotlib takes them."""
        own = self.run.experiment.plot
        return replace(own, xlabel=literal(own.xlabel), ylabel=literal(own.ylabel), log_x=own.log_x or self.early)

    @property
    def labels(self) -> dict[str, str]:
        """Curve → label as matplotlib takes it, in the order they are drawn."""
        return {name: literal(choice.curve.label) for name, choice in self.choices.items()}

    @property
    def floor(self) -> float:
        """Gaps below it are drawn at it."""
        return self.run.floor

    @property
    def level(self) -> Level:
        """What its curves are judged by."""
        return self.run.level

    @property
    def title(self) -> str:
        """The panel's own title, where the experiment gives one."""
        names, titles = self.plot.panels, self.plot.titles
        return literal(str(titles[names.index(self.run.variant)])) if titles and self.run.variant in names else ""

    @property
    def loss(self) -> str:
        """The loss as an axis shows it."""
        losses = [str(name) for name in self.run.trials["loss"].unique()]
        return self.run.kind.loss_label(losses[0]) if len(losses) == 1 else "loss"

    @property
    def common_rate(self) -> float | None:
        """The learning rate of all curves, where the experiment fixes one for all of them."""
        rates = {rate for choice in self.choices.values() for rate in choice.rates}
        return rates.pop() if len(rates) == 1 else None

    def shown(self, curve: str) -> dict[int, Trajectory]:
        """Seed → trial of a curve at the rate that is drawn."""
        choice = self.choices[curve]
        return choice.curve.logs(choice.shown)


@dataclass(frozen=True)
class Line:
    """One seed's finite points, whether its trial diverged before the end of the run, and whether it is under way."""

    iterations: Array
    values: Array
    stopped: bool = False
    going: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.minimum(self.values, HIGHEST))

    @classmethod
    def of(cls, trial: Trajectory, end: float | None = None, column: str | None = None) -> "Line":
        """A trial's level, or another logged column, in a run of `end` iterations."""
        iterations, values = trial.points if column is None else trial.finite(column)
        last = iterations[-1] if iterations.size else trial.end
        return cls(iterations, values, trial.lost and end is not None and last < end, trial.going)


@dataclass(frozen=True)
class Band:
    """Median and extent (`extent_of`) over the seeds, iteration by iteration."""

    iterations: Array
    median: Array
    low: Array
    high: Array


def panels_of(runs: Sequence[Run]) -> list[Panel]:
    """One panel per run that has trials, in the order of the experiment's [plot].panels, then as given.

    Raises LogError when there is nothing to draw.
    """
    panels = [_panel(run) for run in runs if len(run.trials) and len(run.log)]
    if not panels:
        raise LogError("there is nothing to draw: no trial has finished yet; run the experiment first")
    order = list(panels[0].plot.panels)
    if all(panel.run.experiment.name == panels[0].run.experiment.name for panel in panels):
        panels.sort(key=lambda panel: order.index(panel.run.variant) if panel.run.variant in order else len(order))
    return panels


def _panel(run: Run) -> Panel:
    """Gather what one run's panel needs."""
    wanted = run.experiment.plot.curves
    drawn = [name for name in run.curves if not wanted or name in wanted]
    found = looks_of(run.experiment) | _family(run, drawn)
    looks = {name: found.get(name) or of_place(len(found) + place) for place, name in enumerate(drawn)}
    return Panel(run, {name: run.curves[name].choose() for name in drawn}, looks)


def _family(run: Run, curves: Sequence[str]) -> dict[str, Look]:
    """Ordered looks for curves that differ by one setting alone, which the kind's `family` names.

    They stand in the experiment file in the order of that setting, beside the baseline, which keeps its own look. No
    family are fewer than FAMILY curves, curves that share a value, and curves that the file gives a colour.
    """
    setting, baseline = run.kind.family, run.experiment.analysis.baseline
    described = [curve for curve in run.experiment.curves if curve.name != baseline]
    if not setting or len(described) < FAMILY or any(curve.color is not None for curve in described):
        return {}
    places = {curve.name: place for place, curve in enumerate(described) if curve.name in curves}
    values = run.trials[run.trials["curve"].isin(places)].groupby("curve")[setting].first()
    if values.isna().any() or values.duplicated().any():
        return {}
    return {curve: ramp(place, len(described)) for curve, place in places.items()}


def extent_of(values: Array) -> tuple[Array, Array]:
    """The ends of a band over seeds, the first axis: the full range; of many seeds without a tenth at each end.

    Each end is the value of a seed, never one between two: a seed that has diverged counts as infinite.
    """
    least = len(values) // 10 if len(values) >= MANY_SEEDS else 0
    ordered = np.sort(values, axis=0)
    return ordered[least], ordered[len(values) - 1 - least]


def extent_words(seeds: int) -> str:
    """What a band of so many seeds shows."""
    return "median and 10–90 %" if seeds >= MANY_SEEDS else "median and range"


def singly(found: Sequence[T], seeds: int) -> Sequence[T]:
    """Those of a run of so many seeds that are drawn one by one: all that are `found`, or of many seeds the first."""
    return found if seeds < MANY_SEEDS else found[:SINGLES]


def band(lines: Sequence[Line], floor: float = SMALLEST, *, measured: bool = False) -> Band:
    """Median and extent over the seeds, on the union of their log points; values below `floor` count as `floor`.

    Between the log points of a seed its value is interpolated in log10; where it is to be `measured`, only points stay
    that every seed has, as far as it has come. A trial that stopped has diverged: from there on it counts as infinite,
    so that it pulls the median up instead of silently leaving it; all along where it stopped before it had a value.
    Where a trial under way has not come to, there is no median so far.
    """
    if not any(line.iterations.size for line in lines):
        empty = np.empty(0)
        return Band(empty, empty, empty, empty)
    times = np.unique(np.concatenate([line.iterations for line in lines]))
    for line in lines if measured else ():
        beyond = times > line.iterations.max(initial=-1)
        times = times[np.isin(times, line.iterations) | (beyond & (line.stopped or line.going))]
    rows = [_along(line, times, floor) for line in lines if line.iterations.size or line.stopped]
    stacked = np.stack(rows)  # (seeds, iterations)
    return Band(times, np.median(stacked, axis=0), *extent_of(stacked))


def _along(line: Line, times: Array, floor: float) -> Array:
    """A seed's values at `times`; infinite behind the point at which it stopped, no number where it has yet to come."""
    if not line.iterations.size:
        return np.full(times.size, np.inf)
    heights = np.log10(np.maximum(line.values, floor))
    beyond = np.inf if line.stopped else np.nan if line.going else None
    result: Array = 10 ** np.interp(times, line.iterations, heights, right=beyond)
    return result
