"""Figure 5-right: the CNN's training loss over the iterations, and its errors, every curve at its chosen base rate."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overparam_cli.figures.compose import Cell, Marks, compose
from overparam_cli.figures.curves import draw_bands, draw_crosses, scale_axes, scale_values
from overparam_cli.figures.layout import limit, plain_numbers
from overparam_cli.figures.panels import Band, Panel
from overparam_cli.results.logs import SMOOTHED
from overparam_cli.results.measure import MEAN
from overparam_cli.results.runs import iterations
from overparam_cli.results.trajectories import Array, finite_points

LOSSES = {"cross_entropy": "cross-entropy", "loss": "with weight decay"}  # column → what of the loss it is
ERRORS = {"validation_error": "validation error (%)", "test_error": "test error (%)"}
RAW_CURVES = 3  # of more curves the single mini-batches would hide each other
SMALLEST_ERROR = 0.01  # percent, one of MNIST's 10,000 test images; none at all has no place on a log axis
PALE = {"alpha": 0.25, "linewidth": 0.5}
RAW_BELOW = 0.02  # share of the single batches that may lie below the axis: they would stretch it for nothing
HEADROOM = 30.0  # the axis ends at this multiple of where half of the means start: a network may blow up and recover
MEAN_NOTE = f"batch losses: mean of the last {SMOOTHED} training batches"
FEW_DECADES = 100.0  # up to this ratio of its ends an axis is written in plain numbers


def batch_loss_cells(panel: Panel) -> list[Cell]:
    """Return cross-entropy and total loss of one run side by side: the paper does not say which its axis shows."""
    return [Cell(panel, _loss(column, label)) for column, label in LOSSES.items()]


def batch_loss(panels: Sequence[Panel]) -> Figure:
    """Draw the loss of the training batches: 100-step mean (median and range over the seeds), single batches pale."""
    return compose([cell for panel in panels for cell in batch_loss_cells(panel)])


def errors(panels: Sequence[Panel]) -> Figure:
    """Draw validation and test error where they were evaluated (median and range over the seeds)."""
    cells = [Cell(panel, _error(column, label)) for panel in panels for column, label in ERRORS.items()]
    return compose(cells, "errors")


def _loss(column: str, label: str) -> Callable[[Axes, Panel], Marks]:
    """Return what draws one of the losses."""

    def draw(axes: Axes, panel: Panel) -> Marks:
        end, note = iterations(panel.run), MEAN_NOTE
        bands = draw_bands(axes, panel, column + MEAN, panel.floor)
        raw = _draw_raw(axes, panel, column) if len(panel.labels) <= RAW_CURVES or end < SMOOTHED else []
        if end < SMOOTHED:
            note = f"single training batches (seed {_first_seed(panel)}): too few for means of {SMOOTHED}"
        elif raw:
            note += f"; pale: single ones (seed {_first_seed(panel)})"
        scale_axes(axes, end)
        _scale_losses(axes, panel, list(bands.values()), raw)
        axes.set_xlabel(str(panel.plot.get("xlabel") or "iteration"))
        axes.set_ylabel(f"{panel.plot.get('ylabel') or 'batch loss'}: {label}")
        crosses = [draw_crosses(axes, panel, curve, column + MEAN, end, at=column) for curve in panel.labels]
        return Marks(any(crosses), (note,))

    return draw


def _error(column: str, label: str) -> Callable[[Axes, Panel], Marks]:
    """Return what draws one of the errors."""

    def draw(axes: Axes, panel: Panel) -> Marks:
        end = iterations(panel.run)
        bands = draw_bands(axes, panel, column, SMALLEST_ERROR)
        scale_axes(axes, end)
        axes.set_yscale("log")
        limit(axes, [values for found in bands.values() for values in (found.low, found.high)], np.inf)
        plain_numbers(axes)
        axes.set(xlabel="iteration", ylabel=label)
        crosses = [draw_crosses(axes, panel, curve, column, end) for curve in panel.labels]
        return Marks(any(crosses))

    return draw


def _draw_raw(axes: Axes, panel: Panel, column: str) -> list[Array]:
    """Draw the single mini-batches of the first seed, thin and pale behind the means.

    In a run too short for means they are all there is to see, and not pale. Returns the losses that the axis is to
    show: nearly all, and none of a trial that diverged, whose mean is followed as far as makes sense.
    """
    short, end, shown = iterations(panel.run) < SMOOTHED, iterations(panel.run), []
    for curve in panel.labels:
        log = panel.shown_logs(curve).get(_first_seed(panel))
        if log is not None:
            times, values = finite_points(log, column)
            own = panel.looks[curve]
            pale: dict[str, Any] = {"linewidth": 1.0, "linestyle": own.linestyle} if short else PALE
            (line,) = axes.plot(times, values, label="_batches", color=own.color, zorder=1.5, **pale)
            line.set_gid("batches")
            if times.size and times[-1] == end:
                shown.append(values if short else values[values >= np.quantile(values, RAW_BELOW)])
    return shown


def _first_seed(panel: Panel) -> int:
    return int(panel.run.trials["seed"].min())


def _scale_losses(axes: Axes, panel: Panel, bands: Sequence[Band], raw: Sequence[Array]) -> None:
    """Set the loss axis around the means and the single batches `raw`."""
    means = [values for found in bands for values in (found.low, found.high)]
    starts = sorted(float(found.high[0]) for found in bands if found.high.size and np.isfinite(found.high[0]))
    middle = starts[(len(starts) - 1) // 2] if starts else np.inf
    scale_values(axes, panel, [*means, *raw], HEADROOM * middle)
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log" and high / low < FEW_DECADES:
        plain_numbers(axes)
