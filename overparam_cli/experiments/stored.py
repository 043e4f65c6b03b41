"""An experiment read back from a manifest: the inverse of `to_dict`, forgiving where `parse_experiment` is strict.

Manifests outlive the program that wrote them: what one lacks takes its default, what it has beyond is left aside.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from overparam_cli.experiments.model import LINEAR, Analysis, Curve, Experiment, Plot


def from_dict(config: Mapping[str, Any]) -> Experiment:
    """The experiment that a manifest's `config` describes.

    Raises TypeError, ValueError, AttributeError or KeyError where its tables are no tables at all.
    """
    tables = {name: dict(config.get(name) or {}) for name in ("trial", "smoke", "forced", "variants")}
    name = str(config.get("name", ""))
    return Experiment(
        name=name,
        title=str(config.get("title", name)),
        paper=str(config.get("paper", "")),
        kind=str(config.get("kind", LINEAR)),
        description=str(config.get("description", "")),
        members=tuple(config.get("members", ())),
        checks=tuple(config.get("checks", ())),
        trial=_frozen(tables["trial"]),
        variants={variant: _frozen(dict(settings)) for variant, settings in tables["variants"].items()},
        curves=tuple(_curve(curve) for curve in config.get("curves", ())),
        analysis=Analysis(**_known(Analysis, config.get("analysis") or {})),
        plot=Plot(**_known(Plot, config.get("plot") or {})),
        smoke=_frozen(tables["smoke"]),
        forced=_frozen(tables["forced"]),
    )


def _curve(content: Mapping[str, Any]) -> Curve:
    name = str(content["name"])
    label = str(content.get("label") or name)
    return Curve(name, label, _frozen(content.get("settings") or {}), content.get("color"), content.get("linestyle"))


def _known(cls: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are fields of a dataclass, lists as tuples."""
    names = {field.name for field in fields(cls)}
    return {key: value for key, value in _frozen(content).items() if key in names}


def _frozen(value: Any) -> Any:
    """JSON's lists as tuples again, at any depth."""
    if isinstance(value, Mapping):
        return {key: _frozen(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry) for entry in value)
    return value
