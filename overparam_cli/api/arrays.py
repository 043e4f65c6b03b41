"""`train`: the engine on arrays of one's own, with everything that an experiment file may say, and nothing on disk."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.api.quietly import shown, torch_left_alone
from overparam_cli.api.result import Result
from overparam_cli.errors import ConfigError, DataInvalidError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from overparam_cli.data import Dataset
    from overparam_cli.experiments import Experiment, Trial
    from overparam_cli.results.run import Run
    from overparam_cli.run.progress import Progress
    from overparam_cli.run.settings import Settings

NAME = "arrays"  # of the experiment, and of its data set
COLUMNS_OF_TABLES = ("dataset", "targets", "features", "drop", "one_hot")
STAND_IN = "two-points"  # a data set's name for as long as the settings are checked


def train(
    X: "ArrayLike | pd.DataFrame",
    y: "ArrayLike | pd.Series[Any] | pd.DataFrame",
    *,
    depth: int | Sequence[int] = 1,
    lr: float | str | Sequence[float] | Mapping[str, float],
    loss: str | Sequence[str] = "l2",
    iterations: int = 10_000,
    seeds: int = 1,
    progress: bool = False,
    device: str = "auto",
    threads: int | None = None,
    kernel: str = "auto",
    measure: str | Sequence[str] = (),
    baseline: str | None = None,
    selection: str = "final-gap",
    **settings: Any,
) -> Result:
    """Train deep linear networks on (X, y): a curve for each combination of the lists that are given, all in one batch.

    X is (n, d), y is (n,) or (n, k): n rows, d features, k outputs; NumPy arrays, pandas tables (whose columns give the
    names), or what NumPy makes an array of. They are copied and scaled as `preprocessing` says, by default z-scored,
    labels too (`preprocessing="none"` takes them as they are).

    `lr` is a rate, or a grid; seeds are 0 … `seeds` − 1. `settings` is any other key of an experiment file: `width`,
    `init`, `init_std`, `optimizer`, `weight_decay`, `dtype`, `preprocessing`, …; a list of values, as for `depth` and
    `loss`, makes a curve of each, or a variant where the curves of a figure share the key. `baseline` is the curve that
    speedups are over (by default the first), `selection` the rule that chooses learning rates.

    The numbers are those of `overparam run` on a table of the same columns. Nothing is read or written, so that an
    interrupted call starts anew.

    Raises DataInvalidError where the arrays are no regression problem, ConfigError for everything else.
    """
    from overparam_cli.kinds.linear.measure import parse_measures
    from overparam_cli.run.settings import Settings

    experiment = _experiment(
        {"depth": depth, "loss": loss, **settings},
        {"lr": lr, "iterations": iterations, "seeds": seeds},
        {"selection": selection, "baseline": baseline},
    )
    how = Settings(
        device=device,
        threads=threads,
        kernel=kernel,
        quiet=not progress,
        measures=parse_measures(measure),
    )
    dataset = _dataset(X, y)
    planned = _planned(experiment, dataset.fingerprint)
    with torch_left_alone(threads), shown(len(planned), progress=progress) as display:
        runs = [_trained(experiment, name, trials, dataset, how, display) for name, trials in planned.items()]
    return Result(runs)


def _experiment(keys: Mapping[str, Any], trial: Mapping[str, Any], analysis: Mapping[str, Any]) -> "Experiment":
    """The experiment that a call describes: lists are swept, all else is common; checked as a file is."""
    from overparam_cli.experiments.model import LINEAR
    from overparam_cli.experiments.tables import parse_experiment

    for key in COLUMNS_OF_TABLES:
        if key in keys:
            raise ConfigError(f"arguments: {key} is about tables: X and y are the data here")
    given = {key: _plain(value) for key, value in {**keys, **trial}.items() if value is not None}
    swept = {key: value for key, value in given.items() if isinstance(value, list) and key not in trial}
    swept = {"depth": [given["depth"]], **swept}  # there is a curve in any case
    document = {
        "name": NAME,
        "title": "Trained on arrays",
        "kind": LINEAR,
        "trial": {"dataset": STAND_IN, **{key: value for key, value in given.items() if key not in swept}},
        "sweep": swept,
    }
    try:
        experiment = parse_experiment(document, Path("arguments"))
        first = analysis["baseline"] or experiment.curves[0].name
        return parse_experiment({**document, "analysis": {**analysis, "baseline": first}}, Path("arguments"))
    except ConfigError as error:
        raise ConfigError(re.sub(r"arguments \[(trial|sweep|analysis)\]", "arguments", str(error))) from None


def _plain(value: Any) -> Any:
    """A value as a file would have it: numbers of NumPy as Python's, arrays and tuples as lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple | range) else value


def _dataset(X: Any, y: Any) -> "Dataset":
    """The arrays as a data set of float64; raises DataInvalidError where they are none."""
    from overparam_cli.data import Dataset

    features, labels = _matrix("X", X, "x"), _matrix("y", y, "y")
    return Dataset(
        name=NAME,
        X=features[0],
        Y=labels[0],
        source="arrays of the caller's own",
        embedded=False,
        feature_names=features[1],
        target_names=labels[1],
        own=True,
    )


def _matrix(what: str, values: Any, letter: str) -> "tuple[NDArray[np.float64], tuple[str, ...]]":
    """A copy as (n, columns) of float64, and the names of its columns: x1, x2, … where it brings none."""
    import numpy as np

    names = [str(name) for name in getattr(values, "columns", ())] or [str(getattr(values, "name", None) or "")]
    try:
        found = np.asarray(values)
    except (TypeError, ValueError) as error:  # rows of unequal length
        raise DataInvalidError(f"{what} is no array: {error}") from None
    if found.dtype.kind not in "biuf" and not all(isinstance(item, Real) for item in found.ravel()):
        raise DataInvalidError(f"{what} is not an array of numbers: it holds {found.dtype}")
    array = np.array(found, dtype=np.float64)
    if array.ndim == 1 and what == "y":
        array = array[:, None]
    if array.ndim != 2:
        shape = "(n, d)" if what == "X" else "(n,) or (n, k)"
        raise DataInvalidError(f"{what} has the shape {array.shape}: it must be {shape}, a row a sample")
    if len(names) != array.shape[1] or not all(names):
        names = [f"{letter}{number}" for number in range(1, array.shape[1] + 1)]
    return array, tuple(names)


def _planned(experiment: "Experiment", fingerprint: str) -> "dict[str, list[Trial]]":
    """The trials of each variant, known by the data's fingerprint as others are by their table's."""
    from overparam_cli.experiments import expand

    return {
        variant: [replace(trial, dataset=NAME, dataset_key=f"arrays:{fingerprint}") for trial in trials]
        for variant, trials in expand(experiment).items()
    }


def _trained(
    experiment: "Experiment",
    variant: str,
    trials: "Sequence[Any]",
    dataset: "Dataset",
    settings: "Settings",
    display: "Progress",
) -> "Run":
    """A variant's run, trained here and now."""
    import torch

    from overparam_cli.kinds.linear.problem import problem_of
    from overparam_cli.run.backends import Local, share
    from overparam_cli.run.machine import pick_device, steady_arithmetic
    from overparam_cli.run.tally import Tally
    from overparam_cli.run.unit import trained

    steady_arithmetic()
    kind, problem, tables = trained(experiment.kind), problem_of(dataset, trials[0]), []
    title = f"{NAME}/{variant}"
    units = kind.units(trials, problem, settings)
    display.begin(title, len(trials), 0)

    tally = Tally(title, units, kind.levels[0].noun)

    def after(unit: Any, _: float) -> None:
        tally.see(unit)
        display.update(tally.status)
        if unit.finished:
            tables.append(unit.tables())
            tally.leave(unit)

    places = share(len(trials), kind.threads, pick_device(settings.device), torch.get_num_threads())
    Local(*places).drain(units, after)
    display.end(title)
    return _read(experiment, variant, trials, problem, tables)


def _read(experiment: "Experiment", variant: str, trials: Sequence[Any], problem: Any, tables: Sequence[Any]) -> "Run":
    """Tables of units as the run that reading their files would give."""
    import pandas as pd

    from overparam_cli.experiments import to_dict
    from overparam_cli.results.divergence import settle
    from overparam_cli.results.run import Run
    from overparam_cli.results.schema import SCHEMA, TRIAL_COLUMNS, TRIALS
    from overparam_cli.results.store import parse_table, render

    order = {trial.trial_id: place for place, trial in enumerate(trials)}
    rows, log = (
        pd.concat(parts).sort_values("trial_id", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)
        for parts in zip(*tables, strict=True)
    )
    plan = replace(experiment, trial={**experiment.trial, "dataset": NAME})
    manifest = {
        "schema": SCHEMA,
        "experiment": NAME,
        "variant": variant,
        "name": NAME,
        "full_length": False,
        "overrides": {},
        "config": to_dict(plan),
        **problem.describe(),
    }
    folder = Path(NAME) / variant
    table = parse_table(render(rows), folder / TRIALS, TRIAL_COLUMNS)  # its types are those of a file
    return Run(folder, manifest, settle(table, log), log, len(trials))
