"""Command-line overrides: what they do to an experiment, and what they make of its results folder."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import registries
from overparam_cli.experiments.expansion import expand
from overparam_cli.experiments.keys import (
    HYPERPARAMETERS,
    TRIAL_KEYS,
    check_setting,
    checked,
    parse_text,
    suggest,
    texts,
)
from overparam_cli.experiments.model import Curve, Experiment, Settings

OVERRIDE_HELP = {
    **{name: key.help for name, key in TRIAL_KEYS.items()},
    "loss": "l2, l4, … (several: l2,l4): select the variants of these losses, or run the experiment with them",
    "depth": "depths to run (several: 2,3): keeps their curves; a depth without a curve is made from the deepest one",
    "variant": "variants to run (several: separated by commas); all by default",
    "smoke": "a run of seconds: the experiment's own [smoke] settings",
}
DEFAULT_SMOKE: Settings = {"iterations": 200}
PAPER_DATASETS = ("ethanol", "two-points")
_PLACE = "command line"
# Overrides that only choose among the experiment's own trials or add seeds, or that the design leaves open.
_NEVER_A_FOLDER = ("seeds", "variant")
_STILL_THE_PAPER = ("dtype",)


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """The overrides of repeated ``--set key=value`` options."""
    overrides: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        key = key.strip()
        if not equals or not key or not value.strip():
            raise ConfigError(f"--set {assignment!r} must read key=value")
        if key in overrides:
            raise ConfigError(f"--set gives {key!r} twice")
        overrides[key] = value
    return overrides


def apply_overrides(experiment: Experiment, overrides: Mapping[str, Any]) -> Experiment:
    """The experiment with command-line overrides, given as text or as values, applied and checked.

    Any trial key wins over [trial], variants and curves. Four keys choose rather than set:

    - ``variant``: keeps the variants named.
    - ``loss``: where every variant sets a loss of its own, keeps those of the losses asked for, and makes a variant
      for a loss that has none. Where there are no variants, runs one per loss. Else sets the (single) loss.
    - ``depth``: keeps the curves of the depths asked for. For a depth that no curve has, all curves of the
      experiment's greatest depth are made anew at that depth. So ``--depth 5`` on Figure 3 is one curve, and on
      Figure 2 networks and rules of depth 5. A removed baseline leaves no baseline.
    - ``smoke``: applies the experiment's [smoke] settings under the other overrides.

    A hyperparameter goes to the curves whose optimiser takes it. A theory experiment has no trials: it is returned as
    it is. ConfigError for a group (override its members), unknown keys, and values that the keys do not accept.
    """
    if not overrides or experiment.kind == "theory":
        return experiment
    if experiment.kind == "group":
        raise ConfigError(f"{experiment.where}: a group has no trials of its own: override its members instead")
    settings = _checked_overrides(experiment, overrides)
    if names := settings.pop("variant", None):
        experiment = _select_variants(experiment, names)
    if losses := settings.pop("loss", None):
        experiment = _select_losses(experiment, losses)
    if depths := settings.pop("depth", None):
        experiment = _select_depths(experiment, depths)
    experiment = replace(experiment, forced={**experiment.forced, **settings})
    _check_hyperparameters_taken(experiment, settings)
    return experiment


def _checked_overrides(experiment: Experiment, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical values by key; ``loss``, ``depth`` and ``variant`` as tuples, ``smoke`` replaced by its settings."""
    given = {key: value for key, value in overrides.items() if key != "smoke"}
    smoke = experiment.smoke or DEFAULT_SMOKE if overrides.get("smoke") else {}
    return {key: _checked_override(key, value) for key, value in {**smoke, **given}.items()}


def _checked_override(key: str, value: Any) -> Any:
    if key not in OVERRIDE_HELP:
        raise ConfigError(f"{_PLACE}: unknown key {key!r}{suggest(key, OVERRIDE_HELP)}")
    if key == "variant":
        return checked(texts, key, _split(value), _PLACE)
    if key in ("loss", "depth"):
        raw = [parse_text(key, item) if isinstance(item, str) else item for item in _split(value)]
        items = tuple(dict.fromkeys(check_setting(key, item, _PLACE) for item in raw))
        if not items:
            raise ConfigError(f"{_PLACE}: {key} is empty: give at least one")
        return items
    return check_setting(key, parse_text(key, value) if isinstance(value, str) else value, _PLACE)


def _split(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _with_variants(experiment: Experiment, variants: Mapping[str, Settings]) -> Experiment:
    """Other variants, the figure's panels following them."""
    plot = experiment.plot
    titles = dict(zip(plot.panels, plot.titles, strict=False))
    panels = tuple(name for name in plot.panels if name in variants)
    panels += tuple(name for name in variants if name not in experiment.variants)
    kept = tuple(titles.get(name, name) for name in panels) if titles else ()
    return replace(experiment, variants=dict(variants), plot=replace(plot, panels=panels, titles=kept))


def _select_variants(experiment: Experiment, names: tuple[str, ...]) -> Experiment:
    known = expand(experiment) if not experiment.variants else experiment.variants
    for name in names:
        if name not in known:
            raise ConfigError(f"{_PLACE}: {experiment.name} has no variant {name!r}{suggest(name, known)}")
    if not experiment.variants:
        return experiment
    return _with_variants(experiment, {name: own for name, own in experiment.variants.items() if name in names})


def _select_losses(experiment: Experiment, losses: tuple[str, ...]) -> Experiment:
    variants = experiment.variants
    if not variants:
        return _with_variants(experiment, {loss: {"loss": loss} for loss in losses})
    if not all("loss" in own for own in variants.values()):
        if len(losses) > 1:
            raise ConfigError(f"{_PLACE}: loss = {','.join(losses)}: {experiment.name} takes one loss at a time")
        return replace(experiment, forced={**experiment.forced, "loss": losses[0]})
    template = next(iter(variants.values()))
    selected = {name: own for name, own in variants.items() if own["loss"] in losses}
    present = {own["loss"] for own in selected.values()}
    selected.update({loss: {**template, "loss": loss} for loss in losses if loss not in present})
    return _with_variants(experiment, selected)


def _depth_of(experiment: Experiment, curve: Curve) -> int:
    depth = curve.settings.get("depth", experiment.trial.get("depth"))
    if depth is None:
        raise ConfigError(f"{experiment.where}: curve {curve.name!r} has no 'depth'")
    return int(depth)


def _select_depths(experiment: Experiment, depths: tuple[int, ...]) -> Experiment:
    present = {curve.name: _depth_of(experiment, curve) for curve in experiment.curves}
    curves = [curve for curve in experiment.curves if present[curve.name] in depths]
    templates = [curve for curve in experiment.curves if present[curve.name] == max(present.values())]
    for depth in depths:
        if depth not in present.values():
            curves += [_at_depth(curve, present[curve.name], depth) for curve in templates]
    names = [curve.name for curve in curves]
    baseline = experiment.analysis.baseline if experiment.analysis.baseline in names else None
    drawn = tuple(name for name in experiment.plot.curves if name in names)
    return replace(
        experiment,
        curves=tuple(curves),
        analysis=replace(experiment.analysis, baseline=baseline),
        plot=replace(experiment.plot, curves=drawn),
    )


def _at_depth(curve: Curve, old: int, new: int) -> Curve:
    """The curve at another depth, renamed where its name and label speak of the depth."""
    name = re.sub(rf"(depth|rule)-{old}\b", rf"\1-{new}", curve.name)
    label = re.sub(rf"\b{old}(?= layer|-layer)|(?<=depth ){old}\b|(?<=N = ){old}\b", str(new), curve.label)
    if name == curve.name:
        name = f"{curve.name}-depth-{new}"
    if label == curve.label:
        label = f"{curve.label}, depth {new}"
    return replace(curve, name=name, label=label, settings={**curve.settings, "depth": new}, color=None)


def _check_hyperparameters_taken(experiment: Experiment, settings: Settings) -> None:
    """Expand, which checks everything else, and refuse a hyperparameter that no optimiser of the experiment takes."""
    taken = {key for trials in expand(experiment).values() for trial in trials for key, _ in trial.hyper}
    for key in HYPERPARAMETERS:
        if key in settings and key not in taken:
            raise ConfigError(f"{_PLACE}: no optimizer of {experiment.name} has the hyperparameter {key!r}")


def effective_overrides(experiment: Experiment, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that change trials: not those that repeat the config, select variants or change the seed count."""
    kept = {key: value for key, value in overrides.items() if key not in _NEVER_A_FOLDER and value is not False}
    if not kept or experiment.kind != "linear":
        return {}
    trials = _trial_ids(apply_overrides(experiment, kept))
    for key in sorted(kept, reverse=True):
        without = {other: value for other, value in kept.items() if other != key}
        try:
            unchanged = _trial_ids(apply_overrides(experiment, without))
        except ConfigError:  # what is left makes no sense alone: momentum without its optimiser
            continue
        if all(unchanged.get(variant) == ids for variant, ids in trials.items()):
            kept = without
    return kept


def _trial_ids(experiment: Experiment) -> dict[str, list[str]]:
    return {variant: [trial.trial_id for trial in trials] for variant, trials in expand(experiment).items()}


def is_full(experiment: Experiment, overrides: Mapping[str, Any]) -> bool:
    """Whether a run with these overrides may bear a verdict on the paper: its grid, iterations and data set, whole.

    More seeds, a selection of variants and another precision keep it so. `experiment` is without overrides.
    """
    if experiment.kind != "linear":
        return not effective_overrides(experiment, overrides)
    datasets = {trial.dataset.partition(":")[0] for trials in expand(experiment).values() for trial in trials}
    changed = set(effective_overrides(experiment, overrides))
    return changed <= set(_STILL_THE_PAPER) and datasets <= set(PAPER_DATASETS)


def folder_name(experiment: Experiment, overrides: Mapping[str, Any], name: str | None = None) -> str:
    """The run's folder below the results folder: ``fig3``, ``fig3@iterations=1000+lr=1e-3``, or ``fig3@<name>``.

    Overrides that leave the trials as they are (see `effective_overrides`) make no folder of their own, and equal
    ones make equal folders however they were written or ordered. Safe on every file system: what would not be is
    replaced and a hash appended, as it is to what would be too long. `experiment` is without overrides.
    """
    if name is not None:
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", name):
            raise ConfigError(f"--name {name!r} must consist of letters, digits and . _ - (at most 64)")
        return f"{experiment.name}@{name}"
    changed = effective_overrides(experiment, overrides)
    parts = ["smoke"] if changed.pop("smoke", False) else []
    parts += [f"{key}={_folder_text(key, _checked_override(key, changed[key]))}" for key in sorted(changed)]
    return f"{experiment.name}@{_safe('+'.join(parts))}" if parts else experiment.name


def _folder_text(key: str, value: Any) -> str:
    if key == "dataset" and registries.is_table(value):
        return f"{Path(value).name}-{registries.dataset_key(value, _PLACE)[-8:]}"
    if isinstance(value, tuple):
        return ("x" if key == "width" else ",").join(_folder_text("", item) for item in value)
    if isinstance(value, float):
        short = Decimal(repr(value)).normalize()
        return f"{short:e}" if value and abs(value) < 0.1 else f"{short:f}"
    return str(value)


def _safe(name: str, longest: int = 100) -> str:
    safe = re.sub(r"[^a-z0-9.,=+_-]", "-", name.lower())
    if safe == name and len(safe) <= longest and safe[-1] != ".":
        return safe
    return f"{safe[:longest]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
