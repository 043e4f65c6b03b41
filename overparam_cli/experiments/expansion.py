"""From an experiment to its trials: layers of settings resolved, grids and seeds crossed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import registries
from overparam_cli.experiments.keys import DEPTHS, HYPERPARAMETERS, REQUIRED, defaults
from overparam_cli.experiments.model import (
    CNN,
    CROSS_ENTROPY,
    LINEAR,
    AnyTrial,
    CnnTrial,
    Curve,
    Experiment,
    Settings,
    Trial,
)


def variants_of(experiment: Experiment) -> dict[str, Settings]:
    """The variants; an experiment without any has a single one, named after its loss."""
    if experiment.variants or not experiment.curves:
        return dict(experiment.variants)
    loss = experiment.forced.get("loss", experiment.trial.get("loss"))
    if experiment.kind == CNN:
        loss = CROSS_ENTROPY
    if loss is None:
        raise ConfigError(f"{experiment.where} [trial]: 'loss' is missing")
    return {loss: {}}


def resolve(experiment: Experiment, variant: Settings, curve: Curve) -> dict[str, Any]:
    """Every setting of one curve: defaults, [trial], [variants.X], [[curves]], overrides; the later wins.

    An overriding hyperparameter concerns only the curves whose optimiser takes it, and the depth of one dense layer
    only the curves that have a factored one, if any has.
    """
    settings = {**defaults(experiment.kind), **experiment.trial, **variant, **curve.settings, **experiment.forced}
    if experiment.kind == CNN and "depth" not in experiment.forced:
        factored = {one.name for one in experiment.curves if _is_factored(experiment, variant, one)}
        if factored and curve.name not in factored:
            settings = {
                key: value for key, value in settings.items() if key not in DEPTHS or key not in experiment.forced
            }
    overridden = set(HYPERPARAMETERS) & set(experiment.forced)
    if overridden:
        where = _place(experiment, curve, "optimizer")
        takes = registries.hyperparameters(settings["optimizer"], settings["semantics"], {}, where)
        for key in overridden - set(takes):
            del settings[key]
    for key in REQUIRED[experiment.kind]:
        if key not in settings:
            raise ConfigError(f"{experiment.where}: curve {curve.name!r} has no {key!r}: give it there or in [trial]")
    return settings


def _is_factored(experiment: Experiment, variant: Settings, curve: Curve) -> bool:
    """Whether a curve of the convolutional network has a factored dense layer before overrides."""
    settings = {**experiment.trial, **variant, **curve.settings}
    return any(settings.get(key, 1) > 1 for key in ("depth", *DEPTHS))


def hidden_widths(settings: Settings, where: str, key: str = "width") -> tuple[int, ...]:
    """The depth − 1 hidden widths that `width` stands for; `key` is what the user calls it."""
    hidden: int = settings["depth"] - 1
    width: int | tuple[int, ...] = settings["width"]
    if isinstance(width, int):
        return (width,) * hidden
    if len(width) != hidden:
        raise ConfigError(
            f"{where}: {key} = {list(width)} has {len(width)} entries, "
            f"but depth {hidden + 1} has {hidden} hidden layers"
        )
    return width


def _place(experiment: Experiment, curve: Curve, key: str) -> str:
    """Where a curve's setting was given, as error messages say it."""
    return "command line" if key in experiment.forced else f"{experiment.where}, curve {curve.name!r}"


def _shared(experiment: Experiment, variant: str, settings: Settings, curve: Curve) -> dict[str, Any]:
    """The fields that all trials of a curve have in common, whatever the kind of model; names are checked."""
    place = _place(experiment, curve, "optimizer")
    if experiment.kind == CNN:
        registries.check_elementwise(settings["optimizer"], place)
    given = {key: settings[key] for key in HYPERPARAMETERS if key in settings}
    hyper = registries.hyperparameters(settings["optimizer"], settings["semantics"], given, place)
    copied = ("dataset", "init_std", "optimizer", "semantics", "weight_decay", "dtype", "iterations")
    return {
        "experiment": experiment.name,
        "variant": variant,
        "curve": curve.name,
        **{key: settings[key] for key in copied},
        "hyper": tuple(sorted(hyper.items())),
        "dataset_key": registries.dataset_key(
            settings["dataset"], _place(experiment, curve, "dataset"), images=experiment.kind == CNN
        ),
    }


def _linear_fields(experiment: Experiment, settings: Settings, curve: Curve) -> dict[str, Any]:
    """What only a linear network's trial has."""
    registries.check_name("init", settings["init"], registries.inits(), _place(experiment, curve, "init"))
    place = _place(experiment, curve, "parameterisation")
    registries.check_name("parameterisation", settings["parameterisation"], registries.parameterisations(), place)
    place = _place(experiment, curve, "preprocessing")
    registries.check_name("preprocessing", settings["preprocessing"], registries.preprocessings(), place)
    copied = ("targets", "preprocessing", "loss", "depth", "init", "parameterisation")
    widths = hidden_widths(settings, f"{experiment.where}, curve {curve.name!r}")
    return {**{key: settings[key] for key in copied}, "widths": widths}


def _cnn_fields(experiment: Experiment, settings: Settings, curve: Curve) -> dict[str, Any]:
    """What only the convolutional network's trial has: the factors of each dense layer, and the tutorial's settings."""
    where = f"{experiment.where}, curve {curve.name!r}"
    widths: list[tuple[int, ...]] = []
    stds: list[tuple[float, ...]] = []
    for layer, smallest in registries.dense_layers().items():
        depth = settings.get(f"{layer}_depth", settings["depth"])
        if depth == 1:  # nothing to give a width to: an override may be meant for the other curves
            widths.append(())
            stds.append(())
            continue
        key = f"{layer}_width"
        widths.append(hidden_widths({"depth": depth, "width": settings.get(key, smallest)}, where, key))
        stds.append(_one_per_factor(settings.get("factor_std", (settings["init_std"],)), depth, where))
    copied = ("decay_on", "lr_decay", "batch", "dropout", "validation", "evaluate_every")
    return {**{key: settings[key] for key in copied}, "widths": tuple(widths), "factor_stds": tuple(stds)}


def _one_per_factor(stds: tuple[float, ...], depth: int, where: str) -> tuple[float, ...]:
    if len(stds) == 1:
        return stds * depth
    if len(stds) != depth:
        raise ConfigError(f"{where}: factor_std = {list(stds)} has {len(stds)} entries, but there are {depth} factors")
    return stds


def _trials_of(experiment: Experiment, variant: str, settings: Settings, curve: Curve) -> Iterator[AnyTrial]:
    shared = _shared(experiment, variant, settings, curve)
    make, fields = _KINDS[experiment.kind]
    own = fields(experiment, settings, curve)
    for lr in settings["lr"]:
        for seed in range(settings["seeds"]):
            yield make(**shared, **own, lr=lr, seed=seed)


_KINDS: dict[str, tuple[Callable[..., AnyTrial], Callable[[Experiment, Settings, Curve], dict[str, Any]]]] = {
    LINEAR: (Trial, _linear_fields),
    CNN: (CnnTrial, _cnn_fields),
}


def expand(experiment: Experiment) -> dict[str, tuple[AnyTrial, ...]]:
    """All trials by variant, in the order curve, learning rate, seed.

    A theory experiment and a group have none of their own (`flatten` gives a group's members). ConfigError where
    a name is in no registry, a hyperparameter does not belong to its optimiser, a width list does not fit its
    depth, or two curves describe the same trial.
    """
    expanded = {}
    for name, variant in variants_of(experiment).items():
        trials: dict[str, AnyTrial] = {}
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


def _row(variant: str, label: str, trials: list[AnyTrial]) -> CurveRow:
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
