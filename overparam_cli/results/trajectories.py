"""`Trajectory` as functions of tables, until the figures ask the objects."""

import numpy as np
import pandas as pd

from overparam_cli.results.run import Run
from overparam_cli.results.trajectory import SMALLEST, Array, Speedup, effective_step

__all__ = ["SMALLEST", "Array", "Speedup", "effective_step", "finite_points", "gap_floor", "trial_log"]


def trial_log(run: Run, trial_id: str) -> pd.DataFrame:
    """`Run.trajectory`, as a table."""
    return run.trajectory(trial_id).log


def finite_points(log: pd.DataFrame, column: str = "gap") -> tuple[Array, Array]:
    """`Trajectory.finite`."""
    times, values = log["iteration"].to_numpy(np.float64), log[column].to_numpy(np.float64)
    finite = np.isfinite(values)
    return times[finite], values[finite]


def gap_floor(run: Run) -> float:
    """`Run.floor`."""
    return run.floor
