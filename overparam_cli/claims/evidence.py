"""What a claim's function is given: a run's finished seeds, curve by curve, or the columns of a table."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.errors import LogError
from overparam_cli.results.choice import Choice
from overparam_cli.results.curve import CurveRun
from overparam_cli.results.run import Run
from overparam_cli.results.trajectory import Trajectory

RULE = "final-gap"  # the selection rule of the claims, whatever an experiment of one's own selects by


@dataclass(frozen=True)
class RunEvidence:
    """One run folder: the seeds that have finished every curve at every learning rate, and those alone.

    Attributes:
        run: the run without the unfinished seeds.
        unfinished: the seeds left out.
        shortcomings: why it may not bear a verdict on the paper; empty where it may.
        rule: which learning rate stands for a curve.
    """

    run: Run
    unfinished: tuple[int, ...]
    shortcomings: tuple[str, ...]
    rule: str = RULE

    @property
    def seeds(self) -> tuple[int, ...]:
        """The finished seeds."""
        return self.run.seeds

    @property
    def floor(self) -> float:
        """The gap below which this run's numbers mean nothing."""
        return self.run.floor

    def curve(self, name: str) -> CurveRun:
        """Return a curve; raises CannotJudgeError when the run lacks it."""
        if name not in self.run.curves:
            raise CannotJudgeError(f"{self.run.folder} has no curve '{name}'")
        return self.run.curves[name]

    def chosen(self, name: str) -> Choice:
        """Return the curve at its best learning rate; raises CannotJudgeError when the run lacks the curve."""
        if name not in self._chosen:
            self._chosen[name] = self.curve(name).choose(self.rule)
        return self._chosen[name]

    @cached_property
    def _chosen(self) -> dict[str, Choice]:
        return {}

    def by_rate(self, name: str) -> dict[float, dict[int, Trajectory]]:
        """Return learning rate → seed → trial, diverged trials included; raises CannotJudgeError as `chosen` does."""
        curve = self.curve(name)
        return {lr: curve.logs(lr) for lr in curve.rates}

    def fixed(self, name: str) -> dict[int, Trajectory]:
        """Return seed → trial of a curve with a single learning rate, diverged trials included.

        Raises CannotJudgeError when the run lacks the curve or gives it a grid.
        """
        rates = self.curve(name).rates
        if len(rates) != 1:
            raise CannotJudgeError(f"{name} has {len(rates)} learning rates in {self.run.folder}, not one fixed rate")
        return self.curve(name).logs(rates[0])


@dataclass(frozen=True)
class TableEvidence:
    """A table of numbers that is not a training run: a theory check's, or the benchmark's."""

    path: Path
    manifest: dict[str, Any]
    rows: pd.DataFrame
    shortcomings: tuple[str, ...]

    def numbers(self, column: str, *, empty: bool = False) -> pd.Series:
        """Return a column as float64; with `empty`, missing values are let through as NaN.

        Raises LogError when the column is missing or holds anything else.
        """
        values = pd.to_numeric(self.column(column), errors="coerce").astype(np.float64)
        faulty = values.isna() if not empty else values.isna() & self.column(column).notna()
        if faulty.any():
            row = int(np.flatnonzero(faulty)[0]) + 2
            raise LogError(f"{self.path} is damaged: line {row} has no number for {column}; make it again")
        return values

    def column(self, column: str) -> pd.Series:
        """Return a column as it stands; raises LogError when it is missing."""
        if column not in self.rows:
            raise LogError(f"{self.path} has no column '{column}': it is not a table of this schema; make it again")
        return self.rows[column]

    def require(self, column: str, values: set[Any]) -> None:
        """Raise CannotJudgeError unless every one of `values` stands in the column."""
        missing = sorted(values - set(self.column(column)), key=str)
        if missing:
            raise CannotJudgeError(f"{self.path} has no rows with {column} = {', '.join(map(str, missing))}")


Evidence = RunEvidence | TableEvidence
