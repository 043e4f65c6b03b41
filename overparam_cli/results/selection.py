"""`CurveRun` and `Choice` as functions, until the figures ask the objects."""

import numpy as np
import pandas as pd

from overparam_cli.experiments.kind import Level
from overparam_cli.results.curve import Choice as Selection
from overparam_cli.results.run import Run
from overparam_cli.results.schema import DIVERGED

__all__ = ["Selection", "best_learning_rate", "diverged", "logs_of", "trials_of"]


def best_learning_rate(run: Run, curve: str) -> Selection:
    """`CurveRun.choose`."""
    return run.curves[curve].choose()


def trials_of(run: Run, curve: str, lr: float | None = None) -> pd.DataFrame:
    """`CurveRun.trials`, or `CurveRun.at`."""
    return run.curves[curve].trials if lr is None else run.curves[curve].at(lr)


def logs_of(run: Run, curve: str, lr: float) -> dict[int, pd.DataFrame]:
    """`CurveRun.logs`, as tables."""
    return {seed: trial.log for seed, trial in run.curves[curve].logs(lr).items()}


def diverged(trials: pd.DataFrame, level: Level) -> pd.Series:
    """`CurveRun.trials` has it as its column `lost`."""
    mask: pd.Series = (trials["status"] == DIVERGED) | ~np.isfinite(trials[level.final].to_numpy(np.float64))
    return mask
