"""A statement's rows gathered into a small table, by its view. All rows are in its table.csv. Nothing here judges."""

import math
from typing import Any

from overparam_cli.kinds.theory import STATEMENTS, find_statement
from overparam_cli.report.grid import Cell, Column, Grid, Span, Words
from overparam_cli.results.record import Record

MOST_ROWS = 24  # of a statement that this version does not know


def grid(record: Record) -> Grid:
    """What the paper says and where, what the numbers are of, and the table."""
    manifest = record.manifest
    lead = [Words.of(Span(record.check, "strong"), f" · {manifest['where']}"), Words.of(manifest["statement"])]
    data = record.dataset
    if data is not None:
        name = Span(f"{data['name']} data: not the paper’s", "bad") if data["embedded"] else f"{data['name']} data"
        lead.append(Words.of(name, f", n = {data['n']:,}, d = {data['d']:,}"))
    lead += [Words.of(Span(line, "caution")) for line in record.changes]
    if record.check in STATEMENTS:
        return _gathered(record, lead)
    shown = record.table.head(MOST_ROWS)
    cells = [[_cell(value) for value in row] for row in shown.itertuples(index=False)]
    notes = [f"{MOST_ROWS} of {len(record.table)} rows"] if len(record.table) > MOST_ROWS else []
    return Grid.of(_columns(*shown.columns), cells, lead=lead, notes=notes)


def _gathered(record: Record, lead: list[Words]) -> Grid:
    """One line for each group of rows, as the statement's view has it."""
    view = find_statement(record.check).view
    groups = record.table.groupby(list(view.by.values()), sort=False, dropna=False)
    rows = [[*map(_cell, keys), *(Cell(say(rows)) for say in view.cells.values())] for keys, rows in groups]
    return Grid.of(_columns(*view.by, *view.cells), rows, lead=lead)


def _columns(*headings: str) -> list[Column]:
    return [Column(heading, align="right") for heading in headings]


def _cell(value: Any) -> Cell:
    """A number of the table in its shortest form."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return Cell(plain, "—" if math.isnan(plain) else f"{plain:.6g}")
    return Cell(plain, str(plain))
