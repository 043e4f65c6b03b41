"""Final level against learning rate: what the grid search saw, the rates that diverged included."""

import math
import sys
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from overparam_cli.figures.axes import drawable, limit
from overparam_cli.figures.compose import Marks
from overparam_cli.figures.labels import PARTIAL_NOTE, RING_NOTE, STRIP_NOTE, marks, wrapped
from overparam_cli.figures.panels import HIGHEST, Panel, extent_of
from overparam_cli.figures.registry import Figure, beside
from overparam_cli.figures.style import MUTED, part_of, scale
from overparam_cli.results.trajectory import Array

ROW = 0.06  # height of a curve's row of crosses, as a fraction of the axis


def has_grid(panel: Panel) -> bool:
    """Say whether any curve of the panel has more than one learning rate."""
    return any(len(choice.rates) > 1 for choice in panel.choices.values())


def _draw(axes: Axes, panel: Panel) -> Marks:
    """Draw the final level (median and extent over the seeds) against the learning rate.

    Rates with which a seed diverged have no final level: they stand as crosses in a strip at the top, a row for each
    curve. The chosen rate is ringed, unless it is no better than another.
    """
    axes.set(xscale="log", yscale="log", xlabel=panel.level.rate, ylabel=panel.level.axis.format(loss=panel.loss))
    rates = [rate for choice in panel.choices.values() for rate in choice.rates]
    axes.set_xlim(*drawable(min(rates) / 1.8, max(rates) * 1.8))
    ends = [_draw_curve(axes, panel, curve) for curve in panel.choices]
    limit(axes, ends, np.inf, margin=0.1)
    failing = [curve for curve, choice in panel.choices.items() if choice.diverged]
    if failing:
        _open_strip(axes, len(failing))
    heights = [1 - _row(len(failing)) * (line + 0.75) for line in range(len(failing))]
    partial = [_draw_crosses(axes, panel, *row) for row in zip(failing, heights, strict=True)]
    standing = {panel.labels[curve]: said for curve, choice in panel.choices.items() if (said := choice.standing)}
    for label, marker, size, shown in (
        ("chosen", "o", 11.0, len(standing) < len(panel.choices)),
        ("diverged", "x", 6.0, bool(failing)),
    ):
        if shown:
            axes.add_line(_sample(label, marker, size))
    unringed = [f"not ringed: {label}, {said}" for label, said in standing.items()]
    notes = [*([STRIP_NOTE] if failing else []), *([PARTIAL_NOTE] if any(partial) else []), *unringed]
    return marks(panel, *notes, edge=RING_NOTE)


def _draw_curve(axes: Axes, panel: Panel, curve: str) -> Array:
    """Draw the final gaps of one curve and ring the chosen one; return all gaps drawn."""
    style, chosen, label = panel.looks[curve], panel.choices[curve], wrapped(panel.labels[curve])
    trials = chosen.curve.trials[~chosen.curve.trials["lr"].isin(chosen.diverged)]
    finals = trials[panel.level.final].clip(panel.floor, HIGHEST).groupby(trials["lr"])
    gaps = {float(lr): own.to_numpy(np.float64) for lr, own in finals}
    rates, middle = np.array([*gaps]), np.array([np.median(own) for own in gaps.values()])
    low, high = np.array([extent_of(own) for own in gaps.values()]).reshape(-1, 2).T
    axes.plot(
        rates,
        middle,
        color=style.color,
        linestyle=style.linestyle,
        linewidth=1.2 * scale(),
        marker=style.marker,
        markersize=4.5 * scale(),
        label=label,
        zorder=3,
    )
    if np.any(high > low):
        bars: dict[str, Any] = {"linewidth": 3.5 * scale(), "alpha": 0.3, "zorder": 2, "label": part_of(label)}
        axes.vlines(rates, low, high, color=style.color, **bars)
    if chosen.lr is not None and not chosen.standing:
        spot = rates == chosen.lr
        ring: dict[str, Any] = {
            "markersize": 11 * scale(),
            "markerfacecolor": "none",
            "markeredgewidth": 1.4 * scale(),
            "zorder": 4,
            "label": part_of(label),
        }
        (line,) = axes.plot(rates[spot], middle[spot], "o", color=style.color, **ring)
        line.set_gid("chosen")
    return np.concatenate([low, high])


def _row(rows: int) -> float:
    """The height of one of the rows: many of them share half of the axis."""
    return min(ROW, 0.5 / rows)


def _open_strip(axes: Axes, rows: int) -> None:
    """Make room for the crosses above the data and rule it off."""
    share = _row(rows) * rows + 0.03
    low, high = axes.get_ylim()
    top = math.log(low) + (math.log(high) - math.log(low)) / (1 - share)
    axes.set_ylim(*drawable(low, math.exp(min(top, math.log(sys.float_info.max)))))
    axes.axhspan(high, axes.get_ylim()[1], color="#f2f2f2", zorder=0, linewidth=0)
    for minor in (False, True):  # no numbers in the strip
        ticks = axes.yaxis.get_ticklocs(minor=minor)
        axes.set_yticks([tick for tick in ticks if low <= tick <= high], minor=minor)
    axes.axhline(high, color=MUTED, linewidth=0.6, zorder=1)


def _draw_crosses(axes: Axes, panel: Panel, curve: str, height: float) -> bool:
    """Mark the diverged rates of one curve in its row of the strip; say how many seeds where not all did."""
    place = blended_transform_factory(axes.transData, axes.transAxes)
    style, partial = panel.looks[curve], False
    label = part_of(wrapped(panel.labels[curve]))
    whose: dict[str, Any] = {"markersize": 3.5 * scale(), "transform": axes.transAxes, "label": label}
    axes.plot([0.015], [height], style.marker, color=style.color, **whose)
    for row in panel.choices[curve].curve.divergences:
        lr, failed = row.lr, len(row.seeds)
        mark: dict[str, Any] = {
            "color": style.color,
            "markersize": 6 * scale(),
            "markeredgewidth": 1.8 * scale(),
            "transform": place,
            "zorder": 5,
            "label": label,
        }
        (drawn,) = axes.plot([lr], [height], "x", **mark)
        drawn.set_gid("diverged")
        if failed < row.of:
            partial = True
            count: dict[str, Any] = {
                "fontsize": 6.5 * scale(),
                "va": "center",
                "ha": "left",
                "color": style.color,
                "textcoords": "offset points",
            }
            axes.annotate(f"{failed}/{row.of}", (lr, height), xycoords=place, xytext=(5, 0), **count)
    return partial


def _sample(label: str, marker: str, size: float) -> Line2D:
    """An invisible line that puts a mark into the legend."""
    return Line2D(
        [],
        [],
        color=MUTED,
        marker=marker,
        linestyle="",
        markersize=size * scale(),
        markerfacecolor="none",
        markeredgewidth=1.5 * scale(),
        label=label,
    )


LEARNING_RATES = Figure("learning-rates", beside(_draw), "final loss by learning rate", has_grid, legends="below")
