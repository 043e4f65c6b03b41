"""A figure of runs, as a kind of network registers it: a panel's cells, and how they lie beside those of other runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes

from overparam_cli.figures.captions import head
from overparam_cli.figures.compose import SHEET, Cell, Said, Sheet, compose
from overparam_cli.figures.panels import Panel

Draw = Callable[[Axes, Panel], Said]


@dataclass(frozen=True)
class Figure:
    """A figure of one kind's runs.

    Attributes:
        stem: of the file that it goes to. Figures of one stem, of several kinds, stand side by side in one file.
        cells: a panel's cells.
        what: it shows of the experiment, said after the experiment's title.
        sheet: how the cells lie.
        applies: whether a panel has something to show in it.
    """

    stem: str
    cells: Callable[[Panel], Sequence[Cell]]
    what: str = ""
    sheet: Sheet = SHEET
    applies: Callable[[Panel], bool] = lambda _: True

    def draw(self, panels: Sequence[Panel]) -> matplotlib.figure.Figure:
        """Draw the panels of this kind side by side."""
        return side_by_side([(self, panel) for panel in panels])


def side_by_side(parts: Sequence[tuple[Figure, Panel]]) -> matplotlib.figure.Figure:
    """Draw panels side by side, each in its own kind's way: a figure of the paper may show networks of both kinds."""
    first, _ = parts[0]
    titles = dict.fromkeys(panel.run.experiment.title for _, panel in parts)
    title = " · ".join(titles) + (f": {first.what}" if first.what else "")
    return compose([cell for figure, panel in parts for cell in figure.cells(panel)], title, first.sheet)


def cell_of(panel: Panel, *draws: Draw, legend: str = "") -> Cell:
    """Return what shows a panel: one pair of axes, or a stack of them, below the panel's head."""

    def bound(draw: Draw) -> Callable[[Axes], Said]:
        return lambda axes: draw(axes, panel)

    return Cell(tuple(map(bound, draws)), head(panel), legend)


def has_column(column: str) -> Callable[[Panel], bool]:
    """Return the test whether a panel's log holds numbers in `column`."""
    return lambda panel: column in panel.run.log and bool(np.isfinite(panel.run.log[column]).any())
