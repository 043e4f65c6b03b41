"""A grid as CSV: the values that programs read, without what stands around the table."""

import csv
import io

from overparam_cli.report.grid import Grid


def render(grid: Grid) -> str:
    """Return a grid as CSV, a heading and a line for each row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in grid.columns)
    writer.writerows([cell.value for cell in row] for row in grid.rows)
    return text.getvalue()
