"""One curve of a run: its trials, by learning rate and seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import pandas as pd

from overparam_cli.results.choice import Choice, choose
from overparam_cli.results.schema import STATUSES, STOP_AT_GAP, UNFINISHED
from overparam_cli.results.trajectory import Array, Trajectory, effective_step

if TYPE_CHECKING:
    from overparam_cli.results.run import Run

DESCENT = ("gd", "end-to-end")  # the optimisers whose step Eq. 12 describes


@dataclass(frozen=True)
class Divergence:
    """The seeds that diverged with one learning rate of one curve."""

    curve: str
    lr: float
    seeds: tuple[int, ...]
    of: int  # seeds run
    first: int | None  # iterations of the first and the last divergence
    last: int | None


@dataclass(frozen=True, eq=False)
class CurveRun:
    """The finished trials of one curve of a run."""

    run: "Run"
    name: str

    @property
    def label(self) -> str:
        """How figures and tables call it."""
        return self.run.labels[self.name]

    @cached_property
    def trials(self) -> pd.DataFrame:
        """Its rows of `trials.csv` by learning rate and seed, and `lost`: whether the trial diverged."""
        own = self.run.places_of[self.name]
        trials = self.run.trials.take(own).assign(lost=self.run.lost.take(own))
        trials = trials[trials["status"].isin((*STATUSES, UNFINISHED))]
        return trials.sort_values(["lr", "seed"], ignore_index=True)

    @property
    def depth(self) -> int:
        """The depth of its networks; N of the end-to-end rule."""
        return int(self.trials["depth"].iloc[0])

    @property
    def optimizer(self) -> str:
        """Its optimiser."""
        return str(self.trials["optimizer"].iloc[0])

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that have a trial, ascending."""
        return tuple(sorted(int(seed) for seed in self.trials["seed"].unique()))

    @cached_property
    def rates(self) -> tuple[float, ...]:
        """The grid of learning rates as far as it has been run, ascending."""
        return tuple(sorted(float(lr) for lr in self.trials["lr"].unique()))

    @cached_property
    def lost(self) -> frozenset[tuple[float, int]]:
        """The (learning rate, seed) of the trials that diverged."""
        failed = self.trials[self.trials["lost"]]
        return frozenset((float(lr), int(seed)) for lr, seed in zip(failed["lr"], failed["seed"], strict=True))

    @cached_property
    def diverged(self) -> tuple[float, ...]:
        """The rates with which at least one seed diverged, ascending."""
        return tuple(sorted({lr for lr, _ in self.lost}))

    @cached_property
    def incomplete(self) -> tuple[float, ...]:
        """The rates that lack seeds which other rates have."""
        return tuple(lr for lr in self.rates if len(self._places[lr]) < len(self.seeds))

    @cached_property
    def reached(self) -> int | None:
        """The last iteration that all of its trials have come to; None where all have finished.

        Learning rates are compared there: none is better for having come further.
        """
        going = self.run.under_way
        own = [going[name] for name in self.trials["trial_id"] if name in going]
        return min(own, default=None)

    @cached_property
    def _places(self) -> Mapping[Any, Any]:
        """Learning rate → the places of its trials in `trials`."""
        return self.trials.groupby("lr").indices

    @property
    def stops_at(self) -> float:
        """The gap at which its trials end, their iterations over or not; 0 for none."""
        return float(self.trials[STOP_AT_GAP].fillna(0.0).max()) if STOP_AT_GAP in self.trials else 0.0

    @property
    def floor(self) -> float:
        """The level below which an order of its trials says nothing: the run's, or where they were told to stop."""
        return max(self.run.floor, self.stops_at)

    @cached_property
    def divergences(self) -> tuple[Divergence, ...]:
        """Every learning rate with a diverged seed, ascending."""
        rows = []
        for lr in self.diverged:
            trials = self.at(lr)
            failed = trials[trials["lost"]]
            at = pd.to_numeric(failed["diverged_at"]).dropna()
            first, last = (int(at.min()), int(at.max())) if len(at) else (None, None)
            rows.append(Divergence(self.name, lr, tuple(map(int, failed["seed"])), len(trials), first, last))
        return tuple(rows)

    def at(self, lr: float) -> pd.DataFrame:
        """Its trials with one learning rate, by seed."""
        return self.trials.take(self._places.get(lr, [])).reset_index(drop=True)

    def logs(self, lr: float | None) -> dict[int, Trajectory]:
        """Seed → trial with one learning rate, diverged ones included; none without a rate."""
        if lr is None:
            return {}
        return {seed: self.run.trajectory(trial) for seed, trial in self._ids.get(lr, ())}

    @cached_property
    def _ids(self) -> Mapping[Any, Sequence[tuple[int, str]]]:
        """Learning rate → (seed, trial id) of its trials, by seed."""
        seeds, ids = self.trials["seed"].to_list(), self.trials["trial_id"].to_list()
        return {lr: [(int(seeds[place]), ids[place]) for place in own] for lr, own in self._places.items()}

    def effective_step(self, lr: float, norm: npt.ArrayLike) -> Array | None:
        """η‖W_e‖^(2−2/N); None for all but gradient descent on layers, because Eq. 12 does not say it of others."""
        others = self.trials.get("parameterisation")  # a column only where it is not layers for all
        layered = others is None or others.isna().all()
        return effective_step(lr, norm, self.depth) if layered and self.optimizer in DESCENT else None

    def choose(self, rule: str | None = None, *, target: float | None = None) -> Choice:
        """The learning rate that stands for the curve (see `choice.choose`); ConfigError for a rule that is none."""
        return choose(self, rule, target=target)
