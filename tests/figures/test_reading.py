"""What is read out of a drawn figure, against what was drawn into it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.transforms import offset_copy

from overparam_cli.figures.compose import Cell, Head, Marks, compose
from overparam_cli.figures.reading import picture
from overparam_cli.figures.spec import Mark, Plot
from overparam_cli.figures.style import part_of, rendered, styled


def read(draw: Callable[[Axes], Any]) -> Plot:
    """The one plot of a figure."""

    def cell(axes: Axes) -> Marks:
        draw(axes)
        return Marks(Head(("a < b",)), notes=("a note",))

    with styled():
        figure = compose([[Cell(cell)]], "A title", legends="own")
        svg = rendered(figure, "svg").decode()
        found = picture(figure, "key", svg)
    (plot,) = found.plots
    assert (found.title, found.notes, plot.head) == ("A title", ("a note",), ("a &lt; b",))
    return plot


def only(plot: Plot, kind: str = "line") -> Mark:
    (mark,) = [mark for mark in plot.marks if mark.kind == kind]
    return mark


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_mark_that_is_moved_by_some_points_keeps_its_place(scale: str) -> None:
    def draw(axes: Axes) -> None:
        axes.set(xlim=(1, 100), ylim=(0.1, 10), xscale=scale, yscale=scale)
        moved = offset_copy(axes.transData, axes.get_figure(root=True), x=3, y=-3, units="points")
        axes.plot([50], [5], "x", transform=moved)

    mark = only(read(draw))
    assert (list(mark.x), list(mark.y), mark.across) == ([50.0], [5.0], "")


def test_what_has_its_place_in_the_axes_keeps_it() -> None:
    def draw(axes: Axes) -> None:
        axes.set(xlim=(1, 100), ylim=(0.1, 10), xscale="log", yscale="log")
        axes.plot([10], [0.9], "x", transform=axes.get_xaxis_transform())
        axes.axhline(3)
        axes.annotate("beside", (1, 3), xycoords=("axes fraction", "data"))
        axes.text(0.5, 0.5, "inside", transform=axes.transAxes)

    plot = read(draw)
    assert {mark.across for mark in plot.marks if mark.kind == "line"} == {"y", "x"}
    assert [(mark.texts, mark.across) for mark in plot.marks if mark.kind == "text"] == [
        (("beside",), "x"),
        (("inside",), "xy"),
    ]


def test_ticks_with_names_are_kept_and_numbers_are_not() -> None:
    plot = read(lambda axes: (axes.set_xticks([1, 2], ["one", "<two>"]), axes.set_yticks([1, 2], ["1", "2"])))
    assert plot.x.ticks == ((1.0, "one"), (2.0, "&lt;two&gt;"))
    assert plot.y.ticks == ()


def test_bands_and_thin_lines_belong_to_their_curve() -> None:
    def draw(axes: Axes) -> None:
        x = np.arange(3)
        axes.plot(x, x, label="one", linestyle=(0, (4, 2)), linewidth=2)
        axes.fill_between(x, x, x + 1, label=part_of("one"))
        axes.plot(x, 2 * x, label=part_of("one"))
        axes.plot(x, 3 * x)
        axes.legend()

    plot = read(draw)
    assert sorted((mark.kind, mark.curve) for mark in plot.marks) == [
        ("area", "one"),
        ("line", ""),
        ("line", "one"),
        ("line", "one"),
    ]
    (entry,) = plot.legend
    assert (entry.label, entry.dash) == ("one", (8.0, 4.0))  # matplotlib counts dashes in widths of the line


def test_a_picture_of_cells_is_upside_down_as_its_axis_is() -> None:
    plot = read(lambda axes: axes.imshow(np.zeros((4, 6, 3)), aspect="auto"))
    (image,) = plot.images
    assert (image.left, image.right, image.bottom, image.top) == (-0.5, 5.5, 3.5, -0.5)
    assert plot.y.reversed
    assert image.source.startswith("data:image/png;base64,")
