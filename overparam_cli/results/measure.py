"""`Run.level` under its old names, until the figures and the table ask the run."""

from overparam_cli.experiments.kind import Level, kind
from overparam_cli.results.run import Run

MEAN = "_mean"  # how the name of a running mean's column ends
Measure = Level
GAP = kind("linear").level


def is_cnn(run: Run) -> bool:
    """Whether a run's networks are the convolutional ones."""
    return run.kind.name == "cnn"


def measure_of(run: Run) -> Level:
    """`Run.level`."""
    return run.level
