"""Curves over the iterations: median and range of the seeds, and where seeds diverged."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from overparam_cli.figures.axes import cross
from overparam_cli.figures.bands import Band, Course, Read, band, level
from overparam_cli.figures.captions import curve_label
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.style import Look

MARKED = 4  # from this many curves on, sparse markers help to tell them apart


def draw_bands(axes: Axes, panel: Panel, floor: float, read: Read = level) -> dict[str, Band]:
    """Draw every curve's median and range of what `read` finds in a trial; values below `floor` are drawn at it."""
    bands = {}
    for place, (curve, choice) in enumerate(panel.choices.items()):
        courses = [Course.of(trial, read) for trial in panel.shown(curve).values()]
        bands[curve] = band(courses, floor, panel.run.iterations)
        label = curve_label(choice, named=panel.common_rate is None)
        draw_band(axes, bands[curve], panel.looks[curve], label, (place, len(panel.choices)))
    return bands


def draw_band(axes: Axes, values: Band, style: Look, label: str, turn: tuple[int, int] = (0, 1)) -> None:
    """Draw the median as a line and, where the seeds differ, the range between them as an area.

    `turn` = (place, curves): with many curves each also gets markers, out of step with the others', so that curves
    which lie on each other can still be told apart.
    """
    place, curves = turn
    finite = np.isfinite(values.median)
    x, y = values.iterations[finite], values.median[finite]
    look: dict[str, Any] = {
        "color": style.stroke,
        "markersize": 4.5,
        "markerfacecolor": style.color if style.pale else "white",
        "markeredgecolor": "white" if style.pale else style.color,
    }
    marked = curves >= MARKED and values.iterations.size
    if marked:
        spots = (np.arange(6) + (place + 0.5) / curves) / 6 * values.iterations[-1]
        places = np.unique(np.searchsorted(x, spots)).clip(max=finite.sum() - 1)
        look |= {"marker": style.marker, "markevery": places.tolist()}
    order = 4 - style.width / 4  # thin lines above broad ones
    axes.plot(x, y, linestyle=style.linestyle, linewidth=style.width, label=label, zorder=order, **look)
    if marked:  # again, above every line: a curve that lies under another still shows where it is
        axes.plot(x, y, linestyle="none", label="_markers", zorder=4, **look)
    ranged = np.isfinite(values.high)
    x, low, high = (ends[ranged] for ends in (values.iterations, values.low, values.high))
    if np.any(high > low):
        axes.fill_between(x, low, high, color=style.color, alpha=0.18, linewidth=0, zorder=2)


def draw_crosses(axes: Axes, panel: Panel, read: Read = level, at: Read | None = None) -> bool:
    """Mark where seeds of the drawn rates diverged; return whether there are any.

    Each seed of such a curve is then drawn as a thin line too: the median does not show what the seeds that go on do.
    A seed that diverges before `read` finds a value is marked where `at` finds its last one.
    """
    found = [_draw_crosses(axes, panel, curve, read, at or read) for curve in panel.choices]
    return any(found)


def _draw_crosses(axes: Axes, panel: Panel, curve: str, read: Read, at: Read) -> bool:
    """Mark where seeds of one curve diverged."""
    look, trials = panel.looks[curve], list(panel.shown(curve).values())
    courses = [Course.of(trial, read) for trial in trials]
    ends = [
        course if course.values.size else Course.of(trial, at) for course, trial in zip(courses, trials, strict=True)
    ]
    lost = [end for end in ends if end.values.size and end.end < panel.run.iterations]
    for course in courses if lost else ():
        heights = np.maximum(course.values, panel.run.floor)
        axes.plot(course.iterations, heights, color=look.color, linewidth=0.6, zorder=2.5)
    for end in lost:
        cross(axes, end.end, float(end.values[-1]), look)
    return bool(lost)
