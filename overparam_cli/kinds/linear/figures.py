"""The figures of the paper: distance from the optimum over the iterations, and what the search of rates saw."""

from typing import TYPE_CHECKING

import numpy as np

from overparam_cli.figures.axes import scale_axes
from overparam_cli.figures.compose import Marks
from overparam_cli.figures.curves import draw_bands, draw_crosses, edges, scale_values
from overparam_cli.figures.labels import DIVERGED_NOTE, marks
from overparam_cli.figures.learning_rates import LEARNING_RATES
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.registry import Figure, beside
from overparam_cli.figures.style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADROOM = 3.0  # a diverging curve is followed to this multiple of the largest gap at the start
PRECISION_NOTE = "dotted line: precision of the optimum"


def draw_convergence(axes: "Axes", panel: Panel) -> Marks:
    """Draw the gap: median and full range over the seeds, log axis.

    A curve with which every rate diverged is drawn at its smallest rate up to where it diverges.
    """
    bands = draw_bands(axes, panel, panel.floor)
    scale_axes(axes, panel.run.iterations)
    starts = [float(values.high[0]) for values in bands.values() if values.high.size]
    scale_values(axes, panel, edges(bands), HEADROOM * max(starts, default=1.0))
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
    axes.axhline(panel.floor, color=MUTED, linestyle=":", linewidth=0.9, zorder=1).set_gid("precision")
    return True


FIGURES = (Figure("figure", beside(draw_convergence)), LEARNING_RATES)
