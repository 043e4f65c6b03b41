"""The table a run ends with, for the terminal: `print_summary`. Its numbers as data are `Summary.as_dict()`."""

from collections.abc import Callable
from itertools import groupby
from math import isinf
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from overparam_cli.experiments import of_the_paper
from overparam_cli.figures.style import format_rate
from overparam_cli.results.measure import GAP
from overparam_cli.results.runs import LATE
from overparam_cli.results.summary import CurveSummary, Divergence, Spread, Summary
from overparam_cli.results.trajectories import Speedup

NOTHING = "—"
EDGE_MARKS = {"lowest": "†lowest", "highest": "†highest"}


def print_summary(summary: Summary, console: Console) -> None:
    """Print what a run found: a row a curve, then what diverged, then what must be known about the choices."""
    console.print(f"[bold]{escape(heading(summary))}[/bold]", highlight=False)
    if summary.dataset.get("embedded") and not of_the_paper(str(summary.dataset["name"])):
        console.print(f"[bold red]{escape(str(summary.dataset['name']))} data: not the paper's[/bold red]")
    console.print(summary_table(summary))
    if summary.measure.note:
        console.print(f"[dim]{escape(summary.measure.note)}[/dim]", highlight=False)
    if summary.divergences:
        console.print(divergence_table(summary))
    for line in summary.warnings:
        console.print(f"[yellow]{escape(line)}[/yellow]", highlight=False)


def heading(summary: Summary) -> str:
    """Return experiment, variant, data and length in one line."""
    data = summary.dataset
    parts = [f"{summary.name}/{summary.variant}", str(data["name"]), f"n = {data['n']:,}, d = {data['d']:,}"]
    short = summary.iterations < summary.full_iterations
    parts.append(f"{summary.iterations:,}{f' of {summary.full_iterations:,}' if short else ''} iterations")
    seeds = max((curve.seeds for curve in summary.curves), default=0)
    parts.append("1 seed" if seeds == 1 else f"{seeds} seeds: median [lowest, highest]")
    return " · ".join(parts)


def summary_table(summary: Summary) -> Table:
    """Return the table of the curves; columns that would be empty in every row are left out."""
    columns: dict[str, Callable[[CurveSummary], str]] = {
        "curve": lambda curve: curve.label,
        "lr": rate,
        "rates diverged": lambda curve: f"{len(curve.selection.diverged)} of {len(curve.selection.rates)}",
        "parameters": _extra("parameters", lambda count: NOTHING if count is None else f"{count:,}"),
        summary.measure.heading: lambda curve: spread(curve.final, "{:.4g}" if summary.measure == GAP else "{:.3g}"),
        **{f"to {level:.2g}": _iterations_to(place) for place, level in enumerate(summary.levels)},
        "speedup": lambda curve: factor(curve.speedup),
        "validation error %": _extra("final_validation_error", percent),
        "test error %": _extra("final_test_error", percent),
        "effective step": lambda curve: spread(curve.final_effective_step, "{:.1e}", ranged=False),
    }
    rows = {title: [cell(curve) for curve in summary.curves] for title, cell in columns.items()}
    kept = {title: cells for title, cells in rows.items() if any(cell != NOTHING for cell in cells) or title == "lr"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in kept:
        table.add_column(title, justify="left" if title == "curve" else "right", overflow="fold")
    for row in zip(*kept.values(), strict=True):
        table.add_row(*map(escape, row))
    return table


def divergence_table(summary: Summary) -> Table:
    """Return the table of the learning rates with which a seed diverged.

    Rates of one curve with which every seed diverged early (before LATE of the run) share a row; what diverged late, or
    with some seeds only, has its own.
    """
    labels = {curve.curve: curve.label for curve in summary.curves}
    table = Table(title="diverged", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for title in ("curve", "lr", "seeds", "at iteration"):
        table.add_column(title, justify="left" if title == "curve" else "right", overflow="fold")
    for label, rows in _grouped(summary):
        rates = [row.lr for row in rows]
        span = format_rate(rates[0]) if len(rates) == 1 else f"{len(rates)} from {format_rate(min(rates))} up"
        seeds = f"{len(rows[0].seeds)} of {rows[0].of}" + (" each" if len(rows) > 1 else "")
        table.add_row(escape(labels.get(label, label)), span, seeds, when(rows))
    return table


def _grouped(summary: Summary) -> list[tuple[str, list[Divergence]]]:
    """Return (curve, rows) with the early and complete divergences of a curve put together."""
    groups: list[tuple[str, list[Divergence]]] = []
    for curve, own in groupby(summary.divergences, key=lambda row: row.curve):
        rows = list(own)
        plain = [row for row in rows if len(row.seeds) == row.of and (row.last or 0) < LATE * summary.iterations]
        groups += [(curve, [row]) for row in rows if row not in plain]
        groups += [(curve, plain)] if plain else []
    return groups


def rate(curve: CurveSummary) -> str:
    """Return the chosen learning rate, marked where it stands at an edge of the grid."""
    chosen = curve.selection
    if chosen.lr is None:
        return NOTHING
    return format_rate(chosen.lr) + (f" {EDGE_MARKS[chosen.edge]}" if chosen.edge else "")


def spread(values: Spread | None, form: str = "{:.4g}", *, ranged: bool = True) -> str:
    """Return "median [lowest, highest]", without the range where the seeds agree."""
    if values is None:
        return NOTHING
    middle = form.format(values.median)
    if not ranged or values.low == values.high:
        return middle
    return f"{middle} [{form.format(values.low)}, {form.format(values.high)}]"


def percent(values: Spread | None) -> str:
    """Return an error in percent, to the hundredth: an image of MNIST's 10,000 test images."""
    return spread(values, "{:.2f}")


def factor(value: Speedup | None) -> str:
    """Return a speedup as "2.7×", or what the logs say about it where a curve never reached the gap."""
    if value is None or (value.low == 0 and isinf(value.high)):
        return NOTHING
    if value.low == value.high:
        return f"{value.low:.3g}×"
    if value.low == 0:
        return f"< {value.high:.3g}×"
    if isinf(value.high):
        return f"> {value.low:.3g}×"
    return f"{value.low:.3g}–{value.high:.3g}×"


def when(rows: list[Divergence]) -> str:
    """Return the iteration of divergence, or the first and the last."""
    at = [iteration for row in rows for iteration in (row.first, row.last) if iteration is not None]
    if not at:
        return NOTHING
    return f"{min(at):,}" if min(at) == max(at) else f"{min(at):,} – {max(at):,}"


def _extra(name: str, text: Callable[[Any], str]) -> Callable[[CurveSummary], str]:
    """Return the column of something that not every kind of run has."""
    return lambda curve: text(curve.extra.get(name))


def _iterations_to(place: int) -> Callable[[CurveSummary], str]:
    """Return the column of the iterations to one of the fixed gaps."""

    def cell(curve: CurveSummary) -> str:
        count = curve.iterations_to[place]
        return NOTHING if count is None else f"{count:,.0f}"

    return cell
