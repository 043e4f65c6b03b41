"""Figures from logs and manifests alone. A new kind of figure is a `Figure` that a kind of experiment registers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Plot
from overparam_cli.experiments.layout import TOGETHER, check_together
from overparam_cli.figures.compose import Composed, compose
from overparam_cli.figures.labels import NOTES
from overparam_cli.figures.panels import Panel, panels_of
from overparam_cli.figures.registry import Figure
from overparam_cli.figures.style import PLAIN, Outfit, for_notebooks, literal, save, styled
from overparam_cli.results.drawn import source
from overparam_cli.results.run import Run
from overparam_cli.words import suggest

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
    asked = outfit_of(runs)
    with styled(asked.style):
        figures, of = drawings(runs, stems, asked), _source(out_dir, runs)
        return [path for stem, figure in figures for path in save(figure, out_dir / stem, formats, of)]


def drawings(
    runs: Sequence[Run], stems: Sequence[str] | None = None, outfit: Outfit = PLAIN
) -> Iterator[tuple[str, Composed]]:
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
            yield f"{stem}{so_far}", drawing(shown, stem, outfit)


def dressed(runs: Sequence[Run], asked: Mapping[str, object]) -> list[Run]:
    """The runs as if their experiments' `[plot]` said what is `asked`, which `experiments.layout.PLOT` has checked.

    Raises ConfigError for a curve that an experiment does not have, and for ends that an axis cannot have.
    """
    return [_dressed(run, asked) for run in runs] if asked else list(runs)


def _dressed(run: Run, asked: Mapping[str, object]) -> Run:
    config = run.manifest["config"]
    made = replace(run, manifest=run.manifest | {"config": config | {"plot": {**config.get("plot", {}), **asked}}})
    plot, known = made.experiment.plot, [curve.name for curve in made.experiment.curves]
    for name in plot.curves:
        if name not in known:
            raise ConfigError(f"{run.name} has no curve {name!r}{suggest(name, known)}")
    for key in TOGETHER:
        check_together(plot, run.name, key)
    return made


def outfit_of(runs: Sequence[Run]) -> Outfit:
    """What the first of the experiments asks of a figure."""
    plot = runs[0].experiment.plot if runs else Plot()
    title = True if isinstance(plot.title, str) else plot.title  # `_title` has it
    return Outfit(title, plot.size, plot.style)


def drawn(runs: Sequence[Run], stem: str) -> Drawing:
    """Draw one figure of the runs for somebody who keeps it in memory, or shows it in a notebook.

    Raises ConfigError, LogError as `draw`.
    """
    panels = _showing(runs, stem)
    asked = outfit_of(runs)
    with styled(asked.style):
        return for_notebooks(drawing(panels, stem, asked))


def draw_to(path: Path, runs: Sequence[Run], stem: str) -> Path:
    """Draw one figure of the runs into a file, whose ending says the format.

    Raises ConfigError, LogError, StorageError as `draw`.
    """
    panels = _showing(runs, stem)
    asked = outfit_of(runs)
    with styled(asked.style):
        ending, of = [path.suffix.removeprefix(".")], _source(path.parent, runs)
        (written,) = save(drawing(panels, stem, asked), path.with_suffix(""), ending, of)
    return written


def _source(beside: Path, runs: Sequence[Run]) -> str:
    """Of runs under way nothing: how far they have come is in no manifest."""
    return "" if any(run.partial for run in runs) else source(beside, ((run.folder, run.manifest) for run in runs))


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


def stems_of(runs: Sequence[Run]) -> list[str]:
    """The names of the figures that the kinds of the runs have."""
    return list(dict.fromkeys(figure.stem for run in runs for figure in run.kind.figures))


def figures_of(panel: Panel) -> Sequence[Figure]:
    """The figures of a run's kind."""
    return panel.run.kind.figures


def figure_of(panel: Panel, stem: str) -> Figure | None:
    """The figure of that name that a run's kind has; None where it has none."""
    return next((one for one in figures_of(panel) if one.stem == stem), None)


def drawing(panels: Sequence[Panel], stem: str = "figure", outfit: Outfit = PLAIN) -> Composed:
    """Draw a figure of several runs, each in the way of its kind, side by side.

    Raises ConfigError where a run has no such figure.
    """
    figures = [figure_of(panel, stem) for panel in panels]
    found = [figure for figure in figures if figure is not None]
    if len(found) < len(panels):
        raise ConfigError(f"not every run has a figure {stem!r}")
    stacks = [stack for figure, panel in zip(found, panels, strict=True) for stack in figure.stacks(panel)]
    first, title = found[0], _title(panels, found[0].what)
    return compose(stacks, title, sheet=first.sheet, legends=first.legends, order=NOTES, outfit=outfit)


def _title(panels: Sequence[Panel], what: str) -> str:
    """The titles of the experiments, or what is asked for in their place, and what of them is shown."""
    asked = panels[0].run.experiment.plot.title
    given = [asked if isinstance(asked, str) else panel.run.experiment.title for panel in panels]
    titles = list(dict.fromkeys(map(literal, given)))
    return " · ".join(titles) + (f": {what}" if what else "") if any(titles) else ""
