"""An experiment read back from a manifest: the inverse of `to_dict`, forgiving where `parse_experiment` is strict.

Manifests outlive the program that wrote them: what one lacks takes its default, what it has beyond is left aside, and
settings are not held against registries that may have lost a name since. But what is there must be of its type.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from overparam_cli.checks import (
    Check,
    choice,
    each,
    each_value,
    entries,
    integer,
    mapping,
    optional,
    positives_in_order,
    rates,
    text,
)
from overparam_cli.experiments import layout
from overparam_cli.experiments.model import LINEAR, Analysis, Curve, Experiment, Plot
from overparam_cli.experiments.tables import KEYS_OF_KIND


def from_dict(config: Any) -> Experiment:
    """The experiment that a manifest's `config` describes; raises ValueError naming the entry that is not right."""
    content = {key: value for key, value in CONFIG(config).items() if value not in (None, "")}
    words = {name: content.get(name, "") for name in ("name", "paper", "description")}
    tables = {name: _frozen(dict(content.get(name, {}))) for name in ("trial", "variants", "smoke", "forced")}
    experiment = Experiment(
        **words,
        **tables,
        title=content.get("title", words["name"]),
        kind=content.get("kind", LINEAR),
        members=content.get("members", ()),
        checks=content.get("checks", ()),
        curves=tuple(map(_curve, content.get("curves", ()))),
        analysis=Analysis(**_known(Analysis, content.get("analysis", {}))),
        plot=Plot(**_known(Plot, content.get("plot", {}))),
    )
    titles, panels = experiment.plot.titles, experiment.plot.panels
    if titles and len(titles) != len(panels):
        raise ValueError(f"plot.titles must be as many as plot.panels: {len(panels)}, not {len(titles)}")
    if len({curve.name for curve in experiment.curves}) < len(experiment.curves):
        raise ValueError("curves must have a name each")
    return experiment


def _curve(content: Mapping[str, Any]) -> Curve:
    name = str(content["name"])
    settings = _frozen(content.get("settings") or {})
    return Curve(name, content.get("label") or name, settings, content.get("color"), content.get("linestyle"))


def _known(cls: type, content: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are fields of a dataclass, lists as tuples."""
    names = {field.name for field in fields(cls)}
    return {key: value for key, value in _frozen(dict(content)).items() if key in names}


def _frozen(value: Any) -> Any:
    """JSON's lists as tuples again, at any depth."""
    if isinstance(value, Mapping):
        return {key: _frozen(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_frozen(entry) for entry in value)
    return value


def _words(value: Any) -> str:
    """A string, perhaps an empty one."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _setting(value: Any) -> Any:
    """A value that a setting may have in JSON: one word or number, or a list of them."""
    for item in value if isinstance(value, list | tuple) else (value,):
        if not isinstance(item, str | int | float | None):
            raise ValueError("must be a word, a number, or a list of them")
    return value


def _unless_empty(check: Check) -> Check:
    """A check of files as one of what `to_dict` makes of a file that did not give the key."""
    return lambda value: value if value in (None, [], (), "") else check(value)


def _settings(value: Any) -> dict[str, Any]:
    """A table of settings; those by which a run is read are held against their checks."""
    return dict(SETTINGS({name: _setting(entry) for name, entry in mapping(value).items()}))


SETTINGS = entries({}, {"lr": rates, "iterations": integer(1), "seeds": integer(1)})
CURVE = entries(
    {"name": text},
    {
        "label": optional(_words),
        "settings": optional(_settings),
        "color": optional(layout.color),
        "linestyle": optional(choice("solid", "dashed", "dotted", "dashdot")),
    },
)
ANALYSIS = {name: _unless_empty(key.check) for name, key in layout.ANALYSIS.items()}
ANALYSIS["gaps"] = _unless_empty(positives_in_order)
PLOT = {name: _unless_empty(key.check) for name, key in layout.PLOT.items()}
CONFIG = entries(
    {},
    {
        **dict.fromkeys(("name", "title", "paper", "description"), optional(_words)),
        "kind": choice(*KEYS_OF_KIND),
        "members": optional(each(text)),
        "checks": optional(each(text)),
        **dict.fromkeys(("trial", "smoke", "forced"), optional(_settings)),
        "variants": optional(each_value(_settings)),
        "curves": optional(each(CURVE)),
        "analysis": optional(entries({}, ANALYSIS)),
        "plot": optional(entries({}, PLOT)),
    },
)
