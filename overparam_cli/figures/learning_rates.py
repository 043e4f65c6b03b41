"""The final level against the learning rate: what the grid search saw, the rates that diverged included."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from overparam_cli.figures.axes import limit
from overparam_cli.figures.compose import PARTIAL_NOTE, RING_NOTE, Cell, Said, Sheet
from overparam_cli.figures.figure import Figure, cell_of
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.style import MUTED, Look
from overparam_cli.results.curve import Choice
from overparam_cli.results.trajectory import Array

ROW = 0.06  # height of a curve's row of crosses, as a fraction of the axis


def has_grid(panel: Panel) -> bool:
    """Say whether any curve of the panel has more than one learning rate."""
    return any(len(choice.rates) > 1 for choice in panel.choices.values())


def final_levels(panel: Panel) -> list[Cell]:
    """Return the final level (median and range over the seeds) against the learning rate.

    Rates with which a seed diverged have no final level: they stand as crosses in a strip at the top, a row for each
    curve. The chosen rate is ringed.
    """
    return [cell_of(panel, _draw)]


def _draw(axes: Axes, panel: Panel) -> Said:
    """Draw one panel."""
    level, choices = panel.run.level, panel.choices
    axes.set(xscale="log", yscale="log", xlabel=level.rate, ylabel=level.axis.format(loss=panel.loss))
    rates = [rate for choice in choices.values() for rate in choice.rates]
    axes.set_xlim(min(rates) / 1.8, max(rates) * 1.8)
    ends = [_draw_curve(axes, choice, panel.looks[name]) for name, choice in choices.items()]
    limit(axes, ends, np.inf, margin=0.1)
    failing = [name for name, choice in choices.items() if choice.diverged]
    if failing:
        _open_strip(axes, len(failing))
    partial = [_draw_crosses(axes, choices[name], panel.looks[name], row) for row, name in enumerate(failing)]
    axes.add_line(_sample("chosen", "o", 11.0))
    if failing:
        axes.add_line(_sample("diverged", "x", 6.0))
    return Said((PARTIAL_NOTE,) * any(partial) + (RING_NOTE,) * panel.at_edge)


def _draw_curve(axes: Axes, choice: Choice, look: Look) -> Array:
    """Draw the final levels of one curve and ring the chosen one; return all levels drawn."""
    run, trials = choice.curve.run, choice.curve.trials
    trials = trials[~trials["lr"].isin(choice.diverged)]
    finals = trials[run.level.final].clip(lower=run.floor).groupby(trials["lr"]).agg(["median", "min", "max"])
    rates = finals.index.to_numpy(np.float64)
    middle, low, high = (finals[name].to_numpy(np.float64) for name in ("median", "min", "max"))
    style: dict[str, Any] = {"linestyle": look.linestyle, "linewidth": 1.2, "marker": look.marker, "markersize": 4.5}
    axes.plot(rates, middle, color=look.color, label=choice.curve.label, zorder=3, **style)
    if np.any(high > low):
        axes.vlines(rates, low, high, color=look.color, linewidth=3.5, alpha=0.3, zorder=2)
    if choice.lr is not None:
        spot = rates == choice.lr
        ring: dict[str, Any] = {"markersize": 11, "markerfacecolor": "none", "markeredgewidth": 1.4, "zorder": 4}
        axes.plot(rates[spot], middle[spot], "o", color=look.color, **ring).pop().set_gid("chosen")
    return np.concatenate([low, high])


def _open_strip(axes: Axes, rows: int) -> None:
    """Make room for the crosses above the data and rule it off."""
    share = ROW * rows + 0.03
    low, high = axes.get_ylim()
    axes.set_ylim(low, low * (high / low) ** (1 / (1 - share)))
    axes.axhspan(high, axes.get_ylim()[1], color="#f2f2f2", zorder=0, linewidth=0)
    for minor in (False, True):  # no numbers in the strip
        ticks = axes.yaxis.get_ticklocs(minor=minor)
        axes.set_yticks([tick for tick in ticks if low <= tick <= high], minor=minor)
    axes.axhline(high, color=MUTED, linewidth=0.6, zorder=1)


def _draw_crosses(axes: Axes, choice: Choice, look: Look, row: int) -> bool:
    """Mark the diverged rates of one curve in its row of the strip; say how many seeds where not all did."""
    place = blended_transform_factory(axes.transData, axes.transAxes)
    height, partial = 1 - ROW * (row + 0.75), False
    axes.plot([0.015], [height], look.marker, color=look.color, markersize=3.5, transform=axes.transAxes)  # whose row
    mark: dict[str, Any] = {"markersize": 6, "markeredgewidth": 1.8, "zorder": 5}
    count: dict[str, Any] = {"fontsize": 6.5, "va": "center", "ha": "left", "textcoords": "offset points"}
    for lost in choice.curve.divergences:
        axes.plot([lost.lr], [height], "x", color=look.color, transform=place, **mark).pop().set_gid("diverged")
        if len(lost.seeds) < lost.of:
            partial = True
            spot = (lost.lr, height)
            text = f"{len(lost.seeds)}/{lost.of}"
            axes.annotate(text, spot, xycoords=place, xytext=(5, 0), color=look.color, **count)
    return partial


def _sample(label: str, marker: str, size: float) -> Line2D:
    """Return an invisible line that puts a mark into the legend."""
    style: dict[str, Any] = {"markersize": size, "markerfacecolor": "none", "markeredgewidth": 1.5}
    return Line2D([], [], color=MUTED, marker=marker, linestyle="", label=label, **style)


LEARNING_RATES = Figure("learning-rates", final_levels, "final loss by learning rate", Sheet(legends="below"), has_grid)
