"""An experiment as a file to edit: every key that can be set, with its meaning, defaults as comments.

`# key = value` is what holds where the line stays as it is; without the # it says the same. `#: key = value` would
change something: it is an example.
"""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from overparam_cli.experiments import layout, toml
from overparam_cli.experiments.datasets import is_table
from overparam_cli.experiments.key import REQUIRED, Key
from overparam_cli.experiments.keys import kind_keys
from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.model import Analysis, Curve, Experiment, Plot
from overparam_cli.experiments.registered import named_from
from overparam_cli.experiments.trial import Settings, hyperparameters

WIDTH = 118
INTRODUCTION = """\
# An experiment of your own, begun as {name}: edit it, then

#     overparam run {file}

# Settings of a trial come from its curve, its variant and [trial], in this order, and else from the defaults.
# "# key = value" is such a default; "#: key = value" is an example. To set either, take away the # or #: before it.
"""
SWEEP = """\
# Lists whose product makes curves (or variants, of keys that the curves of a figure share, such as loss):
#: [sweep]
#: depth = [1, 2, 3]
#: optimizer = ["gd", "adam"]
"""


def annotated(experiment: Experiment, path: Path) -> str:
    """The text of a file that describes the experiment under the name of `path`, where it is to stand."""
    head = [INTRODUCTION.format(name=experiment.name, file=path.name)]
    given = {"name": path.stem, "title": experiment.title, "paper": "-", "description": experiment.description}
    head += _lines(layout.HEAD, {name: words for name, words in given.items() if words}, {})
    head.append(f"kind = {toml.text(experiment.kind)}")
    if experiment.has_trials:
        return "\n".join([*head, "", *_trained(_moved(experiment, path), path)])
    listing = "checks" if experiment.checks else "members"
    names = [named_from(path, name) if name.endswith(".toml") else name for name in getattr(experiment, listing)]
    meaning = {
        "checks": "statements of the theory: overparam theory",
        "members": "experiments, or paths of their files",
    }
    return "\n".join([*head, f"{listing} = {toml.value(names)}  # {meaning[listing]}", ""])


def _trained(experiment: Experiment, path: Path) -> Iterator[str]:
    keys = kind_keys(experiment.kind)
    tables = (*experiment.variants.values(), *(curve.settings for curve in experiment.curves))
    elsewhere = {name for own in tables for name in own}
    yield "[trial]  # of every trial"
    yield from _lines(keys, experiment.trial, _defaults(experiment, elsewhere))
    yield ""
    yield "# Variants stand in a folder and a panel each."
    for name, settings in experiment.variants.items():
        yield f"[variants.{toml.key(name)}]"
        yield from _settings(settings)
        yield ""
    yield SWEEP
    yield "# Curves, each with its settings, and:"
    yield from (f"#   {name}: {key.help}" for name, key in layout.CURVE.items())
    for curve in experiment.curves:
        yield from _curve(curve)
    yield from _table("analysis", layout.ANALYSIS, experiment.analysis, Analysis())
    yield from _table("plot", layout.PLOT, experiment.plot, Plot(panels=tuple(experiment.variants)))
    if experiment.smoke:
        yield "[smoke]  # what --smoke sets"
        yield from _settings(experiment.smoke)
        yield ""


def _curve(curve: Curve) -> Iterator[str]:
    yield "[[curves]]"
    yield f"name = {toml.text(curve.name)}"
    yield from _settings({"label": curve.label, **curve.settings, "color": curve.color, "linestyle": curve.linestyle})
    yield ""


def _settings(settings: Settings) -> Iterator[str]:
    return (f"{toml.key(name)} = {toml.value(given)}" for name, given in settings.items() if given is not None)


def _table(name: str, keys: Mapping[str, Key], given: Analysis | Plot, default: Analysis | Plot) -> Iterator[str]:
    """A table of the file's layout: what differs from the default is said."""
    values = {one.name: getattr(given, one.name) for one in fields(given)}
    absent = {one.name: getattr(default, one.name) for one in fields(default)}
    yield f"[{name}]"
    yield from _lines(keys, {key: own for key, own in values.items() if own != absent[key]}, absent)
    yield ""


def _lines(keys: Mapping[str, Key], given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    """Every key with its meaning: as it is given, or its default, or an example, behind a #."""
    for name, key in keys.items():
        said = f"{name} = {toml.value(given[name])}" if name in given else _commented(name, defaults.get(name))
        meaning = f"{key.description}: {', '.join(key.names())}" if key.names else key.description
        if len(said) + len(meaning) <= WIDTH - 4:
            yield f"{said}  # {meaning}"
        else:
            yield from textwrap.wrap(
                meaning, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
            )
            yield said


def _commented(name: str, default: Any) -> str:
    """A key that is not given: its default, or the example that it is for lack of one."""
    if default is None or default in ((), ""):
        return f"#: {name} = …"
    example = isinstance(default, _Example)
    return f"#: {name} = {toml.value(default.value)}" if example else f"# {name} = {toml.value(default)}"


@dataclass(frozen=True)
class _Example:
    """A value that is not what holds without it."""

    value: Any


def _defaults(experiment: Experiment, elsewhere: set[str]) -> dict[str, Any]:
    """The default of each trial key; examples of hyperparameters, and nothing where the curves or variants say it."""
    trial = kind(experiment.kind).trial
    found = {name: key.default for name, key in kind_keys(experiment.kind).items()}
    for optimizer in reversed([*trial.optimizers().values()]):
        examples = optimizer.defaults["tf1"]
        found |= {name: _Example(examples[name]) for name in hyperparameters(trial) if name in examples}
    return {name: None if default is REQUIRED or name in elsewhere else default for name, default in found.items()}


def _moved(experiment: Experiment, path: Path) -> Experiment:
    """The experiment, tables of its own named from where the new file stands."""

    def moved(settings: Settings) -> Settings:
        dataset = settings.get("dataset")
        return {**settings, "dataset": named_from(path, dataset)} if dataset and is_table(dataset) else settings

    variants = {name: moved(own) for name, own in experiment.variants.items()}
    return replace(experiment, trial=moved(experiment.trial), variants=variants, smoke=moved(experiment.smoke))
