"""What the figures share: which run goes into which panel, how each curve looks, and its seeds as a band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.errors import LogError
from overparam_cli.figures.style import Look, look, ramp
from overparam_cli.results.logs import Run
from overparam_cli.results.measure import Measure, is_cnn, measure_of
from overparam_cli.results.runs import curve_labels
from overparam_cli.results.selection import Selection, best_learning_rate, logs_of
from overparam_cli.results.trajectories import SMALLEST, Array, finite_points, gap_floor

FAMILY = 3  # curves that differ by a number are drawn as an ordered family from here on


@dataclass(frozen=True)
class Panel:
    """One run (one variant) with everything its panel of a figure needs."""

    run: Run
    plot: Mapping[str, Any]  # the [plot] table of its experiment
    labels: Mapping[str, str]  # curve → label, in the order they are drawn
    looks: Mapping[str, Look]
    selections: Mapping[str, Selection]
    floor: float  # gaps below it are drawn at it

    @property
    def name(self) -> str:
        """The variant: l2, l4, …"""
        return str(self.run.manifest["variant"])

    @property
    def measure(self) -> Measure:
        """What its curves are judged by."""
        return measure_of(self.run)

    @property
    def title(self) -> str:
        """The panel's own title, where the experiment gives one."""
        names, titles = list(self.plot.get("panels") or ()), list(self.plot.get("titles") or ())
        return str(titles[names.index(self.name)]) if titles and self.name in names else ""

    @property
    def loss(self) -> str:
        """The loss as an axis shows it."""
        losses = [str(name) for name in self.run.trials["loss"].unique()]
        return rf"$\ell_{{{losses[0][1:]}}}$ loss" if len(losses) == 1 and losses[0][1:].isdigit() else "loss"

    @property
    def common_rate(self) -> float | None:
        """The learning rate of all curves, where the experiment fixes one for all of them."""
        rates = {rate for selection in self.selections.values() for rate in selection.rates}
        return rates.pop() if len(rates) == 1 else None

    def shown_logs(self, curve: str) -> dict[int, pd.DataFrame]:
        """Return seed → log of a curve at the rate that is drawn."""
        lr = self.selections[curve].shown
        return {} if lr is None else logs_of(self.run, curve, lr)


@dataclass(frozen=True)
class Band:
    """Median and full range over the seeds of one logged column, iteration by iteration."""

    iterations: Array
    median: Array
    low: Array
    high: Array


def panels_of(runs: Sequence[Run]) -> list[Panel]:
    """Return one panel per run that has trials, in the order of the experiment's [plot].panels, then as given.

    Raises LogError when there is nothing to draw.
    """
    panels = [_panel(run) for run in runs if len(run.trials) and len(run.log)]
    if not panels:
        raise LogError("there is nothing to draw: no trial has finished yet; run the experiment first")
    order = list(panels[0].plot.get("panels") or ())
    same = all(panel.run.manifest["experiment"] == panels[0].run.manifest["experiment"] for panel in panels)
    if same:
        panels.sort(key=lambda panel: order.index(panel.name) if panel.name in order else len(order))
    return panels


def _panel(run: Run) -> Panel:
    """Gather what one run's panel needs."""
    config = run.manifest["config"]
    plot = config.get("plot") or {}
    labels = {
        curve: label for curve, label in curve_labels(run).items() if not plot.get("curves") or curve in plot["curves"]
    }
    selections = {curve: best_learning_rate(run, curve) for curve in labels}
    looks = _looks(config.get("curves", []), list(labels)) | _family(run, list(labels))
    return Panel(run, plot, labels, looks, selections, gap_floor(run))


def _family(run: Run, curves: Sequence[str]) -> dict[str, Look]:
    """Return ordered looks for the CNN's curves that differ by their factors' initialisation alone.

    They stand in the experiment file in the order of their std, beside the baseline, which keeps its own look. No
    family are fewer than FAMILY curves, curves that share a std, and curves that the file gives a colour.
    """
    config = run.manifest["config"]
    baseline = config.get("analysis", {}).get("baseline")
    described = [curve for curve in config.get("curves", []) if curve["name"] != baseline]
    if not is_cnn(run) or len(described) < FAMILY or any(curve.get("color") is not None for curve in described):
        return {}
    places = {curve["name"]: place for place, curve in enumerate(described) if curve["name"] in curves}
    stds = run.trials[run.trials["curve"].isin(places)].groupby("curve")["factor_std"].first()
    if stds.isna().any() or stds.duplicated().any():
        return {}
    return {curve: ramp(place, len(described)) for curve, place in places.items()}


def _looks(described: Sequence[Mapping[str, Any]], curves: Sequence[str]) -> dict[str, Look]:
    """Give every curve the look of its place in the experiment file, so that a partial run keeps its colours.

    Where the file gives one colour to a solid and to a broken line (a network and its rule), the solid one is drawn
    pale and broad beneath the other, so that both can be seen when they coincide.
    """
    places = {curve["name"]: place for place, curve in enumerate(described)}
    hints = {curve["name"]: (curve.get("color"), curve.get("linestyle")) for curve in described}
    looks = {curve: look(places.get(curve, place), *hints.get(curve, ())) for place, curve in enumerate(curves)}
    solid = {own.color for own in looks.values() if own.linestyle == "solid"}
    broken = {own.color for own in looks.values() if own.linestyle != "solid"}
    for curve, own in looks.items():
        if own.color in solid & broken:
            looks[curve] = own.underlaid() if own.linestyle == "solid" else own.overlaid()
    return looks


def band(logs: Sequence[pd.DataFrame], column: str, floor: float = SMALLEST, end: float | None = None) -> Band:
    """Return median and range over the seeds, on the union of their log points.

    Values below `floor` count as `floor`. Between the log points of a seed its value is interpolated in log10. A seed
    whose log stops before `end` (the run's length) has diverged: from there on it counts as infinite, so that it pulls
    the median up instead of silently leaving it; all along where it stops before the column has a value.
    """
    curves, lost = [], 0
    for log in logs:
        iterations, values = finite_points(log, column)
        curves.append((iterations, np.log10(np.maximum(values, floor))))
        lost += int(not values.size and end is not None and log["iteration"].iloc[-1] < end)
    curves = [curve for curve in curves if curve[0].size]
    if not curves:
        empty = np.empty(0)
        return Band(empty, empty, empty, empty)
    times = np.unique(np.concatenate([curve[0] for curve in curves]))
    stops = [end is not None and curve[0][-1] < end for curve in curves]
    rows = [
        10 ** np.interp(times, *curve, right=np.inf if stop else None)
        for curve, stop in zip(curves, stops, strict=True)
    ]
    stacked = np.stack([*rows, *[np.full(times.size, np.inf)] * lost])  # (seeds, iterations)
    return Band(times, np.median(stacked, axis=0), stacked.min(axis=0), stacked.max(axis=0))
