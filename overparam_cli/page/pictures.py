"""The figures of a report, drawn once each: what `plot` and `multiverse plot` draw, as files and as values."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from overparam_cli.figures import plots
from overparam_cli.figures.compose import Composed
from overparam_cli.figures.reading import picture
from overparam_cli.figures.spec import Picture
from overparam_cli.figures.style import rendered, styled
from overparam_cli.kinds.theory import figures as theory
from overparam_cli.multiverse import figures as multiverse
from overparam_cli.multiverse.judging import Row
from overparam_cli.multiverse.model import Multiverse
from overparam_cli.results.record import Record
from overparam_cli.results.run import Run

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LONG = re.compile(r"-?\d+\.\d{3,}")  # matplotlib writes a millionth of a point
HUNDREDTH = 2


def of_runs(name: str, runs: Sequence[Run]) -> list[Picture]:
    """The figures of an experiment's variants. Raises LogError."""
    return _read((f"{name}-{stem}", figure) for stem, figure in plots.drawings(runs))


def of_records(name: str, records: Sequence[Record], results: Path) -> list[Picture]:
    """The figures of statements of the theory. Raises LogError."""
    drawn = theory.drawings(records, results, name)
    return _read((f"{name}-{folder.name}", figure) for folder, _, figure in drawn)


def of_worlds(found: Multiverse, rows: Sequence[Row], folder: Path) -> list[Picture]:
    """The figures of a multiverse; its map is a drawing, beside which the page has a table. Raises LogError."""
    drawn = multiverse.drawings(found, rows, folder)
    pictures = _read((f"{found.name}-{stem}", figure) for stem, figure in drawn)
    return [replace(own, plots=()) if own.key == f"{found.name}-map" else own for own in pictures]


def _read(figures: Iterable[tuple[str, Composed]]) -> list[Picture]:
    with styled():
        return list(_pictures(figures))


def _pictures(figures: Iterable[tuple[str, Composed]]) -> Iterator[Picture]:
    for key, figure in figures:
        svg = rendered(figure, "svg").decode()  # which also lays it out, so that there is something to read
        yield picture(figure, key, slim(svg))


def slim(svg: str) -> str:
    """A drawing without comments, its numbers to a hundredth of a point, which nobody sees or prints."""
    short = LONG.sub(lambda found: f"{float(found[0]):.{HUNDREDTH}f}".rstrip("0").rstrip("."), COMMENT.sub("", svg))
    return re.sub(r"\s*\n\s*", " ", short).strip()
