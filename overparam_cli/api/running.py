"""`run` and `load`: experiments from Python, in the same folders and with the same numbers as on the command line."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overparam_cli.api.quietly import shown, torch_left_alone
from overparam_cli.api.result import Result
from overparam_cli.errors import ConfigError, LogError
from overparam_cli.paths import at_home

if TYPE_CHECKING:
    from overparam_cli.experiments import Experiment
    from overparam_cli.run.plan import Job
    from overparam_cli.run.settings import Settings

RESULTS = "results"
PathLike = str | os.PathLike[str]


def run(
    experiment: PathLike,
    *,
    results: PathLike = RESULTS,
    name: str | None = None,
    progress: bool = False,
    device: str = "auto",
    threads: int | None = None,
    kernel: str = "auto",
    measure: str | Sequence[str] = (),
    data_dir: PathLike | None = None,
    offline: bool = False,
    reuse: bool = True,
    accept_changes: bool = False,
    checkpoint_seconds: float = 20.0,
    **overrides: Any,
) -> Result:
    """Train what is missing of an experiment and return what it found, as `overparam run` does in the same folder.

    `experiment` is a name (fig3, fig4), or the path of a TOML file. `overrides` are the command's own: `loss`,
    `variant`, `depth`, `lr`, `iterations`, `seeds`, `dtype`, `dataset`, `targets`, `features`, `drop`, `one_hot`,
    `smoke`, and whatever else `--set` takes (`width=10`, `optimizer="adam"`); one that is None is not given. The other
    arguments are the command's options. Finished trials are not run again; after an interruption the same call goes on.

    `progress` shows what the command shows, on standard error; without it what must be said is a UserWarning.

    Raises ConfigError, the errors of the data (DataUnavailableError, DataInvalidError), LogError for a damaged folder,
    BusyError, StorageError, and RunInterrupted on Ctrl-C, with the checkpoint saved.
    """
    from overparam_cli.kinds.linear.measure import parse_measures
    from overparam_cli.run.settings import Settings

    settings = Settings(
        device=device,
        threads=threads,
        kernel=kernel,
        measures=parse_measures(measure),
        data_dir=None if data_dir is None else at_home(Path(data_dir)),
        offline=offline,
        quiet=not progress,
        reuse=reuse,
        accept_changes=accept_changes,
        checkpoint_seconds=checkpoint_seconds,
    )
    given = {key: value for key, value in overrides.items() if value is not None}
    listed = [f"{key}={value!r}" for key, value in {"name": name, **given}.items() if value is not None]
    command = f"op.run({', '.join([repr(os.fspath(experiment)), *listed])})"
    folder = at_home(Path(results))
    return completed(os.fspath(experiment), given, folder, name, settings, command=command, progress=progress)


def completed(
    experiment: "str | Experiment",
    overrides: Mapping[str, Any],
    results: Path,
    name: str | None,
    settings: "Settings",
    *,
    command: str,
    progress: bool,
) -> Result:
    """Train what is missing of an experiment; `command` is the call that its manifests name."""
    jobs = [replace(job, command=command) for job in _jobs(experiment, overrides, results, name, settings)]
    _complete(jobs, settings, progress=progress)
    return Result.of_folders([job.folder for job in jobs], results)


def _jobs(
    experiment: "str | Experiment", overrides: Mapping[str, Any], results: Path, name: str | None, settings: "Settings"
) -> list["Job"]:
    """What there is to train."""
    from overparam_cli.run.plan import check_measurable, plan

    try:
        jobs = plan([experiment], overrides, results=results, name=name)
    except ConfigError as error:
        raise ConfigError(str(error).replace("command line:", "arguments:")) from None
    if not jobs:
        raise ConfigError(f"{experiment} has no trials to train: its checks are run with overparam theory")
    check_measurable(jobs, settings)
    return jobs


def _complete(jobs: Sequence["Job"], settings: "Settings", *, progress: bool) -> None:
    """Train the jobs, the cheapest first."""
    from overparam_cli.run.job import run_job
    from overparam_cli.run.plan import cost
    from overparam_cli.run.stop import stop_requests

    with torch_left_alone(settings.threads), shown(len(jobs), progress=progress) as display, stop_requests() as stop:
        for job in sorted(jobs, key=cost):
            run_job(job, settings, display, stop=stop)


def load(path: PathLike, *, partial: bool = False) -> Result:
    """What has been run before: the folder of an experiment (results/fig3, results/fig4@quick) or of one variant.

    `results/fig4` and `results/all` stand for the folders of all their members, as on the command line; `my.toml` in a
    results folder's place (`results/my.toml`) does not: load the folder that it was run into. Trains nothing.

    With `partial` trials under way, or interrupted, are there as far as their last checkpoint: their `status` is
    unfinished.

    Raises LogError where nothing has finished there, or it is damaged.
    """
    from overparam_cli.results.find import shows
    from overparam_cli.results.names import found_by_name

    folder = at_home(Path(path))
    if shows(folder, partial=partial):
        return Result.of_folders([folder], folder.parent.parent, partial=partial)
    found = found_by_name([folder.name], folder.parent, partial=partial)
    found.check()
    if not found.variants:
        raise LogError(f"{folder} has no trials, but tables of the theory: pandas.read_csv('{folder}/…/table.csv')")
    return Result(found.variants, folder.parent, tuple(found.notes))
