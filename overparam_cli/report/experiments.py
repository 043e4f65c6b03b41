"""What there is to run: `overparam list`, `overparam show`."""

from collections.abc import Sequence

from overparam_cli.experiments import Experiment, Summary, describe
from overparam_cli.report import terminal
from overparam_cli.report.grid import Cell, Column, Grid, Span, Words

COLUMNS = ("variant", "curve", "dataset", "depth", "width", "init", "optimizer", "seeds", "iterations", "trials")


def print_list(summaries: Sequence[Summary]) -> None:
    """Print a row an experiment."""
    terminal.show(Grid.of(("name", "shows", "in the paper"), [(own.name, own.title, own.paper) for own in summaries]))


def print_experiment(experiment: Experiment) -> None:
    """Print what an experiment is and, of one that trains, a row a curve."""
    title = Words.of(Span(experiment.name, "strong"), f"  {experiment.title}  ({experiment.paper})")
    lead = [title, Words.of(experiment.description)] if experiment.description else [title]
    if experiment.kind == "theory":
        terminal.show(*lead, Words.of(f"numerical experiments: {', '.join(experiment.checks)}"))
    else:
        terminal.show(curve_grid(experiment, lead))


def curve_grid(experiment: Experiment, lead: Sequence[Words] = ()) -> Grid:
    """Return a row a curve."""
    rows = [[*(getattr(row, name) for name in COLUMNS), _rates(row.lrs)] for row in describe(experiment)]
    return Grid.of((*COLUMNS, Column("lr")), rows, lead=lead)


def _rates(lrs: Sequence[float]) -> Cell:
    """A learning rate, or the ends of a grid."""
    if len(lrs) == 1:
        return Cell(lrs[0], f"{lrs[0]:g}")
    return Cell(None, f"{len(lrs)} from {min(lrs):g} to {max(lrs):g}")
