"""What is done to a pair of axes whatever its curves: crosses, numbers, limits."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FuncFormatter,
    LogFormatterMathtext,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    StrMethodFormatter,
)
from matplotlib.transforms import offset_copy

from overparam_cli.experiments.model import Plot
from overparam_cli.figures.looks import Look
from overparam_cli.figures.style import MUTED, part_of, scale

DRAWABLE = (1e-150, 1e150)  # matplotlib's own arithmetic (margins, ticks beyond the ends) stays finite with these
FEW_DECADES = 2.0
CROSS = 7.0  # points
LETTER = 0.6  # width of a digit, in font sizes
BESIDE = 0.8  # inches that the numbers and the name of an axis take
EDGE = 0.02  # so near to the end of an axis, as a share of it, a cross would spill over
NOTHING = "nothing finite to show"


def cross(axes: Axes, x: float, y: float, style: Look, label: str = "") -> Line2D:
    """Mark where a trial diverged; a point above the axis is marked at its upper edge.

    At an edge the mark is moved inwards, so that it lies within the axes.
    """
    spot = (x, min(y, axes.get_ylim()[1]))
    figure = axes.get_figure(root=True)
    across, up = map(_inwards, (axes.transScale + axes.transLimits).transform(spot))
    inside = offset_copy(axes.transData, figure, x=across, y=up, units="points")
    look: dict[str, Any] = {
        "markersize": CROSS * scale(),
        "markeredgewidth": 2 * scale(),
        "clip_on": False,
        "zorder": 5,
    }
    (mark,) = axes.plot(*spot, "x", color=style.color, transform=inside, label=part_of(label), **look)
    mark.set_gid("diverged")
    return mark


def _inwards(place: float) -> float:
    """By how many points a cross at this place of an axis (0 to 1) is moved."""
    return (CROSS / 2 + 1) * scale() * (int(place < EDGE) - int(place > 1 - EDGE))


def number_decades(axes: Axes) -> None:
    """Number a log axis: powers of ten, and where these would be few, some numbers of each decade, written out."""
    low, high = axes.get_ylim()
    decades = abs(math.log10(high) - math.log10(low))
    if decades >= FEW_DECADES:
        axes.yaxis.set_major_locator(LogLocator())
        axes.yaxis.set_major_formatter(LogFormatterMathtext())
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades > 1 else (1, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(FuncFormatter(_written_out))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _written_out(value: float, _: int | None = None) -> str:
    """A number of an axis; a function with a name, so that figures can be pickled."""
    return f"{value:g}".replace("e-0", "e-")


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
    number_decades(axes)


def drawable(low: float, high: float) -> tuple[float, float]:
    """The ends of a log axis, as far as matplotlib's own arithmetic goes."""
    least, most = DRAWABLE
    return min(max(low, least), most / 10), max(min(high, most), least * 10)


def remark(axes: Axes, text: str) -> None:
    """Say in the middle of the axes why there is nothing else."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, color=MUTED, ha="center")


def scale_axes(axes: Axes, end: int, plot: Plot) -> None:
    """Set the iteration axis: from 0 to the end of the run, numbers written out, or as `[plot]` has it.

    A log axis begins where the first line does behind iteration 0, which has no place on it.
    """
    if plot.log_x:
        axes.set_xscale("log")
        axes.set_xlim(*(plot.xlim or (_first(axes, end), max(end, 2))))
        return
    axes.set_xlim(*(plot.xlim or (0, max(end, 1))))
    most = max(2, min(5, int(room(axes) * 72 / (rcParams["font.size"] * LETTER * len(f"{end:,}") + 2))))
    axes.xaxis.set_major_locator(MaxNLocator(most, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def room(axes: Axes) -> float:
    """About how many inches wide some axes are, beside the numbers and the name of the other axis."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert figure is not None
    return float(figure.get_figwidth()) / (place.get_gridspec().ncols if place else 1) - BESIDE * scale()


def visible(iterations: np.ndarray, values: np.ndarray, plot: Plot) -> np.ndarray:
    """The values between the ends of the iteration axis: the other axis is to show these."""
    low, high = plot.xlim or (-np.inf, np.inf)
    return values[(iterations >= low) & (iterations <= high)]


def _first(axes: Axes, end: int) -> float:
    """The first iteration behind 0 at which something is drawn; it leaves room before the end."""
    drawn = [np.asarray(line.get_xdata(), dtype=float) for line in axes.lines]
    later = np.concatenate([own[own > 0] for own in drawn] or [np.empty(0)])
    return float(min(later.min(initial=np.inf), max(end, 2) / 2))
