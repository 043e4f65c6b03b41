"""What `overparam table` shows, and `run` and `theory` at their end: the tables of checks and of runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Grid
from overparam_cli.report.summary import grids
from overparam_cli.results.run import Run
from overparam_cli.results.summary import summarise


class Table(Protocol):
    """Something that has a table of its own, such as a check of the theory."""

    def as_grid(self) -> Grid:
        """What people read."""

    def as_dict(self) -> Mapping[str, Any]:
        """What programs read."""


def print_tables(runs: Sequence[Run], *, as_json: bool, rule: str | None = None, checks: Sequence[Table] = ()) -> None:
    """Print the tables of one or several runs, those of the theory's checks first.

    `rule` chooses the learning rates in place of each experiment's own. Raises ConfigError when it does not exist.
    """
    found = [summarise(run, rule) for run in runs]
    if as_json:
        json.show([check.as_dict() for check in checks] + [summary.as_dict() for summary in found])
        return
    for check in checks:
        terminal.show(check.as_grid(), "")
    for summary in found:
        terminal.show(*grids(summary))
