"""The theory's figures, from its records alone. A statement has panels; its figure is these side by side, and the
figure of an experiment made of statements (Figure 1) those of all its statements.
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.figures.compose import Cell, Head, Marks, Sheet
from overparam_cli.figures.compose import compose as assemble
from overparam_cli.figures.plots import FORMATS
from overparam_cli.figures.style import literal, save, styled
from overparam_cli.kinds.theory import STATEMENTS, find_statement
from overparam_cli.kinds.theory.statement import Draw
from overparam_cli.results.record import Record, experiment_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 4.5, 4.1  # of a panel, inches


def draw(
    records: Sequence[Record], stem: Path, formats: Sequence[str] = FORMATS, *, title: str | None = None
) -> list[Path]:
    """Draw the panels of all `records` into one figure, stem.png and so on, and return the files.

    None where the statements have no panels. The title is by default that of the first statement.

    Raises ConfigError for an unknown format, StorageError when a file cannot be written.
    """
    panels = [(panel, record) for record in records for panel in panels_of(record)]
    if not panels:
        return []
    if title is None:
        title = find_statement(records[0].check).title
    with styled():
        return save(compose(panels, title), stem, formats)


def draw_all(records: Sequence[Record], results: Path, name: str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw what stands below `results` under a name: an experiment's one figure, or each statement's own."""
    title = experiment_title(results, name)
    if title is not None:
        return draw(records, results / name / "figure", formats, title=literal(title))
    return [path for record in records for path in draw([record], record.folder / "figure", formats)]


def panels_of(record: Record) -> Sequence[Draw]:
    """Return what draws the panels of a record; empty where its table says all."""
    return find_statement(record.check).panels(record) if record.check in STATEMENTS else ()


def compose(panels: Sequence[tuple[Draw, Record]], title: str) -> "Figure":
    """A figure of the panels: up to three in a row, four in two rows."""
    sheet = Sheet(WIDTH, WIDTH, HEIGHT, most=2 if len(panels) == 4 else 3, padding=0.1)
    return assemble([[cell(panel, record)] for panel, record in panels], title, sheet=sheet, legends="own")


def cell(panel: Draw, record: Record) -> Cell:
    """The axes of one panel; it draws, and returns what stands above it."""
    return Cell(lambda axes: Marks(head(record, panel(axes, record))))


def head(record: Record, text: str) -> Head:
    """What a panel shows and of which data, and as an alert whatever is not the paper's."""
    data = record.dataset
    lines, name = text.split("\n"), literal(str((data or {}).get("name")))
    if data is not None:
        lines.insert(0, f"{name} data · n = {data['n']:,}, d = {data['d']:,}")
    alerts = [literal(line) for line in record.changes]
    if data is not None and data["embedded"]:
        alerts.insert(0, f"{name} data — not the paper’s")
        lines[0] = f"n = {data['n']:,}, d = {data['d']:,}"
    return Head(tuple(lines), "\n".join(textwrap.fill(line, 62) for line in alerts))
