"""[sweep]: lists of values whose product stands for the curves of an experiment, and for its variants.

Keys that the curves of a figure share (the loss, the data) make variants, a panel each; all others make curves, crossed
in the order in which they are given. A key that means nothing to a curve (the width of a single layer, a
hyperparameter of another optimiser) is left out of it, and curves that are then the same are one.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from overparam_cli.checks import distinct
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.faults import Faults
from overparam_cli.experiments.keys import check_setting, checked, kind_keys
from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.model import Curve
from overparam_cli.experiments.names import made_name
from overparam_cli.experiments.trial import Settings, defaults
from overparam_cli.words import count, exact

ELSEWHERE = {
    "lr": "a list of lr is a grid already: give it in [trial]",
    "seeds": "seeds = K makes seeds 0 … K−1: give it in [trial]",
}
Lists = Mapping[str, tuple[Any, ...]]
"""Checked values by key."""


def checked_lists(kind_name: str, table: Mapping[str, Any], where: str) -> Lists:
    """The values of each key, checked; ConfigError says all that is not right."""
    lists, faults = dict[str, tuple[Any, ...]](), Faults()
    for name, raw in table.items():
        with faults.kept(name):
            lists[name] = _values(kind_name, name, raw, where)
    faults.say()
    return lists


def _values(kind_name: str, name: str, raw: Any, where: str) -> tuple[Any, ...]:
    if name in ELSEWHERE:
        raise ConfigError(f"{where}: {ELSEWHERE[name]}")
    if not isinstance(raw, list | tuple):
        check_setting(kind_name, name, raw, where)
        raise ConfigError(f"{where}: {name} = {raw!r} is one value: give a list, or write it in [trial]")
    if not raw:
        raise ConfigError(f"{where}: {name} is an empty list: give at least one value")
    values = tuple(check_setting(kind_name, name, value, where) for value in raw)
    return tuple(checked(distinct, name, values, where))


def variants_of_product(kind_name: str, lists: Lists) -> dict[str, Settings]:
    """A variant for each combination of the keys that curves share; none where there is no such key."""
    shared = {name: values for name, values in lists.items() if kind_keys(kind_name)[name].shared}
    combinations = [dict(zip(shared, values, strict=True)) for values in product(*shared.values())] if shared else []
    return {made_name([text_of(value) for value in own.values()]): own for own in combinations}


def curves_of_product(kind_name: str, lists: Lists, trial: Settings) -> tuple[Curve, ...]:
    """A curve for each combination of the other keys; `trial` are the settings that they have in common."""
    own = {name: values for name, values in lists.items() if not kind_keys(kind_name)[name].shared}
    make = kind(kind_name).trial
    common = {**defaults(make), **trial}
    curves: dict[str, Curve] = {}
    for values in product(*own.values()) if own else ():
        chosen = dict(zip(own, values, strict=True))
        meant = {name: value for name, value in chosen.items() if make.concerns(name, {**common, **chosen})}
        curve = Curve(_curve_name(meant), _curve_label(meant), meant)
        curves.setdefault(curve.name, curve)
    return tuple(curves.values())


def _curve_name(settings: Settings) -> str:
    texts = {name: text_of(value) for name, value in settings.items()}
    return made_name([text if name == "optimizer" else f"{name}-{text}" for name, text in texts.items()])


def _curve_label(settings: Settings) -> str:
    return ", ".join(_said(name, value) for name, value in settings.items())


def _said(name: str, value: Any) -> str:
    """A setting in a legend: "2 layers", "adam", "width 10", "init std 0.1"."""
    if name == "depth":
        return count(value, "layer")
    return text_of(value) if name == "optimizer" else f"{name.replace('_', ' ')} {text_of(value)}"


def text_of(value: Any) -> str:
    """A value as names and labels have it: widths as 10x20, small numbers as 1e-4."""
    if isinstance(value, tuple):
        return "x".join(map(text_of, value))
    if isinstance(value, float):
        return exact(value)
    return str(value)
