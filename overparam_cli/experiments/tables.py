"""Strict validation of a config file's tables: from parsed TOML to an `Experiment`, nothing unknown let through."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overparam_cli.checks import Check, choice, integer, number, positive, positives, text, texts
from overparam_cli.errors import ConfigError
from overparam_cli.experiments.datasets import is_table
from overparam_cli.experiments.keys import check_setting, checked, kind_keys
from overparam_cli.experiments.model import TRAINED, Analysis, Curve, Experiment, Plot
from overparam_cli.words import suggest

COMMON_KEYS = ("name", "title", "paper", "kind", "description")
KEYS_OF_KIND = {
    **dict.fromkeys(TRAINED, ("trial", "variants", "curves", "analysis", "plot", "smoke")),
    "theory": ("checks",),
    "group": ("members",),
}
SELECTIONS = ("final-gap", "area", "iterations-to-gap")
_RESERVED = ("all",)


def identifier(value: Any) -> str:
    """A name that is safe as a folder on every file system."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9](?:[a-z0-9._=-]{0,62}[a-z0-9])?", value):
        raise ValueError(
            "must be at most 64 lower-case letters, digits and . _ = -, with a letter or digit at each end"
        )
    if value in _RESERVED:
        raise ValueError("is a reserved name")
    return value


def interval(value: Any) -> tuple[float, float]:
    """Two finite numbers, the lower one first."""
    finite = number("a finite number", lambda _: True)
    if not isinstance(value, list | tuple) or len(value) != 2 or not finite(value[0]) < finite(value[1]):
        raise ValueError("must be [lower, upper]")
    return (finite(value[0]), finite(value[1]))


ANALYSIS_CHECKS: dict[str, Check] = {
    "baseline": text,
    "selection": choice(*SELECTIONS),
    "target_gap": positive,
    "gaps": positives,
}
PLOT_CHECKS: dict[str, Check] = {
    "kind": choice("convergence", "batch-loss"),
    "panels": texts,
    "titles": texts,
    "curves": texts,
    "xlabel": text,
    "ylabel": text,
    "yscale": choice("log", "linear"),
    "xlim": interval,
    "ylim": interval,
}


def table(value: Any, where: str) -> dict[str, Any]:
    """A TOML table."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table")
    return value


def parse_experiment(document: Mapping[str, Any], source: Path) -> Experiment:
    """The experiment that a parsed TOML document describes; ConfigError at the first thing that is not right."""
    file = source.name
    kind = checked(choice(*KEYS_OF_KIND), "kind", _required(document, "kind", file), file)
    valid = (*COMMON_KEYS, *KEYS_OF_KIND[kind])
    for key in document:
        if key not in valid:
            raise ConfigError(f"{file}: unknown key {key!r} in an experiment of kind {kind!r}{suggest(key, valid)}")
    words = {key: checked(text, key, document[key], file) for key in ("paper", "description") if key in document}
    head = {
        "name": checked(identifier, "name", _required(document, "name", file), file),
        "title": checked(text, "title", _required(document, "title", file), file),
        "paper": "",
        **words,
    }
    if kind in TRAINED:
        return Experiment(**head, kind=kind, **_trained(document, kind, source), source=source)
    listing = "checks" if kind == "theory" else "members"
    names = checked(texts, listing, _required(document, listing, file), file)
    if not names:
        raise ConfigError(f"{file}: {listing} is empty")
    return Experiment(**head, kind=kind, **{listing: names}, source=source)


def _required(document: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in document:
        raise ConfigError(f"{where}: {key!r} is missing")
    return document[key]


def _trained(document: Mapping[str, Any], kind: str, source: Path) -> dict[str, Any]:
    file = source.name
    variants = {
        checked(identifier, "variant", name, file): _settings(kind, value, f"{file} [variants.{name}]", source)
        for name, value in table(document.get("variants", {}), f"{file} [variants]").items()
    }
    curves = _curves(kind, _required(document, "curves", file), source)
    names = tuple(curve.name for curve in curves)
    return {
        "trial": _settings(kind, _required(document, "trial", file), f"{file} [trial]", source),
        "variants": variants,
        "curves": curves,
        "analysis": _analysis(document.get("analysis", {}), f"{file} [analysis]", names),
        "plot": _plot(document.get("plot", {}), f"{file} [plot]", tuple(variants), names),
        "smoke": _settings(kind, document.get("smoke", {}), f"{file} [smoke]", source),
    }


def _settings(kind: str, value: Any, where: str, source: Path) -> dict[str, Any]:
    settings = {key: check_setting(kind, key, raw, where) for key, raw in table(value, where).items()}
    dataset = settings.get("dataset")
    if dataset and is_table(dataset):
        # A path in a file is taken from where the file stands, whatever folder the command is given in.
        settings["dataset"] = str(source.parent / Path(dataset).expanduser())
    return settings


def _curves(kind: str, value: Any, source: Path) -> tuple[Curve, ...]:
    file = source.name
    if not isinstance(value, list) or not value:
        raise ConfigError(f"{file}: [[curves]] must be given at least once")
    curves: dict[str, Curve] = {}
    for index, entry in enumerate(value):
        settings = dict(table(entry, f"{file} [[curves]] no. {index + 1}"))
        name = checked(identifier, "name", settings.pop("name", None), f"{file} [[curves]] no. {index + 1}")
        if name in curves:
            raise ConfigError(f"{file}: two [[curves]] are named {name!r}: names must differ")
        curves[name] = _curve(kind, name, settings, f"{file} [[curves]] {name!r}", source)
    return tuple(curves.values())


def _curve(kind: str, name: str, entry: dict[str, Any], where: str, source: Path) -> Curve:
    label = checked(text, "label", entry.pop("label", name), where)
    color, linestyle = entry.pop("color", None), entry.pop("linestyle", None)
    if color is not None:
        checked(integer(0), "color", color, where)
    if linestyle is not None:
        checked(choice("solid", "dashed", "dotted", "dashdot"), "linestyle", linestyle, where)
    for key in entry:
        if key in kind_keys(kind) and kind_keys(kind)[key].shared:
            raise ConfigError(f"{where}: the curves of a variant share {key!r}: give it in [trial] or [variants.…]")
    return Curve(name, label, _settings(kind, entry, where, source), color, linestyle)


def _checked_table(value: Any, checks: Mapping[str, Check], where: str) -> dict[str, Any]:
    entries = table(value, where)
    for key in entries:
        if key not in checks:
            raise ConfigError(f"{where}: unknown key {key!r}{suggest(key, checks)}")
    return {key: checked(checks[key], key, raw, where) for key, raw in entries.items()}


def _analysis(value: Any, where: str, curves: tuple[str, ...]) -> Analysis:
    analysis = Analysis(**_checked_table(value, ANALYSIS_CHECKS, where))
    if analysis.baseline is not None and analysis.baseline not in curves:
        raise ConfigError(f"{where}: baseline = {analysis.baseline!r} is no curve{suggest(analysis.baseline, curves)}")
    if (analysis.selection == "iterations-to-gap") != (analysis.target_gap is not None):
        raise ConfigError(f"{where}: target_gap goes with selection = 'iterations-to-gap', and only with it")
    return analysis


def _plot(value: Any, where: str, variants: tuple[str, ...], curves: tuple[str, ...]) -> Plot:
    plot = Plot(**{"panels": variants, **_checked_table(value, PLOT_CHECKS, where)})
    for key, names, known in (("panels", plot.panels, variants), ("curves", plot.curves, curves)):
        for name in names:
            if name not in known:
                what = "variant" if key == "panels" else "curve"
                raise ConfigError(f"{where}: {key} names {name!r}, which is no {what}{suggest(name, known)}")
    if plot.titles and len(plot.titles) != len(plot.panels):
        raise ConfigError(f"{where}: {len(plot.titles)} titles for {len(plot.panels)} panels")
    return plot
