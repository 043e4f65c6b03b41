"""Figure 5-right: the CNN's training loss over the iterations, and its errors, every curve at its chosen base rate."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overparam_cli.experiments.model import Plot
from overparam_cli.figures.axes import limit, scale_axes, visible
from overparam_cli.figures.compose import Marks
from overparam_cli.figures.curves import draw_bands, draw_crosses, edges, scale_values
from overparam_cli.figures.labels import DIVERGED_NOTE, label_of, marks
from overparam_cli.figures.learning_rates import LEARNING_RATES
from overparam_cli.figures.panels import Band, Panel
from overparam_cli.figures.registry import Draw, Figure, beside, has_column
from overparam_cli.figures.style import part_of
from overparam_cli.kinds.mnist import SMOOTHED
from overparam_cli.results.trajectory import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEAN = "_mean"  # how the column of the running mean ends
LOSSES = {"cross_entropy": "cross-entropy", "loss": "with weight decay"}  # column → what of the loss it is
ERRORS = {"validation_error": "validation error (%)", "test_error": "test error (%)"}
RAW_CURVES = 3  # of more curves the single mini-batches would hide each other
SMALLEST_ERROR = 0.01  # percent, one of MNIST's 10,000 test images; none at all has no place on a log axis
PALE = {"alpha": 0.25, "linewidth": 0.5}
RAW_BELOW = 0.02  # share of the single batches that may lie below the axis: they would stretch it for nothing
HEADROOM = 30.0  # the axis ends at this multiple of where half of the means start: a network may blow up and recover
MEAN_NOTE = f"batch losses: mean of the last {SMOOTHED} training batches"
FALLS_ON = {  # decay_on → what that is
    "factors": "each factor",
    "original": "the original names, the first factors",
    "product": "the layers' products",
}


def _loss(column: str, label: str) -> Draw:
    """What draws one of the losses: its mean (median and range over the seeds), single batches pale behind."""

    def draw(axes: "Axes", panel: Panel) -> Marks:
        end, note = panel.run.iterations, MEAN_NOTE
        bands = draw_bands(axes, panel, panel.floor, column + MEAN)
        raw = _draw_raw(axes, panel, column) if len(panel.choices) <= RAW_CURVES or end < SMOOTHED else []
        if end < SMOOTHED:
            note = f"single training batches (seed {panel.run.seeds[0]}): too few for means of {SMOOTHED}"
        elif raw:
            note += f"; pale: single ones (seed {panel.run.seeds[0]})"
        scale_axes(axes, end, panel.plot)
        _scale_losses(axes, panel, bands, raw)
        axes.set_xlabel(panel.plot.xlabel)
        axes.set_ylabel(f"{'batch loss' if panel.plot.ylabel == Plot.ylabel else panel.plot.ylabel}: {label}")
        crosses = draw_crosses(axes, panel, column + MEAN, at=column)
        return marks(panel, *([DIVERGED_NOTE] if crosses else []), note, *_reading(panel))

    return draw


def _reading(panel: Panel) -> list[str]:
    """What weight decay falls on in the factored networks, if it is the same in all that are drawn.

    Where it is not, the curves' labels say it.
    """
    trials = panel.run.trials
    drawn = trials[trials["curve"].isin(panel.choices) & (trials["depth"] > 1)]
    settings = " ".join(drawn["settings"].astype(str)) if "settings" in drawn else ""
    found = set(re.findall(r"\bdecay_on=(\w+)", settings))
    return [f"weight decay falls on {FALLS_ON.get(one, one)}" for one in found] if len(found) == 1 else []


def _error(column: str, label: str) -> Draw:
    """What draws one of the errors where they were evaluated (median and range over the seeds)."""

    def draw(axes: "Axes", panel: Panel) -> Marks:
        bands = draw_bands(axes, panel, SMALLEST_ERROR, column, measured=True)
        scale_axes(axes, panel.run.iterations, panel.plot)
        axes.set_yscale("log")
        limit(axes, edges(bands, panel.plot), np.inf)
        axes.set(xlabel="iteration", ylabel=label)
        return marks(panel, *([DIVERGED_NOTE] if draw_crosses(axes, panel, column) else []))

    return draw


def _draw_raw(axes: "Axes", panel: Panel, column: str) -> list[Array]:
    """Draw the single mini-batches of the first seed, thin and pale behind the means.

    In a run too short for means they are all there is to see, and not pale. Returns the losses that the axis is to
    show: nearly all, and none of a trial that diverged, whose mean is followed as far as makes sense.
    """
    end, shown = panel.run.iterations, []
    short = end < SMOOTHED
    for curve in panel.choices:
        trial = panel.shown(curve).get(panel.run.seeds[0])
        if trial is None:
            continue
        times, values = trial.finite(column)
        own = panel.looks[curve]
        pale: dict[str, Any] = {"linewidth": 1.0, "linestyle": own.linestyle} if short else PALE
        (line,) = axes.plot(times, values, label=part_of(label_of(panel, curve)), color=own.color, zorder=1.5, **pale)
        line.set_gid("batches")
        if times.size and times[-1] == end:
            seen = visible(times, values, panel.plot)
            shown.append(seen if short or not seen.size else seen[seen >= np.quantile(seen, RAW_BELOW)])
    return shown


def _scale_losses(axes: "Axes", panel: Panel, bands: Mapping[str, Band], raw: Sequence[Array]) -> None:
    """Set the loss axis around the means and the single batches `raw`."""
    starts = sorted(float(found.high[0]) for found in bands.values() if found.high.size and np.isfinite(found.high[0]))
    middle = starts[(len(starts) - 1) // 2] if starts else np.inf
    scale_values(axes, panel, [*edges(bands, panel.plot), *raw], HEADROOM * middle)


FIGURES = (
    Figure("figure", beside(*(_loss(column, label) for column, label in LOSSES.items()))),
    LEARNING_RATES,
    Figure(
        "errors",
        beside(*(_error(column, label) for column, label in ERRORS.items())),
        "errors",
        has_column("validation_error"),
    ),
)
