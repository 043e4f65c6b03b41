"""Where legends go: into a corner without curves, or below the axes, which then get the height for it."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import Bbox, offset_copy

from overparam_cli.figures.style import lay_out, scale

Corner = Literal["upper right", "lower left", "upper left", "lower right"]
BELOW = "below"  # the id of a legend that needs height
LABEL_DEPTH = 36  # points below the axis that tick labels and axis label take
COLUMN_LETTERS = 28  # that fit into half the legend of a panel of
PANEL = 4.5  # inches
CORNERS: dict[Corner, tuple[int, int]] = {
    "upper right": (1, 1),
    "lower left": (0, 0),
    "upper left": (0, 1),
    "lower right": (1, 0),
}  # in order of taste


def place_legends(figure: Figure, axes: Sequence[Axes], titles: Sequence[str]) -> list[Legend]:
    """Put each panel's legend into a corner without curves; where one panel has none, put all of them below."""
    legends = [panel.legend(loc="upper right", title=title) for panel, title in zip(axes, titles, strict=True)]
    lay_out(figure)
    corners = [_free_corner(panel, legend) for panel, legend in zip(axes, legends, strict=True)]
    if None in corners:
        return place_below(figure, [(panel, None, title) for panel, title in zip(axes, titles, strict=True)])
    return [panel.legend(loc=corner, title=title) for panel, corner, title in zip(axes, corners, titles, strict=True)]


def place_below(figure: Figure, panels: Sequence[tuple[Axes, Axes | None, str]]) -> list[Legend]:
    """Put a legend below each of the axes, whose entries may come from other ones, all in as many columns."""
    sources = [source or axes for axes, source, _ in panels]
    columns = min(_columns(source, source.get_legend_handles_labels()[1]) for source in sources)
    legends = [legend_below(*panel, columns=columns) for panel in panels]
    grow(figure, legends)
    return legends


def legend_below(
    axes: Axes, source: Axes | None = None, title: str = "", *, columns: int | None = None, **look: Any
) -> Legend:
    """Put a legend below the panel's axis label; its entries may come from another panel.

    `grow` then gives the figure the height for it.
    """
    handles, labels = (source or axes).get_legend_handles_labels()
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    under = offset_copy(axes.transAxes, figure, y=-LABEL_DEPTH * scale(), units="points")
    spot: dict[str, Any] = {"bbox_to_anchor": (0.5, 0), "bbox_transform": under, "borderaxespad": 0.0}
    spot |= {"title": title, "ncols": columns or _columns(axes, labels), "handlelength": 2.8, **look}
    legend = axes.legend(handles, labels, loc="upper center", **spot)
    legend.set_gid(BELOW)
    return legend


def move_below(figure: Figure) -> None:
    """Put legends that would cover what is drawn below their axes."""
    lay_out(figure)
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is None or legend.get_gid() == BELOW:
            continue
        box = legend.get_window_extent().transformed(axes.transAxes.inverted())
        if not _is_free(axes, box):
            legend_below(axes, title=legend.get_title().get_text())


def grow(figure: Figure, legends: Sequence[Legend]) -> None:
    """Add the height that the legends below the panels take, so that the panels keep theirs."""
    figure.set_figheight(figure.get_figheight() + (0.12 + 0.17 * max(map(_rows, legends), default=0)) * scale())


def _rows(legend: Legend) -> int:
    """The lines of a legend's fullest column, its title's included."""
    lines = [_lines(text.get_text()) for text in legend.get_texts()]
    columns = int(getattr(legend, "_ncols", 1))  # which Matplotlib tells nobody
    return bool(legend.get_title().get_text()) + math.ceil(sum(lines) / columns)


def _lines(label: str) -> int:
    return label.count("\n") + 1


def _columns(axes: Axes, labels: Sequence[str]) -> int:
    """Return 2 where two columns fit below a panel."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    width = figure.get_figwidth() / (place.get_gridspec().ncols if place else 1)
    letters = COLUMN_LETTERS * min(1, width / PANEL / scale())
    return 2 if len(labels) > 1 and max(map(len, labels)) <= letters else 1


def _free_corner(axes: Axes, legend: Legend) -> Corner | None:
    """Return the first corner whose box for the legend meets no curve and no band."""
    box = legend.get_window_extent().transformed(axes.transAxes.inverted())
    width, height = box.width + 0.03, box.height + 0.03
    for name, (x, y) in CORNERS.items():
        if _is_free(axes, Bbox.from_bounds(x - width * x, y - height * y, width, height)):
            return name
    return None


def _is_free(axes: Axes, box: Bbox) -> bool:
    """Whether a box, in shares of the axes, meets no curve and no band."""
    to_axes = axes.transData + axes.transAxes.inverted()
    paths = [line.get_path().transformed(line.get_transform() + axes.transAxes.inverted()) for line in axes.lines]
    areas = [path.transformed(to_axes) for collection in axes.collections for path in collection.get_paths()]
    return not any(path.intersects_bbox(box, filled=False) for path in paths) and not any(
        area.intersects_bbox(box, filled=True) for area in areas
    )
