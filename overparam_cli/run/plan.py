"""From what the user asked for to jobs: which variants of which experiments, where, and at what cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.experiments import (
    Experiment,
    Trial,
    apply_overrides,
    effective_overrides,
    expand,
    flatten,
    folder_name,
    is_full,
    load_experiment,
    once,
)
from overparam_cli.run.backends import Local, MakeBackend, share
from overparam_cli.run.folder import finished_ids
from overparam_cli.run.machine import pick_device, steady_arithmetic
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import trained
from overparam_cli.words import count


@dataclass(frozen=True)
class Job:
    """One variant of one experiment, to be brought to completion in `folder`."""

    experiment: Experiment
    variant: str
    trials: tuple[Trial, ...]  # each once
    folder: Path
    name: str  # of the experiment's folder: fig3, fig3@quick
    overrides: Mapping[str, Any] = field(default_factory=dict)
    full_length: bool = True
    command: str = ""  # what asked for it, where that was no command line
    again: tuple[Trial, ...] = ()  # those of `trials`, by id, as further curves show them
    alone: bool = False  # of the plan of its own folder: what stands beside it is of another, and as current
    shelf: Path | None = None  # a results folder whose finished trials are taken over, where that is not its own

    @property
    def title(self) -> str:
        """How displays call it."""
        return f"{self.name}/{self.variant}"

    @property
    def remark(self) -> str:
        """Which curves show trials of others, of a job that has such (`again`)."""
        curves = ", ".join(dict.fromkeys(trial.curve for trial in self.again))
        return f"{count(len(self.again), 'trial')} of {curves} are also another curve's, and trained once"


def plan(
    names: Sequence[str | Experiment], overrides: Mapping[str, Any], *, results: Path, name: str | None = None
) -> list[Job]:
    """The jobs of the experiments `names` (built-in names, paths, groups, or what they load), each variant one job.

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
        full = is_full(plain, overrides)
        for variant, every in expand(changed).items():
            if not every:
                raise ConfigError(f"{plain.name}: nothing to run for variant '{variant}' with these overrides")
            trials, again = once(every)
            jobs.append(Job(changed, variant, trials, results / folder / variant, folder, kept, full, again=again))
    return jobs


def check_measurable(jobs: Sequence[Job], settings: Settings) -> None:
    """Refuse `--measure` before anything is trained where a job has nothing that it could look at."""
    for job in jobs:
        if settings.measures and not trained(job.experiment.kind).measurable:
            names = ",".join(measure.name for measure in settings.measures)
            raise ConfigError(f"--measure {names} is for linear networks: run {job.title} by itself, without it")


def cost(job: Job) -> float:
    """Trial iterations still to do, a rough measure to sort jobs by, weighted by what one of their kind costs.

    Of a damaged folder, which the job itself will complain about, all of them.
    """
    try:
        unfinished = _unfinished(job)
    except LogError:
        unfinished = [*job.trials]
    left = sum(trial.iterations for trial in unfinished)
    return left * trained(job.experiment.kind).weight(job.trials[0])


def estimate_seconds(job: Job, settings: Settings, backend: MakeBackend = Local) -> float:
    """How long the unfinished trials of a job will take if none diverges, by running them for a moment.

    Raises the errors of `data.load`.
    """
    steady_arithmetic()
    kind, missing = trained(job.experiment.kind), _unfinished(job)
    if not missing:
        return 0.0
    units = kind.units(missing, kind.problem(missing[0], settings), settings)
    places = share(len(job.trials), kind.threads, pick_device(settings.device), torch.get_num_threads())
    return backend(*places, settings.checkpoint_seconds).estimate(units)


def _unfinished(job: Job) -> list[Trial]:
    done = finished_ids(job.folder)
    if not done:
        return list(job.trials)
    return [trial for trial in job.trials if trial.trial_id not in done]
