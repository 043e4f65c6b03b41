"""What is done to a pair of axes whatever its curves: crosses, numbers, limits."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from overparam_cli.figures.style import MUTED, Look

DRAWABLE = (1e-150, 1e150)  # matplotlib's own arithmetic (margins, ticks beyond the ends) stays finite with these
NOTHING = "nothing finite to show"


def cross(axes: Axes, x: float, y: float, style: Look) -> Line2D:
    """Mark where a trial diverged; a point above the axis is marked at its upper edge."""
    top = axes.get_ylim()[1]
    (mark,) = axes.plot(
        [x], [min(y, top)], "x", color=style.color, markersize=7, markeredgewidth=2, clip_on=False, zorder=5
    )
    mark.set_gid("diverged")
    return mark


def plain_numbers(axes: Axes) -> None:
    """Write a log axis's numbers out, some of each decade: for an axis of few decades."""
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def limit(axes: Axes, values: Sequence[np.ndarray], ceiling: float, margin: float = 0.05) -> None:
    """Set a log axis around the finite values, those above `ceiling` (a diverging trial's last ones) left out.

    Where there are none the axes say so.
    """
    numbers = np.concatenate([value[np.isfinite(value) & (value > 0)] for value in values] or [np.empty(0)])
    numbers = numbers[numbers <= ceiling]
    if not numbers.size:
        axes.set_ylim(0.1, 10)
        remark(axes, NOTHING)
        return
    low, high = float(numbers.min()), float(numbers.max())
    room = max(math.exp(margin * (math.log(high) - math.log(low))), 1.05)
    axes.set_ylim(*drawable(low / room, high * room))


def drawable(low: float, high: float) -> tuple[float, float]:
    """The ends of a log axis, as far as matplotlib's own arithmetic goes."""
    least, most = DRAWABLE
    return min(max(low, least), most / 10), max(min(high, most), least * 10)


def remark(axes: Axes, text: str) -> None:
    """Say in the middle of the axes why there is nothing else."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, color=MUTED, ha="center")


def scale_axes(axes: Axes, end: int) -> None:
    """Set the iteration axis: linear, from 0 to the end of the run, numbers written out."""
    axes.set_xlim(0, max(end, 1))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
