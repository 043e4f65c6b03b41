"""The one assembler of figures: cells side by side, each a pair of axes, or a stack of them over one x axis.

A cell says who draws into its axes and what stands above them; a drawing says of itself what must be explained at the
foot. Sizes, folding, title, legends and notes are settled here, for runs and for the theory alike.
"""

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from overparam_cli.figures.legends import grow, legend_below, place_legends
from overparam_cli.figures.style import ALERT, MUTED

EDGE_MARK = "†"
DIVERGED_NOTE = "× diverged"
PARTIAL_NOTE = "1/3 beside a cross: seeds that diverged, where some did not"
EDGE = "at the edge of the learning-rate grid: a better rate may lie outside"
EDGE_NOTE, RING_NOTE = f"{EDGE_MARK} {EDGE}", f"ring {EDGE}"
NOTES = (DIVERGED_NOTE, PARTIAL_NOTE, EDGE_NOTE, RING_NOTE)  # in this order; a figure's own follow as they occur


@dataclass(frozen=True)
class Said:
    """What a drawing says of itself: `lines` that end its head, and `notes` at the figure's foot."""

    notes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """What stands above a cell: muted lines and, over them in a colour of its own, what is not the paper's."""

    lines: tuple[str, ...] = ()
    alert: str = ""


@dataclass(frozen=True)
class Cell:
    """One pair of axes of a figure, or a stack of them over one x axis.

    Attributes:
        draws: what draws each pair of axes, from the top down.
        head: what stands above the topmost.
        legend: the title of the legend.
    """

    draws: tuple[Callable[[Axes], Said], ...]
    head: Head
    legend: str = ""


def folded(cells: int) -> int:
    """The columns of so many cells: up to three beside each other."""
    return min(cells, 3)


@dataclass(frozen=True)
class Sheet:
    """How a figure's cells lie on it.

    Attributes:
        width: of a pair of axes, in inches; two fill a paper's text width.
        lone: its width where it stands alone.
        height: of a pair of axes.
        columns: cells → how many stand beside each other; stacks all do.
        pad: inches between the columns; None: matplotlib's own.
        legends: in a free corner of each pair of axes, below each cell, or drawn by the cells themselves.
    """

    width: float = 4.5
    lone: float = 5.4
    height: float = 3.6
    columns: Callable[[int], int] = folded
    pad: float | None = None
    legends: Literal["corner", "below", "own"] = "corner"


SHEET = Sheet()


def compose(cells: Sequence[Cell], title: str = "", sheet: Sheet = SHEET) -> Figure:
    """Draw the cells, all stacks of one height, into one figure.

    Within a stack only the lowest axes name the x axis, and the legend below has the entries of the topmost.
    """
    figure, stacks = _new_figure(cells, title, sheet)
    notes: list[str] = []
    for cell, stack in zip(cells, stacks, strict=True):
        said = [draw(axes) for draw, axes in zip(cell.draws, stack, strict=True)]
        for axes in stack[:-1]:
            axes.set_xlabel("")
        _write_head(stack[0], [*cell.head.lines, *(line for one in said for line in one.lines)], cell.head.alert)
        notes += [note for one in said for note in one.notes]
    if sheet.legends == "corner":
        place_legends(figure, [stack[0] for stack in stacks], [cell.legend for cell in cells])
    elif sheet.legends == "below":
        below = zip(cells, stacks, strict=True)
        grow(figure, [legend_below(stack[-1], stack[0], cell.legend) for cell, stack in below])
    _write_foot(figure, notes)
    return figure


def _new_figure(cells: Sequence[Cell], title: str, sheet: Sheet) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with its title set, and each cell's axes from the top down."""
    rows = len(cells[0].draws)
    columns = len(cells) if rows > 1 else sheet.columns(len(cells))
    lines = math.ceil(len(cells) / columns)
    width = sheet.lone if columns == 1 else sheet.width * columns
    size = (width, sheet.height * rows * lines)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=sheet.pad))
    grid = figure.subplots(rows * lines, columns, squeeze=False, sharex="col" if rows > 1 else "none")
    if title:  # a formula must not be broken
        figure.suptitle(title if "$" in title else textwrap.fill(title, width=int(width * 11)))
    if rows > 1:
        return figure, [list(column) for column in grid.T]
    for empty in grid.flat[len(cells) :]:
        empty.remove()
    return figure, [[axes] for axes in grid.flat[: len(cells)]]


def _write_head(axes: Axes, lines: Sequence[str], alert: str) -> None:
    """Write the lines above the axes, and the alert over them."""
    if alert:
        axes.set_title(alert, loc="left", color=ALERT, fontweight="bold", pad=6 + 10.5 * len(lines))
    spot = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    axes.annotate("\n".join(lines), **spot, fontsize=8, color=MUTED, va="bottom").set_gid("data")  # type: ignore[arg-type]


def _write_foot(figure: Figure, notes: Iterable[str]) -> None:
    """Write every note once below the axes."""
    found = list(dict.fromkeys(notes))
    found = [note for note in NOTES if note in found] + [note for note in found if note not in NOTES]
    if found:
        width = int(figure.get_figwidth() * 17)
        figure.supxlabel(textwrap.fill("   ".join(found), width=width), fontsize=7.5, color=MUTED, x=0.01, ha="left")
