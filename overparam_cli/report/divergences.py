"""The table of what diverged in a run."""

from itertools import groupby

from overparam_cli.report.grid import NOTHING, Cell, Column, Grid
from overparam_cli.results.run import LATE
from overparam_cli.results.summary import Divergence, Summary
from overparam_cli.words import format_rate

COLUMNS = (Column("curve"), *(Column(heading, align="right") for heading in ("lr", "seeds", "at iteration")))


def divergence_grid(summary: Summary) -> Grid:
    """Return the table of the learning rates with which a seed diverged.

    Rates of one curve with which every seed diverged early (before LATE of the run) share a row; what diverged late, or
    with some seeds only, has its own. A shared row's value for programs is its smallest rate.
    """
    labels = {curve.curve: curve.label for curve in summary.curves}
    rows = [(labels.get(curve, curve), *_cells(rows)) for curve, rows in _grouped(summary)]
    return Grid.of(COLUMNS, rows, title="diverged")


def _cells(rows: list[Divergence]) -> tuple[Cell, Cell, Cell]:
    """What the rates of a row have in common: rate, seeds, iterations."""
    least = min(row.lr for row in rows)
    rates = format_rate(least) if len(rows) == 1 else f"{len(rows)} from {format_rate(least)} up"
    seeds = len(rows[0].seeds)
    first = min((row.first for row in rows if row.first is not None), default=None)
    each = " each" if len(rows) > 1 else ""
    return Cell(least, rates), Cell(seeds, f"{seeds} of {rows[0].of}{each}"), Cell(first, when(rows))


def _grouped(summary: Summary) -> list[tuple[str, list[Divergence]]]:
    """Return (curve, rows) with the early and complete divergences of a curve put together."""
    groups: list[tuple[str, list[Divergence]]] = []
    for curve, own in groupby(summary.divergences, key=lambda row: row.curve):
        rows = list(own)
        plain = [row for row in rows if len(row.seeds) == row.of and (row.last or 0) < LATE * summary.iterations]
        groups += [(curve, [row]) for row in rows if row not in plain]
        groups += [(curve, plain)] if plain else []
    return groups


def when(rows: list[Divergence]) -> str:
    """Return the iteration of divergence, or the first and the last."""
    at = [iteration for row in rows for iteration in (row.first, row.last) if iteration is not None]
    if not at:
        return NOTHING
    return f"{min(at):,}" if min(at) == max(at) else f"{min(at):,} – {max(at):,}"
