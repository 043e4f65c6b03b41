"""Two runs beside each other: in what their settings differ, and in what their numbers do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import to_dict
from overparam_cli.experiments.model import Curve
from overparam_cli.experiments.trial import COLUMNS
from overparam_cli.results.choice import Choice
from overparam_cli.results.run import Run
from overparam_cli.results.trajectory import Speedup, median_speedup

__all__ = ["Comparison", "Difference", "compare", "overlay"]
NAMES = ("trial_id", "experiment", "curve", "lr", "seed")  # that say which trial a row is, not what a curve is
PLACES = ("device", "threads", "platform", "git")  # of a manifest, where numbers were made
ALL = "all"


@dataclass(frozen=True)
class Difference:
    """A setting that two runs do not have in common; `curves` are those that it is about."""

    setting: str
    curves: tuple[str, ...]
    values: tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A variant of two runs."""

    first: Run
    second: Run

    @property
    def names(self) -> tuple[str, str]:
        """What they are called beside each other."""
        one, other = self.first.name, self.second.name
        if one != other:
            return one, other
        pairs = (f"{self.first.folder.parent.parent.name}/{one}", f"{self.second.folder.parent.parent.name}/{other}")
        return pairs if pairs[0] != pairs[1] else (f"{one} (1)", f"{other} (2)")

    @cached_property
    def curves(self) -> tuple[str, ...]:
        """The curves that both have."""
        return tuple(name for name in self.first.curves if name in self.second.curves)

    @property
    def lacking(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The curves of each that the other lacks."""
        first, second = self.first.curves, self.second.curves
        return tuple(n for n in first if n not in second), tuple(n for n in second if n not in first)

    @cached_property
    def same_problem(self) -> bool:
        """Whether both minimise the same loss of the same data, so that iterations to a gap can be compared."""
        problems = [(run.dataset.get("fingerprint"), run.optimum.get("loss")) for run in (self.first, self.second)]
        return problems[0] == problems[1]

    def choices(self, curve: str) -> tuple[Choice, Choice]:
        """The learning rate that stands for a curve, in each."""
        return self.first.curves[curve].choose(), self.second.curves[curve].choose()

    def speedup(self, curve: str) -> Speedup | None:
        """How many times fewer iterations the second needs to the first's final level; None on different problems."""
        first, second = self.choices(curve)
        return median_speedup(list(second.speedups(first).values())) if self.same_problem else None

    def alike(self, curve: str) -> tuple[int, int]:
        """How many trials of a curve both have, and how many of them ended with the same numbers, to the last bit."""
        one, other = (run.curves[curve].trials.set_index("trial_id") for run in (self.first, self.second))
        both = one.index.intersection(other.index)
        columns = ["status", "diverged_at", "best_loss", self.first.level.final]
        left, right = (trials.loc[both, columns] for trials in (one, other))
        same = ((left == right) | (left.isna() & right.isna())).all(axis=1)
        return len(both), int(same.sum())

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The settings that differ, those of all curves together, then where the numbers were made."""
        pairs: dict[tuple[str, Any, Any], list[str]] = {}
        for curve in self.curves:
            one, other = (_settings(run, curve) for run in (self.first, self.second))
            for name in {**one, **other}:
                if one.get(name) != other.get(name):
                    pairs.setdefault((name, one.get(name), other.get(name)), []).append(curve)
        found = [
            Difference(name, (ALL,) if len(curves) == len(self.curves) else tuple(curves), (one, other))
            for (name, one, other), curves in pairs.items()
        ]
        return (*found, *self._elsewhere())

    def _elsewhere(self) -> Iterator[Difference]:
        """What differs in the data, and in the machines."""
        one, other = (_circumstances(run) for run in (self.first, self.second))
        for name in {**one, **other}:
            if one.get(name) != other.get(name):
                yield Difference(name, (), (one.get(name), other.get(name)))


def _settings(run: Run, curve: str) -> dict[str, Any]:
    """What the trials of a curve are, as `trials.csv` says it, their grid and seeds in one."""
    own = run.curves[curve]
    described = [each.metadata.get("column", "") for each in fields(run.kind.trial)]
    columns = [name for name in (*COLUMNS, *described) if name in own.trials and name not in NAMES]
    first = own.trials.iloc[0]
    values = {name: None if pd.isna(first[name]) else first[name] for name in dict.fromkeys(columns)}
    return {**values, "lr": own.rates, "seeds": len(own.seeds)}


def _circumstances(run: Run) -> dict[str, Any]:
    """The data and the machine of a run, as far as its manifest says."""
    manifest = run.manifest
    data = {f"data: {name}": run.dataset.get(name) for name in ("fingerprint", "n", "d", "k")}
    places = {name: manifest[name] for name in PLACES if name in manifest}
    return {**data, "optimum": run.optimum.get("loss"), **places, **manifest.get("versions", {})}


def compare(first: Sequence[Run], second: Sequence[Run]) -> list[Comparison]:
    """Pair the variants of two results: those of one name, or the only ones. ConfigError where none has its like."""
    pairs = [(one, other) for one in first for other in second if one.variant == other.variant]
    if not pairs and len(first) == len(second) == 1:
        pairs = [(first[0], second[0])]
    if not pairs:
        names = [", ".join(run.variant for run in runs) for runs in (first, second)]
        raise ConfigError(f"there is nothing to compare: one has the variants {names[0]}, the other {names[1]}")
    for one, other in pairs:
        if one.kind.name != other.kind.name:
            raise ConfigError(f"{one.name} is of kind {one.kind.name!r}, {other.name} of kind {other.kind.name!r}")
    return [Comparison(*pair) for pair in pairs]


def overlay(comparison: Comparison) -> Run:
    """One run with the curves of both, those of the first solid, of the second dashed, a colour a curve.

    Raises ConfigError where they are of different problems: their gaps do not belong on one axis.
    """
    if not comparison.same_problem:
        one, other = comparison.names
        raise ConfigError(f"{one} and {other} are on different data, or of another loss: draw a figure of each")
    parts = [
        _renamed(run, number, name, comparison)
        for number, (run, name) in enumerate(zip((comparison.first, comparison.second), comparison.names, strict=True))
    ]
    trials = pd.concat([part[0] for part in parts], ignore_index=True)
    log = pd.concat([part[1] for part in parts], ignore_index=True)
    first = comparison.first
    curves = tuple(curve for part in parts for curve in part[2])
    analysis, plot = replace(first.experiment.analysis, baseline=None), replace(first.experiment.plot, curves=())
    title = f"{comparison.names[0]} and {comparison.names[1]}"
    experiment = replace(first.experiment, title=title, curves=curves, analysis=analysis, plot=plot)
    return Run(Path(title), {**first.manifest, "config": to_dict(experiment)}, trials, log, len(trials))


def _renamed(
    run: Run, number: int, name: str, comparison: Comparison
) -> tuple[pd.DataFrame, pd.DataFrame, list[Curve]]:
    """Trials, log and curves of a run under names that the other does not have."""
    order = [*dict.fromkeys((*comparison.first.curves, *comparison.second.curves))]
    trials = run.trials.assign(
        trial_id=_numbered(run.trials["trial_id"], number), curve=_numbered(run.trials["curve"], number)
    )
    log = run.log.assign(trial_id=_numbered(run.log["trial_id"], number))
    own, variant = run.experiment, run.experiment.variants.get(run.variant, {})
    settings = {curve.name: {**own.trial, **variant, **curve.settings, **own.forced} for curve in own.curves}
    told = {one: {key: settings.get(one, {}).get(key) for key in ("depth", "optimizer")} for one in run.labels}
    looks = {one: {key: value for key, value in given.items() if value is not None} for one, given in told.items()}
    curves = [
        Curve(f"{number}-{one}", f"{label}, {name}", looks[one], order.index(one), ("solid", "dashed")[number])
        for one, label in run.labels.items()
    ]
    return trials, log, curves


def _numbered(names: "pd.Series[Any]", number: int) -> "pd.Series[Any]":
    return f"{number}-" + names.astype("str")
