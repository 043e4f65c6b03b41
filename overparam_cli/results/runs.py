"""`Run` and `CurveRun` as functions, until the figures ask the objects."""

from overparam_cli.results.curve import DESCENT
from overparam_cli.results.run import LATE, Run

__all__ = ["DESCENT", "LATE", "curve_labels", "depth_of", "full_iterations", "iterations", "optimizer_of"]


def curve_labels(run: Run) -> dict[str, str]:
    """`Run.labels`."""
    return run.labels


def iterations(run: Run) -> int:
    """`Run.iterations`."""
    return run.iterations


def full_iterations(run: Run) -> int:
    """`Run.full_iterations`."""
    return run.full_iterations


def depth_of(run: Run, curve: str) -> int:
    """`CurveRun.depth`."""
    return run.curves[curve].depth


def optimizer_of(run: Run, curve: str) -> str:
    """`CurveRun.optimizer`."""
    return run.curves[curve].optimizer
