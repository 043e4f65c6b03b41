"""Figures from logs and manifests alone. A new kind of figure is one function and one line in PLOTS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from overparam_cli.errors import ConfigError
from overparam_cli.figures.compose import Cell, compose
from overparam_cli.figures.curves import convergence, convergence_cells
from overparam_cli.figures.learning_rates import has_grid, learning_rates
from overparam_cli.figures.panels import Panel, panels_of
from overparam_cli.figures.style import STYLE, save
from overparam_cli.kinds.linear.figures import has_column, norms, stability
from overparam_cli.kinds.mnist.figures import batch_loss, batch_loss_cells, errors
from overparam_cli.results.logs import Run
from overparam_cli.results.measure import is_cnn

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

    `kinds` are keys of PLOTS; by default `figure` (or another kind that the experiment's [plot] table names), and every
    supplement in EXTRAS. A kind for which no run has the numbers (no learning-rate grid, no sharpness in the log) is
    left out.

    Raises ConfigError for an unknown kind or format, LogError when no trial has finished, StorageError when a file
    cannot be written.
    """
    panels = panels_of(runs)
    names = list(kinds) if kinds is not None else [_main(panels[0]), *EXTRAS]
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


def figure(panels: Sequence[Panel]) -> Figure:
    """Draw every run as its kind of network is shown, side by side: a figure of the paper may have both kinds."""
    return compose([cell for panel in panels for cell in cells(panel)])


def cells(panel: Panel) -> list[Cell]:
    """Return the axes that show a run."""
    return batch_loss_cells(panel) if _cnn(panel) else convergence_cells(panel)


def _main(panel: Panel) -> str:
    """Return the kind of figure that stands for a run: what fits its network, unless its file names a supplement."""
    named = str(panel.plot.get("kind") or "figure")
    return "figure" if named in ("convergence", "batch-loss") else named


def _cnn(panel: Panel) -> bool:
    return is_cnn(panel.run)


def _linear_with(column: str) -> Callable[[Panel], bool]:
    """Return the test for the column in a run of linear networks: ‖W_e‖ and sharpness are looked at by their theory."""
    measured = has_column(column)
    return lambda panel: not _cnn(panel) and measured(panel)


PLOTS: dict[str, Plot] = {
    "figure": Plot("figure", figure),
    "batch-loss": Plot("figure", batch_loss, _cnn),
    "convergence": Plot("figure", convergence, lambda panel: not _cnn(panel)),
    "learning-rates": Plot("learning-rates", learning_rates, has_grid),
    "errors": Plot("errors", errors, has_column("validation_error")),
    "norms": Plot("norms", norms, _linear_with("norm")),
    "stability": Plot("stability", stability, _linear_with("sharpness")),
}
EXTRAS = ("learning-rates", "errors", "norms", "stability")
