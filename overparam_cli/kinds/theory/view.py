"""A statement's rows gathered into a small table: by which columns, and what a line says of the rows it stands for."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Cell = Callable[["pd.DataFrame"], str]


@dataclass(frozen=True)
class View:
    """Columns that make a line (heading → column), and the cells that follow (heading → what it says of its rows)."""

    by: Mapping[str, str]
    cells: Mapping[str, Cell]


def largest(column: str) -> Cell:
    """The largest value of a column."""
    return lambda rows: f"{rows[column].max():.1e}"


def count(rows: "pd.DataFrame") -> str:
    """How many rows the line stands for."""
    return str(len(rows))


def first(column: str, form: str = "{:.6g}") -> Cell:
    """The value of a column in the first row."""
    return lambda rows: form.format(rows[column].iloc[0])


def last(column: str, form: str = "{:.6g}") -> Cell:
    """The value of a column in the last row."""
    return lambda rows: form.format(rows[column].iloc[-1])


def thousands(value: float) -> str:
    """Six digits, never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.6g}"


def or_dash(column: str) -> Cell:
    """The value of a column in the first row, or a dash where there is none."""

    def cell(rows: "pd.DataFrame") -> str:
        value = rows[column].iloc[0]
        return thousands(value) if math.isfinite(value) else "—"

    return cell


def at_largest_rate(column: str) -> Cell:
    """The median of a column over the seeds at the largest learning rate."""
    return lambda rows: f"{rows[column][rows['lr'] == rows['lr'].max()].median():.1e}"


def at_smallest_rate(column: str) -> Cell:
    """The median of a column over the seeds at the smallest learning rate."""
    return lambda rows: f"{rows[column][rows['lr'] == rows['lr'].min()].median():.1e}"


def order(rows: "pd.DataFrame") -> str:
    """The fitted exponent: median over the seeds, with the range where they differ."""
    values = rows["order"].dropna()
    if values.empty:
        return "—"
    low, middle, high = (f"{value:.2f}" for value in (values.min(), values.median(), values.max()))
    return middle if low == high else f"{middle} [{low}, {high}]"
