"""The theory's figures, from its records alone. A statement has panels; its figure is these side by side, and the
figure of an experiment made of statements (Figure 1) those of all its statements.
"""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli.figures.compose import Cell, Head, Marks, Sheet
from overparam_cli.figures.compose import compose as assemble
from overparam_cli.figures.plots import FORMATS
from overparam_cli.figures.style import PLAIN, Outfit, literal, save, styled
from overparam_cli.kinds.theory import STATEMENTS, find_statement
from overparam_cli.kinds.theory.statement import Draw
from overparam_cli.results.drawn import source
from overparam_cli.results.record import Record, experiment_title

if TYPE_CHECKING:
    from overparam_cli.figures.compose import Composed

WIDTH, HEIGHT = 4.5, 4.1  # of a panel, inches


def draw(
    records: Sequence[Record],
    stem: Path,
    formats: Sequence[str] = FORMATS,
    *,
    title: str | None = None,
    outfit: Outfit = PLAIN,
) -> list[Path]:
    """Draw the panels of all `records` into one figure, stem.png and so on, and return the files.

    None where the statements have no panels. The title is by default that of the first statement.

    Raises ConfigError for an unknown format, StorageError when a file cannot be written.
    """
    with styled(outfit.style):
        figure = drawing(records, title, outfit)
        return [] if figure is None else save(figure, stem, formats, _source(stem.parent, records))


def drawing(records: Sequence[Record], title: str | None = None, outfit: Outfit = PLAIN) -> "Composed | None":
    """The figure of all panels of `records`; None where the statements have none. For who draws inside `styled()`."""
    panels = [(panel, record) for record in records for panel in panels_of(record)]
    if not panels:
        return None
    return compose(panels, find_statement(records[0].check).title if title is None else title, outfit)


def draw_all(
    records: Sequence[Record], results: Path, name: str, formats: Sequence[str] = FORMATS, outfit: Outfit = PLAIN
) -> list[Path]:
    """Draw what stands below `results` under a name: an experiment's one figure, or each statement's own."""
    with styled(outfit.style):
        found: list[Path] = []
        for folder, own, figure in drawings(records, results, name, outfit):
            found += save(figure, folder / "figure", formats, _source(folder, own))
        return found


def _source(beside: Path, records: Sequence[Record]) -> str:
    return source(beside, ((record.folder, record.manifest) for record in records))


def drawings(
    records: Sequence[Record], results: Path, name: str, outfit: Outfit = PLAIN
) -> "Iterator[tuple[Path, Sequence[Record], Composed]]":
    """The figures that `draw_all` writes, each with its folder and its records; for who draws inside `styled()`."""
    title = experiment_title(results, name)
    alone = {record.folder: [record] for record in records}
    for folder, own in alone.items() if title is None else [(results / name, records)]:
        if (figure := drawing(own, None if title is None else literal(title), outfit)) is not None:
            yield folder, own, figure


def panels_of(record: Record) -> Sequence[Draw]:
    """Return what draws the panels of a record; empty where its table says all."""
    return find_statement(record.check).panels(record) if record.check in STATEMENTS else ()


def compose(panels: Sequence[tuple[Draw, Record]], title: str, outfit: Outfit = PLAIN) -> "Composed":
    """A figure of the panels: up to three in a row, four in two rows."""
    sheet = Sheet(WIDTH, WIDTH, HEIGHT, most=2 if len(panels) == 4 else 3, padding=0.1)
    return assemble(
        [[cell(panel, record)] for panel, record in panels], title, sheet=sheet, legends="own", outfit=outfit
    )


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
