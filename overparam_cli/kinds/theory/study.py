"""Running the theory: checks → tables on disk. Nothing is trained, so there are no trials, checkpoints or batches.

`overparam theory` runs checks by name, `overparam run fig1` those of an experiment; both write into the same folders
(see `theory_logs`), so that a check has one place whoever asked for it.
"""

import hashlib
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from overparam_cli.data import Dataset, load, preprocess
from overparam_cli.errors import ConfigError
from overparam_cli.experiments import Experiment, flatten, folder_name, load_experiment, to_dict
from overparam_cli.experiments.keys import suggest
from overparam_cli.kinds.theory.common import Row
from overparam_cli.kinds.theory.curves import CURVES
from overparam_cli.kinds.theory.parameters import as_data, defaults, parse
from overparam_cli.kinds.theory.registry import THEORY, TheoryCheck
from overparam_cli.results import logs
from overparam_cli.results.theory_logs import CURVES as CURVES_FILE
from overparam_cli.results.theory_logs import TABLE
from overparam_cli.results.theory_logs import THEORY as KIND
from overparam_cli.run.folder import locked
from overparam_cli.run.manifest import describe_dataset, describe_machine
from overparam_cli.run.progress import Progress
from overparam_cli.run.settings import Settings

PAPER_DATASET, PREPROCESSING = "ethanol", "zscore"
DATA_KEYS = ("dataset", "targets")
DTYPES = {bool: "bool", int: "int64", float: "float64", str: "str"}


@dataclass(frozen=True)
class Study:
    """Checks to be run into one folder.

    Attributes:
        name: what `overparam plot` calls the outcome: theory, theory@depths=3, fig1.
        folder: where the checks' folders go, below the results folder.
        parameters: check → parameters that differ from the defaults.
        dataset: the problem's, for the checks that need one.
        experiment: the experiment whose checks these are.
    """

    name: str
    folder: Path
    parameters: Mapping[str, Mapping[str, Any]]
    dataset: str = PAPER_DATASET
    targets: tuple[str, ...] = ()
    experiment: Experiment | None = field(default=None)


def plan_checks(names: Sequence[str], overrides: Mapping[str, Any], *, results: Path, name: str | None = None) -> Study:
    """The checks `names`, all of them when none is named; `overrides` are `dataset`, `targets` and check parameters.

    Raises ConfigError for an unknown name, and for an override that none of the checks takes.
    """
    checks = [checked_name(given) for given in dict.fromkeys(names)] or list(THEORY)
    given = {key: str(value) for key, value in overrides.items() if key not in DATA_KEYS}
    parameters = parse(checks, given)
    if not any(THEORY[check].needs_problem for check in checks):
        for key in DATA_KEYS:
            if key in overrides:
                raise ConfigError(f"--{key.rstrip('s')}: no data set is needed for {', '.join(checks)}: leave it out")
    data = _data(overrides)
    changed = data | {key: given[key] for own in parameters.values() for key in own}
    folder = results / _folder(KIND, changed, name)
    return Study(folder.name, folder, parameters, **_as_arguments(data))


def plan_studies(
    names: Sequence[str], overrides: Mapping[str, Any], *, results: Path, name: str | None = None
) -> list[Study]:
    """The theory among the experiments `names` (built-in names, paths, groups).

    Of the overrides only the data set touches it: the others are about trials. Raises ConfigError for unknown names,
    and for an override when there is no experiment with trials that it could be about.
    """
    experiments = {one.name: one for given in names for one in flatten(load_experiment(given))}
    studies = []
    for experiment in experiments.values():
        if experiment.kind != KIND:
            continue
        others = [key for key in overrides if key not in (*DATA_KEYS, "smoke")]
        if others and all(one.kind == KIND for one in experiments.values()):
            raise ConfigError(
                f"{experiment.name} has no trials, so {others[0]!r} means nothing here: "
                "the parameters of its checks are set with overparam theory --set"
            )
        data = _data({"dataset": "simulated"} | dict(overrides) if overrides.get("smoke") else overrides)
        suffix = {"smoke": ""} if overrides.get("smoke") and "dataset" not in overrides else data
        folder = results / _folder(KIND, suffix, name)
        own = _folder(experiment.name, suffix, name)
        checks: dict[str, dict[str, Any]] = {checked_name(check): {} for check in experiment.checks}
        studies.append(Study(own, folder, checks, **_as_arguments(data), experiment=experiment))
    return studies


def checked_name(name: str) -> str:
    """The name, if there is such a check; raises ConfigError with the closest one otherwise."""
    if name not in THEORY:
        raise ConfigError(f"no theory check {name!r}{suggest(name, THEORY)}")
    return name


def _data(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides of the data that differ from the paper's."""
    data = {key: overrides[key] for key in DATA_KEYS if overrides.get(key)}
    return {} if data == {"dataset": PAPER_DATASET} else data


def _as_arguments(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if key == "targets" else value for key, value in data.items()}


def _folder(base: str, changed: Mapping[str, Any], name: str | None) -> str:
    """`theory`, `theory@depths=3,4`, or `theory@<name>`: no result stands where one of another meaning would."""
    plain = folder_name(Experiment(base, "", "", KIND), {}, name)
    if name is not None or not changed:
        return plain
    texts = {key: ",".join(value) if isinstance(value, list | tuple) else str(value) for key, value in changed.items()}
    suffix = "+".join(f"{key}={text}" if text else key for key, text in sorted(texts.items()))
    safe = re.sub(r"[^a-z0-9.,=+_-]", "-", suffix.lower())[:100]
    return f"{plain}@{safe}" + ("" if safe == suffix else f"-{hashlib.sha256(suffix.encode()).hexdigest()[:8]}")


def run_study(study: Study, settings: Settings, progress: Progress) -> Iterator[Path]:
    """Run the checks of a study one after the other; yields each one's folder when it is written.

    Raises ConfigError for parameters with which a check has no numbers, the errors of `data.load`, BusyError and
    StorageError.
    """
    dataset = None
    if any(THEORY[name].needs_problem for name in study.parameters):
        raw = load(study.dataset, targets=study.targets, data_dir=settings.data_dir, offline=settings.offline)
        dataset = preprocess(raw, PREPROCESSING)
    for name, changed in study.parameters.items():
        problem = dataset if THEORY[name].needs_problem else None
        start = time.monotonic()
        rows = _compute(name, changed, problem)
        folder = study.folder / name
        with locked(folder):
            _write(folder, name, changed, rows, problem, start)
        progress.message(f"{study.folder.name}/{name}: {len(rows)} rows, {time.monotonic() - start:.1f} s")
        yield folder
    if study.experiment is not None:
        _write_experiment(study)


def _compute(name: str, parameters: Mapping[str, Any], problem: Dataset | None) -> list[Row]:
    data = () if problem is None else (problem.X, problem.Y)
    try:
        with np.errstate(all="ignore"):  # what diverges is infinite in the table
            return THEORY[name].run(*data, **parameters)
    except (ArithmeticError, np.linalg.LinAlgError, MemoryError, ValueError) as error:
        if not parameters:
            raise
        given = ", ".join(parameters)
        raise ConfigError(f"{name} cannot be computed with this {given}: {error}; choose other values") from error


def _write(
    folder: Path, name: str, changed: Mapping[str, Any], rows: list[Row], problem: Dataset | None, start: float
) -> None:
    """Write the folder, its table last."""
    curves, facts = CURVES[name](rows) if name in CURVES else (None, None)
    if curves is not None:
        logs.write_table(folder / CURVES_FILE, curves)
    content = _describe(name, THEORY[name], changed, rows) | {
        "dataset": None if problem is None else describe_dataset(problem, PREPROCESSING),
        "full_length": not changed and (problem is None or problem.name == PAPER_DATASET),
        "curves": facts,
        "command": shlex.join(["overparam", *sys.argv[1:]]),
        **describe_machine(torch.device("cpu")),
        "timings": {"seconds": round(time.monotonic() - start, 3)},
    }
    logs.write_json(folder / logs.MANIFEST, content)
    logs.write_table(folder / TABLE, pd.DataFrame(rows, columns=[*THEORY[name].columns]))


def _describe(name: str, check: TheoryCheck, changed: Mapping[str, Any], rows: list[Row]) -> dict[str, Any]:
    columns = {
        column: {"meaning": meaning, "dtype": DTYPES[type(rows[0][column])]}
        for column, meaning in check.columns.items()
    }
    return {
        "schema": logs.SCHEMA,
        "kind": KIND,
        "check": name,
        "statement": check.statement,
        "where": check.where,
        "columns": columns,
        "rows": len(rows),
        "parameters": {key: as_data(value) for key, value in (defaults(check) | dict(changed)).items()},
        "changed": {key: as_data(value) for key, value in changed.items()},
    }


def _write_experiment(study: Study) -> None:
    assert study.experiment is not None
    results = study.folder.parent
    folders = [f"{study.folder.name}/{name}" for name in study.parameters]
    content = {"schema": logs.SCHEMA, "kind": KIND, "experiment": study.experiment.name, "name": study.name}
    content |= {"config": to_dict(study.experiment), "folders": folders}
    logs.write_json(results / study.name / logs.MANIFEST, content)
