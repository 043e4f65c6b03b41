"""The data sets and the facts they are held against: `overparam data list`, `overparam data verify`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any

from overparam_cli.report import json, terminal
from overparam_cli.report.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from overparam_cli.data.facts import Check


def print_datasets(rows: Sequence[Any], *, as_json: bool) -> None:
    """Print a row a data set, its fields as they are."""
    columns = [field.name for field in fields(rows[0])] if rows else []
    _print(Grid.of(columns, map(astuple, rows)), as_json=as_json)


def print_checks(found: Mapping[str, Iterable["Check"]], *, as_json: bool) -> None:
    """Print a row a fact: data set → what it was held against."""
    columns = [Column(name) for name in ("data", "check", "expected", "found", "ok")]
    rows = [
        (name, own.check, own.expected, own.found, Cell(own.ok, "yes" if own.ok else "NO"))
        for name, checks in found.items()
        for own in checks
    ]
    _print(Grid.of(columns, rows), as_json=as_json)


def _print(grid: Grid, *, as_json: bool) -> None:
    if as_json:
        json.show(json.records(grid))
    else:
        terminal.show(grid)
