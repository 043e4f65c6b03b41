"""From an experiment to its trials: layers of settings resolved, grids and seeds crossed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import registries
from overparam_cli.experiments.keys import DEFAULTS, HYPERPARAMETERS, REQUIRED
from overparam_cli.experiments.model import Curve, Experiment, Settings, Trial


def variants_of(experiment: Experiment) -> dict[str, Settings]:
    """The variants; an experiment without any has a single one, named after its loss."""
    if experiment.variants or not experiment.curves:
        return dict(experiment.variants)
    loss = experiment.forced.get("loss", experiment.trial.get("loss"))
    if loss is None:
        raise ConfigError(f"{experiment.where} [trial]: 'loss' is missing")
    return {loss: {}}


def resolve(experiment: Experiment, variant: Settings, curve: Curve) -> dict[str, Any]:
    """Every setting of one curve: defaults, [trial], [variants.X], [[curves]], overrides; the later wins.

    An overriding hyperparameter concerns only the curves whose optimiser takes it.
    """
    settings = {**DEFAULTS, **experiment.trial, **variant, **curve.settings, **experiment.forced}
    overridden = set(HYPERPARAMETERS) & set(experiment.forced)
    if overridden:
        where = _place(experiment, curve, "optimizer")
        takes = registries.hyperparameters(settings["optimizer"], settings["semantics"], {}, where)
        for key in overridden - set(takes):
            del settings[key]
    for key in REQUIRED:
        if key not in settings:
            raise ConfigError(f"{experiment.where}: curve {curve.name!r} has no {key!r}: give it there or in [trial]")
    return settings


def hidden_widths(settings: Settings, where: str) -> tuple[int, ...]:
    """The depth − 1 hidden widths that `width` stands for."""
    hidden: int = settings["depth"] - 1
    width: int | tuple[int, ...] = settings["width"]
    if isinstance(width, int):
        return (width,) * hidden
    if len(width) != hidden:
        raise ConfigError(
            f"{where}: width = {list(width)} has {len(width)} entries, "
            f"but depth {hidden + 1} has {hidden} hidden layers"
        )
    return width


def _place(experiment: Experiment, curve: Curve, key: str) -> str:
    """Where a curve's setting was given, as error messages say it."""
    return "command line" if key in experiment.forced else f"{experiment.where}, curve {curve.name!r}"


def _trials_of(experiment: Experiment, variant: str, settings: Settings, curve: Curve) -> Iterator[Trial]:
    places = {key: _place(experiment, curve, key) for key in settings}
    registries.check_name("init", settings["init"], registries.inits(), places["init"])
    registries.check_name(
        "preprocessing", settings["preprocessing"], registries.preprocessings(), places["preprocessing"]
    )
    given = {key: settings[key] for key in HYPERPARAMETERS if key in settings}
    hyper = registries.hyperparameters(settings["optimizer"], settings["semantics"], given, places["optimizer"])
    widths = hidden_widths(settings, f"{experiment.where}, curve {curve.name!r}")
    dataset_key = registries.dataset_key(settings["dataset"], places["dataset"])
    copied = ("dataset", "targets", "preprocessing", "loss", "depth", "init", "init_std", "optimizer", "semantics")
    for lr in settings["lr"]:
        for seed in range(settings["seeds"]):
            yield Trial(
                experiment=experiment.name,
                variant=variant,
                curve=curve.name,
                **{key: settings[key] for key in copied},
                widths=widths,
                hyper=tuple(sorted(hyper.items())),
                lr=lr,
                weight_decay=settings["weight_decay"],
                seed=seed,
                dtype=settings["dtype"],
                iterations=settings["iterations"],
                dataset_key=dataset_key,
            )


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
