"""Figures from logs and manifests alone. A new kind of figure is one function and one line in PLOTS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from overparam_cli.errors import ConfigError
from overparam_cli.logs import Run
from overparam_cli.present.convergence import convergence
from overparam_cli.present.diagnostics import has_column, norms, stability
from overparam_cli.present.learning_rates import has_grid, learning_rates
from overparam_cli.present.panels import Panel, panels_of
from overparam_cli.present.style import STYLE, save

FORMATS = ("png", "pdf", "svg")


@dataclass(frozen=True)
class Plot:
    """A kind of figure: the file it goes to, what draws it, and which panels have something to show in it."""

    stem: str
    draw: Callable[[Sequence[Panel]], Figure]
    applies: Callable[[Panel], bool] = lambda _: True


def draw(
    runs: Sequence[Run], out_dir: Path, formats: Sequence[str] = FORMATS, kinds: Sequence[str] | None = None
) -> list[Path]:
    """Draw the figures that the runs' logs support into `out_dir` and return the files, one run a panel.

    `kinds` are keys of PLOTS; by default the kind that the experiment's [plot] table names, and every supplement in
    EXTRAS. A kind for which no run has the numbers (no learning-rate grid, no sharpness in the log) is left out.

    Raises ConfigError for an unknown kind or format, LogError when no trial has finished, StorageError when a file
    cannot be written.
    """
    panels = panels_of(runs)
    names = list(kinds) if kinds is not None else [str(panels[0].plot.get("kind") or "convergence"), *EXTRAS]
    for name in names:
        if name not in PLOTS:
            raise ConfigError(f"unknown kind of figure {name!r}: choose from {', '.join(PLOTS)}")
    paths: list[Path] = []
    with matplotlib.rc_context(STYLE):
        for plot in (PLOTS[name] for name in names):
            shown = [panel for panel in panels if plot.applies(panel)]
            if shown:
                paths += save(plot.draw(shown), out_dir / plot.stem, formats)
    return paths


PLOTS: dict[str, Plot] = {
    "convergence": Plot("figure", convergence),
    "learning-rates": Plot("learning-rates", learning_rates, has_grid),
    "norms": Plot("norms", norms, has_column("norm")),
    "stability": Plot("stability", stability, has_column("sharpness")),
}
EXTRAS = ("learning-rates", "norms", "stability")
