"""The figures of runs, from logs and manifests alone: those that the runs' kinds register (`Kind.figures`)."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from overparam_cli.errors import ConfigError
from overparam_cli.figures.figure import Figure, side_by_side
from overparam_cli.figures.panels import Panel, panels_of
from overparam_cli.figures.style import FORMATS, STYLE, save
from overparam_cli.results.run import Run


def draw(
    runs: Sequence[Run], out_dir: Path, formats: Sequence[str] = FORMATS, stems: Sequence[str] | None = None
) -> list[Path]:
    """Draw the figures that the runs' logs support into `out_dir` and return the files.

    A figure has the runs side by side. `stems` are the figures asked for, by default all that the runs' kinds have. One
    for which no run has the numbers (no learning-rate grid, no sharpness in the log) is left out.

    Raises ConfigError for a figure that no run's kind has and for an unknown format, LogError when no trial has
    finished, StorageError when a file cannot be written.
    """
    figures = figures_of(panels_of(runs))
    for stem in stems or ():
        if stem not in figures:
            raise ConfigError(f"unknown figure {stem!r}: choose from {', '.join(figures)}")
    paths: list[Path] = []
    with matplotlib.rc_context(STYLE):
        for stem in stems if stems is not None else figures:
            if figures[stem]:
                paths += save(side_by_side(figures[stem]), out_dir / stem, formats)
    return paths


def figures_of(panels: Sequence[Panel]) -> dict[str, list[tuple[Figure, Panel]]]:
    """Return stem → the panels that have something to show in that figure, each with its kind's way of showing it."""
    figures: dict[str, list[tuple[Figure, Panel]]] = {}
    for panel in panels:
        for figure in panel.run.kind.figures:
            figures.setdefault(figure.stem, []).extend([(figure, panel)] if figure.applies(panel) else [])
    return figures
