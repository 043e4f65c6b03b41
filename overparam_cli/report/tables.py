"""What `overparam table` shows, and `run` and `theory` at their end: the tables of checks and of runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from overparam_cli.errors import ConfigError
from overparam_cli.report import json, terminal
from overparam_cli.report.formats import FORMATS
from overparam_cli.report.grid import Grid
from overparam_cli.report.summary import grids
from overparam_cli.results.frames import curve_table, stacked
from overparam_cli.results.run import Run
from overparam_cli.results.summary import summarise


class Table(Protocol):
    """Something that has a table of its own, such as a check of the theory."""

    def as_grid(self) -> Grid:
        """What people read."""

    def as_dict(self) -> Mapping[str, Any]:
        """What programs read."""


def print_tables(
    runs: Sequence[Run], *, form: str = "terminal", rule: str | None = None, checks: Sequence[Table] = ()
) -> None:
    """Print the tables of one or several runs, those of the theory's checks first, in a format of `formats`.

    `rule` chooses the learning rates in place of each experiment's own. Raises ConfigError when it does not exist, and
    where the format holds one table and there are several.
    """
    found = [summarise(run, rule) for run in runs]
    if form == "json":
        json.show([check.as_dict() for check in checks] + [summary.as_dict() for summary in found])
    elif form == "csv":
        terminal.echo(FORMATS[form](_one(runs, rule, checks)).rstrip("\n"))
    elif form == "terminal":
        for check in checks:
            terminal.show(check.as_grid(), "")
        for summary in found:
            terminal.show(*grids(summary))
    else:
        shown = [*(check.as_grid() for check in checks), *(grid for summary in found for grid in grids(summary))]
        terminal.echo("\n".join(map(FORMATS[form], shown)).rstrip("\n"))


def _one(runs: Sequence[Run], rule: str | None, checks: Sequence[Table]) -> Grid:
    """The one table of several runs, a row a curve, or of one check."""
    if len(checks) == 1 and not runs:
        return checks[0].as_grid()
    if checks:
        raise ConfigError("a CSV file is one table: name experiments with trials, or one statement of the theory")
    table = stacked(runs, [curve_table(run, rule) for run in runs])
    table = table.astype(object).where(table.notna(), None)
    return Grid.of(map(str, table.columns), table.to_numpy().tolist())
