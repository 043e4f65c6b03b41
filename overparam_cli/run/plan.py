"""From what the user asked for to jobs: which variants of which experiments, where, and at what cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments import (
    Experiment,
    apply_overrides,
    effective_overrides,
    expand,
    flatten,
    folder_name,
    is_full,
    load_experiment,
)
from overparam_cli.run.job import Job, Settings, finished_ids
from overparam_cli.run.machine import steady_arithmetic
from overparam_cli.run.runner import RUNS


def plan(names: Sequence[str], overrides: Mapping[str, Any], *, results: Path, name: str | None = None) -> list[Job]:
    """The jobs of the experiments `names` (built-in names, paths, groups), each variant one job.

    Raises ConfigError for unknown names and for overrides that do not fit.
    """
    experiments: dict[str, Experiment] = {}
    for given in names:
        experiments |= {experiment.name: experiment for experiment in flatten(load_experiment(given))}
    jobs = []
    for plain in experiments.values():
        if not plain.has_trials:
            continue
        try:
            changed = apply_overrides(plain, overrides)
        except ConfigError as error:
            if len(experiments) == 1:
                raise
            raise ConfigError(f"{plain.name}: {error}; run the experiments that this is meant for by name") from None
        folder, kept = folder_name(plain, overrides, name), effective_overrides(plain, overrides)
        for variant, trials in expand(changed).items():
            if not trials:
                raise ConfigError(f"{plain.name}: nothing to run for variant '{variant}' with these overrides")
            full = is_full(plain, overrides)
            jobs.append(Job(changed, variant, trials, results / folder / variant, folder, kept, full))
    return jobs


def cost(job: Job) -> float:
    """Trial iterations still to do, a rough measure to sort jobs by, weighted by what one of their kind costs."""
    done = finished_ids(job.folder)
    left = sum(trial.iterations for trial in job.trials if trial.trial_id not in done)
    return left * RUNS[job.experiment.kind].weight(job.trials[0])


def estimate_seconds(job: Job, settings: Settings) -> float:
    """How long the unfinished trials of a job will take here if none diverges, by running them for a moment.

    Raises the errors of `data.load`.
    """
    steady_arithmetic()
    done = finished_ids(job.folder)
    return RUNS[job.experiment.kind].estimate(job, [t for t in job.trials if t.trial_id not in done], settings)
