"""What `overparam theory` and `overparam run fig1` compute: which statements, on which data, into which folder.

Both write into the same folders (see `record`), so that a statement has one place whoever asked for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Experiment, flatten, load_experiment, named
from overparam_cli.kinds.theory import STATEMENTS, find_statement
from overparam_cli.kinds.theory.parameters import parse
from overparam_cli.paper import REGRESSION
from overparam_cli.results.manifest import THEORY
from overparam_cli.words import suggest

# What is asked of the data, by which option. A statement's own `features` is d: those of a table are `columns` here.
DATA_KEYS = {"dataset": "dataset", "targets": "target", "columns": "features", "drop": "drop", "one_hot": "one-hot"}


@dataclass(frozen=True)
class Study:
    """Checks to be run into one folder.

    Attributes:
        name: what `overparam plot` calls the outcome: theory, theory@depths=3, fig1.
        folder: where the checks' folders go, below the results folder.
        parameters: check → parameters that differ from the defaults.
        dataset: the problem's, for the checks that need one.
        targets, columns, drop, one_hot: of a table of one's own, as `data.load` takes them; `columns` are the features.
        experiment: the experiment whose checks these are.
    """

    name: str
    folder: Path
    parameters: Mapping[str, Mapping[str, Any]]
    dataset: str = REGRESSION
    targets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()
    experiment: Experiment | None = field(default=None)

    @property
    def selection(self) -> dict[str, Any]:
        """The columns of a table, as `data.load` takes them."""
        return {"targets": self.targets, "features": self.columns, "drop": self.drop, "one_hot": self.one_hot}


def plan_checks(names: Sequence[str], overrides: Mapping[str, Any], *, results: Path, name: str | None = None) -> Study:
    """The checks `names`, all of them when none is named; `overrides` are DATA_KEYS and check parameters.

    Raises ConfigError for an unknown name, and for an override that none of the checks takes.
    """
    checks = [checked_name(given) for given in dict.fromkeys(names)] or list(STATEMENTS)
    given = {key: str(value) for key, value in overrides.items() if key not in DATA_KEYS}
    parameters = parse(map(find_statement, checks), given)
    if not any(find_statement(check).needs_problem for check in checks):
        for key, option in DATA_KEYS.items():
            if key in overrides:
                raise ConfigError(f"--{option}: no data set is needed for {', '.join(checks)}: leave it out")
    data = _data(overrides)
    changed = data | {key: given[key] for own in parameters.values() for key in own}
    folder = results / _folder(THEORY, changed, name)
    return Study(folder.name, folder, parameters, **_as_arguments(data))


def plan_studies(
    names: Sequence[str | Experiment], overrides: Mapping[str, Any], *, results: Path, name: str | None = None
) -> list[Study]:
    """The theory among the experiments `names` (built-in names, paths, groups).

    Of the overrides only the data set touches it: the others are about trials. Raises ConfigError for unknown names,
    and for an override when there is no experiment with trials that it could be about.
    """
    overrides = {"columns" if key == "features" else key: value for key, value in overrides.items()}
    experiments = {one.name: one for given in names for one in flatten(load_experiment(given))}
    studies = []
    for experiment in experiments.values():
        if experiment.kind != THEORY:
            continue
        others = [key for key in overrides if key not in (*DATA_KEYS, "smoke")]
        if others and all(one.kind == THEORY for one in experiments.values()):
            raise ConfigError(
                f"{experiment.name} has no trials, so {others[0]!r} means nothing here: "
                "the parameters of its checks are set with overparam theory --set"
            )
        data = _data({"dataset": "simulated"} | dict(overrides) if overrides.get("smoke") else overrides)
        suffix = {"smoke": ""} if overrides.get("smoke") and "dataset" not in overrides else data
        folder = results / _folder(THEORY, suffix, name)
        own = _folder(experiment.name, suffix, name)
        checks: dict[str, dict[str, Any]] = {checked_name(check): {} for check in experiment.checks}
        studies.append(Study(own, folder, checks, **_as_arguments(data), experiment=experiment))
    return studies


def checked_name(name: str) -> str:
    """The name, if there is such a check; raises ConfigError with the closest one otherwise."""
    if name not in STATEMENTS:
        raise ConfigError(f"no theory check {name!r}{suggest(name, STATEMENTS)}")
    return name


def _data(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides of the data that differ from the paper's."""
    data = {key: overrides[key] for key in DATA_KEYS if overrides.get(key)}
    return {} if data == {"dataset": REGRESSION} else data


def _as_arguments(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if key == "dataset" else tuple(value) for key, value in data.items()}


def _folder(base: str, changed: Mapping[str, Any], name: str | None) -> str:
    """`theory`, `theory@depths=3,4`, or `theory@<name>`: no result stands where one of another meaning would."""
    texts = {key: ",".join(value) if isinstance(value, list | tuple) else str(value) for key, value in changed.items()}
    return named(base, texts, name)
