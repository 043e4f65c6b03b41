"""The figures of linear networks; the main one is the paper's: distance from the optimum over the iterations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from overparam_cli.figures.axes import scale_iterations, scale_values
from overparam_cli.figures.bands import Band
from overparam_cli.figures.captions import legend_title, noted
from overparam_cli.figures.compose import Cell, Said
from overparam_cli.figures.curves import draw_bands, draw_crosses
from overparam_cli.figures.figure import Figure, cell_of
from overparam_cli.figures.learning_rates import LEARNING_RATES
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.style import MUTED
from overparam_cli.kinds.linear.diagnostics import NORMS, STABILITY

HEADROOM = 3.0  # a diverging curve is followed to this multiple of the largest gap at the start
PRECISION_NOTE = "dotted line: precision of the optimum"


def convergence(panel: Panel) -> list[Cell]:
    """Return the median and full range of the gap over the seeds, every curve at its chosen learning rate.

    The gap's axis is logarithmic, that of the iterations linear. A curve with which every rate diverged is drawn at its
    smallest rate up to where it diverges.
    """
    return [cell_of(panel, _draw, legend=legend_title(panel))]


def _draw(axes: Axes, panel: Panel) -> Said:
    """Draw the curves of one panel and its axes."""
    bands = draw_bands(axes, panel, panel.run.floor)
    scale_iterations(axes, panel.run.iterations)
    _scale_gaps(axes, panel, list(bands.values()))
    axes.set_ylabel(f"{panel.loss} ({panel.plot.ylabel})")
    axes.set_xlabel(panel.plot.xlabel)
    crosses = draw_crosses(axes, panel)
    return noted(panel, *[PRECISION_NOTE] * _draw_floor(axes, panel.run.floor), crosses=crosses)


def _scale_gaps(axes: Axes, panel: Panel, bands: Sequence[Band]) -> None:
    """Set the gap axis around the curves; a diverging one is followed for a while."""
    starts = [float(values.high[0]) for values in bands if values.high.size]
    shown = [values for band in bands for values in (band.low, band.median, band.high)]
    scale_values(axes, panel.plot, shown, HEADROOM * max(starts, default=1.0))


def _draw_floor(axes: Axes, floor: float) -> bool:
    """Draw the precision of the optimum where curves reach it."""
    if axes.get_yscale() != "log" or not any(
        np.any(np.asarray(line.get_ydata(), dtype=float) <= floor * (1 + 1e-9)) for line in axes.lines
    ):
        return False
    axes.axhline(floor, color=MUTED, linestyle=":", linewidth=0.9, zorder=1).set_gid("precision")
    return True


CONVERGENCE = Figure("figure", convergence)
FIGURES = (CONVERGENCE, LEARNING_RATES, NORMS, STABILITY)
