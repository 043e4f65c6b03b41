"""What a claim's function is given: a run's finished seeds, curve by curve, or the columns of a table."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.errors import LogError
from overparam_cli.results.analysis import gap_floor
from overparam_cli.results.logs import Run
from overparam_cli.results.measure import GAP, Measure, measure_of
from overparam_cli.results.selection import best_learning_rate, diverged, logs_of, trials_of

RULE = "final-gap"  # the selection rule of the claims, whatever an experiment of one's own selects by


@dataclass(frozen=True)
class Chosen:
    """A curve at the learning rate that stands for it.

    Attributes:
        lr: the best rate of a grid, None where all diverge; a fixed rate stands for its curve whatever comes of it.
        logs: seed → log; empty without a rate.
        diverged: seeds that diverged, with a fixed rate.
        edge: which edge of its grid the rate stands at, if any.
        measure: what it is judged by.
    """

    curve: str
    lr: float | None
    logs: dict[int, pd.DataFrame]
    diverged: frozenset[int]
    edge: str | None
    measure: Measure = GAP

    @property
    def note(self) -> str | None:
        """What a reader must know about the choice."""
        if self.lr is None:
            return f"{self.curve}: every learning rate diverged"
        if self.diverged:
            return f"{self.curve}: diverged for seed {', '.join(map(str, sorted(self.diverged)))}"
        return (
            f"{self.curve}: the best learning rate, {self.lr:g}, is the {self.edge} of the grid" if self.edge else None
        )


@dataclass(frozen=True)
class RunEvidence:
    """One run folder: the seeds that have finished every curve at every learning rate, and those alone.

    Attributes:
        run: the run without the unfinished seeds.
        unfinished: the seeds left out.
        shortcomings: why it may not bear a verdict on the paper; empty where it may.
    """

    run: Run
    unfinished: tuple[int, ...]
    shortcomings: tuple[str, ...]
    _chosen: dict[str, Chosen] = field(default_factory=dict, init=False, repr=False, compare=False)
    _logs: dict[str, dict[float, dict[int, pd.DataFrame]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The finished seeds."""
        return tuple(sorted(int(seed) for seed in self.run.trials["seed"].unique()))

    @cached_property
    def floor(self) -> float:
        """The gap below which this run's numbers mean nothing."""
        return gap_floor(self.run)

    def chosen(self, curve: str) -> Chosen:
        """Return the curve at its best learning rate; raises CannotJudgeError when the run lacks the curve."""
        if curve not in self._chosen:
            self._require(curve)
            selection = best_learning_rate(self.run, curve, RULE)
            lr = selection.rates[0] if len(selection.rates) == 1 else selection.lr
            found = {} if lr is None else logs_of(self.run, curve, lr)
            failed = frozenset(seed for rate, seed in self.diverged(curve) if rate == lr)
            self._chosen[curve] = Chosen(curve, lr, found, failed, selection.edge, measure_of(self.run))
        return self._chosen[curve]

    def by_rate(self, curve: str) -> dict[float, dict[int, pd.DataFrame]]:
        """Return learning rate → seed → log, diverged trials included; raises CannotJudgeError as `chosen` does."""
        if curve not in self._logs:
            self._require(curve)
            rates = sorted(map(float, trials_of(self.run, curve)["lr"].unique()))
            self._logs[curve] = {lr: logs_of(self.run, curve, lr) for lr in rates}
        return self._logs[curve]

    def fixed(self, curve: str) -> dict[int, pd.DataFrame]:
        """Return seed → log of a curve with a single learning rate, diverged trials included.

        Raises CannotJudgeError when the run lacks the curve or gives it a grid.
        """
        found = self.by_rate(curve)
        if len(found) != 1:
            raise CannotJudgeError(f"{curve} has {len(found)} learning rates in {self.run.folder}, not one fixed rate")
        return next(iter(found.values()))

    def diverged(self, curve: str) -> set[tuple[float, int]]:
        """Return the (learning rate, seed) of the trials that diverged."""
        return {(lr, seed) for name, lr, seed in self._diverged if name == curve}

    @cached_property
    def _diverged(self) -> set[tuple[str, float, int]]:
        failed = self.run.trials[diverged(self.run.trials, measure_of(self.run))]
        columns = (failed[column] for column in ("curve", "lr", "seed"))
        return {(str(curve), float(lr), int(seed)) for curve, lr, seed in zip(*columns, strict=True)}

    def _require(self, curve: str) -> None:
        if curve not in set(self.run.trials["curve"]):
            raise CannotJudgeError(f"{self.run.folder} has no curve '{curve}'")


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
