"""Curves over the iterations, every one at its chosen learning rate: median and range over the seeds, crosses."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from overparam_cli.experiments.model import Plot
from overparam_cli.figures.axes import cross, limit, number_decades, visible
from overparam_cli.figures.labels import label_of
from overparam_cli.figures.looks import Look
from overparam_cli.figures.panels import Band, Line, Panel, band, singly
from overparam_cli.figures.style import part_of, scale
from overparam_cli.results.trajectory import Array


def draw_bands(
    axes: Axes, panel: Panel, floor: float, column: str | None = None, *, measured: bool = False
) -> dict[str, Band]:
    """Draw every curve's median and range of the level, or of `column`; values below `floor` are drawn at it.

    `measured`: only where every seed was measured (`panels.band`).
    """
    bands, marked = {}, needs_markers(panel)
    if panel.plot.log_x:
        axes.set_xscale("log")
    for place, curve in enumerate(panel.choices):
        lines = [Line.of(trial, panel.run.iterations, column) for trial in panel.shown(curve).values()]
        bands[curve], turn = band(lines, floor, measured=measured), (place, len(panel.choices)) if marked else None
        draw_band(axes, bands[curve], panel.looks[curve], label_of(panel, curve), turn)
    return bands


def needs_markers(panel: Panel) -> bool:
    """Whether curves of a panel have one dash pattern, so that printed in grey they need markers to be told apart."""
    return len({str(panel.looks[curve].linestyle) for curve in panel.choices}) < len(panel.choices)


def draw_band(axes: Axes, values: Band, style: Look, label: str, turn: tuple[int, int] | None = None) -> None:
    """Draw the median as a line and, where the seeds differ, the range between them as an area.

    With `turn` = (place, curves) it also gets sparse markers, out of step with the other curves', so that curves which
    lie on each other can still be told apart.
    """
    finite = np.isfinite(values.median)
    marks: dict[str, Any] = {}
    if turn and values.iterations.size:
        place, curves = turn
        shares, end = (np.arange(6) + (place + 0.5) / curves) / 6, values.iterations[-1]
        spots = shares * end if axes.get_xscale() == "linear" else max(end, 1) ** shares
        marks = {
            "marker": style.marker,
            "markevery": np.unique(np.searchsorted(values.iterations[finite], spots))
            .clip(max=finite.sum() - 1)
            .tolist(),
        }
    x, y = values.iterations[finite], values.median[finite]
    look = {
        "color": style.stroke,
        "markersize": (6.0 if style.pale else 4.5) * scale(),
        "markeredgewidth": (0.7 if style.pale else 1.0) * scale(),
        "markerfacecolor": style.color if style.pale else "white",
        "markeredgecolor": "white" if style.pale else style.color,
        **marks,
    }
    order = 4 - style.width / 4  # thin lines above broad ones
    axes.plot(x, y, linestyle=style.linestyle, linewidth=style.width * scale(), label=label, zorder=order, **look)
    if marks:  # again, above every line: a curve that lies under another still shows where it is
        axes.plot(x, y, linestyle="none", label=part_of(label), zorder=4, **look)
    ranged = np.isfinite(values.high)
    if np.any(values.high[ranged] > values.low[ranged]):
        axes.fill_between(
            values.iterations[ranged],
            values.low[ranged],
            values.high[ranged],
            color=style.color,
            alpha=0.18,
            linewidth=0,
            zorder=2,
            label=part_of(label),
        )


def draw_crosses(axes: Axes, panel: Panel, column: str | None = None, at: str | None = None) -> bool:
    """Mark where seeds of the drawn rates diverged; return whether there are any.

    Each seed of such a rate is then drawn as a thin line too (of many the first): the median does not show what the
    seeds that go on do. A seed that diverges before the level, or `column`, has a value is marked at its last one of
    the column `at`.
    """
    end, marked = panel.run.iterations, False
    for curve in panel.choices:
        style, trials = panel.looks[curve], panel.shown(curve).values()
        label = label_of(panel, curve)
        lines = [Line.of(trial, end, column) for trial in trials]
        ends = [
            line if line.values.size or at is None else Line.of(trial, end, at)
            for line, trial in zip(lines, trials, strict=True)
        ]
        lost = [line for line in ends if line.stopped and line.values.size]
        if not lost:
            continue
        for line in singly(lines, len(lines)):
            heights = np.maximum(line.values, panel.floor)
            thin: dict[str, Any] = {"linewidth": 0.6 * scale(), "zorder": 2.5, "label": part_of(label)}
            axes.plot(line.iterations, heights, color=style.color, **thin)
        for line in singly(lost, len(lines)):
            cross(axes, float(line.iterations[-1]), float(line.values[-1]), style, label)
        marked = True
    return marked


def scale_values(axes: Axes, panel: Panel, values: Sequence[Array], ceiling: float) -> None:
    """Set the axis around `values` (see `limit`); the experiment's [plot] table goes before what they suggest."""
    axes.set_yscale(panel.plot.yscale)
    if axes.get_yscale() == "log":
        limit(axes, values, ceiling)
    if panel.plot.ylim:
        axes.set_ylim(*panel.plot.ylim)
        if axes.get_yscale() == "log":
            number_decades(axes)


def edges(bands: Mapping[str, Band], plot: Plot) -> list[Array]:
    """Every curve's median and range, for an axis that is to show them."""
    found = [(one.iterations, values) for one in bands.values() for values in (one.low, one.median, one.high)]
    return [visible(*pair, plot) for pair in found]
