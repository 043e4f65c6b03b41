"""Why a fixed learning rate can diverge late: ‖W_e‖, the effective step of Eq. 12, and sharpness against 2/lr.

Both figures show every curve at its drawn rate (median and range over the seeds) and, as thin lines, the trials of the
other rates that diverged late: after LATE of the run, when they had long looked fine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overparam_cli.figures.curves import draw_band, scale_axes
from overparam_cli.figures.layout import (
    cross,
    curve_label,
    foot,
    grow,
    head,
    legend_below,
    limit,
    new_figure,
    notes,
    wrapped,
)
from overparam_cli.figures.panels import Panel, band
from overparam_cli.figures.style import MUTED, Look, format_rate
from overparam_cli.results.runs import DESCENT, LATE, depth_of, iterations, optimizer_of
from overparam_cli.results.selection import trials_of
from overparam_cli.results.trajectories import SMALLEST, Array, effective_step, trial_log

CEILING = 10.0  # a diverging trial is followed to this multiple of the largest value of the drawn rates
ROW_HEIGHT = 2.2  # inches
DOTS = (0, (1, 3))
THRESHOLD_NOTE = "horizontal dots: 2/lr, above which gradient descent on a quadratic diverges"


@dataclass(frozen=True)
class Strand:
    """The trials of one curve at one learning rate, as one entry of the legend."""

    curve: str
    lr: float
    depth: int
    optimizer: str
    label: str
    look: Look
    logs: tuple[pd.DataFrame, ...]
    late: bool  # not the drawn rate: here because it diverged late


@dataclass(frozen=True)
class Row:
    """One row of panels: its axis label, its values (None where they mean nothing), and whether 2/lr belongs to it."""

    label: str
    values: Callable[[pd.DataFrame, Strand], Array | None]
    threshold: bool = False


def norms(panels: Sequence[Panel]) -> Figure:
    """Draw ‖W_e‖ and the effective step over the iterations."""
    return _draw(panels, "norm and effective step", [NORM, STEP])


def stability(panels: Sequence[Panel]) -> Figure:
    """Draw gap, effective step, and sharpness against 2/lr, one above the other over the same iterations."""
    return _draw(panels, "stability", [GAP, STEP, SHARPNESS])


def has_column(column: str) -> Callable[[Panel], bool]:
    """Return the test whether a panel's log holds numbers in `column`."""
    return lambda panel: column in panel.run.log and bool(np.isfinite(panel.run.log[column]).any())


def _column(name: str) -> Callable[[pd.DataFrame, Strand], Array | None]:
    """Return the reader of a logged column; a column that was not measured is no error."""
    return lambda log, _: log[name].to_numpy(np.float64) if name in log else None


def _effective_step(log: pd.DataFrame, strand: Strand) -> Array | None:
    """Return η‖W_e‖^(2−2/N); for optimisers other than gradient descent Eq. 12 does not say it."""
    return effective_step(strand.lr, log["norm"], strand.depth) if strand.optimizer in DESCENT else None


GAP = Row("distance from optimum", _column("gap"))
NORM = Row(r"$\Vert W_e \Vert$", _column("norm"))
STEP = Row("effective step\n" + r"$\eta\,\Vert W_e\Vert^{2-2/N}$", _effective_step)
SHARPNESS = Row("sharpness", _column("sharpness"), threshold=True)


def _draw(panels: Sequence[Panel], what: str, rows: Sequence[Row]) -> Figure:
    """Draw a grid of panels: a column per run, a row per quantity."""
    figure, grid = new_figure(panels, what, len(rows), ROW_HEIGHT)
    crosses = False
    for column, panel in enumerate(panels):
        strands = _strands(panel)
        for line, row in zip(grid, rows, strict=True):
            crosses |= _draw_row(line[column], panel, strands, row)
        head(grid[0][column], panel)
        grid[-1][column].set_xlabel("iteration")
    grow(figure, [legend_below(bottom, top) for bottom, top in zip(grid[-1], grid[0], strict=True)])
    foot(figure, notes(panels, crosses=crosses, extra=[THRESHOLD_NOTE] if any(row.threshold for row in rows) else []))
    return figure


def _strands(panel: Panel) -> list[Strand]:
    """Return what a panel shows: every curve's drawn rate, then its rates that diverged late."""
    strands = []
    for curve, label in panel.labels.items():
        trials, drawn = trials_of(panel.run, curve), panel.selections[curve].shown
        late = set(trials["lr"][trials["diverged_at"].astype("float64") >= LATE * iterations(panel.run)]) - {drawn}
        for lr in ([] if drawn is None else [drawn]) + sorted(late):
            own = trials[trials["lr"] == lr]
            if lr != drawn:
                own = own[own["diverged_at"].astype("float64") >= LATE * iterations(panel.run)]
            text = curve_label(label, panel.selections[curve]) if lr == drawn else _late_label(label, sorted(late), lr)
            logs = tuple(trial_log(panel.run, trial) for trial in own["trial_id"])
            kind = depth_of(panel.run, curve), optimizer_of(panel.run, curve)
            strands.append(Strand(curve, lr, *kind, text, panel.looks[curve], logs, lr != drawn))
    return strands


def _late_label(label: str, late: Sequence[float], lr: float) -> str:
    """Return the legend's entry for the late-diverging rates of a curve: one for all of them, at the first."""
    if lr != late[0]:
        return "_"
    return wrapped(f"{label} ({f'lr {format_rate(lr)}' if len(late) == 1 else f'{len(late)} other rates'}, diverged)")


def _draw_row(axes: Axes, panel: Panel, strands: Sequence[Strand], row: Row) -> bool:
    """Draw one quantity of one run; return whether a trial diverged."""
    end, ends, shown, steady = iterations(panel.run), [], [], [SMALLEST]
    for strand in strands:
        logs = [log.assign(value=values) for log in strand.logs if (values := row.values(log, strand)) is not None]
        logs = [log[np.isfinite(log["value"]) & (log["value"] > 0)] for log in logs]
        logs = [log for log in logs if len(log)]
        if strand.late:
            _draw_late(axes, strand, logs)
        else:
            drawn = band(logs, "value", panel.floor if row is GAP else SMALLEST, end)
            draw_band(axes, drawn, strand.look, strand.label)
            steady.append(float(np.max(drawn.median[np.isfinite(drawn.median)], initial=0.0)))
        if row.threshold and logs:
            axes.axhline(2 / strand.lr, color=strand.look.color, linewidth=1.0, linestyle=DOTS, zorder=1).set_gid(
                "threshold"
            )
            shown.append(np.array([2 / strand.lr]))
        shown += [log["value"].to_numpy() for log in logs]
        ends += [(log.iloc[-1], strand.look) for log in logs if log["iteration"].iloc[-1] < end]
    axes.set_ylabel(row.label)
    if not shown:
        axes.text(0.5, 0.5, "gradient descent only", transform=axes.transAxes, color=MUTED, ha="center")
        axes.set_yticks([])
        return False
    axes.set_yscale("log")
    scale_axes(axes, end)
    limit(axes, shown, CEILING * max(steady) if max(steady) > SMALLEST else np.inf)
    for last, style in ends:
        cross(axes, float(last["iteration"]), float(last["value"]), style)
    return bool(ends)


def _draw_late(axes: Axes, strand: Strand, logs: Sequence[pd.DataFrame]) -> None:
    """Draw each trial of a late-diverging rate as a thin line of its own; the legend names them once."""
    for place, log in enumerate(logs):
        axes.plot(
            log["iteration"],
            log["value"],
            color=strand.look.color,
            linewidth=0.8,
            label=strand.label if place == 0 else "_",
            zorder=2.5,
        )
