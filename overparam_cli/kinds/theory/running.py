"""Running the theory: statements → tables on disk. Nothing is trained: no trials, no checkpoints, no batches."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
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
from overparam_cli.words import clock, count

PREPROCESSING = "zscore"
LONG = 60.0  # seconds beyond which it is said first how long a table takes
YEAR = 365 * 24 * 3600.0
DTYPES = {bool: "bool", int: "int64", float: "float64", str: "str"}


def _at_once(_: str, act: Callable[[], object], dataset: str = "") -> bool:
    act()
    return True


def run_study(
    study: Study, settings: Settings, progress: Progress, *, attempt: Callable[..., bool] = _at_once
) -> Iterator[Path]:
    """Run the checks of a study one after the other; yields each one's folder when it is written.

    `attempt` is called with a check's title, what runs it, and the data set that it needs; it returns whether it is
    done. By default the first that fails ends the study.

    Raises ConfigError for parameters with which a check has no numbers, the errors of `data.load`, BusyError and
    StorageError.
    """
    written = []
    for name in study.parameters:
        one, title = find_statement(name), f"{study.folder.name}/{name}"
        dataset = study.dataset if one.needs_problem else ""
        if attempt(title, partial(_run_one, study, one, settings, progress, title), dataset):
            written.append(name)
            yield study.folder / name
    if len(written) == len(study.parameters):
        _write_experiment(study)


def _run_one(study: Study, asked: Statement, settings: Settings, progress: Progress, title: str) -> None:
    """Compute a check, then write its folder."""
    problem = None
    if asked.needs_problem:
        raw = load(study.dataset, **study.selection, data_dir=settings.data_dir, offline=settings.offline)
        problem = preprocess(raw, PREPROCESSING)
        for note in problem.notes:
            progress.message(f"{problem.name}: {note}")
    start, changed = time.monotonic(), study.parameters[asked.name]
    _announce(title, asked, changed, progress)
    rows = _compute(asked, changed, problem)
    with locked(study.folder / asked.name):
        _write(study.folder / asked.name, asked, changed, rows, problem, start)
    progress.message(f"{title}: {count(len(rows), 'row')}, {time.monotonic() - start:.1f} s")


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
