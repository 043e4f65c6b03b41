"""The theory on the terminal: each check's rows gathered into a small table. All rows are in its table.csv.

A check's view says by which columns its rows are gathered, and what a line says of the rows it stands for. A check
without a view is shown as it is. Nothing here judges a claim.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.console import Console

from overparam_cli.report.grid import Column, Grid, Span, Words
from overparam_cli.report.terminal import show
from overparam_cli.results.theory_logs import Record

SYMBOLS = {"e1": "ε₁", "e2": "ε₂", "y1": "y₁", "y2": "y₂", "*": "", ">>": "≫", "~": "≈", " in ": " ∈ "}
MOST_ROWS = 24  # of a check without a view
Cell = Callable[[pd.DataFrame], str]


@dataclass(frozen=True)
class View:
    """Columns that make a line (heading → column), and the cells that follow (heading → what it says of its rows)."""

    by: Mapping[str, str]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Shown:
    """A check as the report takes it."""

    record: Record

    def as_grid(self) -> Grid:
        """What people read."""
        return as_grid(self.record)

    def as_dict(self) -> dict[str, Any]:
        """What programs read."""
        return as_dict(self.record)


def print_record(record: Record, console: Console) -> None:
    """Print a check, and an empty line below it."""
    show(as_grid(record), "", console=console)


def as_grid(record: Record) -> Grid:
    """Return a check's table: what the paper says and where, what the numbers are of, and its rows by its view."""
    manifest = record.manifest
    lead = [Words.of(Span(record.check, "strong"), f" · {manifest['where']}"), Words.of(manifest["statement"])]
    data = manifest["dataset"]
    if data is not None:
        name = Span(f"{data['name']} data: not the paper’s", "bad") if data["embedded"] else f"{data['name']} data"
        lead.append(Words.of(name, f", n = {data['n']:,}, d = {data['d']:,}"))
    lead += [Words.of(Span(line, "caution")) for line in changes(record)]
    cells = table_of(record)
    left_out = record.check not in VIEWS and len(record.table) > MOST_ROWS
    notes = [f"{MOST_ROWS} of {len(record.table)} rows"] if left_out else []
    columns = [Column(heading, align="right") for heading in cells]
    return Grid.of(columns, zip(*cells.values(), strict=True), lead=lead, notes=notes)


def changes(record: Record) -> list[str]:
    """Return what differs from what the claim asks for, in words."""
    changed = record.manifest["changed"]
    lines = [f"not the claim’s own parameters: {_listed(changed)}"] if changed else []
    data = record.manifest["dataset"]
    if data is not None and not data["embedded"] and not changed and not record.manifest["full_length"]:
        lines.append("not the paper’s data set")
    return lines


def _listed(changed: Mapping[str, Any]) -> str:
    return "; ".join(f"{key} = {_typed(value)}" for key, value in changed.items())


def _typed(value: Any) -> str:
    """A parameter much as it is typed: lists without brackets, numbers in their shortest form."""
    if isinstance(value, list):
        return ", ".join(f"({_typed(item)})" if isinstance(item, list) else _typed(item) for item in value)
    return f"{value:g}"


def table_of(record: Record) -> dict[str, list[str]]:
    """Return heading → cells of a check's table, gathered by its view."""
    rows = record.table
    view = VIEWS.get(record.check)
    if view is None:
        shown = rows.head(MOST_ROWS)
        return {name: [_plain(value) for value in shown[name]] for name in shown.columns}
    groups = rows.groupby(list(view.by.values()), sort=False, dropna=False)
    cells: dict[str, list[str]] = {heading: [] for heading in (*view.by, *view.cells)}
    for keys, group in groups:
        for heading, key in zip(view.by, keys, strict=True):
            cells[heading].append(_plain(key))
        for heading, cell in view.cells.items():
            cells[heading].append(cell(group))
    return cells


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return "—" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def as_dict(record: Record) -> dict[str, Any]:
    """Return manifest and all rows as JSON takes them; what is not a finite number is null."""
    rows = [
        {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
        for row in record.table.to_dict("records")
    ]
    return {"folder": str(record.folder), **record.manifest, "table": rows}


def largest(column: str) -> Cell:
    """The largest value of a column."""
    return lambda rows: f"{rows[column].max():.1e}"


def count(rows: pd.DataFrame) -> str:
    """How many rows the line stands for."""
    return str(len(rows))


def first(column: str, form: str = "{:.6g}") -> Cell:
    """The value of a column in the first row."""
    return lambda rows: form.format(rows[column].iloc[0])


def thousands(value: float) -> str:
    """Six digits, never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.6g}"


def at_rate(column: str, which: str) -> Cell:
    """The median of a column over the seeds at the largest or the smallest learning rate."""

    def cell(rows: pd.DataFrame) -> str:
        rate = rows["lr"].max() if which == "largest" else rows["lr"].min()
        return f"{rows[column][rows['lr'] == rate].median():.1e}"

    return cell


def order(rows: pd.DataFrame) -> str:
    """The fitted exponent: median over the seeds, with the range where they differ."""
    values = rows["order"].dropna()
    if values.empty:
        return "—"
    low, middle, high = (f"{value:.2f}" for value in (values.min(), values.median(), values.max()))
    return middle if low == high else f"{middle} [{low}, {high}]"


def near_limit(rows: pd.DataFrame) -> str:
    """The scaled integral at the smallest radius."""
    return f"{rows['scaled_integral'].iloc[rows['R'].argmin()]:.6g}"


def deviation(which: str) -> Cell:
    """The relative deviation from the limit at the largest or the smallest radius."""

    def cell(rows: pd.DataFrame) -> str:
        place = rows["R"].argmax() if which == "largest" else rows["R"].argmin()
        return f"{rows['relative_deviation'].iloc[place]:.0e}"

    return cell


def speedup(column: str) -> Cell:
    """A measured acceleration, or a dash where the rule diverged."""

    def cell(rows: pd.DataFrame) -> str:
        value = rows[column].iloc[0]
        return thousands(value) if math.isfinite(value) else "—"

    return cell


def assumed(rows: pd.DataFrame) -> str:
    """Whether the point meets the assumptions; if not, the first that fails."""
    if rows["assumptions_met"].iloc[0]:
        return "all met"
    failed = str(rows["violated"].iloc[0]).split(";")[0]
    for typed, written in SYMBOLS.items():
        failed = failed.replace(typed, written)
    return f"fails: {failed}"


_NET = {"N": "depth", "widths": "widths", "k": "outputs", "loss": "loss", "λ": "weight_decay"}

VIEWS: dict[str, View] = {
    "lemma3": View(
        {"N": "depth"},
        {
            "curves": count,
            "r, R": lambda rows: f"{rows['r'].iloc[-1]:g}, {rows['R'].iloc[-1]:g}",
            "closed form": lambda rows: f"{rows['closed_form'].iloc[-1]:.6g}",
            "quadrature": lambda rows: f"{rows['quadrature'].iloc[-1]:.6g}",
            "largest relative error": largest("relative_error"),
        },
    ),
    "theorem2": View(
        {"loss": "loss", "N": "depth", "r/R": "r_over_R"},
        {
            "limit": first("limit"),
            "smallest R": near_limit,
            "off at largest R": deviation("largest"),
            "off at smallest R": deviation("least"),
            "order": order,
        },
    ),
    "balancedness": View(
        _NET, {"drift": at_rate("drift", "largest"), "smallest lr": at_rate("drift", "least"), "order": order}
    ),
    "theorem1": View(
        _NET,
        {
            "distance": at_rate("distance", "largest"),
            "smallest lr": at_rate("distance", "least"),
            "order": order,
            "flows": largest("flow_distance"),
        },
    ),
    "claim1": View(
        {"N": "depth"},
        {
            "matrices": count,
            "eigenvalues": largest("eigenvalue_error"),
            "eigenvectors": largest("eigenvector_error"),
            "orthogonality": largest("orthogonality_error"),
            "direction": largest("direction_error"),
        },
    ),
    "claim2": View({"N": "depth"}, {"matrices": count, "largest relative error": largest("relative_error")}),
    "observation1": View(
        {"d": "features", "loss": "loss"},
        {
            "residual": at_rate("residual", "largest"),
            "smallest lr": at_rate("residual", "least"),
            "its step": at_rate("step", "least"),
            "order": order,
        },
    ),
    "appendix-b-bound": View(
        {"y₁": "y1", "ε₁": "epsilon1"},
        {
            "bound": lambda rows: thousands(rows["bound"].iloc[0]),
            "learning rates": speedup("rate_ratio"),
            "iterations": speedup("iterations_ratio"),
            "assumptions": assumed,
        },
    ),
}
