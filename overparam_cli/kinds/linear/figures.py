"""The figures of the paper: distance from the optimum over the iterations, and what the search of rates saw."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.figures.axes import scale_axes
from overparam_cli.figures.compose import Marks
from overparam_cli.figures.curves import draw_bands, draw_crosses, edges, scale_values
from overparam_cli.figures.labels import DIVERGED_NOTE, marks
from overparam_cli.figures.learning_rates import LEARNING_RATES
from overparam_cli.figures.panels import Line, Panel, band
from overparam_cli.figures.registry import Figure, beside
from overparam_cli.figures.style import MUTED, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADROOM = 3.0  # a diverging curve is followed to this multiple of the largest gap at the start
EARLY, DECADE = 0.05, 0.5
PRECISION_NOTE = "dotted line: precision of the optimum"


def draw_convergence(axes: "Axes", panel: Panel) -> Marks:
    """Draw the gap: median and full range over the seeds, log axis.

    A curve with which every rate diverged is drawn at its smallest rate up to where it diverges.
    """
    bands = draw_bands(axes, panel, panel.floor)
    scale_axes(axes, panel.run.iterations, panel.plot)
    starts = [float(values.high[0]) for values in bands.values() if values.high.size]
    scale_values(axes, panel, edges(bands, panel.plot), HEADROOM * max(starts, default=1.0))
    axes.set_ylabel(f"{panel.loss} ({panel.plot.ylabel})")
    axes.set_xlabel(panel.plot.xlabel)
    crosses = draw_crosses(axes, panel)
    floor = [PRECISION_NOTE] if _draw_floor(axes, panel) else []
    return marks(panel, *([DIVERGED_NOTE] if crosses else []), *floor)


def _draw_floor(axes: "Axes", panel: Panel) -> bool:
    """Draw the precision of the optimum where curves reach it."""
    if axes.get_yscale() != "log" or not any(
        np.any(np.asarray(line.get_ydata(), dtype=float) <= panel.floor * (1 + 1e-9)) for line in axes.lines
    ):
        return False
    axes.axhline(panel.floor, color=MUTED, linestyle=":", linewidth=0.9 * scale(), zorder=1).set_gid("precision")
    return True


def _early(panel: Panel) -> bool:
    """Whether a curve is half way down, in decades, within the first EARLY of the run: a linear axis hides how."""
    if panel.plot.log_x:
        return False
    end = panel.run.iterations
    for curve in panel.choices:
        values = band([Line.of(trial, end) for trial in panel.shown(curve).values()], panel.floor)
        heights = np.log10(values.median[np.isfinite(values.median)])
        if heights.size and heights.min() < heights[0] - DECADE:
            middle = (heights[0] + heights.min()) / 2
            if values.iterations[int(np.argmax(heights <= middle))] <= EARLY * end:
                return True
    return False


def _draw_early(axes: "Axes", panel: Panel) -> Marks:
    """The same over the iterations on a log axis."""
    return draw_convergence(axes, replace(panel, early=True))


FIGURES = (
    Figure("figure", beside(draw_convergence)),
    Figure("figure-log-x", beside(_draw_early), "log axis", _early),
    LEARNING_RATES,
)
