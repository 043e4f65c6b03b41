"""Running the theory: statements → tables on disk. Nothing is trained: no trials, no checkpoints, no batches."""

import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from overparam_cli.data import Dataset, load, preprocess
from overparam_cli.errors import ConfigError
from overparam_cli.experiments import to_dict
from overparam_cli.kinds.theory import find_statement
from overparam_cli.kinds.theory.common import Row
from overparam_cli.kinds.theory.parameters import as_data, as_text, defaults, settable
from overparam_cli.kinds.theory.statement import Statement
from overparam_cli.kinds.theory.study import Study
from overparam_cli.paper import REGRESSION
from overparam_cli.results.lock import locked
from overparam_cli.results.record import curve_table, write_experiment, write_record
from overparam_cli.run.machine import check_fits
from overparam_cli.run.manifest import describe_dataset, describe_machine
from overparam_cli.run.progress import Progress
from overparam_cli.run.settings import Settings
from overparam_cli.words import clock

PREPROCESSING = "zscore"
LONG = 60.0  # seconds beyond which it is said first how long a table takes
YEAR = 365 * 24 * 3600.0
DTYPES = {bool: "bool", int: "int64", float: "float64", str: "str"}


def run_study(study: Study, settings: Settings, progress: Progress) -> Iterator[Path]:
    """Run the checks of a study one after the other; yields each one's folder when it is written.

    Raises ConfigError for parameters with which a check has no numbers, the errors of `data.load`, BusyError and
    StorageError.
    """
    asked = [find_statement(name) for name in study.parameters]
    dataset = None
    if any(one.needs_problem for one in asked):
        raw = load(study.dataset, **study.selection, data_dir=settings.data_dir, offline=settings.offline)
        dataset = preprocess(raw, PREPROCESSING)
        for note in dataset.notes:
            progress.message(f"{dataset.name}: {note}")
    for one in asked:
        changed, problem = study.parameters[one.name], dataset if one.needs_problem else None
        start = time.monotonic()
        _announce(f"{study.folder.name}/{one.name}", one, changed, progress)
        rows = _compute(one, changed, problem)
        folder = study.folder / one.name
        with locked(folder):
            _write(folder, one, changed, rows, problem, start)
        progress.message(f"{study.folder.name}/{one.name}: {len(rows)} rows, {time.monotonic() - start:.1f} s")
        yield folder
    _write_experiment(study)


def _announce(title: str, asked: Statement, changed: Mapping[str, Any], progress: Progress) -> None:
    """Say first what takes long. Raises ConfigError for what nobody could wait for, or no memory here hold."""
    effort, hints = asked.effort(**(defaults(asked) | dict(changed))), settable(asked)
    given = ", ".join(f"{key}={as_text(hints[key], value)}" for key, value in changed.items())
    what, remedy = f"{asked.name} with {given}", "choose smaller values"
    check_fits(what, effort.bytes, remedy, torch.device("cpu"))
    if effort.seconds > YEAR:
        raise ConfigError(f"{what} would take longer than a year: {remedy}")
    if effort.seconds > LONG:
        progress.message(f"{title}: about {clock(effort.seconds)} on this machine; an interrupt loses it")


def _compute(asked: Statement, parameters: Mapping[str, Any], problem: Dataset | None) -> list[Row]:
    data = () if problem is None else (problem.X, problem.Y)
    try:
        with np.errstate(all="ignore"):  # what diverges is infinite in the table
            return asked.run(*data, **parameters)
    except (ArithmeticError, np.linalg.LinAlgError, MemoryError, ValueError) as error:
        if not parameters:
            raise
        given = ", ".join(parameters)
        raise ConfigError(f"{asked.name} cannot be computed with this {given}: {error}; choose other values") from error


def _write(
    folder: Path, asked: Statement, changed: Mapping[str, Any], rows: list[Row], problem: Dataset | None, start: float
) -> None:
    """Write the folder of a statement."""
    series, facts = asked.curves(rows) if asked.curves is not None else (None, None)
    content = _describe(asked, changed, rows) | {
        "dataset": None if problem is None else describe_dataset(problem, PREPROCESSING),
        "full_length": not changed and (problem is None or problem.name == REGRESSION),
        "curves": facts,
        "command": shlex.join(["overparam", *sys.argv[1:]]),
        **describe_machine(torch.device("cpu")),
        "timings": {"seconds": round(time.monotonic() - start, 3)},
    }
    table = pd.DataFrame(rows, columns=[*asked.columns])
    write_record(folder, content, table, None if series is None else curve_table(series))


def _describe(asked: Statement, changed: Mapping[str, Any], rows: list[Row]) -> dict[str, Any]:
    columns = {
        column: {"meaning": meaning, "dtype": DTYPES[type(rows[0][column])]}
        for column, meaning in asked.columns.items()
    }
    return {
        "check": asked.name,
        "statement": asked.says,
        "where": asked.where,
        "columns": columns,
        "rows": len(rows),
        "parameters": {key: as_data(value) for key, value in (defaults(asked) | dict(changed)).items()},
        "changed": {key: as_data(value) for key, value in changed.items()},
    }


def _write_experiment(study: Study) -> None:
    """Write the manifest of the experiment that the study is of, if it is of one."""
    if study.experiment is None:
        return
    content = {"experiment": study.experiment.name, "name": study.name, "config": to_dict(study.experiment)}
    folders = [f"{study.folder.name}/{name}" for name in study.parameters]
    write_experiment(study.folder.parent / study.name, content, folders)
