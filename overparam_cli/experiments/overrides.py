"""Command-line overrides: what they do to an experiment."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from overparam_cli.checks import texts
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.datasets import is_table
from overparam_cli.experiments.expansion import sweeps, variants_of
from overparam_cli.experiments.key import COMMAND_LINE
from overparam_cli.experiments.keys import all_keys, check_setting, checked, items_of, kind_keys, parse_text
from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.model import Curve, Experiment
from overparam_cli.experiments.trial import Settings, defaults, hyperparameters
from overparam_cli.paths import at_home
from overparam_cli.words import count, suggest

CHOOSING = {  # what these do as overrides, beyond being keys
    "loss": "l2, l4, … (several: l2,l4): select the variants of these losses, or run the experiment with them",
    "depth": "depths to run (several: 2,3): keeps their curves; a depth without a curve is made from the deepest one",
    "variant": "variants to run (several: separated by commas); all by default",
    "smoke": "a run of seconds: the experiment's own [smoke] settings",
}
DEFAULT_SMOKE: Settings = {"iterations": 200}


def override_help() -> dict[str, str]:
    """What may be overridden, and what that does."""
    return {**{name: key.description for name, key in all_keys().items()}, **CHOOSING}


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
    if experiment.kind == "group" and overrides:
        raise ConfigError(f"{experiment.where}: a group has no trials of its own: override its members instead")
    if not overrides or not experiment.has_trials:
        return experiment
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
    if not isinstance(overrides.get("smoke", False), bool):
        raise ConfigError(f"{COMMAND_LINE}: smoke = {overrides['smoke']!r} is no setting: use --smoke")
    smoke = (experiment.smoke or DEFAULT_SMOKE) if overrides.get("smoke") else {}
    return {key: checked_override(experiment.kind, key, value) for key, value in {**smoke, **given}.items()}


def checked_override(kind: str, key: str, value: Any) -> Any:
    """One override's canonical value, from text or from a value; ``variant``, ``loss`` and ``depth`` give tuples."""
    if key not in override_help():
        raise ConfigError(f"{COMMAND_LINE}: unknown key {key!r}{suggest(key, override_help())}")
    if key == "variant":
        return checked(texts, key, _split(key, value), COMMAND_LINE)
    if key in ("loss", "depth"):
        given = [str(item) for item in _split(key, value)]
        if not given:
            raise ConfigError(f"{COMMAND_LINE}: {key} is empty: give at least one")
        items = {check_setting(kind, key, parse_text(kind, key, item), COMMAND_LINE, item) for item in given}
        return tuple(sorted(items, key=lambda item: (len(str(item)), item)))  # l2 before l10
    text = value if isinstance(value, str) else None
    if text and key in kind_keys(kind) and kind_keys(kind)[key].listed == ",":
        items_of(key, text, COMMAND_LINE)
    setting = check_setting(kind, key, value if text is None else parse_text(kind, key, text), COMMAND_LINE, text)
    if key == "dataset" and is_table(setting):
        return str(at_home(setting))
    return setting


def _split(key: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        return items_of(key, value, COMMAND_LINE) if value.strip() else []
    return list(value) if isinstance(value, list | tuple) else [value]


def _with_variants(experiment: Experiment, variants: Mapping[str, Settings]) -> Experiment:
    """Other variants; new ones get panels behind the old. Variants left out keep theirs: another run may draw them."""
    plot = experiment.plot
    new = tuple(name for name in variants if name not in experiment.variants)
    titles = plot.titles + new if plot.titles else ()
    return replace(experiment, variants=dict(variants), plot=replace(plot, panels=plot.panels + new, titles=titles))


def _select_variants(experiment: Experiment, names: tuple[str, ...]) -> Experiment:
    known = variants_of(experiment)
    for name in names:
        if name not in known:
            raise ConfigError(f"{COMMAND_LINE}: {experiment.name} has no variant {name!r}{suggest(name, known)}")
    return replace(experiment, variants={name: own for name, own in experiment.variants.items() if name in names})


def _select_losses(experiment: Experiment, losses: tuple[str, ...]) -> Experiment:
    variants = experiment.variants
    if not variants:
        return _with_variants(experiment, {loss: {"loss": loss} for loss in losses})
    if not all("loss" in own for own in variants.values()):
        if len(losses) > 1:
            raise ConfigError(f"{COMMAND_LINE}: loss = {','.join(losses)}: {experiment.name} takes one loss at a time")
        return replace(experiment, forced={**experiment.forced, "loss": losses[0]})
    template = next(iter(variants.values()))
    selected = {name: own for name, own in variants.items() if own["loss"] in losses}
    present = {own["loss"] for own in selected.values()}
    selected |= {loss: {**template, "loss": loss} for loss in losses if loss not in present}
    return _with_variants(experiment, selected)


def _depth_of(experiment: Experiment, curve: Curve) -> int:
    settings = {**defaults(kind(experiment.kind).trial), **experiment.trial, **curve.settings}
    depth = settings.get("depth")
    if depth is None or any("depth" in own for own in experiment.variants.values()):
        raise ConfigError(f"{experiment.where}: depth cannot be overridden where [variants] set it")
    return int(depth)


def _select_depths(experiment: Experiment, depths: tuple[int, ...]) -> Experiment:
    present = {curve.name: _depth_of(experiment, curve) for curve in experiment.curves}
    deepest = max(present.values())
    curves = {curve.name: curve for curve in experiment.curves if present[curve.name] in depths}
    drawn = [name for name in experiment.plot.curves if name in curves]
    for depth in depths:
        if depth in present.values():
            continue
        for template in (curve for curve in experiment.curves if present[curve.name] == deepest):
            made = _at_depth(template, deepest, depth)
            if made.settings not in [curve.settings for curve in curves.values()]:
                curves[made.name] = made
                drawn += [made.name] if template.name in experiment.plot.curves else []
    baseline = experiment.analysis.baseline if experiment.analysis.baseline in curves else None
    return replace(
        experiment,
        curves=tuple(curves.values()),
        analysis=replace(experiment.analysis, baseline=baseline),
        plot=replace(experiment.plot, curves=tuple(drawn)),
    )


def _at_depth(curve: Curve, old: int, new: int) -> Curve:
    """The curve at another depth, renamed where its name and label speak of the depth."""
    name = re.sub(rf"(depth|rule)-{old}\b", rf"\1-{new}", curve.name)
    label = re.sub(rf"\b{old} layers?\b", count(new, "layer"), curve.label)
    label = re.sub(rf"\bN = {old}\b", f"N = {new}", label)
    if name == curve.name:
        name = f"{curve.name}-depth-{new}"
    if label == curve.label:
        label = f"{curve.label}, depth {new}"
    settings = {
        key: value for key, value in curve.settings.items() if key != "width" or new > 1
    }  # depth 1 has no width
    return replace(curve, name=name, label=label, settings={**settings, "depth": new}, color=None)


def _check_hyperparameters_taken(experiment: Experiment, settings: Settings) -> None:
    """Resolve all curves, which checks all else, and refuse a hyperparameter that no optimiser of them takes."""
    taken = {key for own in sweeps(experiment).values() for sweep in own for key, _ in sweep.first.hyper}
    for key in hyperparameters(kind(experiment.kind).trial):
        if key in settings and key not in taken:
            raise ConfigError(f"{COMMAND_LINE}: no optimizer of {experiment.name} has the hyperparameter {key!r}")
