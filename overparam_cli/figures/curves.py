"""The paper's figures: distance from the optimum over the iterations, every curve at its chosen learning rate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from overparam_cli.figures.compose import Cell, Marks, compose
from overparam_cli.figures.layout import cross, curve_label, limit
from overparam_cli.figures.panels import Band, Panel, band
from overparam_cli.figures.style import MUTED, Look
from overparam_cli.results.runs import iterations
from overparam_cli.results.trajectories import Array, finite_points

MARKED = 4  # from this many curves on, sparse markers help to tell them apart
HEADROOM = 3.0  # a diverging curve is followed to this multiple of the largest gap at the start
PRECISION_NOTE = "dotted line: precision of the optimum"


def convergence(panels: Sequence[Panel]) -> Figure:
    """Draw median and full range of the gap over the seeds, one panel per run, log axis, "iteration" below.

    A curve with which every rate diverged is drawn at its smallest rate up to where it diverges.
    """
    return compose([cell for panel in panels for cell in convergence_cells(panel)])


def convergence_cells(panel: Panel) -> list[Cell]:
    """Return what shows one run: a single pair of axes."""
    return [Cell(panel, _draw_panel)]


def _draw_panel(axes: Axes, panel: Panel) -> Marks:
    """Draw the curves of one panel and its axes."""
    end, bands = iterations(panel.run), draw_bands(axes, panel, "gap", panel.floor)
    scale_axes(axes, end)
    _scale_gaps(axes, panel, bands)
    loss = panel.loss
    axes.set_ylabel(f"{loss} ({panel.plot.get('ylabel') or 'distance from optimum'})")
    axes.set_xlabel(str(panel.plot.get("xlabel") or "iteration"))
    crosses = [draw_crosses(axes, panel, curve, "gap", end) for curve in panel.labels]
    return Marks(any(crosses), (PRECISION_NOTE,) if _draw_floor(axes, panel) else ())


def draw_bands(axes: Axes, panel: Panel, column: str, floor: float) -> dict[str, Band]:
    """Draw every curve's median and range in one logged column; values below `floor` are drawn at it."""
    bands = {}
    for place, curve in enumerate(panel.labels):
        bands[curve] = band(list(panel.shown_logs(curve).values()), column, floor, iterations(panel.run))
        label = curve_label(panel.labels[curve], panel.selections[curve], named=panel.common_rate is None)
        draw_band(axes, bands[curve], panel.looks[curve], label, (place, len(panel.labels)))
    return bands


def draw_band(axes: Axes, values: Band, style: Look, label: str, turn: tuple[int, int] = (0, 1)) -> None:
    """Draw the median as a line and, where the seeds differ, the range between them as an area.

    `turn` = (place, curves): with many curves each also gets markers, out of step with the others', so that curves
    which lie on each other can still be told apart.
    """
    place, curves = turn
    finite = np.isfinite(values.median)
    marks: dict[str, Any] = {}
    if curves >= MARKED and values.iterations.size:
        spots = (np.arange(6) + (place + 0.5) / curves) / 6 * values.iterations[-1]
        marks = {
            "marker": style.marker,
            "markevery": np.unique(np.searchsorted(values.iterations[finite], spots))
            .clip(max=finite.sum() - 1)
            .tolist(),
        }
    x, y = values.iterations[finite], values.median[finite]
    look = {
        "color": style.stroke,
        "markersize": 4.5,
        "markerfacecolor": style.color if style.pale else "white",
        "markeredgecolor": "white" if style.pale else style.color,
        **marks,
    }
    order = 4 - style.width / 4  # thin lines above broad ones
    axes.plot(x, y, linestyle=style.linestyle, linewidth=style.width, label=label, zorder=order, **look)
    if marks:  # again, above every line: a curve that lies under another still shows where it is
        axes.plot(x, y, linestyle="none", label="_markers", zorder=4, **look)
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
        )


def draw_crosses(axes: Axes, panel: Panel, curve: str, column: str, end: int, at: str | None = None) -> bool:
    """Mark where seeds of the drawn rate diverged; return whether there are any.

    Each of its seeds is then drawn as a thin line too: the median does not show what the seeds that go on do. A seed
    that diverges before `column` has a value is marked at its last one of the column `at`.
    """
    logs = [log[np.isfinite(log[column])] for log in panel.shown_logs(curve).values()]
    ends = [_last(log, (column, at or column)) for log in panel.shown_logs(curve).values()]
    lost = [(x, y) for x, y in ends if x < end]
    if not lost:
        return False
    style = panel.looks[curve]
    for log in logs:
        values = log[column].clip(lower=panel.floor)
        axes.plot(log["iteration"], values, color=style.color, linewidth=0.6, zorder=2.5)
    for x, y in lost:
        cross(axes, x, y, style)
    return True


def _last(log: pd.DataFrame, columns: Sequence[str]) -> tuple[float, float]:
    """Return the last finite point of the first column that has one; infinitely late where none has."""
    for column in columns:
        times, values = finite_points(log, column)
        if times.size:
            return float(times[-1]), float(values[-1])
    return np.inf, np.inf


def scale_axes(axes: Axes, end: int) -> None:
    """Set the iteration axis: linear, from 0 to the end of the run, numbers written out."""
    axes.set_xlim(0, max(end, 1))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _scale_gaps(axes: Axes, panel: Panel, bands: dict[str, Band]) -> None:
    """Set the gap axis around the curves; a diverging one is followed for a while."""
    starts = [float(values.high[0]) for values in bands.values() if values.high.size]
    scale_values(
        axes,
        panel,
        [v for b in bands.values() for v in (b.low, b.median, b.high)],
        HEADROOM * max(starts, default=1.0),
    )


def scale_values(axes: Axes, panel: Panel, values: Sequence[Array], ceiling: float) -> None:
    """Set the axis around `values` (see `limit`); the experiment's [plot] table goes before what they suggest."""
    axes.set_yscale(str(panel.plot.get("yscale") or "log"))
    if axes.get_yscale() == "log":
        limit(axes, values, ceiling)
    if panel.plot.get("ylim"):
        axes.set_ylim(*panel.plot["ylim"])
    if panel.plot.get("xlim"):
        axes.set_xlim(*panel.plot["xlim"])


def _draw_floor(axes: Axes, panel: Panel) -> bool:
    """Draw the precision of the optimum where curves reach it."""
    if axes.get_yscale() != "log" or not any(
        np.any(np.asarray(line.get_ydata(), dtype=float) <= panel.floor * (1 + 1e-9)) for line in axes.lines
    ):
        return False
    axes.axhline(panel.floor, color=MUTED, linestyle=":", linewidth=0.9, zorder=1).set_gid("precision")
    return True
