"""A figure of several runs side by side, each drawn in the way of its kind: their legends, heads and notes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overparam_cli.figures.layout import foot, head, legend_title, new_figure, notes, place_legends
from overparam_cli.figures.panels import Panel


@dataclass(frozen=True)
class Marks:
    """What a pair of axes shows that the foot of the figure must explain."""

    crosses: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One pair of axes of a figure: whose run it shows, and what draws it."""

    panel: Panel
    draw: Callable[[Axes, Panel], Marks]


def compose(cells: Sequence[Cell], what: str = "") -> Figure:
    """Draw the cells beside each other; the title says `what` the figure shows of its experiments."""
    figure, rows = new_figure([cell.panel for cell in cells], what)
    found = []
    for axes, cell in zip(rows[0], cells, strict=True):
        found.append(cell.draw(axes, cell.panel))
        head(axes, cell.panel)
    place_legends(figure, rows[0], [legend_title(cell.panel) for cell in cells])
    extra = dict.fromkeys(note for marks in found for note in marks.notes)
    crosses = any(marks.crosses for marks in found)
    foot(figure, notes([cell.panel for cell in cells], crosses=crosses, extra=list(extra)))
    return figure
