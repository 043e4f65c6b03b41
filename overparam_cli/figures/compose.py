"""The one assembler of figures: axes side by side or stacked, their heads, legends and notes.

A figure is a list of stacks, each a list of cells over one shared iteration axis; most stacks have a single cell. A
cell draws into its axes and says what must stand around them (`Marks`). Nothing here knows what is drawn.
"""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from overparam_cli.figures.legends import BELOW, grow, place_below, place_legends
from overparam_cli.figures.style import ALERT, MUTED

Legends = Literal["corner", "below", "own"]


@dataclass(frozen=True)
class Head:
    """What stands above a stack: lines about its data, and what must not be overlooked of them."""

    lines: tuple[str, ...]
    alert: str = ""


@dataclass(frozen=True)
class Marks:
    """What must stand around a pair of axes: its head, its legend's title, and the notes that explain its marks."""

    head: Head | None = None
    legend: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One pair of axes: what draws into it and says what stands around it."""

    draw: Callable[[Axes], Marks]


@dataclass(frozen=True)
class Sheet:
    """The measures of a figure: inches of a pair of axes, of one that is alone, and how many stand side by side."""

    width: float = 4.5  # two fill a paper's text width
    lone: float = 5.4
    height: float = 3.6
    most: int = 3
    padding: float = 0.1  # beside the axes, inches
    ratios: tuple[float, ...] = ()  # of the heights of a stack's axes, the mean of which is `height`; equal if empty

    def columns(self, stacks: int) -> int:
        """How many stacks stand side by side; the rest is folded."""
        return min(stacks, self.most)


SHEET = Sheet()


class Composed(Figure):
    """A figure that keeps what was said around its axes, for a page that says it in words instead.

    Attributes:
        title: what stands above all.
        marks: what stands around each pair of axes.
        notes: what stands below all, in its order.
    """

    title: str = ""
    marks: Mapping[Axes, Marks] = {}
    notes: tuple[str, ...] = ()


def compose(
    stacks: Sequence[Sequence[Cell]],
    title: str = "",
    *,
    sheet: Sheet = SHEET,
    legends: Legends = "corner",
    order: Sequence[str] = (),
) -> Composed:
    """Draw the stacks beside each other under a title.

    Legends stand in free corners (below where there is none), below the axes (a stack has one, that of its first cell),
    or are the cells' own business. Notes that stand in `order` come first, in that order, the others behind them.
    """
    figure, grid = _axes(stacks, title, sheet)
    marks = [[cell.draw(axes) for cell, axes in zip(*pair, strict=True)] for pair in zip(stacks, grid, strict=True)]
    for column, drawn in zip(grid, marks, strict=True):
        if drawn[0].head is not None:
            _write_head(column[0], drawn[0].head)
    _write_letters(figure)
    tops, titles = [column[0] for column in grid], [drawn[0].legend for drawn in marks]
    if legends == "corner":
        place_legends(figure, tops, titles)
    elif legends == "below":
        place_below(figure, [(column[-1], column[0], "") for column in grid])
    else:
        own = [legend for axes in figure.axes if (legend := axes.get_legend()) and legend.get_gid() == BELOW]
        if own:
            grow(figure, own)
    notes = dict.fromkeys(note for drawn in marks for one in drawn for note in one.notes)
    place = {note: rank for rank, note in enumerate(order)}
    figure.title, figure.notes = title, tuple(sorted(notes, key=lambda note: place.get(note, len(place))))
    figure.marks = {
        axes: mark for own, said in zip(grid, marks, strict=True) for axes, mark in zip(own, said, strict=True)
    }
    _write_foot(figure, figure.notes)
    return figure


def _axes(stacks: Sequence[Sequence[Cell]], title: str, sheet: Sheet) -> tuple[Composed, list[list[Axes]]]:
    """A figure with its title set, and the axes of every stack from top to bottom."""
    rows = len(stacks[0])
    columns = len(stacks) if rows > 1 else sheet.columns(len(stacks))
    lines = math.ceil(len(stacks) / columns)
    width = sheet.lone if columns == 1 else sheet.width * columns
    layout = ConstrainedLayoutEngine(w_pad=sheet.padding)
    figure = Composed(figsize=(width, sheet.height * rows * lines), layout=layout)
    ratios = sheet.ratios or None
    grid = figure.subplots(
        rows * lines, columns, squeeze=False, sharex="col" if rows > 1 else "none", height_ratios=ratios
    )
    if title:  # a formula is not broken
        figure.suptitle(title if "$" in title.replace(r"\$", "") else _balanced(title, int(width * 11)))
    if rows > 1:
        return figure, [list(column) for column in grid.T]
    flat = list(grid.ravel())
    for empty in flat[len(stacks) :]:
        empty.remove()
    return figure, [[axes] for axes in flat[: len(stacks)]]


def _balanced(text: str, width: int) -> str:
    """Text in as few lines as there must be, none of them much shorter than the others."""
    lines = len(textwrap.wrap(text, width))
    narrow = next(own for own in range(1, width + 1) if len(textwrap.wrap(text, own)) <= lines)
    return textwrap.fill(text, narrow)


def _write_head(axes: Axes, head: Head) -> None:
    """Write a head above a pair of axes, its alert on lines of their own in a colour not to be overlooked."""
    if head.alert:
        axes.set_title(head.alert, loc="left", color=ALERT, fontweight="bold", pad=6 + 10.5 * len(head.lines))
    spot = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    text = "\n".join(head.lines)
    axes.annotate(text, **spot, fontsize=8, color=MUTED, va="bottom").set_gid("data")  # type: ignore[arg-type]


def _write_letters(figure: Figure) -> None:
    """Name the axes of a figure that has several: a, b, … line by line, as a text refers to them."""
    spot = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (-8, 6), "textcoords": "offset points"}
    for place, axes in enumerate(figure.axes if len(figure.axes) > 1 else []):
        rounds, letter = divmod(place, len(ascii_lowercase))
        text = axes.annotate(ascii_lowercase[letter] * (rounds + 1), **spot, fontweight="bold", va="bottom", ha="right")  # type: ignore[arg-type]
        text.set_gid("letter")


def _write_foot(figure: Figure, notes: Sequence[str]) -> None:
    """Write the notes below the axes."""
    if notes:
        width = int(figure.get_figwidth() * 17)
        figure.supxlabel(textwrap.fill("   ".join(notes), width=width), fontsize=7.5, color=MUTED, x=0.01, ha="left")
