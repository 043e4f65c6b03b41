"""The one assembler of figures: axes side by side or stacked, their heads, legends and notes.

A figure is a list of stacks, each a list of cells over one shared iteration axis; most stacks have a single cell. A
cell draws into its axes and says what must stand around them (`Marks`). Nothing here knows what is drawn.
"""

import math
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from overparam_cli.errors import ConfigError
from overparam_cli.figures.legends import BELOW, grow, move_below, place_below, place_legends
from overparam_cli.figures.style import ALERT, MUTED, PLAIN, STYLES, Outfit, lay_out, scale

Legends = Literal["corner", "below", "own"]


@dataclass(frozen=True)
class Head:
    """What stands above a stack: lines about its data, broken where they are long, and what must not be overlooked."""

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

    def columns(self, stacks: int, rows: int) -> int:
        """How many stacks of so many rows stand side by side; the rest is folded, if they have one row."""
        return stacks if rows > 1 else min(stacks, self.most)

    def dressed(self, outfit: Outfit, stacks: int, rows: int) -> "Sheet":
        """The measures that a style, or a size of the whole figure, makes of them.

        Panels that would be narrower than `NARROWEST` beside each other stand below each other, as in a paper's column.
        """
        style, columns = STYLES[outfit.style], self.columns(stacks, rows)
        if outfit.size and rows == 1:
            columns = min(columns, max(1, int(outfit.size[0] / NARROWEST)))
        alone = self.width if style.column and self.lone == SHEET.lone else self.lone
        wide, narrow, low = alone * style.width, self.width * style.width, self.height * style.height
        if outfit.size:
            across = outfit.size[0] / columns
            low *= across / (wide if columns == 1 else narrow)
            wide = narrow = across
        return replace(self, width=narrow, lone=wide, height=low, most=columns if rows == 1 else self.most)


SHEET = Sheet()
LETTERS = 62  # that fit above axes of the usual width
NARROWEST = 2.4  # inches of axes beside others, labels included
PART = " · "  # between the parts of a line


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
    outfit: Outfit = PLAIN,
) -> Composed:
    """Draw the stacks beside each other under a title.

    Legends stand in free corners (below where there is none), below the axes (a stack has one, that of its first cell),
    or are the cells' own business. Notes that stand in `order` come first, in that order, the others behind them.

    Raises ConfigError where the outfit's size leaves no room for the axes.
    """
    sheet = sheet.dressed(outfit, len(stacks), len(stacks[0]))
    with _with_room(outfit):
        figure, grid = _axes(stacks, outfit.heading(title), sheet)
        marks = [[cell.draw(axes) for cell, axes in zip(*pair, strict=True)] for pair in zip(stacks, grid, strict=True)]
        for column, drawn in zip(grid, marks, strict=True):
            if drawn[0].head is not None:
                _write_head(column[0], drawn[0].head, sheet.lone if len(grid) == 1 else sheet.width)
        _write_letters(figure)
        _place(figure, grid, [drawn[0].legend for drawn in marks], legends, outfit)
        notes = dict.fromkeys(note for drawn in marks for one in drawn for note in one.notes)
        place = {note: rank for rank, note in enumerate(order)}
        figure.title, figure.notes = title, tuple(sorted(notes, key=lambda note: place.get(note, len(place))))
        figure.marks = {
            axes: mark for own, said in zip(grid, marks, strict=True) for axes, mark in zip(own, said, strict=True)
        }
        _write_foot(figure, figure.notes)
        if outfit != PLAIN:
            _fit(figure, outfit.size or ())
    return figure


def _place(
    figure: Figure, grid: Sequence[Sequence[Axes]], titles: Sequence[str], legends: Legends, outfit: Outfit
) -> None:
    """Put the legends where they belong; the cells' own, where they would cover something at other sizes, below."""
    if legends == "corner":
        place_legends(figure, [column[0] for column in grid], titles)
    elif legends == "below":
        place_below(figure, [(column[-1], column[0], "") for column in grid])
    else:
        if outfit != PLAIN:
            move_below(figure)
        own = [legend for axes in figure.axes if (legend := axes.get_legend()) and legend.get_gid() == BELOW]
        if own:
            grow(figure, own)


@contextmanager
def _with_room(outfit: Outfit) -> Iterator[None]:
    """ConfigError where the size that is asked for leaves no room for axes, which matplotlib only warns of."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error" if outfit.size else "default", message="constrained_layout not applied")
            yield
    except UserWarning:
        shown = " × ".join(f"{number:g}" for number in outfit.size or ())
        raise ConfigError(f"size: {shown} inches leave no room for axes beside their labels; make it larger") from None


def _fit(figure: Figure, size: Sequence[float]) -> None:
    """Give a figure the height that was asked for, if one was; labels longer than their axes get a second line."""
    if len(size) > 1:
        figure.set_figheight(size[1])
    lay_out(figure)
    for axes in figure.axes:
        label, there = axes.yaxis.label, axes.get_window_extent().height
        if label.get_window_extent().height > there and "\n" not in label.get_text():
            label.set_text(label.get_text().replace(" (", "\n(", 1).replace(": ", ":\n", 1))
    lay_out(figure)


def _axes(stacks: Sequence[Sequence[Cell]], title: str, sheet: Sheet) -> tuple[Composed, list[list[Axes]]]:
    """A figure with its title set, and the axes of every stack from top to bottom."""
    rows = len(stacks[0])
    columns = sheet.columns(len(stacks), rows)
    lines = math.ceil(len(stacks) / columns)
    width = sheet.lone if columns == 1 else sheet.width * columns
    layout = ConstrainedLayoutEngine(w_pad=sheet.padding)
    figure = Composed(figsize=(width, sheet.height * rows * lines), layout=layout)
    ratios = sheet.ratios or None
    grid = figure.subplots(
        rows * lines, columns, squeeze=False, sharex="col" if rows > 1 else "none", height_ratios=ratios
    )
    if title:  # a formula is not broken
        figure.suptitle(title if "$" in title.replace(r"\$", "") else _balanced(title, int(width * 11 / scale())))
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


def _write_head(axes: Axes, head: Head, width: float) -> None:
    """Write a head above axes of so many inches, its alert on lines of their own in a colour not to be overlooked."""
    size, letters = scale(), int(LETTERS * _roominess(width))
    lines = [broken for line in head.lines for broken in _broken(line, letters)]
    if head.alert:
        alert = "\n".join(textwrap.fill(line, letters) for line in head.alert.split("\n"))
        axes.set_title(alert, loc="left", color=ALERT, fontweight="bold", pad=(6 + 10.5 * len(lines)) * size)
    spot = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (0, 6 * size), "textcoords": "offset points"}
    text = "\n".join(lines)
    axes.annotate(text, **spot, fontsize=8 * size, color=MUTED, va="bottom").set_gid("data")  # type: ignore[arg-type]


def _roominess(width: float) -> float:
    """How many times as many letters as above the usual axes, of either width, fit above some of so many inches."""
    wide = width / SHEET.lone / scale()
    return wide if wide > 1 else min(1, width / SHEET.width / scale())


def _broken(line: str, letters: int) -> list[str]:
    """A line in pieces of at most so many letters, broken between its parts; one without parts between words."""
    if PART not in line and "$" not in line:
        return textwrap.wrap(line, letters)
    lines: list[str] = []
    for part in line.split(PART):
        if lines and len(lines[-1]) + len(PART) + len(part) <= letters:
            lines[-1] += PART + part
        else:
            lines.append(part)
    return lines


def _write_letters(figure: Figure) -> None:
    """Name the axes of a figure that has several: a, b, … line by line, as a text refers to them."""
    away = (-8 * scale(), 6 * scale())
    spot = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": away, "textcoords": "offset points"}
    for place, axes in enumerate(figure.axes if len(figure.axes) > 1 else []):
        rounds, letter = divmod(place, len(ascii_lowercase))
        text = axes.annotate(ascii_lowercase[letter] * (rounds + 1), **spot, fontweight="bold", va="bottom", ha="right")  # type: ignore[arg-type]
        text.set_gid("letter")


def _write_foot(figure: Figure, notes: Sequence[str]) -> None:
    """Write the notes below the axes."""
    if notes:
        width, size = int(figure.get_figwidth() * 17 / scale()), 7.5 * scale()
        figure.supxlabel(textwrap.fill("   ".join(notes), width=width), fontsize=size, color=MUTED, x=0.01, ha="left")
