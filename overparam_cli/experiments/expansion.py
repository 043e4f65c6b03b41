"""From an experiment to its trials: layers of settings resolved, grids and seeds crossed."""

from collections.abc import Iterator
from dataclasses import dataclass
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


def _trials_of(experiment: Experiment, variant: str, settings: Settings, curve: Curve) -> Iterator[Trial]:
    make = kind(experiment.kind).trial
    names = {"experiment": experiment.name, "variant": variant, "curve": curve.name}
    shared = {**names, **make.fields_of(settings, _place(experiment, curve))}
    for lr in settings["lr"]:
        for seed in range(settings["seeds"]):
            yield make(**shared, lr=lr, seed=seed)


def expand(experiment: Experiment) -> dict[str, tuple[Trial, ...]]:
    """All trials by variant, in the order curve, learning rate, seed.

    A theory experiment and a group have none of their own (`flatten` gives a group's members). ConfigError where
    a name is in no registry, a hyperparameter does not belong to its optimiser, a width list does not fit its
    depth, or two curves describe the same trial.
    """
    expanded = {}
    for name, variant in variants_of(experiment).items():
        trials: dict[str, Trial] = {}
        for curve in experiment.curves:
            for trial in _trials_of(experiment, name, resolve(experiment, variant, curve), curve):
                twin = trials.setdefault(trial.trial_id, trial)
                if twin is not trial:
                    raise ConfigError(
                        f"{experiment.where}: curves {twin.curve!r} and {trial.curve!r} describe the same trial "
                        f"(lr {trial.lr:g}, seed {trial.seed}): remove one, or the override that makes them equal"
                    )
        expanded[name] = tuple(trials.values())
    return expanded


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
    """The plan, one row per variant and curve; the sum of `trials` is the experiment's size."""
    labels = {curve.name: curve.label for curve in experiment.curves}
    rows = []
    for variant, trials in expand(experiment).items():
        for name, label in labels.items():
            own = [trial for trial in trials if trial.curve == name]
            rows.append(_row(variant, label, own))
    return tuple(rows)


def _row(variant: str, label: str, trials: list[Trial]) -> CurveRow:
    first = trials[0]
    same = ("curve", "dataset", "loss", "depth", "width", "init", "optimizer", "iterations", "dtype")
    return CurveRow(
        variant=variant,
        label=label,
        lrs=tuple(dict.fromkeys(trial.lr for trial in trials)),
        seeds=len({trial.seed for trial in trials}),
        trials=len(trials),
        **{key: getattr(first, key) for key in same},
    )
