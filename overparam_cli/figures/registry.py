"""A figure of a kind of experiment: the file it goes to, what draws it, and which runs have something to show in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from overparam_cli.figures.compose import SHEET, Cell, Legends, Marks, Sheet
from overparam_cli.figures.panels import Panel

Stacks = Sequence[Sequence[Cell]]
Draw = Callable[[Axes, Panel], Marks]


@dataclass(frozen=True)
class Figure:
    """A kind registers these (`Kind.figures`).

    Attributes:
        stem: of the file's name: figure, norms, …
        stacks: what shows one run; the runs' stacks stand side by side.
        what: the title says what of its experiments the figure shows.
        applies: whether a run has the numbers.
        legends, sheet: as `compose` takes them.
    """

    stem: str
    stacks: Callable[[Panel], Stacks]
    what: str = ""
    applies: Callable[[Panel], bool] = lambda _: True
    legends: Legends = "corner"
    sheet: Sheet = SHEET


def beside(*draws: Draw) -> Callable[[Panel], Stacks]:
    """Axes side by side, one for each function."""
    return lambda panel: [[cell(draw, panel)] for draw in draws]


def above(*draws: Draw) -> Callable[[Panel], Stacks]:
    """Axes above each other over the same iterations, one for each function."""
    return lambda panel: [[cell(draw, panel) for draw in draws]]


def cell(draw: Draw, panel: Panel) -> Cell:
    """One pair of axes of a run."""
    return Cell(lambda axes: draw(axes, panel))


def has_column(column: str) -> Callable[[Panel], bool]:
    """The test whether a panel's log holds numbers in `column`."""
    return lambda panel: column in panel.run.log and bool(np.isfinite(panel.run.log[column]).any())
