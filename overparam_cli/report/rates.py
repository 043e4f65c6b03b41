"""How the outcome of a run hangs on the learning rate: a row for every rate of every curve."""

from overparam_cli.report.grid import Cell, Column, Grid
from overparam_cli.report.summary import spread
from overparam_cli.results.curve import CurveRun
from overparam_cli.results.run import Run
from overparam_cli.results.summary import Spread
from overparam_cli.words import format_rate


def rate_grid(run: Run) -> Grid:
    """Return the final level of the seeds that did not diverge, and how many did, rate by rate."""
    level = run.level
    columns = (
        Column("curve"),
        Column("lr", align="right"),
        Column(level.heading, level.final, "right"),
        Column("diverged", align="right"),
        Column("chosen"),
    )
    rows = [row for curve in run.curves.values() for row in _rows(curve)]
    return Grid.of(columns, rows, title=f"{run.name}/{run.variant}: every learning rate")


def _rows(curve: CurveRun) -> list[tuple[Cell, ...]]:
    chosen, level = curve.choose().lr, curve.run.level
    rows: list[tuple[Cell, ...]] = []
    for lr in curve.rates:
        trials = curve.at(lr)
        final = Spread.of(trials.loc[~trials["lost"], level.final].astype(float).to_list())
        lost = int(trials["lost"].sum())
        cells = (
            Cell(curve.label),
            Cell(lr, format_rate(lr)),
            Cell(final.median if final else None, spread(final, level.form)),
            Cell(lost, f"{lost} of {len(trials)}" if lost else "—"),
            Cell("chosen" if lr == chosen else ""),
        )
        rows.append(cells)
    return rows
