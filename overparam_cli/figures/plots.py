"""Figures from logs and manifests alone. A new kind of figure is a `Figure` that a kind of experiment registers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from overparam_cli.errors import ConfigError
from overparam_cli.figures.compose import Composed, compose
from overparam_cli.figures.labels import NOTES
from overparam_cli.figures.panels import Panel, panels_of
from overparam_cli.figures.registry import Figure
from overparam_cli.figures.style import for_notebooks, literal, save, styled
from overparam_cli.results.run import Run

FORMATS = ("png", "pdf", "svg")


def draw(
    runs: Sequence[Run], out_dir: Path, formats: Sequence[str] = FORMATS, stems: Sequence[str] | None = None
) -> list[Path]:
    """Draw the figures that the runs' logs support into `out_dir` and return the files, one run a panel.

    `stems` name the figures; by default all that the kinds of the runs have. One for which no run has the numbers (no
    grid of learning rates, no sharpness in the log) is left out. A look at runs under way goes to `<stem>-partial`.

    Raises ConfigError for an unknown figure or format, LogError when no trial has finished, StorageError when a file
    cannot be written.
    """
    with styled():
        return [path for stem, figure in drawings(runs, stems) for path in save(figure, out_dir / stem, formats)]


def drawings(runs: Sequence[Run], stems: Sequence[str] | None = None) -> Iterator[tuple[str, Composed]]:
    """The figures that `draw` writes, each with its name; for who draws inside `styled()`. Raises as `draw`."""
    panels = panels_of(runs)
    known = list(dict.fromkeys(figure.stem for panel in panels for figure in figures_of(panel)))
    for stem in stems or ():
        if stem not in known:
            raise ConfigError(f"unknown figure {stem!r}: choose from {', '.join(known)}")
    for stem in known if stems is None else stems:
        shown = [panel for panel in panels if (figure := figure_of(panel, stem)) and figure.applies(panel)]
        if shown:
            so_far = "-partial" if any(panel.run.partial for panel in shown) else ""
            yield f"{stem}{so_far}", drawing(shown, stem)


def drawn(runs: Sequence[Run], stem: str) -> Drawing:
    """Draw one figure of the runs for somebody who keeps it in memory, or shows it in a notebook.

    Raises ConfigError, LogError as `draw`.
    """
    panels = _showing(runs, stem)
    with styled():
        return for_notebooks(drawing(panels, stem))


def draw_to(path: Path, runs: Sequence[Run], stem: str) -> Path:
    """Draw one figure of the runs into a file, whose ending says the format.

    Raises ConfigError, LogError, StorageError as `draw`.
    """
    panels = _showing(runs, stem)
    with styled():
        (written,) = save(drawing(panels, stem), path.with_suffix(""), [path.suffix.removeprefix(".")])
    return written


def draw_into(axes: Axes, run: Run, stem: str) -> Drawing:
    """Draw a figure of one run into axes of the caller's own, with a legend; returns their figure.

    Raises ConfigError, LogError as `draw`, and ConfigError for a figure of more than one pair of axes.
    """
    (panel,) = _showing([run], stem)
    figure = figure_of(panel, stem)
    cells = [cell for stack in (figure.stacks(panel) if figure else ()) for cell in stack]
    if len(cells) != 1:
        raise ConfigError(f"figure {stem!r} has {len(cells)} pairs of axes: draw it without axes of your own")
    marks = cells[0].draw(axes)
    if axes.get_legend() is None and axes.get_legend_handles_labels()[0]:
        axes.legend(title=marks.legend)
    whole = axes.get_figure(root=True)
    assert isinstance(whole, Drawing)
    return whole


def _showing(runs: Sequence[Run], stem: str) -> list[Panel]:
    """The panels of runs that have such a figure, and something to show in it; ConfigError where none has."""
    panels = panels_of(runs)
    known = list(dict.fromkeys(figure.stem for panel in panels for figure in figures_of(panel)))
    if stem not in known:
        raise ConfigError(f"unknown figure {stem!r}: choose from {', '.join(known)}")
    shown = [panel for panel in panels if (figure := figure_of(panel, stem)) and figure.applies(panel)]
    if not shown:
        raise ConfigError(f"these runs have nothing to show in the figure {stem!r}")
    return shown


def figures_of(panel: Panel) -> Sequence[Figure]:
    """The figures of a run's kind."""
    return panel.run.kind.figures


def figure_of(panel: Panel, stem: str) -> Figure | None:
    """The figure of that name that a run's kind has; None where it has none."""
    return next((one for one in figures_of(panel) if one.stem == stem), None)


def drawing(panels: Sequence[Panel], stem: str = "figure") -> Composed:
    """Draw a figure of several runs, each in the way of its kind, side by side.

    Raises ConfigError where a run has no such figure.
    """
    figures = [figure_of(panel, stem) for panel in panels]
    found = [figure for figure in figures if figure is not None]
    if len(found) < len(panels):
        raise ConfigError(f"not every run has a figure {stem!r}")
    stacks = [stack for figure, panel in zip(found, panels, strict=True) for stack in figure.stacks(panel)]
    return compose(stacks, _title(panels, found[0].what), sheet=found[0].sheet, legends=found[0].legends, order=NOTES)


def _title(panels: Sequence[Panel], what: str) -> str:
    """The titles of the experiments, and what of them is shown."""
    titles = list(dict.fromkeys(literal(panel.run.experiment.title) for panel in panels))
    return " · ".join(titles) + (f": {what}" if what else "") if any(titles) else ""
