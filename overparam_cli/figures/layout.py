"""Titles, data labels, legends and notes: the parts of a figure around its curves."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import Bbox, offset_copy

from overparam_cli.experiments import of_the_paper
from overparam_cli.figures.panels import Panel
from overparam_cli.figures.style import ALERT, MUTED, Look, format_rate
from overparam_cli.results.runs import full_iterations, iterations
from overparam_cli.results.selection import Selection

Corner = Literal["upper right", "lower left", "upper left", "lower right"]
PANEL_WIDTH, PANEL_HEIGHT = 4.5, 3.6  # inches; two panels fill a paper's text width
LONE_PANEL_WIDTH = 5.4
MOST_COLUMNS = 3  # of panels beside each other
LABEL_DEPTH = 36  # points below the axis that tick labels and axis label take
COLUMN_LETTERS, LEGEND_LETTERS = 28, 44  # that fit into half a panel's legend, and into a whole one
CORNERS: dict[Corner, tuple[int, int]] = {
    "upper right": (1, 1),
    "lower left": (0, 0),
    "upper left": (0, 1),
    "lower right": (1, 0),
}  # in order of taste
EDGE_MARK, DIVERGED_MARK = "†", "×"
EDGE_NOTE = f"{EDGE_MARK} at the edge of the learning-rate grid: a better rate may lie outside"


def new_figure(
    panels: Sequence[Panel], what: str = "", rows: int = 1, row_height: float = PANEL_HEIGHT
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with one column per panel, its title set, and its axes as rows of columns.

    A single row of more than MOST_COLUMNS panels is folded.

    The title is the experiment's, followed by `what` the figure shows of it.
    """
    columns = len(panels) if rows > 1 else min(len(panels), MOST_COLUMNS)
    lines = math.ceil(len(panels) / columns)
    width = LONE_PANEL_WIDTH if columns == 1 else PANEL_WIDTH * columns
    figure = Figure(figsize=(width, row_height * rows * lines), layout="constrained")
    axes = figure.subplots(rows * lines, columns, squeeze=False, sharex="col" if rows > 1 else "none")
    if lines > 1:  # one row of many panels, folded
        flat = axes.ravel()
        for empty in flat[len(panels) :]:
            empty.remove()
        axes = flat[None, : len(panels)]
    titles = list(dict.fromkeys(str(panel.run.manifest["config"].get("title", "")) for panel in panels))
    if any(titles):
        title = " · ".join(titles) + (f": {what}" if what else "")
        figure.suptitle(textwrap.fill(title, width=int(width * 11)))
    return figure, [list(row) for row in axes]


def head(axes: Axes, panel: Panel) -> None:
    """Say above a panel which data it shows, how many seeds, and whether the run was shortened.

    An embedded data set that is not the paper's is called so on a line of its own, in a colour not to be overlooked.
    """
    data = panel.run.manifest["dataset"]
    parts = [*dimensions(panel), length_line(panel)]
    foreign = data["embedded"] and not of_the_paper(data["name"])
    if not foreign:
        parts.insert(0, f"{data['name']} data")
    lines = _joined([panel.title, *parts])
    if foreign:
        text = f"{data['name']} data — not the paper’s"
        axes.set_title(text, loc="left", color=ALERT, fontweight="bold", pad=6 + 10.5 * len(lines))
    spot = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    axes.annotate("\n".join(lines), **spot, fontsize=8, color=MUTED, va="bottom").set_gid("data")  # type: ignore[arg-type]


def _joined(parts: Sequence[str], width: int = 62) -> list[str]:
    """Join the parts that are not empty into lines of at most `width` characters, breaking between parts only."""
    lines: list[str] = []
    for part in filter(None, parts):
        if lines and len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def dimensions(panel: Panel) -> list[str]:
    """Return the size of the panel's data set and the number of its seeds."""
    data, seeds = panel.run.manifest["dataset"], panel.run.trials["seed"].nunique()
    outputs = f", k = {data['k']:,}" if data.get("k", 1) > 1 else ""
    return [
        f"n = {data['n']:,}, d = {data['d']:,}{outputs}",
        "1 seed" if seeds == 1 else f"{seeds} seeds: median and range",
    ]


def length_line(panel: Panel) -> str:
    """Return "1,000 of 1,000,000 iterations" for a shortened run, and nothing for a full one."""
    ran, full = iterations(panel.run), full_iterations(panel.run)
    return f"{ran:,} of {full:,} iterations" if ran < full else ""


def curve_label(label: str, selection: Selection, *, named: bool = True) -> str:
    """Return a legend's entry: the curve, the rate that is drawn (where `named`), and what must be known of it."""
    if selection.shown is None:
        return label
    rate = f"lr {format_rate(selection.shown)}{EDGE_MARK if selection.edge else ''}" if named else ""
    fault = ""
    if selection.lr is None:
        lost = set(selection.diverged) == set(selection.rates)
        fault = ("diverged" if len(selection.rates) == 1 else "every rate diverged") if lost else "seeds missing"
    said = ", ".join(filter(None, (rate, fault)))
    return wrapped(f"{label} ({said})" if said else label)


def wrapped(label: str) -> str:
    """Break a legend's entry that is broader than a panel."""
    return textwrap.fill(label, width=LEGEND_LETTERS)


def legend_title(panel: Panel) -> str:
    """Return the learning rate where it is one for all curves, to be said once."""
    return "" if panel.common_rate is None else f"{panel.measure.rate} {format_rate(panel.common_rate)}"


def notes(panels: Sequence[Panel], *, crosses: bool = False, extra: Sequence[str] = ()) -> list[str]:
    """Return the lines below the figure that explain its marks, as far as they occur."""
    lines = [f"{DIVERGED_MARK} diverged"] if crosses else []
    if any(selection.edge for panel in panels for selection in panel.selections.values()):
        lines.append(EDGE_NOTE)
    return [*lines, *extra]


def foot(figure: Figure, lines: Sequence[str]) -> None:
    """Write the notes below the panels."""
    if lines:
        width = int(figure.get_figwidth() * 17)
        figure.supxlabel(textwrap.fill("   ".join(lines), width=width), fontsize=7.5, color=MUTED, x=0.01, ha="left")


def place_legends(figure: Figure, axes: Sequence[Axes], titles: Sequence[str]) -> list[Legend]:
    """Put each panel's legend into a corner without curves; where one panel has none, put all of them below."""
    legends = [panel.legend(loc="upper right", title=title) for panel, title in zip(axes, titles, strict=True)]
    figure.draw_without_rendering()
    corners = [_free_corner(panel, legend) for panel, legend in zip(axes, legends, strict=True)]
    placed = []
    for panel, corner, title in zip(axes, corners, titles, strict=True):
        below = corner is None or None in corners
        placed.append(legend_below(panel, title=title) if below else panel.legend(loc=corner, title=title))
    if None in corners:
        grow(figure, placed)
    return placed


def legend_below(axes: Axes, source: Axes | None = None, title: str = "") -> Legend:
    """Put a legend below the panel's axis label; its entries may come from another panel."""
    handles, labels = (source or axes).get_legend_handles_labels()
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    under = offset_copy(axes.transAxes, figure, y=-LABEL_DEPTH, units="points")
    spot: dict[str, Any] = {"bbox_to_anchor": (0.5, 0), "bbox_transform": under, "borderaxespad": 0.0}
    spot |= {"title": title, "ncols": _columns(labels), "handlelength": 2.8}
    return axes.legend(handles, labels, loc="upper center", **spot)


def grow(figure: Figure, legends: Sequence[Legend]) -> None:
    """Add the height that the legends below the panels take, so that the panels keep theirs."""
    entries = [[text.get_text() for text in legend.get_texts()] for legend in legends]
    titled = any(legend.get_title().get_text() for legend in legends)
    rows = titled + max(math.ceil(sum(map(_lines, labels)) / _columns(labels)) for labels in entries)
    figure.set_figheight(figure.get_figheight() + 0.12 + 0.17 * rows)


def _lines(label: str) -> int:
    return label.count("\n") + 1


def _columns(labels: Sequence[str]) -> int:
    """Return 2 where two columns fit below a panel."""
    return 2 if len(labels) > 1 and max(map(len, labels)) <= COLUMN_LETTERS else 1


def _free_corner(axes: Axes, legend: Legend) -> Corner | None:
    """Return the first corner whose box for the legend meets no curve and no band."""
    box = legend.get_window_extent().transformed(axes.transAxes.inverted())
    width, height = box.width + 0.03, box.height + 0.03
    to_axes = axes.transData + axes.transAxes.inverted()
    paths = [line.get_path().transformed(line.get_transform() + axes.transAxes.inverted()) for line in axes.lines]
    areas = [path.transformed(to_axes) for collection in axes.collections for path in collection.get_paths()]
    for name, (x, y) in CORNERS.items():
        corner = Bbox.from_bounds(x - width * x, y - height * y, width, height)
        if not any(path.intersects_bbox(corner, filled=False) for path in paths) and not any(
            area.intersects_bbox(corner, filled=True) for area in areas
        ):
            return name
    return None


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
    """Set a log axis around the finite values, those above `ceiling` (a diverging trial's last ones) left out."""
    numbers = np.concatenate([value[np.isfinite(value) & (value > 0)] for value in values] or [np.empty(0)])
    numbers = numbers[numbers <= ceiling]
    if not numbers.size:
        return
    low, high = float(numbers.min()), float(numbers.max())
    room = max((high / low) ** margin, 1.05)
    axes.set_ylim(low / room, high * room)
