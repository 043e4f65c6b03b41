"""From an experiment to its trials: layers of settings resolved, grids and seeds crossed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from itertools import chain
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.key import REQUIRED, Place
from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.model import Curve, Experiment
from overparam_cli.experiments.trial import Settings, Trial, defaults, keys_of


def variants_of(experiment: Experiment) -> dict[str, Settings]:
    """The variants; an experiment without any has a single one, named after its loss."""
    if experiment.variants or not experiment.curves:
        return dict(experiment.variants)
    loss = kind(experiment.kind).trial.loss_of({**experiment.trial, **experiment.forced})
    if loss is None:
        raise ConfigError(f"{experiment.where} [trial]: 'loss' is missing")
    return {loss: {}}


def resolve(experiment: Experiment, variant: Settings, curve: Curve) -> dict[str, Any]:
    """Every setting of one curve: defaults, [trial], [variants.X], [[curves]], overrides; the later wins.

    Which overrides concern the curve is for the kind to say (`Trial.under`).
    """
    trial = kind(experiment.kind).trial
    common = {**defaults(trial), **experiment.trial, **variant}
    others = [{**common, **one.settings} for one in experiment.curves]
    settings = trial.under(experiment.forced, {**common, **curve.settings}, others, _place(experiment, curve))
    for name, key in keys_of(trial).items():
        if key.default is REQUIRED and name not in settings:
            raise ConfigError(f"{experiment.where}: curve {curve.name!r} has no {name!r}: give it there or in [trial]")
    return settings


def _place(experiment: Experiment, curve: Curve) -> Place:
    return Place(f"{experiment.where}, curve {curve.name!r}", experiment.forced)


@dataclass(frozen=True)
class Sweep:
    """The trials of one curve, not yet made: the first of them, their learning rates, and how many seeds each has.

    What does not go by the single trial is asked of this: there may be a million of them.
    """

    first: Trial
    lrs: tuple[float, ...]
    seeds: int

    def __len__(self) -> int:
        """How many trials."""
        return len(self.lrs) * self.seeds

    def __iter__(self) -> Iterator[Trial]:
        """The trials, in the order learning rate, seed."""
        make = partial(type(self.first), **{each.name: getattr(self.first, each.name) for each in fields(self.first)})
        return (make(lr=lr, seed=seed) for lr in self.lrs for seed in range(self.seeds))


def sweeps(experiment: Experiment) -> dict[str, tuple[Sweep, ...]]:
    """All trials by variant and curve; errors as in `expand`."""
    return {name: tuple(_sweeps_of(experiment, name, variant)) for name, variant in variants_of(experiment).items()}


def _sweeps_of(experiment: Experiment, name: str, variant: Settings) -> Iterator[Sweep]:
    make = kind(experiment.kind).trial
    for curve in experiment.curves:
        settings = resolve(experiment, variant, curve)
        shared: dict[str, Any] = {"experiment": experiment.name, "variant": name, "curve": curve.name}
        shared |= make.fields_of(settings, _place(experiment, curve))
        yield Sweep(make(**shared, lr=settings["lr"][0], seed=0), settings["lr"], settings["seeds"])


def expand(experiment: Experiment) -> dict[str, tuple[Trial, ...]]:
    """All trials by variant, in the order curve, learning rate, seed.

    A theory experiment and a group have none of their own (`flatten` gives a group's members). ConfigError where
    a name is in no registry, a hyperparameter does not belong to its optimiser, or a width list does not fit its
    depth. Trials of two curves may be the same in all but that name: `once` tells them apart.
    """
    return {variant: tuple(chain.from_iterable(own)) for variant, own in sweeps(experiment).items()}


def once(trials: Iterable[Trial]) -> tuple[tuple[Trial, ...], tuple[Trial, ...]]:
    """The trials that are to be trained, and those that another curve shows: the same as one of the former by id."""
    trained: dict[str, Trial] = {}
    again = tuple(trial for trial in trials if trained.setdefault(trial.trial_id, trial) is not trial)
    return tuple(trained.values()), again


@dataclass(frozen=True)
class CurveRow:
    """One line of the plan that `overparam show` and `--dry-run` print: a curve and its trials."""

    variant: str
    curve: str
    label: str
    dataset: str
    loss: str
    depth: int
    width: str
    init: str
    optimizer: str
    lrs: tuple[float, ...]
    seeds: int
    iterations: int
    dtype: str
    trials: int


def describe(experiment: Experiment) -> tuple[CurveRow, ...]:
    """The plan, one row per variant and curve."""
    labels = {curve.name: curve.label for curve in experiment.curves}
    return tuple(_row(variant, labels, sweep) for variant, own in sweeps(experiment).items() for sweep in own)


def _row(variant: str, labels: Mapping[str, str], sweep: Sweep) -> CurveRow:
    same = ("curve", "dataset", "loss", "depth", "width", "init", "optimizer", "iterations", "dtype")
    return CurveRow(
        variant=variant,
        label=labels[sweep.first.curve],
        lrs=sweep.lrs,
        seeds=sweep.seeds,
        trials=len(sweep),
        **{key: getattr(sweep.first, key) for key in same},
    )
